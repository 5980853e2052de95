"""The demo: maps, a code that is scanned back, pictures drawn and told apart by models, and a thing that is learned."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_folder
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_image, write_image
from lib_bootcamp.core.images.contact_sheet import contact_sheet
from lib_bootcamp.core.models.files import BANNER, EMBEDDED
from lib_bootcamp.errors import named_by
from lib_bootcamp.ports import Host
from lib_bootcamp.shipped import SHIPPED

from . import demo_training
from .runs.argument_types import place

EXAMPLES = SHIPPED / "examples"
PHOTO = EXAMPLES / "photo.jpg"
WORDS = EXAMPLES / "drawn-shapes"
PROMPTS = ("a red circle on a white background", "a yellow star on a blue background")
SEED = 7
LATENT_PX = 8
GROUPS = {
    "shape": ["a circle", "a square", "a triangle", "a star", "a cross", "a ring", "a heart", "a diamond"],
    "color": ["a red shape", "a yellow shape", "a green shape", "a blue shape", "a purple shape", "a black shape"],
}

Shown = tuple[str, str, Image, Mapping[str, str]]
"""A picture's name and title, itself, and its text chunks."""


def _make(host: Host, name: str, **values: Any) -> Any:
    return _made(host, name, **values)[0]


def _made(host: Host, name: str, **values: Any) -> tuple[Any, Mapping[str, str]]:
    """A result, and the text chunks that say how its pictures were made."""
    operation = find(name)
    params = operation.params_from(values)
    result = operation.run(params, Context.of_terminal(host, host.progress()))
    return result, operation.made_text(params, result)


def fill(parser: argparse.ArgumentParser) -> None:
    """Add its flags, and what runs it."""
    parser.add_argument(
        "--out", type=place, default="demo-output", metavar="FOLDER", help="where the pictures go (%(default)s)"
    )
    parser.add_argument("--content", default="https://example.com", metavar="TEXT", help="what the code says")
    parser.add_argument(
        "--train-steps",
        type=int,
        default=demo_training.STEPS,
        metavar="N",
        help="of the training, about half a minute on two cores; 0: none (%(default)s)",
    )
    parser.set_defaults(run=run)


def run(host: Host, arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit code."""
    return demo(host, folder=arguments.out, content=arguments.content, train_steps=arguments.train_steps)


def demo(host: Host, *, folder: str, content: str, train_steps: int = demo_training.STEPS) -> int:
    """Make the maps, scan the code, draw, label what was drawn, and teach the checkpoint something new.

    Returns the exit code (1: the code does not scan).
    """
    out = Path(folder)
    with named_by("--out"):
        write_folder(out)
    code, code_text = _made(host, "qr", content=content)
    art, art_text = _art(host, code, content)
    maps = [*_maps(host, content), ("qr", "QR code, 768 x 768", code.image, code_text)]
    pictures = [*maps, *_drawn(host), ("qr-art", "QR art", art.image, art_text)]
    plan, learned = _learned(host, out, train_steps)
    pictures += learned
    for name, _, picture, text in pictures:
        write_image(out / f"{name}.png", picture, text)
    sheet = [(title, picture) for _, title, picture, _ in pictures]
    write_image(out / "contact-sheet.png", contact_sheet(sheet, columns=3))
    print(f"{len(pictures)} pictures and contact-sheet.png are in {out.resolve()}\n")
    scanned = _report_scan(host, code, content)
    _report_models(host, [(title, picture) for name, title, picture, _ in pictures if name.startswith("drawn")])
    print(f"\nqr art: {art.summary()}")
    if plan:
        print(f"\n{demo_training.NAME}.safetensors was taught: {plan}")
        print("before.png and after.png have the same prompt and seed.")
    return 0 if scanned and art.succeeded() else 1


def _maps(host: Host, content: str) -> Iterator[Shown]:
    photo = read_image(PHOTO)
    yield "photograph", "photograph", photo, {}
    for name, title, operation, values in (
        ("brightness", "brightness", "brightness", {"image": photo}),
        ("illumination", "illumination of the photograph", "lighting", {"image": photo, "mode": "estimate"}),
        ("qr-monster", "QR code for QR Code Monster", "qr", {"content": content, "preset": "QR Code Monster (SD1.5)"}),
        ("lighting-left", "light from the left", "lighting", {"preset": "left", "width": 768, "height": 768}),
    ):
        made, text = _made(host, operation, **values)
        yield name, title, made.image, text


def _drawn(host: Host) -> Iterator[Shown]:
    if host.checkpoint() == EMBEDDED:
        print(f"{BANNER}\n", file=sys.stderr)
    for number, prompt in enumerate(PROMPTS, 1):
        made, text = _made(host, "txt2img", prompt=prompt, seed=SEED)
        yield f"drawn-{number}", prompt, made.image, text


def _art(host: Host, code: Any, content: str) -> tuple[Any, Mapping[str, str]]:
    """A picture with the same code in it, on a canvas where a module is a latent pixel and the quiet zone is whole."""
    side = (code.modules + 2 * code.layout.quiet_zone) * LATENT_PX
    return _made(host, "qr-art", content=content, prompt=PROMPTS[1], width=side, height=side, seed=SEED, seeds=3)


def _learned(host: Host, out: Path, steps: int) -> tuple[str, list[Shown]]:
    """What the training was, one of its pictures, and the same prompt before and after it.

    Nothing where no step is asked for, or the checkpoint is not the small one, which learns in seconds.
    """
    if steps < 1 or host.checkpoint() != EMBEDDED:
        return "", []
    folder = EXAMPLES / demo_training.NAME
    plan = demo_training.teach(host, folder, out, steps)
    pictures = sorted(folder.glob("*.png"))
    title = f"one of {len(pictures)} pictures of a {demo_training.NAME}"
    shown: list[Shown] = [("taught", title, read_image(pictures[0]), {})]
    for when, tag in (("before", ""), ("after", f" {demo_training.TAG}")):
        given = {"prompt": f"{demo_training.PROMPT}{tag}", "seed": SEED, "lora_dir": str(out)}
        made, text = _made(host, "txt2img", **given)
        shown.append((when, f"{demo_training.PROMPT}, {when}", made.image, text))
    return plan, shown


def _report_scan(host: Host, code: Any, content: str) -> bool:
    print(f"qr: {code.summary()}")
    scan = _make(host, "scan", image=code.image, expected=content, layout=code.layout)
    print(f"\n{'decoder':12} {'version':12} {'passed':>8}")
    for report in scan.decoders:
        print(f"{report.name:12} {report.version:12} {report.passed:>4}/{report.tried}")
    for name in scan.decoders_missing:
        print(f"{name:12} {'missing':12}")
    print(f"\n{scan.summary()}")
    return bool(scan.succeeded())


def _report_models(host: Host, drawn: list[tuple[str, Image]]) -> None:
    """Say what the classifier sees in the pictures that were drawn."""
    made = _make(host, "classify", images=[picture for _, picture in drawn], groups=GROUPS)
    print(f"\ndrawn with {host.checkpoint()}, labeled by CLIP model {made.model}:")
    for (prompt, _), seen in zip(drawn, made.images, strict=True):
        answers = ", ".join(f"{group.label} {group.scores[0].value:.2f}" for group in seen.groups)
        print(f"{prompt}: {answers}")
    pictures = [picture for _, picture in drawn]
    captions = _make(host, "caption", images=pictures, groups=GROUPS, max_tags=1).captions
    asked = {"mode": "classic", "captioner": "none", "tables": str(WORDS), "max_flavors": 2, "top_k": 0}
    for number, (made, picture) in enumerate(zip(captions, pictures, strict=True), 1):
        described = _make(host, "interrogate", image=picture, **asked)
        print(f"drawn-{number}.png\n  caption: {made.caption}\n  prompt:  {described.prompt}")
