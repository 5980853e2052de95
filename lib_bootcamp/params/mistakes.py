"""What a mistake about a value says of it."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence

from lib_bootcamp.errors import InvalidParamError

MOST_LISTED, FEW = 20, 5
"""Choices that a mistake lists whole, and how many of more it names."""
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = 40
_REPR.maxlevel, _REPR.maxlist, _REPR.maxtuple, _REPR.maxdict = 2, 4, 4, 4


def shown(value: object) -> str:
    """A value as a mistake shows it: at most 40 characters."""
    if isinstance(value, int) and value.bit_length() > 128:
        return "a number of more than 38 digits"
    text = _REPR.repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def near_to(value: object, known: Sequence[str]) -> str:
    """A hint at the known name that is meant, for short texts only: matching takes time."""
    if not isinstance(value, str) or len(value) > 100:
        return ""
    near = _like(value, known, 1, 0.6)
    return f"did you mean {near[0]}?" if near else ""


def few_of(value: object, known: Sequence[str]) -> str:
    """Of many choices those that are most like a value, in words."""
    near = _like(value, known, FEW, 0.3) if isinstance(value, str) and len(value) <= 100 else []
    few = near or known[:FEW]
    return f"one of {len(known)} names, such as {', '.join(few)}"


def _like(text: str, known: Sequence[str], most: int, least: float) -> list[str]:
    folded = {each.casefold(): each for each in known}
    return [folded[each] for each in difflib.get_close_matches(text.casefold(), folded, most, least)]


def unknown(name: object, known: Sequence[str], *, path: str = "") -> InvalidParamError:
    """The mistake of naming a parameter that is none of `known`, with the one that is near.

    Args:
        name: as it was given.
        known: the names there are.
        path: what stands before the name, with its dot.
    """
    given = shown(name).strip("'")
    return InvalidParamError(path + given, "is not a parameter here", hint=near_to(name, known))
