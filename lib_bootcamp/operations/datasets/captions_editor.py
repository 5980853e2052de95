"""One run of the caption editor over a folder: what is found, what is changed, and taking an edit back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.caption_edit import Where
from lib_bootcamp.core.datasets.caption_files import (
    BESIDE,
    MAX_CAPTION_BYTES,
    Caption,
    CaptionError,
    decode_text,
    read_bounded,
    rewritten,
)
from lib_bootcamp.core.datasets.caption_lines import with_endings_of
from lib_bootcamp.core.datasets.caption_sources import FolderCaptions
from lib_bootcamp.core.datasets.caption_tables import Table
from lib_bootcamp.core.datasets.folder import Listing
from lib_bootcamp.core.datasets.tags import count_tags
from lib_bootcamp.core.files.folders import is_inside, is_there
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.undo_files import Journal, Restored
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import InvalidParamError, OutputError, StorageError
from lib_bootcamp.ports import track

from .captions_settings import CaptionChange, CaptionsParams, FoundCaption


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A picture, its caption as it was found, and the text that it gets."""

    picture: Path
    caption: Caption | None
    after: str


class CaptionEditor:
    """One run over a folder."""

    def __init__(self, listing: Listing, params: CaptionsParams, context: Context) -> None:
        self.root, self.params, self.context = listing.root, params, context
        self.where = Where(params.where, params.separator)
        self._real = listing.root.resolve()
        pictures = {self._below(path): path for path in listing.pictures}
        for name in params.files:
            if name not in pictures:
                raise InvalidParamError("files", f"names {name[:200]!r}, which is not a picture in the folder")
        chosen = params.files or pictures
        self.pictures = {name: pictures[name] for name in dict.fromkeys(chosen)}
        self._matched: list[str] | None = None

    def found(self) -> list[FoundCaption]:
        """The pictures that were meant before the edit, with the captions that they have now."""
        read = self._captions()
        captions = {name: _first(read.of(path)) for name, path in self.pictures.items()}
        if self._matched is None:
            self._matched = [name for name, each in captions.items() if self.where.holds(each.text if each else None)]
        return [
            FoundCaption(
                path=name,
                file=self._below(each.file) if (each := captions[name]) else None,
                caption=each.text if each else None,
            )
            for name in self._matched
        ]

    def edit(self) -> list[CaptionChange]:
        """Change the captions that are meant, or list what would be changed."""
        read = self._captions()
        captions = {name: _first(read.of(path)) for name, path in self.pictures.items()}
        self._matched = [name for name, each in captions.items() if self.where.holds(each.text if each else None)]
        edit = self.params.edit(count_tags((each.text for each in captions.values() if each), self.params.separator))
        if not edit.changes_anything():
            return []
        planned, left = [], []
        for name in self._matched:
            each = captions[name]
            if note := self._why_left(self.pictures[name], each, read):
                left.append(self._change(_Planned(picture=self.pictures[name], caption=each, after=""), note))
                continue
            after = edit.apply(each.text if each else "")
            if after != (each.text if each else ""):
                planned.append(_Planned(picture=self.pictures[name], caption=each, after=after))
        if self.params.dry_run:
            return [*map(self._change, planned), *left]
        return [*self._written(planned), *left]

    def undo(self) -> list[CaptionChange]:
        """Take back the newest edit."""
        return [self._restored(each) for each in self._journal().undo(dry_run=self.params.dry_run)]

    def _captions(self) -> FolderCaptions:
        return FolderCaptions(self.root, None if self.context.trusted else Inside(self.root, exact=True))

    def _is_inside(self, path: Path) -> bool:
        return is_inside(path, self.root)

    def _journal(self) -> Journal:
        return Journal(self.context.host.data_dir() / "caption-edits", self.root)

    def _below(self, path: Path) -> str:
        return valid_text(path.relative_to(self.root).as_posix())

    def _why_left(self, picture: Path, caption: Caption | None, read: FolderCaptions) -> str:
        """Why a caption is not to be changed."""
        beside = picture.with_suffix(self.params.extension)
        for path in (*(picture.with_suffix(each) for each in BESIDE), beside):
            if path in read.problems and caption is None:
                return f"{self._below(picture)}: {read.problems[path]}"
        there, seen = caption.text if caption else "", self.params.expected_caption
        if seen is not None and there != with_endings_of(there, seen.strip()):  # pages send each line's end as \n
            return f"{self._below(picture)} has a different caption now; skipped."
        return ""

    def _written(self, planned: Sequence[_Planned]) -> Iterator[CaptionChange]:
        """Write file by file, and report each picture's change when its file is written."""
        by_file: dict[Path, list[_Planned]] = {}
        for each in planned:
            file = each.caption.file if each.caption else each.picture.with_suffix(self.params.extension)
            by_file.setdefault(file, []).append(each)
        with self._journal().run("captions edited") as journal:
            files = track(self.context.progress, by_file.items(), title="Captions", total=len(by_file), unit="file")
            for file, members in files:
                note = self._write(journal, file, members)
                yield from (self._change(each, note) for each in members)

    def _write(self, journal: Journal, file: Path, members: Sequence[_Planned]) -> str:
        """Write one file, read anew; why it is skipped, where it is."""
        if not self._is_inside(file):
            return f"{self._below(file)} is outside the folder; skipped."
        try:
            if file.suffix in BESIDE:
                if len({each.after for each in members}) > 1:
                    return f"{self._below(file)} is shared by pictures whose captions would differ; skipped."
                data = _within(file, members[0], journal.inside)
            else:
                changes = {each.picture.relative_to(file.parent).as_posix(): each.after for each in members}
                data = Table(file).with_captions(changes, journal.inside)
        except CaptionError as error:
            return str(error)
        if data is None:
            return f"{self._below(file)} was changed in the meantime; skipped."
        try:
            journal.write(file, data)
        except StorageError:
            raise
        except OutputError as error:  # of this file alone: a name that is too long, one that may not be written
            return str(error)
        return ""

    def _change(self, each: _Planned, note: str = "") -> CaptionChange:
        file = each.caption.file if each.caption else each.picture.with_suffix(self.params.extension)
        before = each.caption.text if each.caption else None
        return CaptionChange(
            path=self._below(each.picture),
            file=self._below(file),
            before=before,
            after=before if note else each.after,
            note=valid_text(note),
        )

    def _restored(self, each: Restored) -> CaptionChange:
        file = valid_text(each.file.relative_to(self._real).as_posix())
        before, after = (
            None if data is None else data.decode("utf-8", "replace") for data in (each.before, each.after)
        )
        return CaptionChange(path=file, file=file, before=before, after=after, note=valid_text(each.note))


def _first(found: Sequence[Caption]) -> Caption | None:
    """The caption that is taken: the first that says something, else an empty file."""
    return next((each for each in found if each.text), found[0] if found else None)


def _within(file: Path, planned: _Planned, inside: Inside) -> bytes | None:
    """A caption file's new bytes; None where it was changed meanwhile.

    Raises:
        CaptionError: it can no longer be read.
    """
    if planned.caption is None:
        return None if is_there(file) else rewritten(file, None, planned.after)
    data = read_bounded(file, MAX_CAPTION_BYTES, inside)
    if decode_text(data, file).strip() != planned.caption.text:
        return None
    return rewritten(file, data, planned.after)
