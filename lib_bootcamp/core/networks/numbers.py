"""Numbers in what files state, which may be anything."""

from __future__ import annotations

import math


def finite(value: object) -> float | None:
    """A JSON number as a float; None where it is none, not finite or too large for one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None
