"""What the captions of a data set are like, wherever they lie."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.text.valid_text import valid_text

from .caption_files import BESIDE, Caption, Flaw
from .caption_sources import FolderCaptions
from .folder import Listing


def below(root: Path, path: Path) -> str:
    """A path below the folder as it is shown."""
    return valid_text(path.relative_to(root).as_posix())


class DatasetCaptions:
    """The captions of the pictures of a listing, and what is wrong with them; paths are below the folder.

    Args:
        listing: of the folder.
        inside: as `FolderCaptions` takes it.

    Attributes:
        contradictory: pictures with two captions that differ.
        shared: pictures that have one caption file together.
        flaws: caption files that trainers take amiss, by what is amiss.
        beside: by picture, what was read of the caption files beside it, by their ending.
    """

    def __init__(self, listing: Listing, inside: Inside | None) -> None:
        self.listing, self.root = listing, listing.root
        self.read = FolderCaptions(listing.root, inside)
        self.contradictory: list[str] = []
        self.flaws: dict[Flaw, list[str]] = {}
        self.beside: dict[str, dict[str, Caption]] = {}
        stems = Counter(path.with_suffix("") for path in listing.pictures)
        beside = {path.with_suffix("") for path in listing.captions}
        self.shared = [
            below(self.root, path)
            for path in listing.pictures
            if stems[path.with_suffix("")] > 1 and path.with_suffix("") in beside
        ]

    def of(self, path: Path) -> tuple[str | None, str | None]:
        """The caption and its file."""
        found = self.read.of(path)
        if len({" ".join(each.text.split()) for each in found}) > 1:
            self.contradictory.append(below(self.root, path))
        files = {each.file.suffix: each for each in found if each.file.suffix in BESIDE}
        self.beside[below(self.root, path)] = files
        for each in files.values():
            if each.flaw and (name := below(self.root, each.file)) not in self.flaws.setdefault(each.flaw, []):
                self.flaws[each.flaw].append(name)
        first = next((each for each in found if each.text), found[0] if found else None)
        return (first.text, below(self.root, first.file)) if first else (None, None)

    def orphans(self) -> list[str]:
        """Caption files, and rows of tables, whose pictures are not there."""
        stems = {path.with_suffix("") for path in self.listing.pictures}
        found = [below(self.root, path) for path in self.listing.captions if path.with_suffix("") not in stems]
        there = set(self.listing.pictures)
        for path in self.listing.tables:
            table = self.read.table(path)
            for name in table.captions if table else ():
                if path.parent / name not in there:
                    found.append(f"{below(self.root, path)}: {valid_text(name)}")
        return found

    def problems(self) -> dict[str, str]:
        """What is wrong with each file that could not be read."""
        return {below(self.root, path): info for path, info in self.read.problems.items()}
