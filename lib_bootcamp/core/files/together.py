"""Several files of a folder that are written together, or not at all."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from .inside import Inside


def write_together(inside: Inside, files: Mapping[Path, bytes]) -> list[Path]:
    """Write files in their order; where one cannot be written, those before it are what they were.

    Args:
        inside: the folder.
        files: content by path; the largest is best the last, since what that replaces is not kept meanwhile.
    Returns:
        what was written.
    Raises:
        LeadsOutError, StorageError, OutputError: as `Inside.write`.
        TooLargeError: what a file replaces is too large to be kept.
    """
    before = {path: inside.held(path) for path in list(files)[:-1]}
    done: list[Path] = []
    try:
        for path, data in files.items():
            inside.write(path, data)
            done.append(path)
    except Exception:
        for path in done:
            with contextlib.suppress(Exception):
                inside.change(path, lambda _: True, before[path])
        raise
    return done
