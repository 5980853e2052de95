"""Picture files that hold very many blocks beside their pixels, which readers would walk one by one for minutes.

A file's frame is walked here in the time that a few ten thousand steps take, before any reader sees it. Real files have
a handful of such blocks; a profile or XMP of many MiB is cut into blocks of 64 KiB in JPEG.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from lib_bootcamp.errors import ImageError

from .png import SIGNATURE

MAX_BESIDE = 1000
MAX_BLOCKS = 50_000
"""Pixels in blocks of 8 KiB, as libpng writes them, are 8,192 in 64 MiB; the frames of an animation are blocks too."""
MAX_PADDING = 64 * 1024
_PIXELS = {b"IDAT", b"fdAT", b"fcTL"}
_FILL = re.compile(b"\xff+")
_COMMENT = re.compile(rb"#[^\n\r]*")


def refuse_crowded(data: bytes) -> None:
    """Look at a file's frame before it is read.

    Raises:
        ImageError: it has more blocks than a reader should walk.
    """
    for starts, is_crowded in _WALKS:
        if data.startswith(starts) and is_crowded(data):
            raise ImageError(
                f"The file has more than {MAX_BESIDE:,} texts and other blocks beside its pixels; save it again without."
            )


def _png(data: bytes) -> bool:
    at, beside, size = 8, 0, len(data)
    for _ in range(MAX_BLOCKS):
        if at + 8 > size:
            return False
        kind = data[at + 4 : at + 8]
        if kind not in _PIXELS:
            beside += 1
            if beside > MAX_BESIDE:
                return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return True


def _jpeg(data: bytes) -> bool:
    at, size = 2, len(data)
    for _ in range(MAX_BESIDE):
        fill = _FILL.match(data, at)
        if fill is None:
            return False
        if fill.end() - at > MAX_PADDING:
            return True
        at = fill.end()
        if at + 3 > size or data[at] in (0xDA, 0xD9):  # pixels, the end
            return False
        if data[at] == 0x01 or 0xD0 <= data[at] <= 0xD8:
            at += 1
        else:
            at += 1 + int.from_bytes(data[at + 1 : at + 3], "big")
    return True


def _gif(data: bytes) -> bool:
    """Up to the first frame."""
    if len(data) < 13:
        return False
    at = 13 + (3 * 2 << (data[10] & 7) if data[10] & 0x80 else 0)
    for _ in range(MAX_BESIDE):
        if data[at : at + 1] != b"!":
            return False
        at += 2
        for _ in range(MAX_BLOCKS):
            if at >= len(data):
                return False
            step = data[at]
            at += 1 + step
            if not step:
                break
    return True


def _pnm(data: bytes) -> bool:
    """Comments in the head, which Pillow reads byte by byte."""
    head = data[: 2 * MAX_PADDING]
    return sum(len(each) for each in _COMMENT.findall(head)) > MAX_PADDING or head.count(b"\n#") > MAX_BESIDE


_WALKS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], bool]], ...] = (
    (SIGNATURE, _png),
    (b"\xff\xd8", _jpeg),
    ((b"GIF87a", b"GIF89a"), _gif),
    (tuple(b"P%d" % kind for kind in range(1, 8)) + (b"PF", b"Pf"), _pnm),
)
