"""A name in a folder that is held open: nobody can put another folder into its place between two calls."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .regular import FLAGS, READ, checked, read_open

NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Place:
    """One name, which may be free.

    Args:
        path: where it is, for a person; and for the system where `folder` is None.
        folder: the open folder that the name is in; None where the system has no calls that take one (Windows).
        look_again: raises where the path leads elsewhere by now; called after each opening.
    """

    path: Path
    folder: int | None = None
    look_again: Callable[[], None] = field(default=_nothing, compare=False)

    @property
    def _at(self) -> str:
        return str(self.path) if self.folder is None else self.path.name

    def stat(self) -> os.stat_result | None:
        """What is there, links not followed; None where nothing is."""
        try:
            return os.stat(self._at, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def open(self, flags: int, mode: int = 0o666) -> int:
        """Open it, links not followed."""
        handle = os.open(self._at, flags | NO_LINK | FLAGS, mode, dir_fd=self.folder)
        try:
            self.look_again()
        except BaseException:
            os.close(handle)
            if flags & os.O_EXCL:  # nobody else has this new, empty file
                with contextlib.suppress(OSError):
                    os.unlink(self._at, dir_fd=self.folder)
            raise
        return handle

    def read(self, limit: int) -> bytes | None:
        """Its bytes; None where there is nothing.

        Raises:
            OSError: it is no regular file, or may not be read.
            TooLargeError: it has more than `limit` bytes.
        """
        if self.stat() is None:
            return None
        try:
            handle = self.open(READ)
        except FileNotFoundError:
            return None
        with checked(handle, self.path) as file:
            return read_open(file, self.path, limit)

    def create(self, mode: int = 0o666) -> int:
        """Make a new file of this name and open it to be written.

        Raises:
            FileExistsError: there is one.
        """
        return self.open(os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)

    def temporary(self) -> Place:
        """A free name beside it; `jobs.files` knows such names again after a crash."""
        return self.beside(f".{self.path.name[:40]}.{secrets.token_hex(4)}.tmp")

    def beside(self, name: str) -> Place:
        """Another name in the same folder."""
        return Place(self.path.with_name(name), self.folder, self.look_again)

    def write(self, data: bytes, mode: int = 0o666) -> None:
        """Give it these bytes, whole or not at all: a new file takes the name of the old one.

        Raises:
            OSError: it cannot be written.
        """
        made = self.temporary()
        try:
            with os.fdopen(made.create(mode), "wb") as file:
                file.write(data)
            made.move_to(self)
        except BaseException:
            made.remove()
            raise

    def try_out(self) -> None:
        """Write a file of this name and remove it again.

        Raises:
            OSError: it cannot be written.
        """
        self.remove()  # a process may have been killed here
        try:
            with os.fdopen(self.create(), "wb") as file:
                file.write(bytes(4096))
        except FileExistsError:  # another thread or process tries it out, or one was killed that could write here
            other = self.temporary()
            try:
                os.close(other.create())
            finally:
                other.remove()
        finally:
            self.remove()

    def move_to(self, other: Place) -> None:
        """Rename it; what the other name was goes."""
        self.look_again()
        other.look_again()
        os.replace(self._at, other._at, src_dir_fd=self.folder, dst_dir_fd=other.folder)

    def set_times(self, status: os.stat_result) -> None:
        """Give it the times and rights of another file, as far as the system lets us."""
        if self.folder is None:
            os.utime(self._at, ns=(status.st_atime_ns, status.st_mtime_ns))
            return
        os.utime(self._at, ns=(status.st_atime_ns, status.st_mtime_ns), dir_fd=self.folder, follow_symlinks=False)
        with contextlib.suppress(OSError):
            os.chmod(self._at, stat.S_IMODE(status.st_mode) & 0o777, dir_fd=self.folder)

    def link_from(self, source: Path) -> None:
        """Make it another name of a file."""
        how = {"follow_symlinks": False} if os.link in os.supports_follow_symlinks else {}
        os.link(source, self._at, dst_dir_fd=self.folder, **how)

    def remove(self) -> None:
        """Remove it, if it is there and can be."""
        with contextlib.suppress(OSError):
            self.unlink()

    def unlink(self) -> None:
        """Remove it.

        Raises:
            OSError: it cannot be.
        """
        self.look_again()
        os.unlink(self._at, dir_fd=self.folder)

    def make_folder(self) -> bool:
        """Make a folder of this name; False where there is something."""
        try:
            os.mkdir(self._at, dir_fd=self.folder)
        except FileExistsError:
            return False
        return True

    def remove_folder(self) -> None:
        """Remove a folder that is empty; any other stays."""
        with contextlib.suppress(OSError):
            os.rmdir(self._at, dir_fd=self.folder)
