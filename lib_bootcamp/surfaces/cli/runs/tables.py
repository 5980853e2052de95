"""What came of many files as a table, and as thumbnails by label."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.results import FileResult
from lib_bootcamp.surfaces.shared.tables import csv_bytes

from .outcomes import Outcome
from .sorting import UNKNOWN

PER_CLASS, SHEET_CLASSES = 16, 40


def table(outcomes: Sequence[Outcome], results: Sequence[tuple[Path, FileResult]], extra: Sequence[str]) -> bytes:
    """A row for each outcome: its file, what else is known of it, the mistake, and the result's columns.

    Args:
        outcomes: of all files.
        results: those that there are.
        extra: columns from the outcomes' records.
    """
    rows = {str(path): result.row() for path, result in results}
    own = dict.fromkeys(name for row in rows.values() for name in row)
    columns = list(dict.fromkeys(["path", *(n for n in extra if n == "truth"), "error", *extra, *own]))
    return csv_bytes(({**_first(each), **rows.get(each.record["path"], {})} for each in outcomes), columns)


def _first(outcome: Outcome) -> dict[str, object]:
    facts = {name: outcome.record.get(name) for name in ("path", "truth", "sorted_to")}
    return {**facts, "error": outcome.record.get("detail", "")}


def thumbnails(results: Sequence[tuple[Path, FileResult]]) -> Iterator[tuple[str, list[tuple[str, Image]]]]:
    """Of each label its name, and its best pictures with their names."""
    by_label: dict[str, list[tuple[Path, float]]] = {}
    for path, result in results:
        by_label.setdefault(result.answer() or UNKNOWN, []).append((path, float(result.row().get("value") or 0)))
    for label, members in sorted(by_label.items(), key=lambda each: -len(each[1]))[:SHEET_CLASSES]:
        best = sorted(members, key=lambda each: -each[1])[:PER_CLASS]
        shown = [(f"{value:.2f} {path.name}", picture) for path, value in best for picture in _read_again(path)]
        if shown:
            more = f", the best {len(shown)}" if len(members) > len(shown) else ""
            yield f"{label} ({len(members)}{more})", shown


def _read_again(path: Path) -> Iterator[Image]:
    """A picture for the sheet; nothing where it is gone by now."""
    try:
        yield read_image(path)
    except BootcampError:
        return
