"""The files of a data set: pictures and captions, and the repeats that kohya's trainer reads from folders' names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lib_bootcamp.core.files.walk import APPLE_DOUBLE, Walk
from lib_bootcamp.core.images.codec import is_picture
from lib_bootcamp.core.images.kinds import left_out
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import ImageError

from .caption_files import BESIDE, TABLES
from .report import LeftOut

MAX_FILES = 1_000_000
HIDDEN = "is hidden"


@dataclass
class Listing:
    """What lies in a folder.

    Args:
        root: the folder.
        pictures: in the order of their paths.
        captions: the .txt and .caption files.
        tables: the captions.csv and metadata.jsonl files.
        hidden: hidden files that are called like pictures.
        junk: what macOS, Windows or a NAS keeps beside pictures and trainers may take for some.
        not_read: files that are pictures of a kind that is not read here, with the rest of a sentence about each.
        unread: folders that could not be listed, with the reason.
        outside: links that lead out of the folder and were left out.
        passed_over: what the walk did not give of pictures and folders, with a sentence about each.
        is_cut: there are more files than are taken.
    """

    root: Path
    pictures: list[Path] = field(default_factory=list)
    captions: list[Path] = field(default_factory=list)
    tables: list[Path] = field(default_factory=list)
    hidden: list[Path] = field(default_factory=list)
    junk: list[Path] = field(default_factory=list)
    not_read: dict[Path, str] = field(default_factory=dict)
    unread: dict[Path, str] = field(default_factory=dict)
    outside: list[Path] = field(default_factory=list)
    passed_over: dict[Path, str] = field(default_factory=dict)
    is_cut: bool = False

    def left_out(self) -> dict[Path, str]:
        """Every picture, and every folder that may have some, that was left out, with a sentence about each."""
        reasons = {path: f"{path.name} {why}." for path, why in self.not_read.items()}
        reasons |= {path: f"{path.name} {HIDDEN}." for path in self.hidden}
        reasons |= self.passed_over
        if self.is_cut:
            reasons[self.root] = f"Of more than {MAX_FILES:,} files the rest is left out; name folders inside it."
        return dict(sorted(reasons.items()))


def list_folder(root: Path, *, recursive: bool = True, follow_out: bool = True) -> Listing:
    """Find the pictures and captions below a folder, as `Walk` walks it.

    Args:
        root: the folder.
        recursive: whether folders inside are entered.
        follow_out: whether links may lead out of the folder.
    """
    walk, listing = Walk(root, recursive=recursive, follow_out=follow_out), Listing(root)
    for path in walk.files():
        if len(listing.pictures) + len(listing.captions) >= MAX_FILES:
            listing.is_cut = True
            break
        _sort_in(path, listing)
    for paths in (listing.pictures, listing.captions):
        paths.sort()
    hidden = sorted(each for each in walk.hidden if is_picture(each))
    doubles = [each for each in hidden if each.name.startswith(APPLE_DOUBLE)]
    listing.hidden = [each for each in hidden if not each.name.startswith(APPLE_DOUBLE)]
    listing.junk = [*doubles, *(each for each in walk.hidden_folders if not each.name.startswith("."))]
    listing.unread, listing.outside, listing.passed_over = walk.unread, walk.outside, walk.left_out(is_picture)
    return listing


def no_pictures(named: str, left: Mapping[Path, str], hint: str = "") -> ImageError:
    """The mistake about a folder in which there are no pictures, or only such as are left out.

    Args:
        named: the folder as the person called it.
        left: a sentence about each that was left out.
        hint: what else may be done, after a semicolon.
    """
    if not left:
        return ImageError(f"{named}: no pictures are in there{hint}.")
    return ImageError(f"{named}: no pictures that can be taken are in there{hint}. {' '.join(list(left.values())[:3])}")


def left_out_of(listing: Listing) -> list[LeftOut]:
    """What a listing left out, for a result: paths are below its folder."""
    return [
        LeftOut(path=valid_text(path.relative_to(listing.root).as_posix()), reason=valid_text(why))
        for path, why in listing.left_out().items()
    ]


def _sort_in(path: Path, listing: Listing) -> None:
    suffix = path.suffix.lower()
    if is_picture(path):
        listing.pictures.append(path)
    elif suffix in BESIDE:
        listing.captions.append(path)
    elif path.name in TABLES:
        listing.tables.append(path)
    elif why := left_out(path):
        listing.not_read[path] = why


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
