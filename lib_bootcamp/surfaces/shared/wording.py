"""How a surface names the parameters in a mistake: by flags, by labels, by JSON pointers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lib_bootcamp.core.text.terminal import shown
from lib_bootcamp.errors import BootcampError

if TYPE_CHECKING:
    from lib_bootcamp.operation import Operation

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_PATH = re.compile(r"([a-z][a-z0-9_]*)((?:\.[\w-]+|\[\d+\])*)")
_INSIDE = re.compile(r"\.([\w-]+)|\[(\d+)\]")
# a parameter inside of a sentence is known by its underscore; what stands in quotation marks is the person's
_MENTIONED = re.compile(r"(?<![\w'\"/.-])[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?![\w'\"/])")


def worded(error: BootcampError, names: Mapping[str, str], *, here: bool = False) -> str:
    """A mistake's sentence with the surface's own names for the parameters.

    Args:
        error: the mistake.
        names: what the surface calls each parameter; others keep their names.
        here: whether who reads it sits at this machine: the sentence says where a folder is.
    """

    def called(param: str) -> str:
        field, inside = split(param)
        return _said(names[field], inside) if field in names else param

    sentence = error.sentence(called)
    if here and error.place is not None:
        sentence = f"{sentence.removesuffix('.')} ({error.place})."
    first, space, rest = sentence.partition(" ")
    if not error.param:  # a sentence that was kept, as a job's is: it begins with its parameter, where it has one
        param = first.removesuffix(":")
        first = called(param) + first[len(param) :]
    return shown(_MENTIONED.sub(lambda found: names.get(found[0], found[0]), first + space + rest))


def _said(name: str, inside: str) -> str:
    """A field, or what is inside of it, in words: `The second of Lights`, `Color of the first of Lights`.

    A key of an object that is no item of a list may be the person's own, and stands as it is: `Labels (my_key)`.
    """
    items = 0
    for key, at in _INSIDE.findall(inside):
        items += not key
        if not items:
            name = f"{name} ({key})"
        else:
            name = f"{key.replace('_', ' ')} of {name}" if key else f"the {ordinal(int(at) + 1)} of {name}"
    return name[:1].upper() + name[1:] if items else name


def ordinal(number: int) -> str:
    """`first`, `second`, … `tenth`, `11th`, `22nd`."""
    if number <= len(_ORDINALS):
        return _ORDINALS[number - 1]
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def kept_mistake(sentence: str, names: Mapping[str, str]) -> str:
    """A mistake that a job kept as a sentence, with the surface's own names for the parameters."""
    return worded(BootcampError(sentence), names)


def job_labels(operation: str, find: Callable[[str], Operation[Any, Any]]) -> dict[str, str]:
    """What a job's parameters are called where no form and no command of theirs is: by their labels.

    Args:
        operation: its name; a job of a newer program's may be none of those that are known.
        find: an operation by its name; raises KeyError where there is none.
    """
    try:
        job = find(operation).job
    except KeyError:
        return {}
    if job is None:
        return {}
    from lib_bootcamp.params import fields_of  # heavy where a mistake is worded alone

    return {each.name: each.spec.title for each in fields_of(job.params)}


def split(param: str) -> tuple[str, str]:
    """The field that a parameter's path begins with, and what is inside of it: `lights`, `[0].color`."""
    found = _PATH.fullmatch(param)
    return (found[1], found[2]) if found else ("", "")


def pointer(param: str) -> str:
    """The parameter as a JSON pointer into what was sent, `/lights/0/color`; empty where it is no part of it.

    Source: RFC 6901.
    """
    field, inside = split(param)
    parts = [field, *_INSIDE.findall(inside)] if field else []
    return "".join(f"/{part if isinstance(part, str) else part[0] or part[1]}" for part in parts)
