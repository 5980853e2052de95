"""Picture files that hold very many blocks beside their pixels, which readers would walk one by one for minutes.

A file's frame is walked here in the time that a few ten thousand steps take, before any reader sees it. Real files have
a handful of such blocks; a profile or XMP of many MiB is cut into blocks of 64 KiB in JPEG.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from lib_bootcamp.errors import ImageError

from .long_pictures import refuse_many_scans
from .png import SIGNATURE

MAX_BESIDE = 1000
MAX_BLOCKS = 50_000
"""Pixels in blocks of 8 KiB, as libpng writes them, are 8,192 in 64 MiB; the frames of an animation are blocks too."""
MAX_PROFILES = 4
"""A PNG has one, which is unpacked as soon as it is met."""
MAX_SEGMENTS = 64
"""Of EXIF, and of Photoshop's, in a JPEG: readers join them and walk what is in them."""
MAX_TAGS = 4096
MAX_PADDING = 64 * 1024
_PIXELS = {b"IDAT", b"fdAT", b"fcTL"}
_FILL = re.compile(b"\xff+")
_EXIF = b"Exif\0\0"
_COMMENT = re.compile(rb"#[^\n\r]*")


def refuse_crowded(data: bytes) -> None:
    """Look at a file's frame before it is read.

    Raises:
        ImageError: it has more blocks than a reader should walk, or more scans.
    """
    for starts, is_crowded in _WALKS:
        if data.startswith(starts) and is_crowded(data):
            raise ImageError(
                f"The file has over {MAX_BESIDE:,} texts or other blocks besides its pixels",
                hint="save it again without.",
            )
    refuse_many_scans(data)


def _png(data: bytes) -> bool:
    at, beside, profiles, size = 8, 0, 0, len(data)
    for _ in range(MAX_BLOCKS):
        if at + 8 > size:
            return False
        kind = data[at + 4 : at + 8]
        if kind not in _PIXELS:
            beside += 1
            profiles += kind == b"iCCP"
            if beside > MAX_BESIDE or profiles > MAX_PROFILES:
                return True
            if kind == b"eXIf" and _tiff(data[at + 8 : at + 1024]):
                return True
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return True


def _jpeg(data: bytes) -> bool:
    at, size, walked = 2, len(data), 0
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
            is_exif = data[at] == 0xE1 and data[at + 3 : at + 9] == _EXIF
            walked += is_exif or data[at] == 0xED
            if walked > MAX_SEGMENTS or (is_exif and _tiff(data[at + 9 : at + 1024])):
                return True
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


def _webp(data: bytes) -> bool:
    at, beside, size = 12, 0, len(data)
    for _ in range(MAX_BLOCKS):
        if at + 8 > size:
            return False
        kind = data[at : at + 4]
        beside += kind != b"ANMF"
        if beside > MAX_BESIDE or (kind == b"EXIF" and _tiff(data[at + 8 : at + 1024].removeprefix(_EXIF))):
            return True
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + length + (length & 1)
    return True


def _tiff(data: bytes) -> bool:
    """The tags of the first directory, where its place is in what is given."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    wide = data[2:4] in (b"+\0", b"\0+")
    start = int.from_bytes(data[8:16] if wide else data[4:8], order)
    return start >= 8 and int.from_bytes(data[start : start + (8 if wide else 2)], order) > MAX_TAGS


def _pnm(data: bytes) -> bool:
    """Comments in the head, which Pillow reads byte by byte."""
    head = data[: 2 * MAX_PADDING]
    return sum(len(each) for each in _COMMENT.findall(head)) > MAX_PADDING or head.count(b"\n#") > MAX_BESIDE


_WALKS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], bool]], ...] = (
    (SIGNATURE, _png),
    (b"\xff\xd8", _jpeg),
    (b"RIFF", _webp),
    ((b"II*\0", b"II+\0", b"MM\0*", b"MM\0+"), _tiff),
    ((b"GIF87a", b"GIF89a"), _gif),
    ((*(b"P%d" % kind for kind in range(1, 8)), b"PF", b"Pf"), _pnm),
)
