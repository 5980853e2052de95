"""How a run is shown and stopped, and how long what is left will take."""

from __future__ import annotations

import threading
import time
from collections import deque

from lib_bootcamp.ports import Progress, Relay

from .journal import Journal

ASK_S = 0.5
"""How often a running job asks the journal whether another process wants it to stop."""


class Stop(threading.Event):
    """Ends a run after the batch that it is in."""


class JobProgress(Relay):
    """The host's display; stops when the job is to be paused or cancelled, by whichever process.

    Args:
        shown: the host's.
        stop: of this process.
        journal: where other processes ask.
        number: of the job.
    """

    def __init__(self, shown: Progress, stop: Stop, journal: Journal, number: int) -> None:
        super().__init__(shown)
        self._stop, self._journal, self._number = stop, journal, number
        self._asked = 0.0

    def cancelled(self) -> bool:
        """Whether the job is to stop."""
        if self._stop.is_set() or super().cancelled():
            return True
        now = time.monotonic()
        if now - self._asked >= ASK_S:
            self._asked = now
            if self._journal.requested(self._number):
                self._stop.set()
        return self._stop.is_set()


class Clock:
    """How long a picture takes, from the newest batches of a run; not from the first one, which loads the models."""

    def __init__(self) -> None:
        self._recent: deque[tuple[float, int]] = deque(maxlen=20)
        self._first = True

    def add(self, seconds: float, pictures: int) -> None:
        """A batch took so long."""
        if not self._first:
            self._recent.append((seconds, pictures))
        self._first = False

    def per_item_s(self) -> float | None:
        """Seconds a picture; None before the second batch."""
        pictures = sum(count for _, count in self._recent)
        return sum(seconds for seconds, _ in self._recent) / pictures if pictures else None
