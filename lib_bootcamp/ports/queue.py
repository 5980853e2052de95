"""What an operation asks of its host's queue: to hold it, to show how far it is, to be stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TypeVar

from lib_bootcamp.errors import CancelledError

T = TypeVar("T")


class Progress(Protocol):
    """The host's own progress display and its stop button."""

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work of `total` items."""

    def step(self, done: int, note: str = "") -> None:
        """`done` items of the current piece are finished."""

    def cancelled(self) -> bool:
        """Whether the person asked to stop."""


class SilentProgress:
    """A progress that shows nothing; `cancel` stops the work within one item.

    Args:
        stopped_by: a display whose stop button stops it too.
    """

    def __init__(self, stopped_by: Progress | None = None) -> None:
        self._cancel, self._stopped_by = threading.Event(), stopped_by

    def start(self, title: str, total: int, unit: str) -> None:
        """Show nothing."""

    def step(self, done: int, note: str = "") -> None:
        """Show nothing."""

    def cancelled(self) -> bool:
        """Whether `cancel` was called, or the other display's button was pressed."""
        return self._cancel.is_set() or (self._stopped_by is not None and self._stopped_by.cancelled())

    def cancel(self) -> None:
        """Ask the running work to stop."""
        self._cancel.set()


class Relay:
    """A display that hands everything on to another one; what is made of it changes a part.

    Args:
        shown: the other one.
    """

    def __init__(self, shown: Progress) -> None:
        self._shown = shown

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work of `total` items."""
        self._shown.start(title, total, unit)

    def step(self, done: int, note: str = "") -> None:
        """`done` items of the current piece are finished."""
        self._shown.step(done, note)

    def cancelled(self) -> bool:
        """Whether the display's own button was pressed."""
        return self._shown.cancelled()


class Stoppable(Relay):
    """A display that stops the work when an event is set, too.

    Args:
        shown: the display.
        stop: set when nobody waits for the work any more.
    """

    def __init__(self, shown: Progress, stop: threading.Event) -> None:
        super().__init__(shown)
        self._stop = stop

    def cancelled(self) -> bool:
        """Whether the event is set, or the display's own button was pressed."""
        return self._stop.is_set() or super().cancelled()


class QueueHost(Protocol):
    """The part of a host that runs one thing at a time."""

    def gpu(self, job: str) -> AbstractContextManager[None]:
        """Hold the host's queue, mark its state busy, give the device back on exit."""

    def progress(self) -> Progress:
        """A display for one operation's run."""


class Turns:
    """Long work on the host's device, a turn at a time: others have theirs between two of ours.

    Args:
        host: whose queue it is.
        progress: the display.
        title: what the host shows while it runs.
        total: items of the work.
        unit: what an item is.
        done: items that were done before.
    """

    def __init__(  # noqa: PLR0913 - what a person is shown
        self, host: QueueHost, progress: Progress, title: str, total: int, unit: str, done: int = 0
    ) -> None:
        self.title, self.total, self.done = title, total, done
        self._host, self._progress, self._unit = host, progress, unit
        self._begun = self._stopped = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the queue for the length of a block, which calls `reach` at its end.

        Raises:
            CancelledError: the person stopped the work.
        """
        if self._stopped or self._progress.cancelled():
            raise CancelledError(self.done)
        # Everything is inside: a WebUI's bar and its Interrupt button are ours only while we hold its queue.
        with self._host.gpu(self.title):
            if not (self._begun and self.done):
                self._progress.start(self.title, self.total, self._unit)
                self._begun = True
            if self.done:  # a WebUI's bar is empty each time its queue is taken
                self._progress.step(self.done)
            yield

    def reach(self, done: int) -> None:
        """So many items are done."""
        self.done = done
        self._progress.step(done)
        self._stopped = self._progress.cancelled()


def track(progress: Progress, items: Iterable[T], *, title: str, total: int, unit: str) -> Iterator[T]:
    """Yield items while showing progress; stop within one item when cancelled.

    Raises:
        CancelledError: the person asked to stop; carries how many items were finished.
    """
    progress.start(title, total, unit)
    for done, item in enumerate(items):
        if progress.cancelled():
            raise CancelledError(done)
        yield item
        progress.step(done + 1)
