"""Which processes live: each holds a lock of the operating system's, which goes with the process however it ends.

A process's number would be given to another process one day; a lock is never held by a dead one.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.atomic import private_file

ENDING = ".alive"
FORGET_S = 3600


class Owner:
    """This process, as one that works on jobs.

    Args:
        folder: where the locks lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        _forget_dead(folder)
        self.name = uuid.uuid4().hex
        self._path = folder / f"{self.name}{ENDING}"
        private_file(self._path)
        self._file: Any = self._path.open("wb")
        _lock(self._file)
        self._threads = threading.Lock()

    def lives(self, name: str) -> bool:
        """Whether the process of this name is there."""
        if name == self.name:
            return True
        path = self._folder / f"{name}{ENDING}"
        with self._threads:
            try:
                file = path.open("r+b")
            except OSError:
                return False
            with file:
                if not _lock(file, shared=True):
                    return True
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)


def _forget_dead(folder: Path) -> None:
    """Remove what processes left that were killed an hour ago; one that begins now has not locked its file yet."""
    for path in folder.glob(f"*{ENDING}"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > FORGET_S:
                with path.open("r+b") as file:
                    dead = _lock(file, shared=True)
                if dead:
                    path.unlink(missing_ok=True)


def _lock(file: Any, *, shared: bool = False) -> bool:
    """Lock a file for as long as it is open; False where somebody else has it.

    Args:
        file: open for writing.
        shared: as those do who only look, so that two of them do not take each other for the owner.
    """
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
