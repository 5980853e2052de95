"""The guard of a person's folder: what is read, written, moved or removed in it lies in it at that very moment.

A folder that came from elsewhere may hold links that lead out of it, and somebody may put one into a folder's place
while we work. So each step to a file goes through folders that are held open (`openat`) and takes no link. A link to
another place inside is followed once, by hand. Where the system has no such calls (Windows) the path is resolved before
and once more after each opening, which leaves a moment between the two.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from lib_bootcamp.errors import OutputError

from .atomic import PROBE, cannot_write
from .folders import is_folder, what_is_there
from .places import NO_LINK, Place
from .regular import FLAGS

HAS_FOLDERS = (
    {os.open, os.stat, os.unlink, os.rename, os.mkdir, os.rmdir, os.link} <= os.supports_dir_fd
    and hasattr(os, "O_DIRECTORY")
    and bool(NO_LINK)
)
"""Whether folders can be held open: on Linux and macOS."""
MAX_READ = 256 * 1024 * 1024
"""A picture of 67 megapixels has 192 MiB."""
MAX_WRITTEN = 16 * 1024 * 1024 * 1024
"""What a job may have written: a checkpoint of SDXL in 16 bits has 7 GB."""
_STEP = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0) | NO_LINK | FLAGS


def digest(data: bytes) -> bytes:
    """What a file's content is known by."""
    return hashlib.blake2b(data, digest_size=16).digest()


class LeadsOutError(OutputError):
    """A file's path leads out of its folder, or led elsewhere when it was used."""

    status = 403

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path.name} is outside the folder", hint="skipped.")


class _LinkMetError(Exception):
    """A link stands where a folder or a file was expected."""


class Inside:
    """A folder whose files are reached without leaving it.

    Args:
        root: the folder; it may not be there yet.
        exact: take no link on the way to `root` either: it is a path that was resolved, and checked, before.
    """

    def __init__(self, root: Path, *, exact: bool = False) -> None:
        self.root = root
        try:
            self.real = root if exact else root.resolve()
        except (OSError, RuntimeError, ValueError):
            raise LeadsOutError(root) from None

    def read(self, path: Path, limit: int = MAX_READ) -> bytes | None:
        """A file's bytes; None where there is none.

        Raises:
            LeadsOutError: it does not lie in the folder.
            OutputError: it cannot be read.
            TooLargeError: it has more than `limit` bytes.
        """
        return self._read(
            path, limit, lambda error: _as_output_error(error, f"{path} cannot be read: {error.strerror or error}.")
        )

    def held(self, path: Path) -> bytes | None:
        """What a file holds that is to be written; None where there is none.

        Raises:
            LeadsOutError, TooLargeError: as `read`.
            StorageError, OutputError: it cannot be written, as one whose name is too long.
        """
        return self._read(path, MAX_READ, lambda error: _or_cannot_write(path, error))

    def _read(self, path: Path, limit: int, mistake: Callable[[OSError], Exception]) -> bytes | None:
        try:
            with self.place(path) as place:
                return place.read(limit)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise mistake(error) from None

    def write(self, path: Path, data: bytes) -> None:
        """Write a file whole or not at all; its folders are made.

        Raises:
            LeadsOutError: it does not lie in the folder.
            StorageError: the disk takes nothing more.
            OutputError: it cannot be written.
        """
        try:
            with self.place(path, make=True) as place:
                _refuse_special(place)
                place.write(data)
        except OSError as error:
            raise _or_cannot_write(path, error) from None

    def change(self, path: Path, holds: Callable[[bytes | None], bool], new: bytes | None) -> bytes | None:
        """Give a file other bytes, or remove it (None), only while it holds what it should.

        Args:
            path: the file.
            holds: whether what is there now may be replaced.
            new: the bytes it gets.
        Returns:
            what it held; where `holds` says no, it still does.
        Raises:
            LeadsOutError, StorageError, OutputError: as `write`.
        """
        try:
            with self.place(path, make=new is not None) as place:
                before, now = place.stat(), place.read(MAX_READ)
                if now == new or not holds(now):
                    return now
                if not _same(before, place.stat()):
                    raise OutputError(f"{path} was changed just now; skipped.")
                if new is None:
                    place.unlink()
                else:
                    place.write(new)
                return now
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _or_cannot_write(path, error) from None

    def restore(
        self, path: Path, left: bytes, before: bytes | None, *, dry_run: bool = False
    ) -> tuple[bytes | None, bool]:
        """Give a file its old bytes, or remove it (None), only while it is as it was left.

        Args:
            path: the file.
            left: the `digest` of what it was left with.
            before: what it held before.
            dry_run: look, and change nothing.
        Returns:
            what it held; whether it is as it was before now, or would be: else somebody changed it since.
        Raises:
            LeadsOutError, StorageError, OutputError: as `write`.
        """

        def is_ours(held: bytes | None) -> bool:
            return held is not None and digest(held) == left

        now = self.read(path) if dry_run else self.change(path, is_ours, before)
        return now, now == before or is_ours(now)

    def refuse_outside(self, path: Path) -> None:
        """Report early a file that does not lie in the folder; whoever uses it finds out for certain.

        Raises:
            LeadsOutError: it does not.
        """
        try:
            with self.place(path):
                return
        except LeadsOutError:
            raise
        except OSError:
            return

    def names(self, folder: Path) -> list[str]:
        """What lies in a folder; nothing where it cannot be listed, or leads out."""
        with contextlib.suppress(OSError), self.place(folder / "x") as place:
            if place.folder is None:
                return [each.name for each in place.path.parent.iterdir()]
            handle = os.open(".", os.O_RDONLY | FLAGS, dir_fd=place.folder)
            try:
                return os.listdir(handle)  # noqa: PTH208 - of an open folder
            finally:
                os.close(handle)
        return []

    def check_writable(self, folder: Path) -> None:
        """Find out whether files can be written in a folder, or where it will be made, by writing one.

        Raises:
            StorageError, OutputError: they cannot.
        """
        folder = what_is_there(folder)
        if not is_folder(folder):
            raise OutputError(f"{folder} is not a folder")
        above = folder != self.root and self.root.is_relative_to(folder)  # the root itself is made by the first file
        try:
            with (Inside(folder, exact=self.real == self.root) if above else self).place(folder / PROBE) as probe:
                probe.try_out()
        except LeadsOutError:
            raise OutputError(f"{folder} is a link out of its folder", hint="name another folder") from None
        except OSError as error:
            raise _or_cannot_write(folder, error) from None

    @contextlib.contextmanager
    def place(self, path: Path, *, make: bool = False, follow: bool = True) -> Iterator[Place]:
        """The file's name in its folder, which is held open inside of the block; no link by then.

        Args:
            path: the file, below `root`.
            make: make the folders that are missing.
            follow: whether a link may lead to another place inside.
        Raises:
            LeadsOutError: it does not lie in the folder.
            FileNotFoundError: a folder is missing.
            OSError: a folder cannot be opened or made.
        """
        parts = self._parts(path)
        try:
            try:
                place = self._reached(parts, path, make=make)
            except _LinkMetError:
                if not follow:
                    raise
                place = self._reached(self._followed(parts, path), path, make=make)
        except _LinkMetError:
            raise LeadsOutError(path) from None
        except ValueError:
            raise OSError(errno.EINVAL, "no file can have this name", str(path)) from None
        try:
            yield place
        finally:
            if place.folder is not None:
                os.close(place.folder)

    def _parts(self, path: Path) -> Sequence[str]:
        for root in (self.root, self.real):
            if path.is_relative_to(root):
                parts = path.relative_to(root).parts
                break
        else:
            parts = () if path.is_absolute() else path.parts
        if not parts:
            raise LeadsOutError(path)
        return self._followed(parts, path) if ".." in parts else parts

    def _followed(self, parts: Sequence[str], path: Path) -> Sequence[str]:
        """The way to the file after `..` and links are followed."""
        try:
            real = self.real.joinpath(*parts).resolve()
            below = real.relative_to(self.real).parts
        except (OSError, RuntimeError, ValueError):  # a link to itself; outside
            raise LeadsOutError(path) from None
        if not below:
            raise LeadsOutError(path)
        return below

    def _reached(self, parts: Sequence[str], path: Path, *, make: bool) -> Place:
        """Raises `_LinkMetError` where a link is on the way, or is the file."""
        if not HAS_FOLDERS:
            return self._by_path(parts, path, make=make)
        folder = os.open(self.real.anchor, _STEP)
        try:
            for part in (*self.real.parts[1:], *parts[:-1]):
                inner = _step(folder, part, make=make)
                os.close(folder)
                folder = inner
            place = Place(self.real.joinpath(*parts), folder)
            _refuse_link(place.stat())
        except BaseException:
            os.close(folder)
            raise
        return place

    def _by_path(self, parts: Sequence[str], path: Path, *, make: bool) -> Place:
        there = self.real.joinpath(*parts)

        def look_again() -> None:
            if there.parent.resolve() != there.parent:
                raise LeadsOutError(path)

        if there.parent.resolve() != there.parent:
            raise _LinkMetError
        if make:
            there.parent.mkdir(parents=True, exist_ok=True)
        if not there.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(there.parent))
        place = Place(there, None, look_again)
        _refuse_link(place.stat())
        return place


def _step(folder: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, _STEP, dir_fd=folder)
    except FileNotFoundError:
        if not make:
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
            _refuse_link(os.stat(name, dir_fd=folder, follow_symlinks=False))
        raise
    with contextlib.suppress(FileExistsError):
        os.mkdir(name, dir_fd=folder)
    return _step(folder, name, make=False)


def _refuse_link(status: os.stat_result | None) -> None:
    if status is not None and stat.S_ISLNK(status.st_mode):
        raise _LinkMetError


def _refuse_special(place: Place) -> None:
    status = place.stat()
    if status is not None and not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "something that is not a file has its name", str(place.path))


def _same(one: os.stat_result | None, other: os.stat_result | None) -> bool:
    def known(status: os.stat_result) -> tuple[int, ...]:
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    return one is other or (one is not None and other is not None and known(one) == known(other))


def _as_output_error(error: OSError, sentence: str) -> OutputError:
    return error if isinstance(error, OutputError) else OutputError(sentence)


def _or_cannot_write(path: Path, error: OSError) -> OutputError:
    return error if isinstance(error, OutputError) else cannot_write(path, error)
