"""Public test pictures of QR readers, with the texts that are in them, read from folders that a person fetched.

Four layouts are known, each found by its files: a picture beside a text file of its name (zxing-cpp's `test/samples`,
boofcv's `decoding`), a folder of `input.png` and `output.json` (jsQR's `tests/end-to-end`), node-quirc's `test/data`,
whose texts stand in its test program, and boofcv's `detection`, where the text file holds corners only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
# zxing-cpp's other folders hold codes of other kinds.
FOLDERS = ("qrcode", "microqrcode", "rmqrcode")
# node-quirc test/index.js.
QUIRC = {
    "Hello+World": ("Hello", "World"),
    "flipped": ("The quick brown fox jumps over the lazy dog",),
    "big_image_with_two_qrcodes": ("from javascript", "here comes qr!"),
    "eci": ("ᚻᛖ ᚳᚹᚫᚦ ᚦᚫᛏ ᚻᛖ ᛒᚢᛞᛖ ᚩᚾ ᚦᚫᛗ ᛚᚪᚾᛞᛖ ᚾᚩᚱᚦᚹᛖᚪᚱᛞᚢᛗ ᚹᛁᚦ ᚦᚪ ᚹᛖᛥᚫ",),
    "1x1": (),
    "black": (),
}


@dataclass(frozen=True)
class Sample:
    """One picture.

    Attributes:
        texts: what is in it; None where nobody wrote it down.
        codes: how many codes are in it, as far as anybody wrote down.
    """

    path: Path
    texts: tuple[str, ...] | None
    codes: int


def samples(folder: Path) -> Iterator[Sample]:
    """Every picture below a folder whose texts, or at least whose codes, are known."""
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in SUFFIXES:
            continue
        above = path.parent.name
        if path.parent.parent.name == "samples" and not above.startswith(FOLDERS):
            continue
        found = _known(path)
        if found is not None:
            yield found


def _known(path: Path) -> Sample | None:
    answer, beside = path.with_name("output.json"), path.with_suffix(".txt")
    if path.stem == "input" and answer.is_file():
        data = (json.loads(answer.read_text(encoding="utf-8")) or {}).get("data")
        return Sample(path, (data,) if data else None, 1)  # no answer: jsQR does not read it
    if beside.is_file():
        text = beside.read_bytes().decode("utf-8", "replace")
        if "SETS" in text[:200] or text.startswith("# list of"):
            return Sample(path, None, sum(len(line.split()) >= 8 for line in text.splitlines()))
        return Sample(path, (text,), 1)
    if path.parent.name == "data" and path.stem in QUIRC:
        return Sample(path, QUIRC[path.stem], len(QUIRC[path.stem]))
    return None
