"""The files of a data set: pictures and captions, and the repeats that kohya's trainer reads from folders' names."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .caption_files import BESIDE, TABLES
from .folders import is_inside
from .images import READ_SUFFIXES

MAX_FILES = 1_000_000


@dataclass
class Listing:
    """What lies in a folder.

    Args:
        root: the folder.
        pictures: in the order of their paths.
        captions: the .txt and .caption files.
        tables: the captions.csv and metadata.jsonl files.
        unread: folders that could not be listed, with the reason.
        outside: links that lead out of the folder and were left out.
    """

    root: Path
    pictures: list[Path] = field(default_factory=list)
    captions: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    unread: dict[Path, str] = field(default_factory=dict)
    outside: list[Path] = field(default_factory=list)


def list_folder(root: Path, *, recursive: bool = True, follow_out: bool = True) -> Listing:
    """Find the pictures and captions below a folder; each folder is entered once, so that links in a circle end.

    Args:
        root: the folder.
        recursive: whether folders inside are entered; hidden ones never are.
        follow_out: whether links may lead out of the folder.
    """
    listing = Listing(root)
    seen: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        inside = []
        for entry in _entries(folder, listing, seen):
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            if entry.is_symlink() and not follow_out and not is_inside(path, root):
                listing.outside.append(path)
            elif _is_folder(entry):
                inside.append(path)
            else:
                _sort_in(path, entry, listing)
        if recursive:
            waiting += reversed(inside)
    listing.pictures.sort()
    listing.captions.sort()
    return listing


def _entries(folder: Path, listing: Listing, seen: set[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    try:
        told = folder.stat()
        if (told.st_dev, told.st_ino) in seen:
            return
        seen.add((told.st_dev, told.st_ino))
        with os.scandir(folder) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        listing.unread[folder] = f"{folder} cannot be listed: {error.strerror or error}."


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _sort_in(path: Path, entry: os.DirEntry[str], listing: Listing) -> None:
    suffix = path.suffix.lower()
    if len(listing.pictures) + len(listing.captions) >= MAX_FILES:
        return
    if suffix in READ_SUFFIXES and not _is_special(entry):
        listing.pictures.append(path)
    elif suffix in BESIDE:
        listing.captions.append(path)
    elif path.name in TABLES:
        listing.tables.append(path)


def _is_special(entry: os.DirEntry[str]) -> bool:
    """A pipe or a device, which reading would wait for; a broken link is a file that cannot be read."""
    try:
        return not entry.is_file() and not entry.is_symlink()
    except OSError:
        return False


@dataclass(frozen=True, kw_only=True)
class Repeats:
    """What kohya's trainer reads from a folder's name.

    Args:
        count: how often each picture is shown in an epoch; None where the name does not say it.
        name: the class's words.
    """

    count: int | None
    name: str


def repeats_of(folder: str) -> Repeats:
    """`10_my dog` is 10 repeats of "my dog".

    Source: kohya-ss/sd-scripts, library/config_util.py `generate_dreambooth_subsets_config_by_subdirs`: the number
        before the first underscore; folders without one are left out by the trainer.
    """
    head, _, rest = folder.partition("_")
    if head.isascii() and head.isdigit() and len(head) <= 6:
        return Repeats(count=int(head), name=rest.strip())
    return Repeats(count=None, name=folder)
