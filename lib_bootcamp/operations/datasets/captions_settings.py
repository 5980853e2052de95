"""The settings of the caption editor, and what it reports of one caption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.core.datasets.caption_edit import At, Edit, Order, Where, arrows
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

_AT = {"first": "First", "last": "Last", "position": "At the position below"}
_ORDER = {"keep": "As it is", "alphabetical": "Alphabetical", "frequency": "Most frequent first"}


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
    recursive: Annotated[bool, Spec("Include subfolders", renamed_titles=("Folders inside too",))] = True
    files: Annotated[
        tuple[str, ...],
        Spec("Only these pictures", "Paths below the folder, one per line.", max_length=10_000, group="More"),
    ] = ()
    text: Annotated[
        str | None,
        Spec(
            "Replace the caption",
            "Takes the place of the caption.",
            format="multiline",
            group="More",
            renamed_titles=("Whole caption",),
        ),
    ] = None
    expected_caption: Annotated[
        str | None,
        Spec(
            "Expected caption",
            "A caption that has changed in the meantime is skipped.",
            format="multiline",
            group="More",
            renamed=("seen",),
            renamed_titles=("As it was seen",),
        ),
    ] = None
    replace_text: Annotated[
        tuple[str, ...],
        Spec("Replace words", "old => new, one per line; wherever they appear.", group="Edit", max_length=200),
    ] = ()
    rename: Annotated[
        tuple[str, ...],
        Spec("Rename tags", "old => new, one per line; whole tags only.", group="Edit", max_length=200),
    ] = ()
    remove: Annotated[
        tuple[str, ...], Spec("Remove tags", "A star matches anything, as in *hair.", group="Edit", max_length=200)
    ] = ()
    add: Annotated[
        tuple[str, ...], Spec("Add tags", "Where they are not there yet.", group="Edit", max_length=200)
    ] = ()
    at: Annotated[At, Spec("Position of added tags", titles=_AT, group="Edit", renamed_titles=("Added",))] = "last"
    position: Annotated[int, Spec("Position", "From 0.", ge=0, le=1000, group="Edit", when={"at": ("position",)})] = 0
    dedupe: Annotated[bool, Spec("Remove repeated tags", group="Edit")] = False
    order: Annotated[
        Order,
        Spec(
            "Order",
            titles=_ORDER,
            group="Edit",
            renamed_choices={"By the alphabet": "alphabetical", "alphabet": "alphabetical"},
        ),
    ] = "keep"
    keep_first: Annotated[
        int,
        Spec(
            "Keep first tags",
            "Number of tags that keep their place: kohya's keep_tokens.",
            ge=0,
            le=100,
            unit="tags",
            group="Edit",
            when={"order": ("alphabetical", "frequency")},
            renamed_titles=("Keep in front",),
        ),
    ] = 0
    separator: Annotated[str, Spec("Separator", "Between tags.", min_length=1, max_length=8, group="Edit")] = ","
    new_separator: Annotated[
        str | None, Spec("New separator", "Empty: the same.", min_length=1, max_length=8, group="Edit")
    ] = None
    extension: Annotated[
        Literal[".txt", ".caption"],
        Spec(
            "Extension of new files",
            "For pictures that have no caption yet.",
            group="More",
            renamed=("ending",),
            renamed_titles=("New files end in",),
        ),
    ] = ".txt"
    dry_run: Annotated[bool, Spec("Dry run", "List what would change and write nothing.")] = False
    undo: Annotated[bool, Spec("Undo", "Undo the newest edit of this folder.", group="More")] = False

    def check(self) -> None:
        """The question and the edits can be read, and undo is not mixed with them."""
        Where(self.where, self.separator)
        edits = self.edit({}).changes_anything()
        if self.expected_caption is not None and len(self.files) != 1:
            raise InvalidParamError("expected_caption", "needs files to name the one picture whose caption was seen")
        if self.undo and edits:
            raise InvalidParamError("undo", "cannot be mixed with edits", hint="undo first, then edit")

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
    note: Annotated[str, Spec("Note", "Why it is skipped; empty where it was done, or would be.")] = ""


@dataclass(frozen=True, kw_only=True)
class FoundCaption:
    """A picture that the question is about."""

    path: Annotated[str, Spec("Picture", "Below the folder.")]
    file: Annotated[str | None, Spec("Caption's file", "Below the folder.")]
    caption: Annotated[str | None, Spec("Caption", "None: there is none.")]
