"""What an operation gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from .core.images.arrays import Image
from .params import Spec, fields_of, plain


@dataclass(frozen=True, kw_only=True)
class Result:
    """Base of all results: a dataclass whose array fields are pictures, whose bytes are files, and all else JSON.

    Fields carry `Annotated[..., Spec(title, help)]` as parameters do; the response model, the
    result panel and the command line's output follow from them.
    """

    def summary(self) -> str:
        """One line for a person."""
        return ""

    def line(self) -> str:
        """The summary as a person on a terminal reads it, who sees nothing else of the result."""
        return self.summary()

    def lines(self) -> list[str]:
        """What a person on a terminal reads below the summary."""
        return self.cautions()

    def cautions(self) -> list[str]:
        """Sentences about what a person should look at, which a page shows below the summary."""
        return []

    def pictures(self) -> dict[str, Image]:
        """The pictures of this result by field name, in declared order; missing ones are left out."""
        values = {each.name: getattr(self, each.name) for each in fields_of(type(self)) if each.kind == "image"}
        return {name: picture for name, picture in values.items() if picture is not None}

    def to_json(self) -> dict[str, Any]:
        """Everything but the pictures and files, as plain JSON types."""
        names = [each.name for each in fields_of(type(self)) if each.kind not in {"image", "file"}]
        return {name: plain(getattr(self, name)) for name in names}

    def files(self) -> dict[str, bytes]:
        """The files of this result by field name; `suffix` says what their names end in."""
        return {each.name: getattr(self, each.name) for each in fields_of(type(self)) if each.kind == "file"}

    def suffix(self) -> str:
        """What the name of this result's file ends in."""
        return ".bin"

    def succeeded(self) -> bool:
        """False when the answer to the person's question is "no" (exit code 1 on the command line)."""
        return True


@dataclass(frozen=True, kw_only=True)
class ControlMap(Result):
    """A result that steers generation: `image` is what a ControlNet unit is given."""

    image: Annotated[Image, Spec("Control map", "uint8 [H, W, 3] RGB, or [H, W].")]


@dataclass(frozen=True, kw_only=True)
class FileResult(Result):
    """What came of one of many files."""

    def row(self) -> dict[str, Any]:
        """The columns of a table: by default the facts that are single values."""
        return {name: value for name, value in self.to_json().items() if not isinstance(value, (dict, list))}

    def warning(self) -> str:
        """What a person should know of it; empty where there is nothing."""
        return ""

    def answer(self) -> str | None:
        """The label that the file is shown and sorted under; None where there is none."""
        return None
