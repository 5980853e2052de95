"""Where captions lie and how they are read and written: beside the picture, or in a table of its folder.

Four kinds, in the order in which they are taken: `picture.txt` (kohya's sd-scripts, A1111's filewords),
`picture.caption`, `captions.csv`, `metadata.jsonl` (ImageFolder of Hugging Face's datasets). Every byte is hostile:
sizes are bounded, texts are UTF-8.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.errors import BootcampError, OutputError, TooLargeError

from .caption_lines import has_break, replaced

BESIDE = (".txt", ".caption")
CSV, JSONL = "captions.csv", "metadata.jsonl"
TABLES = (CSV, JSONL)
MAX_CAPTION_BYTES = 64 * 1024
MAX_TABLE_BYTES = 64 * 1024 * 1024
MARK = b"\xef\xbb\xbf"
"""The byte order mark that Windows' editors put before UTF-8."""
Flaw: TypeAlias = Literal["", "no-bytes", "blank", "blank-first-line", "mark"]
"""What a trainer takes amiss in a caption file that can be read."""


class CaptionError(BootcampError, ValueError):
    """A file of captions cannot be used."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What one file says of one picture.

    Args:
        text: without the space around it.
        file: the file that holds it.
        flaw: what is amiss with the file.
    """

    text: str
    file: Path
    flaw: Flaw = ""


def read_bounded(path: Path, limit: int = MAX_CAPTION_BYTES, inside: Inside | None = None) -> bytes:
    """A file's bytes.

    Args:
        path: the file.
        limit: how many it may have.
        inside: the folder that it has to lie in; None: it may lie anywhere.
    Raises:
        CaptionError: it has more than `limit` bytes, or cannot be read.
    """
    try:
        data = read_regular(path, limit) if inside is None else inside.read(path, limit)
        if data is None:
            raise CaptionError(f"{path} cannot be read: it is not there any more.")
        return data
    except OutputError as error:
        raise CaptionError(str(error)) from None
    except OSError as error:
        raise CaptionError(f"{path} cannot be read: {error.strerror or error}.") from None
    except TooLargeError:
        raise CaptionError(f"{path} has more than {limit // 1024} KiB, which no caption has.") from None


def decode_text(data: bytes, path: Path) -> str:
    """UTF-8 with or without a byte order mark.

    Raises:
        CaptionError: it is not UTF-8, or holds zero bytes.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaptionError(f"{path} is not UTF-8 (byte {error.start})", hint="save it as UTF-8.") from None
    if "\0" in text:
        raise CaptionError(f"{path} contains null bytes and is not text.")
    return text


def read_caption(path: Path, inside: Inside | None = None) -> Caption:
    """The caption in a .txt or .caption file.

    Raises:
        CaptionError: too large, not UTF-8, or not to be read.
    """
    data = read_bounded(path, inside=inside)
    text = decode_text(data, path)
    return Caption(text=text.strip(), file=path, flaw=_flaw_of(data, text))


def _flaw_of(data: bytes, text: str) -> Flaw:
    if not data:
        return "no-bytes"
    if not text.strip():
        return "blank"
    if has_break(text[: len(text) - len(text.lstrip())]):
        return "blank-first-line"
    return "mark" if data.startswith(MARK) else ""


def rewritten(path: Path, data: bytes | None, text: str) -> bytes:
    """A caption file's new bytes: its byte order mark, its lines' ends and the space around the text stay.

    A caption that is emptied becomes an empty line, for at a file of no bytes kohya's trainer stops.

    Args:
        path: the file.
        data: what it holds; None: it is not there.
        text: what it is to say.
    Raises:
        CaptionError: what it holds is no text.
    """
    if data is None:
        return text.encode("utf-8")
    made = replaced(decode_text(data, path), text).encode("utf-8")
    return (MARK if data.startswith(MARK) else b"") + made or b"\n"


def write_caption(path: Path, text: str) -> None:
    """Write a .txt or .caption file whole or not at all, as UTF-8 and as it is given.

    Raises:
        OutputError: it cannot be written.
    """
    write_atomically(path, text.encode("utf-8"))
