"""Find captions of a data set and change many at once, with a dry run and undo."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.caption_edit import At, Edit, Order, Where, arrows
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
from lib_bootcamp.core.datasets.folder import Listing, left_out_of, list_folder, no_pictures
from lib_bootcamp.core.datasets.report import LeftOut
from lib_bootcamp.core.datasets.tags import count_tags
from lib_bootcamp.core.files.folders import is_inside
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.files.undo_files import Journal, Restored
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import track
from lib_bootcamp.results import Result

SHOWN_LINES = 20
_AT = {"first": "First", "last": "Last", "position": "At the position below"}
_ORDER = {"keep": "As it is", "alphabet": "By the alphabet", "frequency": "Most frequent first"}


@dataclass(frozen=True, kw_only=True)
class CaptionsParams(Params):
    """Which captions, and what is done with them; edits are taken in the order of the fields."""

    folder: Annotated[
        str,
        Spec("Folder", "Pictures with their captions.", min_length=1, format="folder", positional=True),
    ]
    where: Annotated[
        str,
        Spec(
            "Where",
            'dog, !cat: has the tag dog and not cat. red | blue: one of them. *hair: ends so. "on grass": has the '
            "words. <missing>: no caption. Empty: all.",
        ),
    ] = ""
    recursive: Annotated[bool, Spec("Folders inside too")] = True
    files: Annotated[
        tuple[str, ...],
        Spec("Only these pictures", "Paths below the folder, one per line.", max_length=10_000, group="More"),
    ] = ()
    text: Annotated[
        str | None, Spec("Whole caption", "Takes the place of the caption.", format="multiline", group="More")
    ] = None
    seen: Annotated[
        str | None,
        Spec("As it was seen", "A caption that is another one by now is left.", format="multiline", group="More"),
    ] = None
    replace_text: Annotated[
        tuple[str, ...],
        Spec("Replace words", "old => new, one per line; wherever they stand.", group="Edit", max_length=200),
    ] = ()
    rename: Annotated[
        tuple[str, ...],
        Spec("Rename tags", "old => new, one per line; whole tags only.", group="Edit", max_length=200),
    ] = ()
    remove: Annotated[
        tuple[str, ...], Spec("Remove tags", "A star stands for anything, as in *hair.", group="Edit", max_length=200)
    ] = ()
    add: Annotated[
        tuple[str, ...], Spec("Add tags", "Where they are not there yet.", group="Edit", max_length=200)
    ] = ()
    at: Annotated[At, Spec("Added", titles=_AT, group="Edit")] = "last"
    position: Annotated[int, Spec("Position", "From 0.", ge=0, le=1000, group="Edit", when={"at": ("position",)})] = 0
    dedupe: Annotated[bool, Spec("Remove repeated tags", group="Edit")] = False
    order: Annotated[Order, Spec("Order", titles=_ORDER, group="Edit")] = "keep"
    keep_first: Annotated[
        int,
        Spec(
            "Keep in front",
            "So many tags keep their place: kohya's keep_tokens.",
            ge=0,
            le=100,
            unit="tags",
            group="Edit",
            when={"order": ("alphabet", "frequency")},
        ),
    ] = 0
    separator: Annotated[str, Spec("Separator", "Between tags.", min_length=1, max_length=8, group="Edit")] = ","
    new_separator: Annotated[
        str | None, Spec("New separator", "Empty: the same.", min_length=1, max_length=8, group="Edit")
    ] = None
    ending: Annotated[
        Literal[".txt", ".caption"],
        Spec("New files end in", "For pictures that have no caption yet.", group="More"),
    ] = ".txt"
    dry_run: Annotated[bool, Spec("Dry run", "Tell what would change and write nothing.")] = False
    undo: Annotated[bool, Spec("Undo", "Take back the newest edit of this folder.", group="More")] = False

    def check(self) -> None:
        """The question and the edits can be read, and undo is not mixed with them."""
        Where(self.where, self.separator)
        edits = self.edit({}).changes_anything()
        if self.seen is not None and len(self.files) != 1:
            raise InvalidParamError("seen", "needs files to name the one picture whose caption was seen")
        if self.undo and edits:
            raise InvalidParamError("undo", "cannot be mixed with edits; undo first, then edit")

    def edit(self, counts: dict[str, int]) -> Edit:
        """The edit that is asked for.

        Args:
            counts: how often each tag is there.
        """
        return Edit(
            text=self.text,
            replace_text=arrows("replace_text", self.replace_text),
            rename=arrows("rename", self.rename),
            remove=self.remove,
            add=self.add,
            at=self.at,
            position=self.position,
            dedupe=self.dedupe,
            order=self.order,
            keep_first=self.keep_first,
            counts=counts,
            separator=self.separator,
            new_separator=self.new_separator,
        )


@dataclass(frozen=True, kw_only=True)
class CaptionChange:
    """One caption before and after."""

    path: Annotated[str, Spec("Picture", "Below the folder; for undo the caption's file.")]
    file: Annotated[str, Spec("Caption's file", "Below the folder.")]
    before: Annotated[str | None, Spec("Before", "None: there was no caption.")]
    after: Annotated[str | None, Spec("After", "None: there is no caption.")]
    note: Annotated[str, Spec("Note", "Why it is left; empty where it was done, or would be.")] = ""


@dataclass(frozen=True, kw_only=True)
class FoundCaption:
    """A picture that the question is about."""

    path: Annotated[str, Spec("Picture", "Below the folder.")]
    file: Annotated[str | None, Spec("Caption's file", "Below the folder.")]
    caption: Annotated[str | None, Spec("Caption", "None: there is none.")]


@dataclass(frozen=True, kw_only=True)
class CaptionsResult(Result):
    """What was found and what was changed."""

    folder: Annotated[str, Spec("Folder")]
    count: Annotated[int, Spec("Pictures", "In the folder.")]
    found: Annotated[tuple[FoundCaption, ...], Spec("Found", "As they are now.")]
    changes: Annotated[tuple[CaptionChange, ...], Spec("Changes")]
    tags: Annotated[dict[str, int], Spec("Tags", "Of what was found, the most frequent first, at most 1000.")]
    dry_run: Annotated[bool, Spec("Dry run")]
    undone: Annotated[bool, Spec("Undone", "The changes are those of an undo.")]
    left_out: Annotated[tuple[LeftOut, ...], Spec("Left out", "Pictures that were not looked at.")] = ()

    def summary(self) -> str:
        """How many were found and changed."""
        left = sum(bool(each.note) for each in self.changes)
        done = len(self.changes) - left
        verb = "undone" if self.undone else "changed"
        said = f"{done:,} {'would be ' if self.dry_run else ''}{verb}" + (f", {left:,} left" if left else "")
        return f"{said}." if self.undone else f"{len(self.found):,} of {self.count:,} pictures found, {said}."

    def lines(self) -> list[str]:
        """Each change, or what was found where nothing was to be changed."""
        if not self.changes:
            told = [f"{on_one_line(each.path)}: {each.caption or '(no caption)'}" for each in self.found]
        else:
            told = []
            for each in self.changes:
                told += (
                    [on_one_line(each.note)]
                    if each.note
                    else [on_one_line(each.path), *_shown("-", each.before), *_shown("+", each.after)]
                )
        if len(told) > SHOWN_LINES:
            told = [*told[:SHOWN_LINES], "... --json tells all."]
        return [*told, *left_out_lines((each.path, each.why) for each in self.left_out)]

    def succeeded(self) -> bool:
        """Whether nothing was left."""
        return not any(each.note for each in self.changes)


def dataset_captions(params: CaptionsParams, context: Context) -> CaptionsResult:
    """Find captions, and edit them or take the newest edit back.

    Raises:
        InvalidParamError: the folder is none; there is nothing to undo; a picture that is named is not there.
        ImageError: no pictures are in the folder.
        CancelledError: the person stopped it; what was written stays, and can be undone.
    """
    root = context.folder(params.folder, "folder")
    listing = list_folder(root, recursive=params.recursive, follow_out=context.trusted)
    if not listing.pictures:
        raise no_pictures(params.folder, listing.left_out())
    editor = _Editor(listing, params, context)
    changes = editor.undo() if params.undo else editor.edit()
    found = editor.found()
    counted = count_tags((each.caption or "" for each in found), params.separator)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:1000]
    return CaptionsResult(
        folder=str(root).encode("utf-8", "replace").decode("utf-8"),
        count=len(listing.pictures),
        found=tuple(found),
        changes=tuple(changes),
        tags=dict(ordered),
        dry_run=params.dry_run,
        undone=params.undo,
        left_out=tuple(left_out_of(listing)),
    )


@dataclass(frozen=True, kw_only=True)
class _Planned:
    """A picture, its caption as it was found, and the text that it gets."""

    picture: Path
    caption: Caption | None
    after: str


class _Editor:
    """One run over a folder."""

    def __init__(self, listing: Listing, params: CaptionsParams, context: Context) -> None:
        self.root, self.params, self.context = listing.root, params, context
        self.where = Where(params.where, params.separator)
        self._real = listing.root.resolve()
        pictures = {self._below(path): path for path in listing.pictures}
        for name in params.files:
            if name not in pictures:
                raise InvalidParamError("files", f"names {name[:200]!r}, which is no picture in the folder")
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
        """Change the captions that are meant, or tell what would be changed."""
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
        return path.relative_to(self.root).as_posix().encode("utf-8", "replace").decode("utf-8")

    def _why_left(self, picture: Path, caption: Caption | None, read: FolderCaptions) -> str:
        """Why a caption is not to be changed."""
        beside = picture.with_suffix(self.params.ending)
        for path in (*(picture.with_suffix(each) for each in BESIDE), beside):
            if path in read.problems and caption is None:
                return f"{self._below(picture)}: {read.problems[path]}"
        there, seen = caption.text if caption else "", self.params.seen
        if seen is not None and there != with_endings_of(there, seen.strip()):  # pages send each line's end as \n
            return f"{self._below(picture)} has another caption by now and is left."
        return ""

    def _written(self, planned: Sequence[_Planned]) -> Iterator[CaptionChange]:
        """Write file by file, and tell each picture's change when its file is written."""
        by_file: dict[Path, list[_Planned]] = {}
        for each in planned:
            file = each.caption.file if each.caption else each.picture.with_suffix(self.params.ending)
            by_file.setdefault(file, []).append(each)
        with self._journal().run("captions edited") as journal:
            files = track(self.context.progress, by_file.items(), title="Captions", total=len(by_file), unit="file")
            for file, members in files:
                note = self._write(journal, file, members)
                yield from (self._change(each, note) for each in members)

    def _write(self, journal: Journal, file: Path, members: Sequence[_Planned]) -> str:
        """Write one file, read anew; why it is left, where it is."""
        if not self._is_inside(file):
            return f"{self._below(file)} leads out of the folder and is left."
        try:
            if file.suffix in BESIDE:
                if len({each.after for each in members}) > 1:
                    return f"{self._below(file)} is shared by pictures whose captions would differ, and is left."
                data = _within(file, members[0], journal.inside)
            else:
                changes = {each.picture.relative_to(file.parent).as_posix(): each.after for each in members}
                data = Table(file).with_captions(changes, journal.inside)
        except CaptionError as error:
            return str(error)
        if data is None:
            return f"{self._below(file)} was changed meanwhile and is left."
        journal.write(file, data)
        return ""

    def _change(self, each: _Planned, note: str = "") -> CaptionChange:
        file = each.caption.file if each.caption else each.picture.with_suffix(self.params.ending)
        before = each.caption.text if each.caption else None
        return CaptionChange(
            path=self._below(each.picture),
            file=self._below(file),
            before=before,
            after=before if note else each.after,
            note=note,
        )

    def _restored(self, each: Restored) -> CaptionChange:
        file = each.file.relative_to(self._real).as_posix().encode("utf-8", "replace").decode("utf-8")
        before, after = (
            None if data is None else data.decode("utf-8", "replace") for data in (each.before, each.after)
        )
        return CaptionChange(path=file, file=file, before=before, after=after, note=each.note)


def _shown(sign: str, caption: str | None) -> list[str]:
    """A caption's lines for a terminal."""
    return [f"  {sign} {line}" for line in (caption or "").splitlines() or [""]]


def _first(found: Sequence[Caption]) -> Caption | None:
    """The caption that is taken: the first that says something, else an empty file."""
    return next((each for each in found if each.text), found[0] if found else None)


def _within(file: Path, planned: _Planned, inside: Inside) -> bytes | None:
    """A caption file's new bytes; None where it was changed meanwhile.

    Raises:
        CaptionError: it can no longer be read.
    """
    if planned.caption is None:
        return None if file.exists() else rewritten(file, None, planned.after)
    data = read_bounded(file, MAX_CAPTION_BYTES, inside)
    if decode_text(data, file).strip() != planned.caption.text:
        return None
    return rewritten(file, data, planned.after)


DATASET_CAPTIONS = Operation(
    name="dataset-captions",
    title="Caption editor",
    summary="Finds captions by their tags and changes many at once, with a dry run and undo.",
    params=CaptionsParams,
    result=CaptionsResult,
    run=dataset_captions,
    path="/dataset/captions",
    kind="analysis",
    section="Data set",
    command="dataset captions",
)
