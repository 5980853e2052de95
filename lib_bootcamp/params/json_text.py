"""JSON, read strictly."""

from __future__ import annotations

import json
import math
from typing import Any

from lib_bootcamp.errors import TooLargeError

MAX_DIGITS = 400
MAX_VALUES = 50_000
"""In one text. Each takes a reader microseconds and a hundred bytes, however short it is written."""


class TooManyValuesError(TooLargeError):
    """A text holds more values than any caller has a use for."""

    def __init__(self, what: str = "It") -> None:
        super().__init__(f"{what} has more than {MAX_VALUES:,} values in its JSON", hint="send less at a time.")


def has_too_many_values(text: str, most: int | None = None) -> bool:
    """Whether more than `most` values stand in a JSON text, strings counting as one however long; nothing is parsed.

    It takes a few copies of the text, and as many pieces as there may be values. An empty list or object counts as two.

    Args:
        text: whatever somebody sent, or a file holds.
        most: None for `MAX_VALUES`.
    """
    most = MAX_VALUES if most is None else most
    if _openers(text) < most:
        return False
    text = text.replace("\\\\", "").replace('\\"', "")
    if text.count('"') > 4 * most:  # two of a value, two of its name
        return True
    return sum(_openers(each) for each in text.split('"')[::2]) >= most


def _openers(text: str) -> int:
    """Each value is the first one of all, the first inside of something, or stands behind a comma."""
    return sum(map(text.count, ",[{"))


def read_json(text: str) -> Any:
    """Read JSON strictly: Python's reader also takes NaN, repeated names and endless digits.

    Raises:
        ValueError: not JSON, NaN or Infinity, a name given twice in one object, a number beyond the range of
            floats, or nested too deeply; the text says which.
        TooManyValuesError: as `has_too_many_values`, before anything is read.
    Source: RFC 8259, 4 and 6.
    """
    if has_too_many_values(text):
        raise TooManyValuesError
    try:
        return json.loads(
            text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_digits, object_pairs_hook=_unique
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits) if len(digits) <= MAX_DIGITS else math.inf
    if not math.isfinite(number):
        raise ValueError("a number in it is too long or too large")
    return number


def _digits(digits: str) -> int:
    # Before Python 3.10.7 reading an integer takes quadratic time, without a limit on its digits.
    if len(digits) > MAX_DIGITS:
        raise ValueError("a number in it is too long or too large")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice in one object")
    return found
