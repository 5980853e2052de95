"""A copy of a picture file with other texts: chunks are moved, pixels stay as they are, bit for bit.

Only a text hidden in the pixels needs them decoded and written again, with its bits set.
"""

from __future__ import annotations

import struct

import numpy as np

from lib_bootcamp.core.images.png import encode_png, itxt_chunk, png_chunk
from lib_bootcamp.errors import ImageError

from .exif import make_exif
from .extract import EXIF_HEAD, XMP_HEAD, Piece, extract, format_of, jpeg_pieces, png_pieces, webp_pieces, webp_size
from .limits import Texts
from .stealth import decoded_pixels, find, without_hidden

_TEXT_CHUNKS = frozenset({b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"tIME"})
MAX_INFOTEXT = 1_000_000
MAX_SEGMENT = 65_533


def with_infotext(data: bytes, infotext: str, *, keep_other: bool = False) -> bytes:
    """The same picture with this infotext, or with none.

    Args:
        data: a PNG, JPEG or WebP file.
        infotext: goes where the WebUI puts it: `parameters` in PNG, EXIF's UserComment in the others.
        keep_other: leave the texts that are no infotext (workflow, XMP, comments); else the file holds no text
            but its pixels, its colors and which way up it is.
    Raises:
        ImageError: none of these formats, or cut off.
    """
    kind = format_of(data)
    orientation = extract(data, hidden=False).orientation
    if kind == "PNG":
        return _png(data, infotext, orientation, keep_other=keep_other)
    if kind == "JPEG":
        return _jpeg(data, infotext, orientation, keep_other=keep_other)
    return _webp(data, infotext, orientation, keep_other=keep_other)


def _whole(piece: Piece) -> Piece:
    if piece.cut:
        raise ImageError("The file is cut off", hint="its metadata cannot be changed without losing more of it.")
    return piece


def _png(data: bytes, infotext: str, orientation: int, *, keep_other: bool) -> bytes:
    replaced = _without_hidden(data)
    before: list[bytes] = []
    pixels: list[bytes] = []
    after: list[bytes] = []
    for piece in map(_whole, png_pieces(data)):
        if _is_dropped(piece, keep_other=keep_other):
            continue
        raw = replaced.get(piece.kind, b"") if piece.kind == b"IHDR" and replaced else data[piece.start : piece.end]
        part = pixels if piece.kind == b"IDAT" else after if pixels else before
        part.append(raw)
        if piece.kind == b"IEND":  # what stands behind the end is no part of the picture
            break
    if not pixels:
        raise ImageError("The file has no pixels.")
    texts = [png_chunk(b"eXIf", make_exif("", orientation))] if orientation != 1 and not keep_other else []
    if infotext:
        texts.append(_png_infotext(infotext))
    return b"".join([data[:8], *before, *texts, *([replaced[b"IDAT"]] if replaced else pixels), *after])


def _png_infotext(infotext: str) -> bytes:
    """As Pillow, which the WebUI writes with, does: Latin-1 where it can be."""
    try:
        return png_chunk(b"tEXt", b"parameters\0" + infotext.encode("latin-1"))
    except UnicodeEncodeError:
        return itxt_chunk(b"parameters", infotext.encode("utf-8", "replace"))


def _is_dropped(piece: Piece, *, keep_other: bool) -> bool:
    if piece.kind not in _TEXT_CHUNKS:
        return False
    return not keep_other or bytes(piece.body[:11]) == b"parameters\0"


def _without_hidden(data: bytes) -> dict[bytes, bytes]:
    """Head and pixels (IHDR, IDAT) of the picture without the text hidden in it; empty where there is none."""
    pixels = decoded_pixels(data, Texts())
    found = find(pixels) if pixels is not None else None
    if pixels is None or found is None:
        return {}
    made = encode_png(np.ascontiguousarray(without_hidden(pixels, found[0])))
    chunks: dict[bytes, bytes] = {}
    for piece in png_pieces(made):
        chunks[piece.kind] = chunks.get(piece.kind, b"") + made[piece.start : piece.end]
    return chunks


def _jpeg(data: bytes, infotext: str, orientation: int, *, keep_other: bool) -> bytes:
    block = make_exif(infotext, orientation)
    if len(block) + len(EXIF_HEAD) > MAX_SEGMENT:
        raise ImageError(
            "The infotext is too long for a JPEG file, which holds about 32,000 characters", hint="write a PNG."
        )
    segment = b"\xff\xe1" + struct.pack(">H", len(EXIF_HEAD) + len(block) + 2) + EXIF_HEAD + block
    parts, end = [data[:2]], 2
    pieces = [_whole(each) for each in jpeg_pieces(data)]
    start = pieces[0].end if pieces and pieces[0].kind == b"\xe0" else 2
    parts.append(data[2:start])
    if infotext or orientation != 1:
        parts.append(segment)
    for piece in pieces:
        end = piece.end
        if piece.start >= start and not _is_jpeg_text(piece, keep_other=keep_other):
            parts.append(data[piece.start : piece.end])
    return b"".join([*parts, data[end:]])


def _is_jpeg_text(piece: Piece, *, keep_other: bool) -> bool:
    """Whether a segment goes: EXIF always, for the new one takes its place; XMP, comments, Photoshop's unless kept."""
    if piece.kind == b"\xe1":
        return not (keep_other and bytes(piece.body[: len(XMP_HEAD)]) == XMP_HEAD)
    return piece.kind in {b"\xfe", b"\xed"} and not keep_other


_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02


def _webp(data: bytes, infotext: str, orientation: int, *, keep_other: bool) -> bytes:
    pieces = [_whole(each) for each in webp_pieces(data)]
    if not pieces:
        raise ImageError("The file has no pixels.")
    if _without_hidden(data):
        raise ImageError(
            "A text is hidden in this WebP file's pixels", hint="save it as PNG, from which it can be taken."
        )
    exif = make_exif(infotext, orientation) if infotext or orientation != 1 else b""
    dropped = {b"EXIF", b"VP8X"} | (set() if keep_other else {b"XMP "})
    kept = [each for each in pieces if each.kind not in dropped]
    flags = _flags(pieces, exif=bool(exif), xmp=any(each.kind == b"XMP " for each in kept))
    width, height = webp_size(pieces[0])
    body = b""
    if flags:
        size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        body = _riff(b"VP8X", bytes([flags, 0, 0, 0]) + size)
    body += b"".join(data[each.start : each.end] for each in kept)
    body += _riff(b"EXIF", exif) if exif else b""
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _flags(pieces: list[Piece], *, exif: bool, xmp: bool) -> int:
    first = pieces[0]
    if first.kind == b"VP8X" and len(first.body) >= 10:
        flags = first.body[0] & (_ICC | _ALPHA | _ANIMATION)
    else:
        # a lossless picture says in its own head whether it has transparency
        bits = int.from_bytes(bytes(first.body[1:5]), "little")
        flags = _ALPHA if first.kind == b"VP8L" and bits >> 28 & 1 else 0
        if not exif and not xmp:
            return 0
    return flags | (_EXIF if exif else 0) | (_XMP if xmp else 0)


def _riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
