"""Folders that a person or a caller over the network names."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from lib_bootcamp.errors import InvalidParamError, NotAllowedError


def checked_folder(
    given: str, name: str, allowed: Iterable[Path] | None = None, how: str = "--allow-dir", *, missing: bool = False
) -> Path:
    """A folder that is there, or may be made.

    Args:
        given: its path; `~` is the person's home where everything is allowed.
        name: the parameter that names it.
        allowed: folders that it has to be in, or be one of, after `..` and links are followed; None: anywhere.
        how: how the owner allows one, for the person who is refused.
        missing: whether it may not be there yet.
    Returns:
        the path as it was given, where everything is allowed; else with links followed, so that what was checked is
        what is used.
    Raises:
        NotAllowedError: it lies outside; checked before whether it is there.
        InvalidParamError: it is not there, or is no folder.
    """
    try:
        path = Path(given).expanduser() if allowed is None else Path(given).resolve()
        if allowed is not None and not any(path.is_relative_to(each.resolve()) for each in allowed):
            raise NotAllowedError(
                f"{name} {given[:200]} is not in a folder that the owner of this machine allowed ({how})."
            )
    except (OSError, RuntimeError, ValueError):  # too long, a link to itself, no home, a zero byte
        raise InvalidParamError(name, f"not found: {given[:200]}") from None
    nearest = what_is_there(path) if missing else path
    if not is_folder(nearest):
        raise InvalidParamError(name, f"{'is not a folder' if is_there(nearest) else 'not found'}: {given[:200]}")
    return path


def what_is_there(path: Path) -> Path:
    """The path where something has its name, a broken link too, or nothing can; else what is there of those above."""
    with contextlib.suppress(OSError, ValueError):  # no name, or one too long; behind a link to itself
        while path.parent != path:
            try:
                path.lstat()
            except (FileNotFoundError, NotADirectoryError):
                path = path.parent
            else:
                break
    return path


def is_folder(path: Path) -> bool:
    """Whether there is a folder; False, too, for a name that nothing can have."""
    return os.path.isdir(path)  # noqa: PTH112 - `Path.is_dir` raises for some names


def is_file(path: Path) -> bool:
    """Whether there is a file; False, too, for a name that nothing can have, such as one that is too long."""
    return os.path.isfile(path)  # noqa: PTH113 - as above


def is_there(path: Path) -> bool:
    """Whether there is something; False, too, for a name that nothing can have."""
    return os.path.exists(path)  # noqa: PTH110 - as above


def distinct(paths: Iterable[Path]) -> list[Path]:
    """Paths of which no two are the same: a second `a.png` is `a-2.png`."""
    taken: dict[Path, None] = {}
    numbers: dict[Path, Iterator[int]] = {}  # each goes on where it was: thousands of one name take no longer
    for path in paths:
        new = path
        while new in taken:
            number = next(numbers.setdefault(path, itertools.count(2)))
            new = path.with_name(f"{path.stem}-{number}{path.suffix}")
        taken[new] = None
    return list(taken)


def is_inside(path: Path, root: Path) -> bool:
    """Whether a file or folder lies in `root` after `..` and links are followed; a link to itself lies nowhere."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # too long, a link to itself, a zero byte
        return False
