"""Pictures that are decoded again and again: JPEGs of very many scans, animations of very many frames.

Each scan of a JPEG goes over all its pixels, in a few bytes where it changes none: 100 kB can take minutes.
"""

from __future__ import annotations

import re

from lib_bootcamp.errors import ImageError

MAX_SCANS = 100
"""libjpeg writes 10, mozjpeg and jpegrescan about 20; libtiff decodes as many as this."""
MAX_FRAMES = 10_000
"""Of a GIF, as far as they are counted."""
_MAX_SEGMENTS = 5000
_MAX_STEPS = 500_000
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]")
_END, _START_OF_SCAN, _START = 0xD9, 0xDA, 0xD8


def refuse_many_scans(data: bytes) -> None:
    """Look at a JPEG before it is decoded; anything else passes.

    Raises:
        ImageError: it has more scans than a decoder should do.
    Source: ITU-T T.81, B.1.1 and B.2.
    """
    if data.startswith(b"\xff\xd8") and _has_many_scans(data):
        raise ImageError(f"The picture is a JPEG of over {MAX_SCANS} scans", hint="save it again as an ordinary one.")


def _has_many_scans(data: bytes) -> bool:
    at, scans = 2, 0
    for _ in range(_MAX_SEGMENTS):
        found = _MARKER.search(data, at)
        if found is None:
            return False
        at, kind = found.end(), data[found.end() - 1]
        if kind == _END:
            return False
        scans += kind == _START_OF_SCAN
        if scans > MAX_SCANS:
            return True
        if kind != _START:
            at += max(2, int.from_bytes(data[at : at + 2], "big"))
    return True


def gif_frames(data: bytes) -> int:
    """How many frames a GIF has, at most `MAX_FRAMES`; Pillow walks as many as there are.

    Source: GIF89a, 20 and 23.
    """
    if len(data) < 13:
        return 1
    at, frames = 13 + _colors(data[10]), 0
    for _ in range(_MAX_STEPS):
        kind = data[at : at + 1]
        if kind == b",":
            frames += 1
            at += 11 + (_colors(data[at + 9]) if at + 9 < len(data) else 0)
        elif kind == b"!":
            at += 2
        else:
            break
        at = _after_blocks(data, at)
        if frames == MAX_FRAMES:
            break
    return max(1, frames)


def _colors(flags: int) -> int:
    return 3 * (2 << (flags & 7)) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    for _ in range(_MAX_STEPS):
        if at >= len(data) or not data[at]:
            break
        at += 1 + data[at]
    return at + 1
