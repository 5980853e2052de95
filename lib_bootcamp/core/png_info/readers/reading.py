"""A file's texts to one record, whichever tool wrote them; and what differs between two records."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from lib_bootcamp.core.png_info import infotext
from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.params import Spec, plain

from .comfy import read_comfy
from .tools import READERS

# where infotext may be, the likeliest first
_PLACES = ("parameters", "UserComment", "comment", "ImageDescription", "XMP description", "XPComment", "Description")


def read_generation(texts: Mapping[str, str], size: tuple[int, int] = (0, 0)) -> Generation | None:
    """The record of a file's texts; None where no tool's format is among them.

    Where ComfyUI's graph stands beside an infotext (nodes that save pictures write both), the infotext is what its
    author meant to say, and the graph stays among the texts.

    Args:
        texts: by name, as `extract` gives them.
        size: the picture's width and height, where they are known: of several pictures that a graph saves, which one
            this is.
    """
    for read in READERS:
        found = read(texts)
        if found is not None:
            return found
    comfy = read_comfy(texts, size)
    text = infotext_of(texts)
    if text is None:
        return comfy
    if comfy is not None:
        return infotext.read(text, "ComfyUI")
    return infotext.read(text)


def infotext_of(texts: Mapping[str, str]) -> str | None:
    """The infotext among a file's texts, in the WebUI's form; `parameters` is one even where it is only a prompt."""
    for name in _PLACES:
        text = texts.get(name, "")
        if text.strip() and not text.lstrip().startswith("{") and (name == "parameters" or infotext.is_infotext(text)):
            return infotext.in_webui_form(text)
    return None


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One field in which two pictures differ."""

    field: Annotated[str, Spec("Field", "A field's name, or a tool's own under `extras`.")]
    first: Annotated[str | None, Spec("First")]
    second: Annotated[str | None, Spec("Second")]


def differences(first: Generation, second: Generation) -> tuple[Difference, ...]:
    """The fields in which two records differ, in declared order; those of the extras after them."""
    names = [each.name for each in dataclasses.fields(Generation) if each.name != "extras"]
    found = [
        Difference(field=name, first=shown(getattr(first, name)), second=shown(getattr(second, name)))
        for name in names
        if getattr(first, name) != getattr(second, name)
    ]
    found += [
        Difference(field=name, first=shown(first.extras.get(name)), second=shown(second.extras.get(name)))
        for name in dict.fromkeys([*first.extras, *second.extras])
        if first.extras.get(name) != second.extras.get(name)
    ]
    return tuple(found)


def shown(value: Any) -> str | None:
    """A field's value in words; None where there is none."""
    if value in (None, "", (), {}):
        return None
    if isinstance(value, tuple):
        return ", ".join(f"{each.name}{'' if each.weight is None else f' {each.weight:g}'}" for each in value)
    if isinstance(value, (dict, list)):
        return json.dumps(plain(value), ensure_ascii=False)
    return value if isinstance(value, str) else str(plain(value))
