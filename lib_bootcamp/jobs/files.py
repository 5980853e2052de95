"""The files that a job writes: written whole, put right after a crash, and put back by undo."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib_bootcamp.core.folders import is_inside
from lib_bootcamp.core.write_files import write_atomically
from lib_bootcamp.errors import OutputError

from .facts import Left
from .journal import Journal
from .records import Written, digest

CHANGED = "was changed since and is left."
_STRAY = re.compile(r"\.(?P<name>.{1,40})\.[a-z0-9_]{8}\.tmp", re.DOTALL)
"""What `write_atomically` (by `tempfile.mkstemp`) leaves beside a file when it is killed."""


def read(path: Path) -> bytes | None:
    """A file's bytes; None where there is none.

    Raises:
        OutputError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise OutputError(f"{path} cannot be read: {error.strerror or error}.") from None


def refuse_outside(path: Path, root: Path) -> None:
    """A job's files lie in its folder, links followed.

    Raises:
        OutputError: this one does not.
    """
    if not is_inside(path, root):
        raise OutputError(f"{path.name} leads out of the folder and is left.")


def write(root: Path, file: Written, data: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OutputError: it cannot be written, or leads out of the folder.
    """
    path = root / file.path
    refuse_outside(path, root)
    write_atomically(path, data)


def put_right(journal: Journal, number: int, root: Path) -> None:
    """Finish what a process was writing when it ended, whatever it had come to.

    A file that holds something else by now is somebody else's and is left. One that was not written and whose content
    the journal has not kept is made anew: its picture is to be done again.

    Raises:
        OutputError: a file cannot be written, or the journal cannot.
    """
    pending = journal.pending(number)
    if not pending:
        return
    sweep(root / each.path for each in pending)
    never: list[int] = []
    again: list[int] = []
    told = False
    for file in pending:
        now = read(root / file.path)
        if now is not None and digest(now) == file.digest:
            told = told or (file.after is None and file.item is None)
        elif now == file.before and file.after is not None:
            write(root, file, file.after)
        else:
            never.append(file.id)
            if file.item is not None and now == file.before:
                again.append(file.item)
    with journal.transaction():
        journal.forget_writes(never)
        journal.begin_again(number, again)
        journal.written_down(number)
        if told:
            journal.tell(number)


def sweep(paths: Iterable[Path]) -> None:
    """Remove what a killed process left beside files that it was writing."""
    names: dict[Path, set[str]] = {}
    for path in paths:
        target = path.resolve() if path.is_symlink() else path  # as `write_atomically` does it
        names.setdefault(target.parent, set()).add(target.name[:40])
    for folder, wanted in names.items():
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                stray = _STRAY.fullmatch(entry.name)
                if stray and stray["name"] in wanted:
                    (folder / entry.name).unlink(missing_ok=True)


def sweep_pending(journal: Journal, number: int, root: Path) -> None:
    """The same for every file of a job that was about to be written."""
    sweep(root / file.path for file in journal.pending(number))


def put_back(journal: Journal, number: int, root: Path) -> tuple[int, list[Left]]:
    """Give every file of a job its old content, the newest first; files that were changed since are left.

    Returns:
        how many files are as they were, and those that were left.
    """
    restored: set[str] = set()
    left: dict[str, Left] = {}
    below: int | None = None
    while page := journal.written(number, below=below):
        below = page[-1].id
        gone: list[int] = []
        chains: dict[str, list[Written]] = {}
        for file in page:
            chains.setdefault(file.path, []).append(file)
        sweep(root / path for path in chains)  # an undo may have been killed too
        for path, chain in chains.items():
            undone, note = _put_back(root, chain) if path not in left else ([], CHANGED)
            gone += [each.id for each in undone]
            if undone:
                restored.add(path)
            if note:
                shown = path.encode("utf-8", "replace").decode("utf-8")
                left.setdefault(path, Left(file=shown, note=f"{shown} {note}"))
        journal.forget_writes(gone)
    return len(restored - left.keys()), list(left.values())


def _put_back(root: Path, chain: Sequence[Written]) -> tuple[list[Written], str]:
    """Those of a file's writes, the newest first, that are undone, and why others are not.

    It is written once, so that undo can be killed too: it holds what the job left, or what it held before.
    """
    path = root / chain[0].path
    undone, target, note = [chain[0]], chain[0].before, ""
    for older in chain[1:]:
        if target is None or digest(target) != older.digest:
            note = CHANGED  # by somebody between two runs of the job
            break
        undone.append(older)
        target = older.before
    try:
        now = read(path)
        if now == target:
            return undone, note
        if now is None or digest(now) != chain[0].digest:
            return [], CHANGED
        refuse_outside(path, root)
        if target is None:
            path.unlink()
        else:
            write_atomically(path, target)
    except OutputError as error:
        return [], f"is left: {error}"
    except OSError as error:
        return [], f"is left: {error.strerror or error}."
    return undone, note
