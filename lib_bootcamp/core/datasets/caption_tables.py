"""Captions in tables, `captions.csv` and `metadata.jsonl`: read row by row, and of a row only its caption rewritten.

A table may also lie in a folder above and name its pictures by their paths below it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.params import read_json

from .caption_files import CSV, MARK, MAX_TABLE_BYTES, CaptionError, decode_text, read_bounded
from .caption_lines import replaced

NAME_COLUMNS = ("file_name", "filename", "file", "path", "image")
TEXT_COLUMNS = ("text", "caption", "captions", "prompt")


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
    def read(cls, path: Path, inside: Inside | None = None) -> Table:
        """Read a table.

        Raises:
            CaptionError: it has no columns that could be pictures and captions, or cannot be read.
        """
        text = decode_text(read_bounded(path, MAX_TABLE_BYTES, inside), path)
        table = cls(path)
        for _, name, caption in _rows(path, text):
            if name:
                table.captions[name] = caption
        return table

    def with_captions(self, changes: Mapping[str, str], inside: Inside | None = None) -> bytes:
        """The file's new bytes with other captions; everything else in it stays byte for byte, new rows come last.

        Args:
            changes: text by name.
            inside: the folder that it has to lie in.
        Raises:
            CaptionError: as `read`.
        """
        data = read_bounded(self.path, MAX_TABLE_BYTES, inside) if self.path.exists() else b""
        text = decode_text(data, self.path)
        made = _changed_csv(text, changes) if self.path.name == CSV else _changed_jsonl(self.path, text, changes)
        return (MARK if data.startswith(MARK) else b"") + made.encode("utf-8")


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
    return _checked_rows(path, csv.reader(io.StringIO(text, newline="")))


def _checked_rows(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise CaptionError(f"{path} is not a table: {error}.") from None


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
    rows = list(_csv_pieces(text))
    if not rows:
        rows = [([NAME_COLUMNS[0], TEXT_COLUMNS[0]], f"{NAME_COLUMNS[0]},{TEXT_COLUMNS[0]}\n")]
    head = rows[0][0]
    name_at, text_at = _columns(Path(CSV), head)
    end = "\r\n" if rows[0][1].endswith("\r\n") else "\n"
    left = dict(changes)
    pieces = [rows[0][1]]
    for row, piece in rows[1:]:
        if len(row) > max(name_at, text_at) and (name := _name(row[name_at])) in changes:
            pieces.append(_csv_piece(row, piece, {text_at: replaced(row[text_at], changes[name])}))
            left.pop(name, None)
        else:
            pieces.append(piece)
    return _with_more(
        "".join(pieces), [_csv_line(_new_row(head, name_at, text_at, *each)) for each in left.items()], end
    )


def _new_row(head: list[str], name_at: int, text_at: int, name: str, caption: str) -> list[str]:
    row = [""] * len(head)
    row[name_at], row[text_at] = name, caption
    return row


def _csv_pieces(text: str) -> Iterator[tuple[list[str], str]]:
    """Each row and the text it was read from, with the end of its line."""
    lines = list(io.StringIO(text, newline=""))
    reader, start = csv.reader(lines), 0
    for row in _checked_rows(Path(CSV), reader):
        yield row, "".join(lines[start : reader.line_num])
        start = reader.line_num


def _csv_piece(row: list[str], piece: str, changes: Mapping[int, str]) -> str:
    """A row with other cells, quoted as it was, where that can be seen, and ended as it was."""
    body = piece.rstrip("\r\n")
    everything = csv.QUOTE_ALL if _csv_line(row, csv.QUOTE_ALL) == body else csv.QUOTE_MINIMAL
    return _csv_line([changes.get(at, cell) for at, cell in enumerate(row)], everything) + piece[len(body) :]


def _csv_line(row: list[str], quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n", quoting=quoting).writerow(row)  # type: ignore[arg-type]  # quotes its ends
    return out.getvalue()[:-2]


def _with_more(text: str, lines: list[str], end: str) -> str:
    """A text with more lines; whether the last one is ended stays as it was."""
    if not lines:
        return text
    if not text or text.endswith(("\n", "\r")):
        return text + "".join(line + end for line in lines)
    return text + "".join(end + line for line in lines)


def _changed_jsonl(path: Path, text: str, changes: Mapping[str, str]) -> str:
    lines = text.split("\n")
    left = dict(changes)
    for number, name, _ in _rows(path, text):
        if name in changes:
            record = _record(path, number, lines[number])
            key = _keys(record)[1]
            lines[number] = _json_line(lines[number], record, {**record, key: replaced(record[key], changes[name])})
            left.pop(name, None)
    end = "\r\n" if "\r\n" in text else "\n"
    more = [json.dumps({NAME_COLUMNS[0]: n, TEXT_COLUMNS[0]: c}, ensure_ascii=False) for n, c in left.items()]
    return _with_more("\n".join(lines), more, end)


def _json_line(line: str, record: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """A changed record, spaced and escaped as it was, where that can be seen, and ended as it was."""
    written = line.strip()
    forms: list[dict[str, Any]] = [
        {"ensure_ascii": ascii_only, "separators": separators}
        for ascii_only in (False, True)
        for separators in ((", ", ": "), (",", ":"))
    ]
    form = next((each for each in forms if json.dumps(record, **each) == written), forms[0])
    start = len(line) - len(line.lstrip())
    return line[:start] + json.dumps(new, **form) + line[start + len(written) :]
