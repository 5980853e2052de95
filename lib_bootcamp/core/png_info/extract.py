"""Bytes of a PNG, JPEG or WebP file to the texts in it; pixels are decoded only to look for hidden ones.

Source: PNG (third edition), 11.3; JPEG (ISO 10918-1), B.1; WebP container specification.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from lib_bootcamp.core.images.codec import MAX_BYTES
from lib_bootcamp.core.images.crowded import refuse_crowded
from lib_bootcamp.core.images.png import SIGNATURE
from lib_bootcamp.errors import ImageError, TooLargeError

from .exif import read_exif
from .limits import MAX_CHUNKS, MAX_TEXT, Texts, decoded, read_object
from .stealth import add_object, read_stealth
from .xmp import read_xmp

XMP_HEAD, EXIF_HEAD = b"http://ns.adobe.com/xap/1.0/\0", b"Exif\0\0"
_BROKEN_OFF = "The file is cut off; what comes before is read."


@dataclass(frozen=True)
class Extracted:
    """What a file says beside its pixels.

    Args:
        format: `PNG`, `JPEG` or `WebP`.
        width, height: in pixels, as the file's head says; 0 where it does not.
        texts: by name (PNG's keyword, EXIF's tag), in the file's order.
        problems: what is wrong with the file, in sentences.
        orientation: EXIF's, 1 to 8.
    """

    format: str
    width: int
    height: int
    texts: dict[str, str]
    problems: tuple[str, ...]
    orientation: int = 1


class Piece(NamedTuple):
    """A chunk or segment of a file: its kind and where it lies, its own head and checksum included."""

    kind: bytes
    body: memoryview
    start: int
    end: int
    cut: bool = False
    sound: bool = True


def extract(data: bytes, *, hidden: bool = True) -> Extracted:
    """Read the texts of a file that nobody has checked, in time and memory that its size bounds.

    Args:
        data: the file.
        hidden: look into the pixels too, where nothing else says how the picture was made.
    Raises:
        ImageError: neither PNG, JPEG nor WebP.
        TooLargeError: more than 64 MiB.
    """
    if len(data) > MAX_BYTES:
        raise TooLargeError(f"The file has more than {MAX_BYTES // 2**20} MiB.")
    texts = Texts()
    kind = format_of(data)
    refuse_crowded(data)
    width, height, orientation = {"PNG": _png, "JPEG": _jpeg, "WebP": _webp}[kind](data, texts)
    _open_nested(texts)
    # a file with texts that were too long or damaged is not handed to a decoder, which would read them again
    if hidden and kind in {"PNG", "WebP"} and not texts.problems and not _has_parameters(texts.found):
        read_stealth(data, texts)
    return Extracted(kind, width, height, dict(texts.found), tuple(texts.problems), orientation)


def format_of(data: bytes) -> str:
    """`PNG`, `JPEG` or `WebP`.

    Raises:
        ImageError: none of them.
    """
    if data[:8] == SIGNATURE:
        return "PNG"
    if data[:2] == b"\xff\xd8":
        return "JPEG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    raise ImageError("Generation parameters are read from PNG, JPEG and WebP files", hint="this is none of them.")


_OTHER = {"Software", "XMP", "XMP CreatorTool", "Make", "Model", "Artist", "Author", "Copyright", "Creation Time"}


def _has_parameters(texts: dict[str, str]) -> bool:
    """Whether a text may hold parameters, so that pixels need no look."""
    return any(name not in _OTHER and len(text) > 20 for name, text in texts.items())


def _open_nested(texts: Texts) -> None:
    """NovelAI puts its texts as one JSON object into EXIF, where PNG has one chunk for each."""
    comment = read_object(texts.found.get("UserComment"))
    if "Comment" in comment and {"Software", "Source", "Description"} & comment.keys():
        del texts.found["UserComment"]
        add_object(comment, texts)


def png_pieces(data: bytes) -> Iterator[Piece]:
    """The chunks of a PNG file, as far as they are whole; the last one may be cut."""
    view, at = memoryview(data), 8
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        size, kind = struct.unpack(">I4s", view[at : at + 8])
        end = at + 12 + size
        body = view[at + 8 : at + 8 + size]
        if end > len(data):
            yield Piece(kind, body, at, len(data), cut=True)
            return
        # pixels' checksums are the decoder's business
        sound = kind == b"IDAT" or zlib.crc32(body, zlib.crc32(kind)) == struct.unpack(">I", view[end - 4 : end])[0]
        yield Piece(kind, body, at, end, sound=sound)
        at = end


def _png(data: bytes, texts: Texts) -> tuple[int, int, int]:
    width = height = 0
    orientation, ended = 1, False
    for piece in png_pieces(data):
        if piece.kind == b"IHDR" and len(piece.body) >= 8:
            width, height = struct.unpack(">II", piece.body[:8])
        elif piece.kind in {b"tEXt", b"zTXt", b"iTXt"}:
            _png_text(piece, texts)
        elif piece.kind == b"eXIf":
            orientation = read_exif(bytes(piece.body), texts)
        ended = piece.kind == b"IEND"
        if piece.cut or ended:
            break
    if not ended:
        texts.problem(_BROKEN_OFF)
    return width, height, orientation


def _png_text(piece: Piece, texts: Texts) -> None:
    if len(piece.body) > MAX_TEXT + 1024:
        texts.too_long(decoded(bytes(piece.body[:80]).split(b"\0", 1)[0]))
        return
    key, separator, rest = bytes(piece.body).partition(b"\0")
    name = decoded(key)[:80]
    if not separator:
        texts.problem(f"The text {name!r} is damaged.")
        return
    if not piece.sound:
        texts.problem(f"The text {name!r} has a wrong checksum; it may be damaged.")
    if piece.kind == b"iTXt":
        _international(name, rest, texts)
        return
    body = texts.unpacked(name, rest[1:]) if piece.kind == b"zTXt" else rest
    if body is not None:
        texts.add(name, decoded(body))


def _international(name: str, rest: bytes, texts: Texts) -> None:
    fields = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(fields) < 3:
        texts.problem(f"The text {name!r} is damaged.")
        return
    body = texts.unpacked(name, fields[2]) if rest[0] else fields[2]
    if body is None:
        return
    if name == "XML:com.adobe.xmp":
        read_xmp(decoded(body), texts)
    else:
        texts.add(name, decoded(body))


def jpeg_pieces(data: bytes) -> Iterator[Piece]:
    """The segments of a JPEG file up to its pixels; `kind` is the marker's second byte."""
    view, at = memoryview(data), 2
    for _ in range(MAX_CHUNKS):
        while at + 1 < len(data) and data[at] == 0xFF and data[at + 1] == 0xFF:
            at += 1  # padding before a marker
        if at + 4 > len(data) or data[at] != 0xFF:
            yield Piece(b"", view[:0], at, len(data), cut=True)
            return
        marker = data[at + 1]
        if marker in {0xDA, 0xD9}:
            return
        if 0xD0 <= marker <= 0xD8 or marker == 0x01:
            at += 2
            continue
        end = at + 2 + struct.unpack(">H", view[at + 2 : at + 4])[0]
        yield Piece(bytes([marker]), view[at + 4 : end], at, min(end, len(data)), cut=end > len(data))
        if end > len(data) or end < at + 4:
            return
        at = end


_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg(data: bytes, texts: Texts) -> tuple[int, int, int]:
    width = height = 0
    orientation = 1
    for piece in jpeg_pieces(data):
        body, marker = piece.body, piece.kind[0] if piece.kind else 0
        if piece.cut:
            texts.problem(_BROKEN_OFF)
        if marker in _FRAMES and len(body) >= 5:
            height, width = struct.unpack(">HH", body[1:5])
        elif marker == 0xE1 and bytes(body[:6]) == EXIF_HEAD:
            orientation = read_exif(bytes(body), texts)
        elif marker == 0xE1 and bytes(body[: len(XMP_HEAD)]) == XMP_HEAD:
            read_xmp(decoded(bytes(body[len(XMP_HEAD) :])), texts)
        elif marker == 0xFE:
            texts.add("comment", decoded(bytes(body)))
    return width, height, orientation


def webp_pieces(data: bytes) -> Iterator[Piece]:
    """The chunks of a WebP file."""
    view, at = memoryview(data), 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        kind, size = struct.unpack("<4sI", view[at : at + 8])
        end = at + 8 + size + (size & 1)
        yield Piece(kind, view[at + 8 : at + 8 + size], at, min(end, len(data)), cut=at + 8 + size > len(data))
        at = end


def _webp(data: bytes, texts: Texts) -> tuple[int, int, int]:
    width = height = 0
    orientation = 1
    for piece in webp_pieces(data):
        body = piece.body
        if piece.cut:
            texts.problem(_BROKEN_OFF)
        if piece.kind in {b"VP8X", b"VP8 ", b"VP8L"} and not width:
            width, height = webp_size(piece)
        elif piece.kind in {b"EXIF", b"XMP "}:
            if len(body) > MAX_TEXT + 65536:
                texts.too_long(piece.kind.decode().strip())
            elif piece.kind == b"EXIF":
                orientation = read_exif(bytes(body), texts)
            else:
                read_xmp(decoded(bytes(body)), texts)
    return width, height, orientation


def webp_size(piece: Piece) -> tuple[int, int]:
    """Width and height that a WebP chunk states; zeros where it is too short.

    Source: WebP container specification, "Extended file format"; RFC 6386, 9.1; WebP lossless, 3.
    """
    body = bytes(piece.body[:16])
    if piece.kind == b"VP8X" and len(body) >= 10:
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if piece.kind == b"VP8 " and len(body) >= 10:
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if piece.kind == b"VP8L" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return 0, 0
