"""The files that a job writes: written whole, put right after a crash, and put back by undo."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib_bootcamp.core.files.inside import MAX_WRITTEN, Inside, digest
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import BootcampError, OutputError

from .facts import SkippedFile
from .journal import Journal
from .records import Written

CHANGED = "was changed since; skipped."
_STRAY = re.compile(r"\.(?P<name>.{1,40})\.[a-z0-9_]{8}\.tmp", re.DOTALL)
"""What `Place.write`, and `tempfile.mkstemp` before it, leaves beside a file when it is killed."""


def recover(journal: Journal, number: int, inside: Inside) -> None:
    """Finish what a process was writing when it ended, whatever it had come to.

    A file that holds something else by now is somebody else's and is left. One that was not written and whose content
    the journal has not kept is made anew: its picture is to be done again.

    Raises:
        OutputError: a file cannot be written, or the journal cannot.
    """
    pending = journal.pending(number)
    if not pending:
        return
    root = inside.root
    remove_leftovers(inside, (each.path for each in pending))
    never: list[int] = []
    again: list[int] = []
    reported = False
    for file in pending:
        now = inside.read(root / file.path, MAX_WRITTEN)
        if now is not None and digest(now) == file.digest:
            reported = reported or (file.after is None and file.item is None)
        elif now == file.before and file.after is not None:
            inside.write(root / file.path, file.after)
        else:
            never.append(file.id)
            if file.item is not None and now == file.before:
                again.append(file.item)
    with journal.transaction():
        journal.forget_writes(never)
        journal.begin_again(number, again)
        journal.written_down(number)
        if reported:
            journal.mark_reported(number)


def remove_leftovers(inside: Inside, paths: Iterable[str]) -> None:
    """Remove what a killed process left beside files that it was writing.

    Args:
        inside: the job's folder.
        paths: the files, below it.
    """
    names: dict[Path, set[str]] = {}
    for path in paths:
        with contextlib.suppress(OSError), inside.place(inside.root / path) as place:  # of a link: where its file is
            names.setdefault(place.path.parent, set()).add(place.path.name[:40])
    for folder, wanted in names.items():
        for name in inside.names(folder):
            stray = _STRAY.fullmatch(name)
            if stray and stray["name"] in wanted:
                with contextlib.suppress(OSError), inside.place(folder / name, follow=False) as place:
                    place.remove()


def remove_pending_leftovers(journal: Journal, number: int, root: Path, *, exact: bool) -> None:
    """The same for every file of a job that was about to be written.

    Args:
        journal: where the job is.
        number: of the job.
        root: its folder.
        exact: as `Inside` takes it.
    """
    with contextlib.suppress(OutputError):
        remove_leftovers(Inside(root, exact=exact), (file.path for file in journal.pending(number)))


def missing_folders(inside: Inside, written: Iterable[Written]) -> set[Path]:
    """The folders that are made when these files are written, the job's own and those above it among them."""
    missing: set[Path] = set()
    for folder in {(inside.root / each.path).parent for each in written}:
        for each in (folder, *folder.parents):
            if each in missing or os.path.lexists(each):
                break
            missing.add(each)
    return missing


def remove_folders(journal: Journal, number: int, inside: Inside) -> None:
    """Remove the folders that a job made, where nothing is in them any more."""
    for folder in sorted(journal.made(number), key=lambda each: len(each.parts), reverse=True):
        with contextlib.suppress(OSError, OutputError):  # the folder above may be a link to itself by now
            around = Inside(folder.parent, exact=inside.real == inside.root)
            with around.place(folder, follow=False) as place:
                place.remove_folder()
        if not os.path.lexists(folder):
            journal.forget_folder(number, folder)


def restore(journal: Journal, number: int, inside: Inside) -> tuple[int, list[SkippedFile]]:
    """Give every file of a job its old content, the newest first; files that were changed since are skipped.

    Folders that the job made go too, where they are empty then.

    Returns:
        how many files are as they were, and those that were skipped.
    """
    restored: set[str] = set()
    skipped: dict[str, SkippedFile] = {}
    below: int | None = None
    while page := journal.written(number, below=below):
        below = page[-1].id
        gone: list[int] = []
        chains: dict[str, list[Written]] = {}
        for file in page:
            chains.setdefault(file.path, []).append(file)
        remove_leftovers(inside, chains)  # an undo may have been killed too
        for path, chain in chains.items():
            undone, note = _put_back(inside, chain) if path not in skipped else ([], CHANGED)
            gone += [each.id for each in undone]
            if undone:
                restored.add(path)
            if note:
                skipped.setdefault(path, SkippedFile(file=valid_text(path), note=valid_text(f"{path} {note}")))
        journal.forget_writes(gone)
    remove_folders(journal, number, inside)
    return len(restored - skipped.keys()), list(skipped.values())


def _put_back(inside: Inside, chain: Sequence[Written]) -> tuple[list[Written], str]:
    """Those of a file's writes, the newest first, that are undone, and why others are not.

    It is written once, so that undo can be killed too: it holds what the job left, or what it held before.
    """
    undone, target, note = [chain[0]], chain[0].before, ""
    for older in chain[1:]:
        if target is None or digest(target) != older.digest:
            note = CHANGED  # by somebody between two runs of the job
            break
        undone.append(older)
        target = older.before
    try:
        _, is_back = inside.restore(inside.root / chain[0].path, chain[0].digest, target)
    except BootcampError as error:
        return [], f"cannot be restored: {error}"
    return (undone, note) if is_back else ([], CHANGED)
