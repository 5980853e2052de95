"""A disk of a few KiB, where this may be made; what it is filled with and that it is read-only are real."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size_kib: int = 64) -> Iterator[Path]:
    """Mount a new disk; only root may."""
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "none", str(place)]
    try:
        made = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        made = False
    if not made:
        pytest.skip("only root may mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill(disk: Path, *, leave: int = 0) -> Path:
    """Leave so many bytes; gives the file that takes all others."""
    reported = os.statvfs(disk)
    (disk / "fill").write_bytes(bytes(reported.f_bavail * reported.f_frsize - leave))
    return disk / "fill"


def make_read_only(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)


def make_writable(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
