"""Uploaded files: their names, the chosen one, their summary, and their tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.operations.png_info.read import FileInfo, compared
from lib_bootcamp.results import FileResult
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.values import uploads
from lib_bootcamp.surfaces.shared.tables import csv_bytes, jsonl_bytes, record_of

from .html import differences_table, files_table

Read = Sequence[tuple[str, FileInfo | BootcampError]]


def label_of(at: int, name: str) -> str:
    """What a file is chosen by."""
    return f"{at + 1}. {name}"


def one_of(files: Any, label: Any) -> tuple[Path, str]:
    """The file that a label names, and its name; the first where no label is given.

    Raises:
        InvalidParamError: there is none.
    """
    named = uploads(files)
    number = re.match(r"[0-9]{1,4}", str(label or "1"))
    at = int(number[0]) - 1 if number else -1
    if not 0 <= at < len(named):
        raise InvalidParamError("Files", "is missing", hint="give one, or several")
    return named[at]


def shown_picture(path: Path) -> str | None:
    """The file as it is, where it is a picture that is no danger to show."""
    try:
        read_image(path)
    except BootcampError:
        return None
    return str(path)


def summary_of(done: Read) -> str:
    """One file's summary; of several a row for each."""
    if len(done) == 1:
        info = done[0][1]
        return notice(info.summary(), kind="done" if info.succeeded() else "no") if isinstance(info, FileInfo) else ""
    found = sum(isinstance(each, FileInfo) and each.succeeded() for _, each in done)
    some, none = (
        f"Generation data found in {found} of {len(done)} files.",
        f"No generation data found in {len(done)} files.",
    )
    head = notice(some if found else none, kind="done" if found else "no")
    return head + files_table(done)


def comparison(names: Sequence[str], read: Sequence[FileInfo]) -> str:
    """What differs between two files, or what is missing to compare them."""
    if len(read) < 2:
        return '<p class="bootcamp-note">Give two files, or choose one under "Compared with".</p>'
    silent = [name for name, each in zip(names, read, strict=True) if each.generation is None]
    if silent:
        return notice(f"{', '.join(silent)}: no generation parameters to compare.", kind="no")
    return differences_table((names[0], names[1]), compared(read))


def write_tables(done: Read, folder: Path) -> list[str]:
    """Write `png-info.csv` and `png-info.jsonl` into a folder; their paths."""
    rows = [row_of(name, each) for name, each in done]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    write_atomically(folder / "png-info.csv", csv_bytes(rows, columns))
    write_atomically(folder / "png-info.jsonl", jsonl_bytes(record_of(name, each) for name, each in done))
    return [str(folder / "png-info.csv"), str(folder / "png-info.jsonl")]


def row_of(name: str, info: FileResult | BootcampError) -> dict[str, Any]:
    """A row of the table."""
    if isinstance(info, BootcampError):
        return {"path": name, "error": str(info)}
    return {"path": name, "error": "", **info.row()}


def stem_of(name: str) -> str:
    """An uploaded file's name without its ending, as a name that every system takes."""
    return re.sub(r"[^\w .()-]+", "_", Path(name).stem)[:100].strip(" .") or "picture"


def public_sentence(sentence: str) -> str:
    """A mistake without the folder that Gradio keeps an uploaded file in."""
    return re.sub(r"(?:[A-Za-z]:)?[\\/](?:[^\\/:]+[\\/])+(?=[^\\/:]+: )", "", sentence)
