"""Runs that the page's Stop button ends: whose run it is, and what stops it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host, Progress, Stoppable
from lib_bootcamp.surfaces.shared.work_queue import QUEUES

from .tab import GradioProgress
from .work import on_page


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
        mine = (visitor(request), threading.Event())
        with self._lock:
            self._running.add(mine)
        try:
            yield Stoppable(GradioProgress(bar, self._host.progress()), mine[1])
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
