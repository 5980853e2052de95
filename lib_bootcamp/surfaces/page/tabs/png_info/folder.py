"""A folder's files as two tables, written while they are read, so that ten thousand are never in memory together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.errors import BootcampError, CancelledError, InvalidParamError
from lib_bootcamp.results import FileResult
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from lib_bootcamp.surfaces.shared.tables import csv_bytes, jsonl_bytes, record_of

from .files import row_of


def folder_tables(
    folder: str,
    read: Callable[[list[Path]], Iterator[FileResult | BootcampError]],
    context: Context,
    out: Path,
    *,
    recursive: bool,
) -> str:
    """Write `png-info.csv` and `png-info.jsonl` of the pictures in a folder.

    Args:
        folder: its path, as it was typed.
        read: what each file says, or the mistake about it, in order.
        context: says whether the visitor may name any folder.
        out: where the two files go.
        recursive: take the folders inside too.
    Returns:
        what was done, in a sentence.
    Raises:
        InvalidParamError, NotAllowedError: there is no such folder, or the visitor may not name it.
        ImageError: no pictures are in it.
    """
    if not (folder or "").strip():
        raise InvalidParamError("Folder", "is missing", hint="give the path of one")
    root = context.folder(folder.strip(), "Folder")
    left: dict[str, str] = {}
    # without trust a link may lead out of what the owner allowed
    found = [path for path, _ in find_pictures([root], left, recursive=recursive, follow_out=context.trusted)]
    out.mkdir(parents=True, exist_ok=True)
    rows, answer, note = [], 0, ""
    with (out / "png-info.jsonl").open("wb") as lines:
        try:
            for path, info in zip(found, read(found), strict=True):
                name = str(path.relative_to(root))
                rows.append(row_of(name, info))
                answer += isinstance(info, FileResult) and info.succeeded()
                lines.write(jsonl_bytes([record_of(name, info)]))
        except CancelledError:
            note = "Stopped. "
    columns = list(dict.fromkeys(column for row in rows for column in row))
    write_atomically(out / "png-info.csv", csv_bytes(rows, columns))
    failed = sum(bool(row["error"]) for row in rows)
    counts = [f"{failed} failed" if failed else "", f"{len(left)} left out: {' '.join(left.values())}" if left else ""]
    files = "1 file" if len(rows) == 1 else f"{len(rows)} files"
    return ", ".join([f"{note}{files} read, {answer} with generation data", *filter(None, counts)])
