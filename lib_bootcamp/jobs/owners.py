"""Which processes live: each holds a lock of the operating system's, which goes with the process however it ends.

A process's number would be given to another process one day; a lock is never held by a dead one.
"""

from __future__ import annotations

import os
import threading
import uuid
from pathlib import Path
from typing import Any

ENDING = ".alive"


class Owner:
    """This process, as one that works on jobs.

    Args:
        folder: where the locks lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = uuid.uuid4().hex
        self._path = folder / f"{self.name}{ENDING}"
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
                if not _lock(file):
                    return True
        path.unlink(missing_ok=True)
        return False

    def close(self) -> None:
        """Let go."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._path.unlink(missing_ok=True)


def _lock(file: Any) -> bool:
    """Lock a file for as long as it is open; False where somebody else has it."""
    try:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
