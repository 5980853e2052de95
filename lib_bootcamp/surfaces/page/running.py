"""Runs that the page's Stop button ends: whose run it is, and what stops it."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host, Progress, Stoppable
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .growth import Growth
from .notice import notice
from .tab import GradioProgress
from .work import as_it_grows, on_page


class Stops:
    """The runs of a tab that go on now, by visitor.

    Args:
        host: what they run on.
        operation: whose they are.
    """

    def __init__(self, host: Host, operation: Operation[Any, Any]) -> None:
        self._host, self._queue = host, QUEUES.of(operation)
        self._running: set[tuple[str, threading.Event]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def progress(self, request: Any, bar: Any) -> Iterator[Progress]:
        """A progress for the length of a block, which `stop` of the same visitor ends."""
        with self._run_of(request) as stop:
            yield Stoppable(GradioProgress(bar, self._host.progress()), stop)

    @contextmanager
    def _run_of(self, request: Any) -> Iterator[threading.Event]:
        """What `stop` of the same visitor sets, for the length of a block."""
        mine = (visitor(request), threading.Event())
        with self._lock:
            self._running.add(mine)
        try:
            yield mine[1]
        finally:
            with self._lock:
                self._running.discard(mine)

    def begins(self, work: Callable[[tuple[Any, ...], Progress], Any]) -> Callable[..., Any]:
        """What a button calls: `work` with the components' values, and a progress that `stop` ends."""

        # the request and the bar come first: Gradio puts them where they stand, Gradio 3 only before the values
        async def pressed(
            request: gr.Request,
            progress: Any = gr.Progress(),  # noqa: B008 - Gradio finds the bar by this default
            *values: Any,
        ) -> Any:
            def run() -> Any:
                with self.progress(request, progress) as shown:
                    return work(values, shown)

            return await on_page(self._queue, run)

        return pressed

    def grows(
        self,
        work: Callable[[tuple[Any, ...], Growth], list[Any]],
        shown: Callable[[str], list[Any]],
    ) -> Callable[..., Any]:
        """What a button calls whose result is seen while it is made.

        Args:
            work: gives the components' values from theirs and a display, which `stop` ends.
            shown: the components' values while it works, from the HTML of how far it is.
        """

        async def pressed(request: gr.Request, *values: Any) -> AsyncIterator[list[Any]]:
            with self._run_of(request) as stop:
                growth = Growth(stop)

                def run() -> list[Any]:
                    growth.begin(self._host)
                    return work(values, growth)

                def look() -> list[Any] | None:
                    seen = growth.look()
                    return None if seen is None else shown(seen)

                def given_up() -> list[Any] | None:
                    waits = growth.has_begun or not stop.is_set()
                    return None if waits else shown(notice("Stopped before it began.", kind="no"))

                async for each in as_it_grows(self._queue, run, look, given_up):
                    yield each

        return pressed

    def ends(self) -> Callable[..., None]:
        """What a stop button calls."""

        def stopped(request: gr.Request) -> None:
            self.stop(request)

        return stopped

    def stop(self, request: Any) -> None:
        """End the visitor's runs within one item."""
        with self._lock:
            theirs = [event for who, event in self._running if who == visitor(request)]
        for event in theirs:
            event.set()


def visitor(request: Any) -> str:
    """Whose run it is: the page's session, or where Gradio 3 in the WebUI does not give it, the caller's address."""
    return str(getattr(request, "session_hash", None) or getattr(getattr(request, "client", None), "host", ""))
