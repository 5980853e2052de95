"""Files that are written whole or not at all, where a person says, and those of our own that nobody else may read."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lib_bootcamp.errors import OutputError, StorageError

from .folders import what_is_there
from .places import Place
from .regular import FLAGS

PROBE = ".bootcamp-write-test.tmp"
"""The file that a folder is tried out with."""
PRIVATE = 0o600
"""The mode of files that nobody else may read or write."""
_NO_STORAGE = {errno.ENOSPC, errno.EIO, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


def cannot_write(path: Path | str, error: OSError) -> OutputError:
    """The error about a file that cannot be written."""
    kind = StorageError if error.errno in _NO_STORAGE else OutputError
    return kind(f"{path} cannot be written: {error.strerror or error}.")


def write_atomically(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Write a file whole or not at all (temporary file in the same folder, then renamed).

    A symbolic link stays one: its file is written. Devices and pipes (`/dev/stdout`) are written to as they are; a pipe
    that nobody reads is not waited for.

    Args:
        path: the file.
        data: its bytes.
        mode: of a new file, but for what the person's own mask takes from it.
    Raises:
        StorageError: the disk takes nothing more.
        OutputError: the folder cannot be made or written.
    """
    with _or_cannot_write(path):
        if _is_special(path):
            _write_special(path, data)
            return
        real = path.resolve() if path.is_symlink() else path
        real.parent.mkdir(parents=True, exist_ok=True)
        Place(real).write(data, mode)


def check_writable(path: Path) -> None:
    """Find out whether a file could be written here, by writing another one beside it; no folder is made.

    Raises:
        StorageError, OutputError: it could not.
    """
    with _or_cannot_write(path):
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if _is_special(path):
            if not path.parent.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            return
        real = path.resolve() if path.is_symlink() else path
        Place(what_is_there(real.parent) / PROBE).try_out()


@contextlib.contextmanager
def _or_cannot_write(path: Path) -> Iterator[None]:
    """What the system refuses inside of the block, as the error about the file."""
    try:
        yield
    except OSError as error:
        raise cannot_write(path, error) from None
    except (ValueError, RuntimeError):  # a zero byte; a link to itself
        raise OutputError(f"{path} cannot be written: no file can have this name.") from None


def _is_special(path: Path) -> bool:
    """Whether it is a device or a pipe, or lies where there is nothing else."""
    if path.absolute().parts[1:2] in {("dev",), ("proc",)}:
        return True
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return False


def _write_special(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | FLAGS | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno == errno.ENXIO:
            raise OSError(errno.ENXIO, "it is a pipe that nobody reads") from None
        raise
    with os.fdopen(handle, "wb") as file:
        if hasattr(os, "set_blocking"):
            os.set_blocking(handle, True)
        file.write(data)


def write_folder(path: Path) -> None:
    """Make a folder, and find out whether files can be written into it, before what takes long.

    Raises:
        StorageError, OutputError: they cannot.
    """
    probe = Place(path / PROBE)
    try:
        path.mkdir(parents=True, exist_ok=True)
        probe.try_out()
    except OSError as error:
        raise cannot_write(path, error) from None


def private_folder(path: Path) -> Path:
    """A folder of our own, made where it is missing as those above it are, that nobody else may look into (0700).

    Windows has no such modes: there the folder's list of rights counts, which in a person's profile names them alone.

    Raises:
        OutputError: it cannot be made.
    """
    try:
        for missing in reversed(list(itertools.takewhile(lambda each: not each.exists(), path.parents))):
            missing.mkdir(mode=0o700, exist_ok=True)  # those that `parents` makes are open to all
        path.mkdir(mode=0o700, exist_ok=True)
        _close_to_others(path, 0o700)
    except OSError as error:
        raise cannot_write(path, error) from None
    return path


def data_folder(path: Path, remedy: str) -> Path:
    """The folder for journals and caches; made, for its owner alone, where it is missing.

    Args:
        path: the folder.
        remedy: how another one is named.
    Raises:
        OutputError: it cannot be made, or is none.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        why = (
            "there is a file" if isinstance(error, FileExistsError) else getattr(error, "strerror", None) or str(error)
        )
        raise OutputError(f"The data folder {str(path)[:200]} cannot be used: {why}", hint=f"{remedy}.") from None
    return path


def private_file(path: Path) -> None:
    """Have a file that nobody else may read or write (0600); it is made, empty, where it is missing.

    Raises:
        OSError: it cannot be made.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | FLAGS, PRIVATE))
    _close_to_others(path, PRIVATE)


def append_privately(path: Path) -> BinaryIO:
    """Open a file that nobody else may read, to write at its end.

    Raises:
        OSError: it cannot be opened or made.
    """
    private_file(path)
    return path.open("ab")


def _close_to_others(path: Path, mode: int) -> None:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        try:
            path.chmod(mode)
        except PermissionError:  # somebody else's, or a file system without modes
            return
