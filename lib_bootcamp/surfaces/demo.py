"""The demo: maps, a code that is scanned back, and pictures drawn and told apart by models."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import find
from lib_bootcamp.core.arrays import Image
from lib_bootcamp.core.contact_sheet import contact_sheet
from lib_bootcamp.core.images import read_image, write_image
from lib_bootcamp.core.model_files import BANNER, EMBEDDED
from lib_bootcamp.core.write_files import write_folder
from lib_bootcamp.operation import Context
from lib_bootcamp.ports import Host

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PHOTO = EXAMPLES / "photo.jpg"
WORDS = EXAMPLES / "drawn-shapes"
PROMPTS = ("a red circle on a white background", "a yellow star on a blue background")
SEED = 7
LATENT_PX = 8
GROUPS = {
    "shape": ["a circle", "a square", "a triangle", "a star", "a cross", "a ring", "a heart", "a diamond"],
    "colour": ["a red shape", "a yellow shape", "a green shape", "a blue shape", "a purple shape", "a black shape"],
}


def _make(host: Host, name: str, **values: Any) -> Any:
    operation = find(name)
    return operation.run(operation.params_from(values), Context.of_terminal(host, host.progress()))


def demo(host: Host, *, folder: str, content: str) -> int:
    """Make the maps, scan the code, draw, and tell what was drawn; returns the exit code (1: it does not scan)."""
    out = Path(folder)
    write_folder(out)
    code = _make(host, "qr", content=content)
    art = _art(host, code, content)
    pictures = [*_maps(host, code, content), *_drawn(host), ("qr-art", "QR art", art.image)]
    for name, _, picture in pictures:
        write_image(out / f"{name}.png", picture)
    sheet = [(title, picture) for _, title, picture in pictures]
    write_image(out / "contact-sheet.png", contact_sheet(sheet, columns=3))
    print(f"{len(pictures)} pictures and contact-sheet.png are in {out.resolve()}\n")
    scanned = _tell_scan(host, code, content)
    _tell_models(host, [(title, picture) for name, title, picture in pictures if name.startswith("drawn")])
    print(f"\nqr art: {art.summary()}")
    return 0 if scanned and art.succeeded() else 1


def _maps(host: Host, code: Any, content: str) -> Iterator[tuple[str, str, Image]]:
    photo = read_image(PHOTO)
    monster = _make(host, "qr", content=content, preset="QR Code Monster (SD1.5)")
    yield "photograph", "photograph", photo
    yield "brightness", "brightness", _make(host, "brightness", image=photo).image
    yield "illumination", "illumination of the photograph", _make(host, "lighting", image=photo, mode="estimate").image
    yield "qr", "QR code, 768 x 768", code.image
    yield "qr-monster", "QR code for QR Code Monster", monster.image
    light = _make(host, "lighting", preset="left", width=768, height=768)
    yield "lighting-left", "light from the left", light.image


def _drawn(host: Host) -> Iterator[tuple[str, str, Image]]:
    if host.checkpoint() == EMBEDDED:
        print(f"{BANNER}\n", file=sys.stderr)
    for number, prompt in enumerate(PROMPTS, 1):
        yield f"drawn-{number}", prompt, _make(host, "txt2img", prompt=prompt, seed=SEED).image


def _art(host: Host, code: Any, content: str) -> Any:
    """A picture with the same code in it, on a canvas where a module is a latent pixel and the quiet zone is whole."""
    side = (code.modules + 2 * code.layout.quiet_zone) * LATENT_PX
    return _make(host, "qr-art", content=content, prompt=PROMPTS[1], width=side, height=side, seed=SEED, seeds=3)


def _tell_scan(host: Host, code: Any, content: str) -> bool:
    print(f"qr: {code.summary()}")
    scan = _make(host, "scan", image=code.image, expected=content, layout=code.layout)
    print(f"\n{'decoder':12} {'version':12} {'passed':>8}")
    for report in scan.decoders:
        print(f"{report.name:12} {report.version:12} {report.passed:>4}/{report.tried}")
    for name in scan.decoders_missing:
        print(f"{name:12} {'missing':12}")
    print(f"\n{scan.summary()}")
    return bool(scan.succeeded())


def _tell_models(host: Host, drawn: list[tuple[str, Image]]) -> None:
    """Say what the classifier sees in the pictures that were drawn."""
    told = _make(host, "classify", images=[picture for _, picture in drawn], groups=GROUPS)
    print(f"\ndrawn with {host.checkpoint()}, told by CLIP model {told.model}:")
    for (prompt, _), seen in zip(drawn, told.images, strict=True):
        answers = ", ".join(f"{group.label} {group.scores[0].value:.2f}" for group in seen.groups)
        print(f"{prompt}: {answers}")
    pictures = [picture for _, picture in drawn]
    captions = _make(host, "caption", images=pictures, groups=GROUPS, most_tags=1).captions
    asked = {"mode": "classic", "captioner": "none", "tables": str(WORDS), "max_flavors": 2, "top_k": 0}
    for number, (made, picture) in enumerate(zip(captions, pictures, strict=True), 1):
        described = _make(host, "interrogate", image=picture, **asked)
        print(f"drawn-{number}.png\n  caption: {made.caption}\n  prompt:  {described.prompt}")
