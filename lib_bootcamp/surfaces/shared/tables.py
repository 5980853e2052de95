"""Results of many files as CSV and JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.results import FileResult


def csv_bytes(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> bytes:
    """A table in UTF-8 with a head; what a row does not have is empty, what is no column is left out."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return _encoded(text.getvalue())


def jsonl_bytes(records: Iterable[Mapping[str, Any]]) -> bytes:
    """An object on each line, in UTF-8."""
    lines = (json.dumps(each, ensure_ascii=False) + "\n" for each in records)
    return _encoded("".join(lines))


def record_of(name: str, info: FileResult | BootcampError) -> dict[str, Any]:
    """A line of JSON: everything that came of a file, or the mistake about it."""
    if isinstance(info, BootcampError):
        return {"path": name, "error": type(info).__name__, "detail": str(info)}
    return {**info.to_json(), "path": name}


def _encoded(text: str) -> bytes:
    """Names of files come out as the bytes they are; half a pair of surrogates is no text and a question mark."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")
