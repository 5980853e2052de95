"""One walk over a folder for whatever takes one: the same files in the same order, and the same ones left out.

Hidden is what begins with a dot and what systems and cloud drives put beside people's files. Each folder is entered
once, so that links in a circle end; a hidden folder is never entered, unless it is the one that was named.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .folders import is_inside

JUNK = frozenset(
    {
        *("thumbs.db", "ehthumbs.db", "desktop.ini", "__macosx", "@eadir", "#recycle", "#snapshot", "$recycle.bin"),
        *("system volume information", "recycler"),
    }
)
"""Names, in small letters, of what Windows, macOS and Synology keep beside people's files."""
APPLE_DOUBLE = "._"
"""How macOS names what it knows of the file `photo.jpg` on foreign disks: `._photo.jpg`, which is no picture."""


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is no work of the person's."""
    return name.startswith(".") or name.casefold() in JUNK


@dataclass
class Walk:
    """The regular files below a folder.

    Args:
        root: the folder.
        recursive: whether folders inside are entered.
        follow_out: whether links may lead out of the folder.

    Attributes:
        hidden: hidden files.
        hidden_folders: hidden folders, which were not entered.
        outside: links that lead out and were left out.
        outside_folders: those of them that are links to folders.
        special: pipes, sockets and devices, which reading would wait for.
        unread: folders that could not be listed, with the reason.
    """

    root: Path
    recursive: bool = True
    follow_out: bool = True
    hidden: list[Path] = field(default_factory=list)
    hidden_folders: list[Path] = field(default_factory=list)
    outside: list[Path] = field(default_factory=list)
    outside_folders: list[Path] = field(default_factory=list)
    special: list[Path] = field(default_factory=list)
    unread: dict[Path, str] = field(default_factory=dict)
    _seen: set[tuple[int, int]] = field(default_factory=set)

    def left_out(self, is_wanted: Callable[[Path], bool]) -> dict[Path, str]:
        """A sentence about each that was met and not given, of files that are wanted and of folders outside."""
        special = filter(is_wanted, self.special)
        outside = [each for each in self.outside if each in self.outside_folders or is_wanted(each)]
        reasons = {path: f"{path.name} is not a regular file." for path in special}
        return {**reasons, **{path: f"{path.name} is outside the folder." for path in outside}, **self.unread}

    def files(self) -> Iterator[Path]:
        """Every file that is not left out, folder by folder; a broken link is one, which cannot be read."""
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            inside = []
            for entry in self._entries(folder):
                path, is_folder = folder / entry.name, _is_folder(entry)
                if is_hidden(entry.name):
                    (self.hidden_folders if is_folder else self.hidden).append(path)
                elif entry.is_symlink() and not self.follow_out and not is_inside(path, self.root):
                    self.outside.append(path)
                    if is_folder:
                        self.outside_folders.append(path)
                elif is_folder:
                    inside.append(path)
                elif _is_special(entry):
                    self.special.append(path)
                else:
                    yield path
            if self.recursive:
                waiting += reversed(inside)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in self._seen:
                return []
            self._seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as entries:
                return sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            self.unread[folder] = f"{folder} cannot be listed: {error.strerror or error}."
            return []


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_special(entry: os.DirEntry[str]) -> bool:
    """A pipe or a device, also behind a link; a broken link is a file that cannot be read."""
    try:
        return not entry.is_file() and (not entry.is_symlink() or Path(entry.path).exists())
    except OSError:
        return False
