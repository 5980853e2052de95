"""JSON, read strictly."""

from __future__ import annotations

import json
import math
from typing import Any

MAX_DIGITS = 400


def read_json(text: str) -> Any:
    """Read JSON strictly: Python's reader also takes NaN, repeated names and endless digits.

    Raises:
        ValueError: not JSON, NaN or Infinity, a name given twice in one object, a number beyond the range of
            floats, or nested too deeply; the text says which.
    Source: RFC 8259, 4 and 6.
    """
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
