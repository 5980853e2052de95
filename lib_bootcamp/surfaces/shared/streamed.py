"""Work that reports its progress as events: the same on every surface that passes them on."""

from __future__ import annotations

from collections.abc import Callable

from lib_bootcamp.job import Event
from lib_bootcamp.ports import Progress, Relay


class Streamed(Relay):
    """A display whose steps are events too.

    Args:
        shown: the display.
        send: gets each event, in the thread that works.
    """

    def __init__(self, shown: Progress, send: Callable[[Event], None]) -> None:
        super().__init__(shown)
        self._send = send
        self._title, self._total, self._unit = "", 0, ""

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work."""
        self._title, self._total, self._unit = title, total, unit
        super().start(title, total, unit)
        self._happened(0, "")

    def step(self, done: int, note: str = "") -> None:
        """So many of its items are done."""
        super().step(done, note)
        self._happened(done, note)

    def _happened(self, done: int, note: str) -> None:
        facts = {"title": self._title, "done": done, "total": self._total, "unit": self._unit, "note": note}
        self._send(Event(kind="progress", facts=facts))
