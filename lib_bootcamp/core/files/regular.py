"""The one opener of files that somebody names: regular files only, opened without waiting, read up to a bound.

A pipe would wait for its writer, a device may never end or do something when it is opened, and a file of /proc gives no
size. What a name leads to is looked at before it is opened and once more after, on the open file. Windows has neither
`O_NONBLOCK` nor `O_NOFOLLOW`: there the two looks are all.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

from lib_bootcamp.errors import TooLargeError

CHUNK = 1 << 20
TEXTS = (".json", ".txt", ".yaml", ".yml", ".model")
MAX_TEXT_BYTES = 64 * 1024 * 1024
"""Of a text, a batch or a configuration in a file."""
_KINDS = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a link"),
)
_WANTED = ("O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT")
FLAGS = sum(getattr(os, name, 0) for name in _WANTED)
"""What every file is opened with, of what the system has."""
READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | FLAGS


def refuse_special(status: os.stat_result, path: Path) -> None:
    """Only regular files are read.

    Raises:
        OSError: it is a folder, a pipe, a device, a socket.
    """
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for test, name in _KINDS if test(status.st_mode)), "no file")
        raise OSError(errno.EINVAL, f"it is {kind}, and only regular files are read", str(path))


def open_regular(path: Path) -> io.FileIO:
    """Open a file to be read, links followed.

    Returns:
        the open file, without a buffer.
    Raises:
        OSError: it is not there, may not be read, or is no regular file.
    """
    try:
        refuse_special(path.stat(), path)
        return checked(os.open(path, READ), path)
    except ValueError:  # a zero byte, or a lone surrogate that no file system takes
        raise OSError(errno.EINVAL, "no file can have this name", str(path)) from None


def checked(handle: int, path: Path) -> io.FileIO:
    """An open descriptor as a file, if it is a regular one; closed if it is not.

    Raises:
        OSError: it is none.
    """
    try:
        refuse_special(os.fstat(handle), path)
        return os.fdopen(handle, "rb", buffering=0)
    except BaseException:
        os.close(handle)
        raise


def read_regular(path: Path, limit: int) -> bytes:
    """All bytes of a file.

    Args:
        path: the file; links are followed.
        limit: how many bytes it may have.
    Raises:
        OSError: as `open_regular`.
        TooLargeError: it has more than `limit` bytes; no more than that are ever read.
    """
    with open_regular(path) as file:
        return read_open(file, path, limit)


def read_open(file: io.FileIO, path: Path, limit: int) -> bytes:
    """As `read_regular`, of an open file."""
    size = os.fstat(file.fileno()).st_size
    parts: list[bytes] = []
    total, wanted = 0, size + 1
    while size <= limit:
        part = file.read(min(wanted, limit + 1 - total))
        if part is None:  # a file of /proc that would wait
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), str(path))
        if not part:
            return b"".join(parts)
        parts.append(part)
        total += len(part)
        if total > limit:
            break
        wanted = CHUNK
    raise TooLargeError(f"{path} has more than {shown_size(limit)}.")


def unreadable_in(folder: Path) -> str:
    """Why a library should not be let into a folder: it would wait for a pipe, or read a text without end.

    Args:
        folder: of a model, whose files a library opens by itself.
    Returns:
        the reason, a part of a sentence; empty where there is none.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                status = path.stat()
                refuse_special(status, path)
            except OSError as error:
                if not path.is_symlink():  # the library reports a broken link
                    return f"{path.name} cannot be read: {error.strerror or error}"
                continue
            if path.suffix in TEXTS and status.st_size > MAX_TEXT_BYTES:
                return f"{path.name} has more than {shown_size(MAX_TEXT_BYTES)}"
    return ""


def shown_size(limit: int) -> str:
    """A number of bytes in words."""
    return f"{limit // 2**20} MiB" if limit >= 2**20 else f"{limit // 1024} KiB"
