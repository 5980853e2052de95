"""A display that says how long its work still takes."""

from __future__ import annotations

import time
from collections.abc import Callable

from lib_bootcamp.jobs.facts import duration
from lib_bootcamp.ports import Progress, Relay


class TimeLeft(Relay):
    """Adds to each step about how long the others take, from what those before took.

    Args:
        shown: the display.
        clock: seconds.
    """

    def __init__(self, shown: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(shown)
        self._clock, self._total, self._begun = clock, 0, clock()

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work of `total` items."""
        self._total, self._begun = total, self._clock()
        super().start(title, total, unit)

    def step(self, done: int, note: str = "") -> None:
        """`done` items of the current piece are finished."""
        left = self._total - done
        if done > 0 and left > 0:
            seconds = (self._clock() - self._begun) / done * left
            note = f"{note} about {duration(seconds)} left".strip()
        super().step(done, note)
