"""The files that a job writes: written whole, put right after a crash, and put back by undo."""

from __future__ import annotations

import glob
from pathlib import Path

from lib_bootcamp.core.folders import is_inside
from lib_bootcamp.core.images import write_atomically
from lib_bootcamp.errors import OutputError

from .facts import Left
from .journal import Journal, Written, digest


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

    A file that holds something else by now is somebody else's and is left.

    Raises:
        OutputError: a file cannot be written, or the journal cannot.
    """
    never: list[int] = []
    for file in journal.pending(number):
        path = root / file.path
        sweep(path)
        now = read(path)
        if now is not None and digest(now) == file.digest:
            continue
        if now == file.before and file.after is not None:
            write(root, file, file.after)
        else:
            never.append(file.id)
    journal.forget_writes(never)
    journal.begin(number, [])


def sweep(path: Path) -> None:
    """Remove what `write_atomically` leaves beside a file when it is killed."""
    for stray in path.parent.glob(f".{glob.escape(path.name[:40])}.*.tmp"):
        stray.unlink(missing_ok=True)


def sweep_pending(journal: Journal, number: int, root: Path) -> None:
    """The same for every file that was about to be written."""
    for file in journal.pending(number):
        sweep(root / file.path)


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
        for file in page:
            note = _put_back(root, file) if file.path not in left else "was changed since and is left."
            if note:
                shown = file.path.encode("utf-8", "replace").decode("utf-8")
                left.setdefault(file.path, Left(file=shown, note=f"{shown} {note}"))
            else:
                restored.add(file.path)
                gone.append(file.id)
        journal.forget_writes(gone)
    return len(restored - left.keys()), list(left.values())


def _put_back(root: Path, file: Written) -> str:
    """Why a file is left; empty where it holds what it held."""
    path = root / file.path
    try:
        now = read(path)
        if now == file.before:
            return ""
        if now is None or digest(now) != file.digest:
            return "was changed since and is left."
        refuse_outside(path, root)
        if file.before is None:
            path.unlink()
        else:
            write_atomically(path, file.before)
    except OutputError as error:
        return f"is left: {error}"
    except OSError as error:
        return f"is left: {error.strerror or error}."
    return ""
