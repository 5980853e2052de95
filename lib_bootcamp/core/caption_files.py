"""Where captions lie and how they are read and written: beside the picture, or in a table of its folder.

Four kinds, in the order in which they are taken: `picture.txt` (kohya's sd-scripts, A1111's filewords),
`picture.caption`, `captions.csv`, `metadata.jsonl` (ImageFolder of Hugging Face's datasets). A table may also lie in a
folder above and name its pictures by their paths below it. Every byte is hostile: sizes are bounded, texts are UTF-8.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.params import read_json

from .images import write_atomically

BESIDE = (".txt", ".caption")
CSV, JSONL = "captions.csv", "metadata.jsonl"
TABLES = (CSV, JSONL)
MAX_CAPTION_BYTES = 64 * 1024
MAX_TABLE_BYTES = 64 * 1024 * 1024
NAME_COLUMNS = ("file_name", "filename", "file", "path", "image")
TEXT_COLUMNS = ("text", "caption", "captions", "prompt")


class CaptionError(BootcampError, ValueError):
    """A file of captions cannot be used."""

    status = 422


@dataclass(frozen=True, kw_only=True)
class Caption:
    """What one file says of one picture.

    Args:
        text: without the space around it.
        file: the file that holds it.
    """

    text: str
    file: Path


def read_bounded(path: Path, limit: int = MAX_CAPTION_BYTES) -> bytes:
    """A file's bytes.

    Raises:
        CaptionError: it has more than `limit` bytes, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise CaptionError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(data) > limit:
        raise CaptionError(f"{path} has more than {limit // 1024} KiB, which no caption has.")
    return data


def decode_text(data: bytes, path: Path) -> str:
    """UTF-8 with or without a byte order mark.

    Raises:
        CaptionError: it is not UTF-8, or holds zero bytes.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaptionError(f"{path} is not UTF-8 (byte {error.start}); save it as UTF-8.") from None
    if "\0" in text:
        raise CaptionError(f"{path} holds zero bytes and is no text.")
    return text


def read_caption(path: Path) -> str:
    """The caption in a .txt or .caption file, without the space around it.

    Raises:
        CaptionError: too large, not UTF-8, or not to be read.
    """
    return decode_text(read_bounded(path), path).strip()


@dataclass
class Table:
    """A captions.csv or metadata.jsonl.

    Args:
        path: the file.
        captions: text by the name that the file gives a picture, with forward slashes.
    """

    path: Path
    captions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Read a table.

        Raises:
            CaptionError: it has no columns that could be pictures and captions, or cannot be read.
        """
        text = decode_text(read_bounded(path, MAX_TABLE_BYTES), path)
        table = cls(path)
        for _, name, caption in _rows(path, text):
            if name:
                table.captions[name] = caption
        return table

    def with_captions(self, changes: Mapping[str, str]) -> bytes:
        """The file's new bytes with other captions; rows of other pictures stay as they are, new ones come last.

        Args:
            changes: text by name.
        Raises:
            CaptionError: as `read`.
        """
        text = decode_text(read_bounded(self.path, MAX_TABLE_BYTES), self.path) if self.path.exists() else ""
        made = _changed_csv(text, changes) if self.path.name == CSV else _changed_jsonl(self.path, text, changes)
        return made.encode("utf-8")


def _rows(path: Path, text: str) -> Iterator[tuple[int, str, str]]:
    """Number of the row or line, name and caption of each."""
    if path.name == CSV:
        reader = _csv_rows(path, text)
        head = next(reader, [])
        name_at, text_at = _columns(path, head)
        for number, row in enumerate(reader, 1):
            if len(row) > max(name_at, text_at):
                yield number, _name(row[name_at]), row[text_at].strip()
        return
    for number, line in enumerate(text.split("\n")):
        if line.strip():
            record = _record(path, number, line)
            name_key, text_key = _keys(record)
            name, caption = record.get(name_key), record.get(text_key)
            if isinstance(name, str) and isinstance(caption, str):
                yield number, _name(name), caption.strip()


def _csv_rows(path: Path, text: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(io.StringIO(text, newline=""))
    except csv.Error as error:
        raise CaptionError(f"{path} is no table: {error}.") from None


def _columns(path: Path, head: list[str]) -> tuple[int, int]:
    names = [each.strip().lower() for each in head]
    name_at = next((names.index(each) for each in NAME_COLUMNS if each in names), None)
    text_at = next((names.index(each) for each in TEXT_COLUMNS if each in names), None)
    if name_at is None or text_at is None:
        raise CaptionError(f"{path} needs a first line that names its columns, such as file_name,text.")
    return name_at, text_at


def _record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = read_json(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise CaptionError(f"{path} line {number + 1} is not a JSON object.")
    return record


def _keys(record: Mapping[str, Any]) -> tuple[str, str]:
    name = next((each for each in NAME_COLUMNS if each in record), NAME_COLUMNS[0])
    return name, next((each for each in TEXT_COLUMNS if each in record), TEXT_COLUMNS[0])


def _name(name: str) -> str:
    return name.strip().replace("\\", "/").removeprefix("./")


def _changed_csv(text: str, changes: Mapping[str, str]) -> str:
    rows = list(csv.reader(io.StringIO(text, newline=""))) or [[NAME_COLUMNS[0], TEXT_COLUMNS[0]]]
    name_at, text_at = _columns(Path(CSV), rows[0])
    left = dict(changes)
    for row in rows[1:]:
        if len(row) > max(name_at, text_at) and (name := _name(row[name_at])) in changes:
            row[text_at] = changes[name]
            left.pop(name, None)
    for name, caption in left.items():
        row = [""] * len(rows[0])
        row[name_at], row[text_at] = name, caption
        rows.append(row)
    end = "\r\n" if "\r\n" in text else "\n"
    return "".join(_csv_line(row) + end for row in rows)


def _csv_line(row: list[str]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerow(row)  # it quotes what is in its line's end
    return out.getvalue()[:-2]


def _changed_jsonl(path: Path, text: str, changes: Mapping[str, str]) -> str:
    lines = text.split("\n")
    left = dict(changes)
    for number, name, _ in _rows(path, text):
        if name in changes:
            record = _record(path, number, lines[number])
            record[_keys(record)[1]] = changes[name]
            lines[number] = json.dumps(record, ensure_ascii=False)
            left.pop(name, None)
    while lines and not lines[-1].strip():
        lines.pop()
    lines += [json.dumps({NAME_COLUMNS[0]: n, TEXT_COLUMNS[0]: c}, ensure_ascii=False) for n, c in left.items()]
    return "\n".join(lines) + "\n"


class FolderCaptions:
    """The captions of the pictures below one folder; each table is read once.

    Args:
        root: the data set's folder: no file above it is looked at.
        allowed: whether a file may be read; by default every one.

    Attributes:
        problems: the mistake about each file that could not be used.
    """

    def __init__(self, root: Path, allowed: Any = None) -> None:
        self.root = root
        self.problems: dict[Path, str] = {}
        self._allowed = allowed or (lambda path: True)
        self._tables: dict[Path, Table | None] = {}

    def of(self, picture: Path) -> list[Caption]:
        """Every caption of a picture, the one that is taken first; files that cannot be used are in `problems`."""
        found = []
        for suffix in BESIDE:
            path = picture.with_suffix(suffix)
            if path.is_file() and self._allowed(path):
                try:
                    found.append(Caption(text=read_caption(path), file=path))
                except CaptionError as error:
                    self.problems[path] = str(error)
        for kind in TABLES:
            for folder in self._folders(picture):
                table = self.table(folder / kind)
                name = picture.relative_to(folder).as_posix()
                if table is not None and name in table.captions:
                    found.append(Caption(text=table.captions[name], file=table.path))
        return found

    def table(self, path: Path) -> Table | None:
        """A table that is there and can be used, else None."""
        if path not in self._tables:
            self._tables[path] = None
            if path.is_file() and self._allowed(path):
                try:
                    self._tables[path] = Table.read(path)
                except CaptionError as error:
                    self.problems[path] = str(error)
        return self._tables[path]

    def tables(self) -> Iterable[Table]:
        """The tables that were read so far."""
        return [each for each in self._tables.values() if each is not None]

    def _folders(self, picture: Path) -> Iterator[Path]:
        """The picture's folder and those above it, up to the root."""
        for folder in picture.parents:
            yield folder
            if folder == self.root:
                return


def write_caption(path: Path, text: str) -> None:
    """Write a .txt or .caption file whole or not at all, as UTF-8 and as it is given.

    Raises:
        OutputError: it cannot be written.
    """
    write_atomically(path, text.encode("utf-8"))
