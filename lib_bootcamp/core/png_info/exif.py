"""Texts in EXIF, and EXIF with one text: a reader of TIFF's directories that trusts no offset.

Source: EXIF 2.32 (CIPA DC-008), 4.6; TIFF 6.0, section 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from .limits import MAX_TEXT, Texts, decoded

USER_COMMENT, MAKER_NOTE, EXIF_IFD, ORIENTATION = 0x9286, 0x927C, 0x8769, 0x0112
NAMES = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x013B: "Artist",
    0x9C9C: "XPComment",
    USER_COMMENT: "UserComment",
    MAKER_NOTE: "MakerNote",
}
MAX_ENTRIES = 512
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


class Entry(NamedTuple):
    """One entry of a directory; `value` is its bytes as they stand."""

    tag: int
    kind: int
    value: bytes


def read_exif(data: bytes, texts: Texts) -> int:
    """Add the texts of an EXIF block.

    Args:
        data: from the byte order on, or from `Exif` on.
        texts: where they go.
    Returns:
        the orientation, 1 where there is none.
    """
    if texts.orientation is not None:  # a file has one block; more are not read
        return texts.orientation
    texts.orientation = 1
    data = data[6:] if data[:6] == b"Exif\0\0" else data
    order = {b"II": "<", b"MM": ">"}.get(bytes(data[:2]))
    if order is None or len(data) < 8:
        texts.problem("The EXIF block is damaged.")
        return 1
    orientation = 1
    for entry in _entries(data, order, texts):
        if entry.tag == ORIENTATION and entry.kind == 3 and len(entry.value) >= 2:
            orientation = struct.unpack(f"{order}H", entry.value[:2])[0]
        elif entry.tag in NAMES:
            _add(entry, texts)
    texts.orientation = orientation if 1 <= orientation <= 8 else 1
    return texts.orientation


def _entries(data: bytes, order: str, texts: Texts) -> Iterator[Entry]:
    first = struct.unpack(f"{order}I", data[4:8])[0]
    inner = 0
    for entry in _directory(data, order, first, texts):
        if entry.tag == EXIF_IFD and len(entry.value) >= 4:
            inner = struct.unpack(f"{order}I", entry.value[:4])[0]
        yield entry
    if inner:
        yield from _directory(data, order, inner, texts)


def _directory(data: bytes, order: str, start: int, texts: Texts) -> Iterator[Entry]:
    if start + 2 > len(data):
        texts.problem("The EXIF block is damaged.")
        return
    count = struct.unpack(f"{order}H", data[start : start + 2])[0]
    seen: set[int] = set()  # a tag stands once; a thousand of one may all lead to the same 4 MiB
    for index in range(min(count, MAX_ENTRIES)):
        at = start + 2 + 12 * index
        if at + 12 > len(data):
            texts.problem("The EXIF block is cut off.")
            return
        tag, kind, number, offset = struct.unpack(f"{order}HHII", data[at : at + 12])
        size = _SIZES.get(kind, 0) * number
        if tag in seen or (tag not in NAMES and tag not in {EXIF_IFD, ORIENTATION}):
            continue
        seen.add(tag)
        if size > MAX_TEXT:
            texts.too_long(NAMES.get(tag, "EXIF"))
            continue
        place = at + 8 if size <= 4 else offset
        if place + size > len(data):
            texts.problem("The EXIF block is cut off.")
            continue
        yield Entry(tag, kind, bytes(data[place : place + size]))


def _add(entry: Entry, texts: Texts) -> None:
    if entry.tag == USER_COMMENT:
        text = user_comment(entry.value)
    elif entry.tag == 0x9C9C:
        text = entry.value.decode("utf-16-le", "replace")
    else:
        text = decoded(entry.value)
    text = text.strip("\0 ")
    if not text:
        return
    # ComfyUI writes `prompt:{...}` and `workflow:{...}` into whichever text tags are free
    for name in ("prompt", "workflow"):
        if text.lower().startswith(f"{name}:") and text[len(name) + 1 :].lstrip().startswith("{"):
            texts.add(name, text[len(name) + 1 :])
            return
    texts.add(NAMES[entry.tag], text)


def user_comment(value: bytes) -> str:
    """The text of a UserComment in any of its encodings; UTF-8 or UTF-16 where it names none."""
    head, body = value[:8], value[8:]
    if head == b"UNICODE\0":
        return _utf_16(body)
    if head == b"ASCII\0\0\0":
        return decoded(body)
    if head == b"JIS\0\0\0\0\0":
        # piexif, which the WebUI writes with, means Shift JIS by it
        return body.decode("iso2022_jp" if b"\x1b" in body else "shift_jis", "replace")
    if head == bytes(8):
        value = body
    if len(value) >= 4 and value.count(b"\0") >= len(value) // 4:
        return _utf_16(value)
    return decoded(value)


def _utf_16(body: bytes) -> str:
    """UTF-16 of the byte order its mark says, else of the one in which more of the text is Latin.

    EXIF asks for the order of the whole block; piexif writes big-endian always, others the block's.
    """
    if body[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return body.decode("utf-16", "replace")
    sample = body[:4096]
    big, little = sample[0::2].count(0), sample[1::2].count(0)
    if big == little and (_looks_utf_8(body)):
        return decoded(body)
    return body.decode("utf-16-le" if little > big else "utf-16-be", "replace")


def _looks_utf_8(body: bytes) -> bool:
    """Whether it is UTF-8 under the wrong name; some tools write that."""
    if b"\0" in body or not any(32 <= each < 127 for each in body[:64]):
        return False
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return sum(each.isascii() for each in text[:256]) * 2 > len(text[:256])


def make_exif(text: str, orientation: int = 1) -> bytes:
    """An EXIF block (big-endian, without the `Exif` before it) with a UserComment in UTF-16, as the WebUI writes it.

    Args:
        text: what goes into it; none for an empty text.
        orientation: kept, so that the picture is not turned.
    """
    comment = b"UNICODE\0" + text.encode("utf-16-be", "replace") if text else b""
    entries = [(ORIENTATION, 3, 1, struct.pack(">HH", orientation, 0))] if orientation != 1 else []
    inner = 8 + 2 + 12 * (len(entries) + bool(comment)) + 4
    if comment:
        entries.append((EXIF_IFD, 4, 1, struct.pack(">I", inner)))
    block = b"MM\0*" + struct.pack(">IH", 8, len(entries))
    block += b"".join(struct.pack(">HHI", tag, kind, number) + value for tag, kind, number, value in entries)
    block += bytes(4)
    if comment:
        place = inner + 2 + 12 + 4
        block += struct.pack(">HHHII", 1, USER_COMMENT, 7, len(comment), place) + bytes(4) + comment
    return block
