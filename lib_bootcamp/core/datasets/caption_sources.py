"""The captions of the pictures of a folder, wherever they lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from lib_bootcamp.core.files.folders import is_file, is_inside, is_there
from lib_bootcamp.core.files.inside import Inside

from .caption_files import BESIDE, TABLES, Caption, CaptionError, read_caption
from .caption_tables import Table


class FolderCaptions:
    """The captions of the pictures below one folder; each table is read once.

    Args:
        root: the data set's folder: no file above it is looked at.
        inside: where files have to lie that are read; None: links may lead anywhere.

    Attributes:
        problems: the mistake about each file that could not be used.
    """

    def __init__(self, root: Path, inside: Inside | None = None) -> None:
        self.root = root
        self.problems: dict[Path, str] = {}
        self._inside = inside
        self._tables: dict[Path, Table | None] = {}

    def of(self, picture: Path) -> list[Caption]:
        """Every caption of a picture, the one that is taken first; files that cannot be used are in `problems`."""
        found = []
        for suffix in BESIDE:
            path = picture.with_suffix(suffix)
            if is_file(path) and self._allowed(path):
                try:
                    found.append(read_caption(path, self._inside))
                except CaptionError as error:
                    self.problems[path] = str(error)
            elif is_there(path) and not is_file(path):
                self.problems[path] = f"{path.name} is a folder or a device, and no caption."
        for kind in TABLES:
            for folder in self._folders(picture):
                table = self.table(folder / kind)
                name = picture.relative_to(folder).as_posix()
                if table is not None and name in table.captions:
                    found.append(Caption(text=table.captions[name], file=table.path))
        return found

    def table(self, path: Path) -> Table | None:
        """A table that is there and can be used, else None."""
        if path not in self._tables:
            self._tables[path] = None
            if is_file(path) and self._allowed(path):
                try:
                    self._tables[path] = Table.read(path, self._inside)
                except CaptionError as error:
                    self.problems[path] = str(error)
        return self._tables[path]

    def _allowed(self, path: Path) -> bool:
        return self._inside is None or is_inside(path, self.root)

    def tables(self) -> Iterable[Table]:
        """The tables that were read so far."""
        return [each for each in self._tables.values() if each is not None]

    def _folders(self, picture: Path) -> Iterator[Path]:
        """The picture's folder and those above it, up to the root."""
        for folder in picture.parents:
            yield folder
            if folder == self.root:
                return
