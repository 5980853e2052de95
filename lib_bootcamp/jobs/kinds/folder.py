"""What jobs on folders of pictures have in common: the folder's fields, its listing, reading with care."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import list_folder, no_pictures
from lib_bootcamp.core.files.inside import Inside, LeadsOutError
from lib_bootcamp.core.files.walk import Walk
from lib_bootcamp.core.images.codec import MAX_BYTES, is_picture, read_file
from lib_bootcamp.errors import BootcampError, ImageError, OutputError
from lib_bootcamp.job import Settled, Write
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import FileResult


@dataclass(frozen=True, kw_only=True)
class FolderParams(Params):
    """The folder that a job works on."""

    folder: Annotated[
        str,
        Spec(
            "Folder",
            "Of pictures, on the machine that the program runs on.",
            min_length=1,
            format="folder",
            positional=True,
            example="dataset",
        ),
    ]
    recursive: Annotated[bool, Spec("Include subfolders", renamed_titles=("Folders inside too",))] = True


class PictureFolder:
    """A `FolderWork` that lists pictures and writes nothing; subclasses make the results.

    Args:
        root: the folder.
        recursive: whether folders inside are taken.
        context: of the run. Without trust nothing is read that a link leads to outside of the folder.
    """

    batch = 32
    writes_into: Path | None = None

    def __init__(self, root: Path, context: Context, *, recursive: bool) -> None:
        self.root, self.context, self._recursive = root, context, recursive
        self.inside = Inside(root, exact=not context.trusted)

    def refuse_empty(self) -> None:
        """See `FolderWork`."""
        walk = Walk(self.root, recursive=self._recursive, follow_out=self.context.trusted)
        if not any(map(self.takes, filter(is_picture, walk.files()))):
            left = list_folder(self.root, recursive=self._recursive, follow_out=self.context.trusted).left_out()
            raise no_pictures(str(self.root), left)

    def takes(self, path: Path) -> bool:
        """Whether a picture in the folder is one that is worked on, and not one that was made."""
        del path
        return True

    def pictures(self) -> Iterator[tuple[Path, str]]:
        """Every picture in the order of their paths; a note says why one is left out.

        Raises:
            ImageError: there is none that can be taken.
        """
        listing = list_folder(self.root, recursive=self._recursive, follow_out=self.context.trusted)
        left = listing.left_out()
        if not listing.pictures:
            raise no_pictures(str(self.root), left)
        yield from sorted({**dict.fromkeys(listing.pictures, ""), **left}.items())

    def read(self, path: Path) -> bytes:
        """A picture file's bytes.

        Raises:
            ImageError, TooLargeError: it cannot be read, or is outside the folder.
        """
        if self.context.trusted:
            return read_file(path)
        try:
            data = self.inside.read(path, MAX_BYTES)
        except LeadsOutError:
            raise ImageError(f"{path.name} is outside the folder", hint="skipped.") from None
        except OutputError as error:
            raise ImageError(str(error)) from None
        if data is None:
            raise ImageError(f"{path} cannot be read: it is not there any more.")
        return data

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """What came of each picture."""
        raise NotImplementedError

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """The result as it is, and no files."""
        del picture
        return Settled(result=result)

    def at_end(self, results: Iterator[tuple[Path, Mapping[str, Any]]]) -> Write | None:
        """No file."""
        del results
        return None
