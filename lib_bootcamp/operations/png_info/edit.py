"""A copy of a picture file whose generation parameters are taken out, replaced or changed."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.png_info import infotext as a1111
from lib_bootcamp.core.png_info.edit import MAX_INFOTEXT, with_infotext
from lib_bootcamp.core.png_info.extract import extract
from lib_bootcamp.core.png_info.generation import NUMBERS, TEXTS, Generation, number
from lib_bootcamp.core.png_info.readers.reading import read_generation
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import Result

SUFFIXES = {"PNG": ".png", "JPEG": ".jpg", "WebP": ".webp"}
_FIELDS = ("prompt", "negative_prompt", *TEXTS, *NUMBERS)


@dataclass(frozen=True, kw_only=True)
class PngInfoEditParams(Params):
    """The file and what becomes of its metadata."""

    file: Annotated[bytes, Spec("File", "A PNG, JPEG or WebP file; it stays as it is.", positional=True)]
    infotext: Annotated[
        str,
        Spec(
            "Infotext",
            "Written into the copy, as the WebUI would. Empty, and nothing changed below: the copy has no infotext.",
            max_length=MAX_INFOTEXT,
            format="multiline",
        ),
    ] = ""
    changes: Annotated[
        dict[str, Any],
        Spec(
            "Changes",
            "Fields of the file's own parameters to change, with null to take one out: prompt, negative_prompt, "
            'steps, seed, ..., or any name of an infotext, as in {"seed": 1, "CFG scale": 5}.',
        ),
    ] = field(default_factory=dict)
    keep_other: Annotated[
        bool,
        Spec("Keep other texts", "Workflows, comments and XMP that are not infotext. Off: they are taken out too."),
    ] = False

    def check(self) -> None:
        """Either a new infotext or changes of the old one; changed numbers are numbers."""
        if self.infotext and self.changes:
            raise InvalidParamError("changes", "go with an empty infotext", hint="give one of the two")
        for name, value in self.changes.items():
            whole = NUMBERS.get(name) is int
            if name in NUMBERS and value is not None and number(value, whole=whole) is None:
                raise InvalidParamError(
                    f"changes.{name[:100]}", f"must be {'a whole number' if whole else 'a number'} or null"
                )
            if not isinstance(value, (str, int, float, type(None))) or len(str(value)) > MAX_INFOTEXT:
                raise InvalidParamError(f"changes.{name[:100]}", "must be a text, a number or null")


@dataclass(frozen=True, kw_only=True)
class PngInfoEditResult(Result):
    """The copy."""

    file: Annotated[bytes, Spec("File", "The copy, in the format of the original.")]
    format: Annotated[str, Spec("Format", "PNG, JPEG or WebP.")]
    infotext: Annotated[str, Spec("Infotext", "The copy's infotext.")]
    removed: Annotated[tuple[str, ...], Spec("Removed", "Names of the texts that the copy has no more.")]

    def summary(self) -> str:
        """What was done."""
        done = "a new infotext is in it" if self.infotext else "it has no generation data"
        return f"{self.format}, {done}" + (f"; removed: {', '.join(self.removed)}" if self.removed else "")

    def suffix(self) -> str:
        """The format's."""
        return SUFFIXES[self.format]


def edit_png_info(params: PngInfoEditParams, context: Context) -> PngInfoEditResult:
    """Make the copy; pixels stay as they are, but for a text hidden in them.

    Raises:
        ImageError: the file is neither PNG, JPEG nor WebP, or cut off.
        InvalidParamError: there is nothing in the file that could be changed.
    """
    del context
    before = extract(params.file)
    text = params.infotext
    if params.changes:
        made = read_generation(before.texts, (before.width, before.height))
        if made is None:
            raise InvalidParamError("changes", "need a file with generation data", hint="give an infotext")
        text = a1111.write(changed(made, params.changes))
    copy = with_infotext(params.file, text, keep_other=params.keep_other)
    after = extract(copy).texts
    removed = tuple(name for name in before.texts if name not in after)
    return PngInfoEditResult(file=copy, format=before.format, infotext=text, removed=removed)


def changed(made: Generation, changes: dict[str, Any]) -> Generation:
    """A record with other values; names of an infotext (`CFG scale`) are taken for the fields that they fill."""
    values: dict[str, Any] = {}
    extras = dict(made.extras)
    for name, value in changes.items():
        key = a1111.FIELDS.get(name, name)
        if key in NUMBERS:
            values[key] = None if value is None else number(value, whole=NUMBERS[key] is int)
        elif key in _FIELDS:
            values[key] = (None if key in TEXTS else "") if value is None else str(value)
        elif value is None:
            extras.pop(name, None)
        else:
            extras[name] = value
    return dataclasses.replace(made, **values, extras=extras)


PNG_INFO_EDIT = Operation(
    name="png-info-edit",
    title="Edit PNG info",
    summary="Make a copy of a picture file without its metadata, or with other generation parameters.",
    params=PngInfoEditParams,
    result=PngInfoEditResult,
    run=edit_png_info,
    path="/png-info/edit",
    kind="generation",
)
