"""What is declared of a field."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["boolean", "integer", "number", "string", "choice", "image", "file", "object", "list", "mapping"]


@dataclass(frozen=True)
class Spec:
    """What a person and a machine must know of a field beside its type and default.

    Args:
        title: the label.
        help: one or two sentences.
        ge, gt, le, lt, multiple_of: bounds of a number, of each item in a list of numbers.
        min_length, max_length: characters of a text, items of a list, names of an object of any names.
        pattern: a regular expression the whole text must match.
        pattern_says: what such a text is, in words that follow "a text"; needed where no example says it.
        step: step of a slider; no bound.
        unit: `px`, `s`, `modules`, `0 to 1`.
        group: fields of one group stand together.
        when: shown only while every named field has one of the values, e.g. {"payload": ("wifi",)}.
        format: how a text is entered: `color` is `#rrggbb`, `secret` is never written to infotext, `folder` is the path
            of a folder on this machine (`Context.folder` checks it), `model` a model's name, file or folder
            (`Context.model` checks it). Of a picture: `depth` is a depth map, which may be float32 [H, W] from 0
            (black) to 1 (white) too, so that files of more than 8 bits keep them.
        positional: on the command line given without its name.
        titles: labels of the choices.
        example: a value for the API's docs.
        needs: `models` where a value of its own makes the operation run on torch, which is installed then.
        renamed: names the field had before; they are still read for one version, and never written.
        renamed_choices: choices that had another name, old to new.
        renamed_titles: labels it had before, under which the WebUI's ui-config.json may hold a value.
    """

    title: str
    help: str = ""
    _: dataclasses.KW_ONLY
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    multiple_of: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_says: str = ""
    step: float | None = None
    unit: str = ""
    group: str = ""
    when: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    format: Literal["", "multiline", "color", "secret", "folder", "model", "depth"] = ""
    positional: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    example: object = None
    needs: Literal["", "models"] = ""
    renamed: tuple[str, ...] = ()
    renamed_choices: Mapping[str, str] = field(default_factory=dict)
    renamed_titles: tuple[str, ...] = ()
