"""Small files to be sorted, with the journals in a data folder of the run's own."""

from __future__ import annotations

import atexit
import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.files import sorting_undo
from lib_bootcamp.core.files.sorting import How, Step, carry_out, plan

ALL: tuple[How, ...] = ("copy", "move", "link")


@lru_cache
def _data() -> Path:
    made = Path(tempfile.mkdtemp(prefix="bootcamp-sorted-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def store() -> Path:
    """Where journals lie."""
    return _data() / "sortings"


def file(path: Path, text: str = "picture") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder with its text."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_text(encoding="utf-8") for name, path in sorted(found.items())}


def sort(target: Path, how: How, *files: tuple[Path, str]) -> list[Step]:
    return list(carry_out(plan(files, target, how), target, store()))


def undo(target: Path, *, dry_run: bool = False) -> list[sorting_undo.Undone]:
    return sorting_undo.undo(target, store(), dry_run=dry_run)


def failing(number: int) -> Callable[..., None]:
    """A call of the system that fails."""

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def other_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Renames from one folder into another fail as they do between two disks."""
    real = os.replace

    def rename(source: Any, target: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if src_dir_fd is not None and dst_dir_fd is not None:
            one, other = os.stat(".", dir_fd=src_dir_fd), os.stat(".", dir_fd=dst_dir_fd)
            if not os.path.samestat(one, other):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        real(source, target, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "replace", rename)
