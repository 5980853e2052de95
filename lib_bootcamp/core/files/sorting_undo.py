"""Take back what was sorted into folders, from the journal in the owner's data folder and from no other.

A file is touched only while it is as sorting left it, and only where it lies: every path is walked without links.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lib_bootcamp.errors import InvalidParamError, OutputError

from .inside import Inside, LeadsOutError
from .places import Place
from .regular import CHUNK, READ, checked
from .run_journal import Line
from .sorting import How, journal_of, move

FOREIGN = "bootcamp-sorted.jsonl"
"""What earlier versions left in the folder itself, where anybody who makes a data set can write it."""


@dataclass(frozen=True, kw_only=True)
class Undone:
    """One journaled step and what became of it.

    Args:
        source: where the file came from.
        target: where it was sorted to.
        how: how it was sorted.
        note: why it is skipped; empty when it was undone.
    """

    source: Path
    target: Path
    how: How
    note: str = ""


def foreign_journal(target: Path) -> str:
    """The sentence about a journal that lies in the folder; empty where none does."""
    if not os.path.lexists(target / FOREIGN):
        return ""
    return (
        f"{target / FOREIGN} is not acted on: it came with the folder, or an earlier version wrote it. To undo by "
        f"hand, move each `target` in it, which lies below {target}, back to its `source`, or delete it where `how` is "
        "copy or link."
    )


def undo(target: Path, store: Path, *, dry_run: bool = False) -> list[Undone]:
    """Take back the newest run into `target`: moved files go back, copies and links are removed.

    Skipped are files that were changed since, copies whose original is gone, and moved files whose old place is taken.
    Folders that the run made go when they are empty. What is skipped stays in the journal.

    Args:
        target: the folder that was sorted into.
        store: where journals lie.
        dry_run: list what would be done, and do nothing.
    Raises:
        InvalidParamError: there is nothing to undo.
        OutputError: the journal cannot be written.
    """
    journal, inside = journal_of(target, store), Inside(target)
    seen: set[str] = set()

    def step(line: Line) -> Undone | None:
        if "how" not in line or line["target"] in seen:
            return None
        seen.add(line["target"])
        return _undo_line(line, inside, dry_run=dry_run)

    def end(head: Line, lines: list[Line], is_last: bool) -> list[Line]:  # noqa: FBT001 - as the journal calls it
        kept = _remove_folders(lines, inside)
        if is_last:
            _remove_made(head, inside.real)
        return kept

    with journal.lock:
        if journal.newest() is None:
            problem = " ".join(filter(None, (f"finds no sorting into {target}", foreign_journal(target))))
            raise InvalidParamError("undo", problem.rstrip("."))
        return journal.take_back(step, dry_run=dry_run, end=end)


def _remove_folders(run: list[Line], inside: Inside) -> list[Line]:
    """Remove the run's folders that are empty; returns the lines of the others."""
    kept: list[Line] = []
    for line in reversed([each for each in run if "folder" in each]):
        if line["folder"]:
            try:
                with inside.place(inside.real / line["folder"], follow=False) as place:
                    place.remove_folder()
                    if place.stat() is None:
                        continue
            except OSError:  # a link by now, or gone with the folder around it
                continue
        kept.insert(0, line)
    return kept


def _remove_made(head: Line, target: Path) -> None:
    """The target and the folders around it, where sorting made them."""
    made = head.get("folders_made")
    for folder in [target, *target.parents][: made if isinstance(made, int) else 0]:
        try:
            with Inside(folder.parent, exact=True).place(folder, follow=False) as place:
                place.remove_folder()
        except OSError:
            return


def _undo_line(line: Mapping[str, Any], inside: Inside, *, dry_run: bool) -> Undone | None:
    """Undo one step; None where it was never taken or is undone already."""
    source, path = Path(line["source"]), inside.real / line["target"]
    outcome = Undone(source=source, target=inside.root / line["target"], how=line["how"])
    try:
        with inside.place(path, follow=False) as place:
            status = place.stat()
            if status is None:
                return None
            if line["bytes"] and not status.st_size and _size(source):  # reserved, and nothing more came of it
                if not dry_run:
                    place.unlink()
                return None
            note = _why_skipped(place, status, source, line)
            if note or dry_run:
                return replace(outcome, note=note)
            if line["how"] == "move":
                _move_back(place, source)
            else:
                place.unlink()
    except FileNotFoundError:
        return None
    except LeadsOutError:
        return replace(outcome, note=f"{outcome.target} is outside the folder; skipped.")
    except OSError as error:
        return replace(outcome, note=f"{outcome.target} cannot be undone: {error.strerror or error}.")
    return outcome


def _size(path: Path) -> int:
    """Of a regular file, links not followed; 0 where there is none."""
    try:
        status = path.lstat()
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else 0


def _why_skipped(place: Place, status: os.stat_result, source: Path, line: Mapping[str, Any]) -> str:
    if not _is_as_it_was(place, status, source, line):
        return f"{place.path} was changed since; skipped."
    if line["how"] == "move":
        return f"{source} is taken; {place.path} is skipped." if os.path.lexists(source) else ""
    return "" if source.is_file() else f"{source} is gone; {place.path} is skipped."


def _is_as_it_was(place: Place, status: os.stat_result, source: Path, line: Mapping[str, Any]) -> bool:
    if not stat.S_ISREG(status.st_mode):
        return False
    if line["how"] == "link" and source.is_file() and os.path.samestat(status, source.stat()):
        return True
    if (status.st_size, status.st_mtime_ns) != (line["bytes"], line["mtime_ns"]):
        return False
    return not line["digest"] or _digest(place) == line["digest"]


def _digest(place: Place) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    with checked(place.open(READ), place.path) as file:
        while part := file.read(CHUNK):
            hashed.update(part)
    return hashed.hexdigest()


def _move_back(place: Place, source: Path) -> None:
    """To where it came from, if no link stands on the way there by now."""
    try:
        with Inside(source.parent, exact=True).place(source, make=True, follow=False) as old:
            os.close(old.create(0o600))
            try:
                move(place, old, lambda status, digest: None)
            except OSError:
                old.remove()
                raise
    except LeadsOutError:
        raise OutputError(f"a link stands on the way to {source}") from None
