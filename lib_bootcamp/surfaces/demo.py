"""The demo: one picture of each kind of map, a code that is scanned back, and a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lib_bootcamp.catalog import find
from lib_bootcamp.core.arrays import Image
from lib_bootcamp.core.contact_sheet import contact_sheet
from lib_bootcamp.core.images import read_image, write_image
from lib_bootcamp.operation import Context
from lib_bootcamp.ports import Host

PHOTO = Path(__file__).resolve().parents[2] / "examples" / "photo.jpg"


def _make(host: Host, name: str, **values: Any) -> Any:
    operation = find(name)
    return operation.run(operation.params_from(values), Context(host, host.progress()))


def demo(host: Host, *, folder: str, content: str) -> int:
    """Make the maps, scan the code, print the table; returns the exit code (1: it does not scan)."""
    out = Path(folder)
    photo = read_image(PHOTO)
    code = _make(host, "qr", content=content)
    monster = _make(host, "qr", content=content, preset="QR Code Monster (SD1.5)")
    pictures: list[tuple[str, Image]] = [
        ("photograph", photo),
        ("brightness", _make(host, "brightness", image=photo).image),
        ("illumination of the photograph", _make(host, "lighting", image=photo, mode="estimate").image),
        ("QR code, 768 x 768", code.image),
        ("QR code for QR Code Monster", monster.image),
        ("light from the left", _make(host, "lighting", preset="left", width=768, height=768).image),
    ]
    names = ("photograph", "brightness", "illumination", "qr", "qr-monster", "lighting-left")
    for name, (_, picture) in zip(names, pictures, strict=True):
        write_image(out / f"{name}.png", picture)
    write_image(out / "contact-sheet.png", contact_sheet(pictures))
    print(f"{len(pictures)} pictures and contact-sheet.png are in {out.resolve()}\n")
    print(f"qr: {code.summary()}")
    scan = _make(host, "scan", image=code.image, expected=content, layout=code.layout)
    print(f"\n{'decoder':12} {'version':12} {'passed':>8}")
    for report in scan.decoders:
        print(f"{report.name:12} {report.version:12} {report.passed:>4}/{report.tried}")
    for name in scan.decoders_missing:
        print(f"{name:12} {'missing':12}")
    print(f"\n{scan.summary()}")
    return 0 if scan.succeeded() else 1
