"""Medians of alternatives that are measured in turn within one loop, so that the machine's moods hit all alike."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def medians(calls: dict[str, Callable[[], Any]], *, rounds: int, warm_up: int = 2) -> dict[str, float]:
    """Median time of each call.

    Args:
        calls: name to call.
        rounds: counted rounds; every call runs once in each.
        warm_up: rounds before that are not counted.
    Returns:
        name to milliseconds.
    """
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(warm_up + rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            elapsed = time.perf_counter() - start
            if number >= warm_up:
                times[name].append(1000 * elapsed)
    return {name: statistics.median(each) for name, each in times.items()}
