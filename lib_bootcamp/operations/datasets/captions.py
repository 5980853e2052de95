"""Find captions of a data set and change many at once, with a dry run and undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import left_out_of, list_folder, no_pictures
from lib_bootcamp.core.datasets.report import LeftOut
from lib_bootcamp.core.datasets.tags import count_tags
from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Spec
from lib_bootcamp.results import Result

from .captions_editor import CaptionEditor
from .captions_settings import CaptionChange, CaptionsParams, FoundCaption

SHOWN_LINES = 20


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
        skipped = sum(bool(each.note) for each in self.changes)
        done = len(self.changes) - skipped
        verb = "undone" if self.undone else "changed"
        sentence = f"{done:,} {'would be ' if self.dry_run else ''}{verb}" + (
            f", {skipped:,} skipped" if skipped else ""
        )
        return f"{sentence}." if self.undone else f"{len(self.found):,} of {self.count:,} pictures found, {sentence}."

    def cautions(self) -> list[str]:
        """What was left out."""
        return left_out_lines((each.path, each.reason) for each in self.left_out)

    def lines(self) -> list[str]:
        """Each change, or what was found where nothing was to be changed."""
        if not self.changes:
            lines = [f"{on_one_line(each.path)}: {each.caption or '(no caption)'}" for each in self.found]
        else:
            lines = []
            for each in self.changes:
                lines += (
                    [on_one_line(each.note)]
                    if each.note
                    else [on_one_line(each.path), *_shown("-", each.before), *_shown("+", each.after)]
                )
        if len(lines) > SHOWN_LINES:
            lines = [*lines[:SHOWN_LINES], "... --json lists all."]
        return [*lines, *self.cautions()]

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
    editor = CaptionEditor(listing, params, context)
    changes = editor.undo() if params.undo else editor.edit()
    found = editor.found()
    counted = count_tags((each.caption or "" for each in found), params.separator)
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:1000]
    return CaptionsResult(
        folder=valid_text(str(root)),
        count=len(listing.pictures),
        found=tuple(found),
        changes=tuple(changes),
        tags=dict(ordered),
        dry_run=params.dry_run,
        undone=params.undo,
        left_out=tuple(left_out_of(listing)),
    )


def _shown(sign: str, caption: str | None) -> list[str]:
    """A caption's lines for a terminal."""
    return [f"  {sign} {line}" for line in (caption or "").splitlines() or [""]]


DATASET_CAPTIONS = Operation(
    name="dataset-captions",
    title="Caption editor",
    summary="Find captions by their tags and change many at once, with a dry run and undo.",
    params=CaptionsParams,
    result=CaptionsResult,
    run=dataset_captions,
    path="/dataset/captions",
    kind="analysis",
    section="Data set",
    command="dataset captions",
)
