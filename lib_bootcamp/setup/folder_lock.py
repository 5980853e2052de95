"""A lock file that one process at a time holds, and that goes with it. Standard library only."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def locked(file: Path, waiting: str) -> Iterator[IO[str]]:
    """Hold the file; where somebody else has it, one line on standard error says so."""
    with file.open("a", encoding="utf-8") as handle:
        if not _try_lock(handle):
            sys.stderr.write(f"{waiting}\n")
            while not _try_lock(handle):
                time.sleep(0.2)
        yield handle


def _try_lock(handle: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            handle.seek(0)
            msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        if os.name == "nt":
            return False
        raise
    except OSError:  # a network drive without locks: go on without one
        return True
    return True
