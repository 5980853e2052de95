"""Work beside the server's own threads: a few threads of ours, and a queue with an end.

A server's thread pool answers quick requests too, and in a WebUI it is the WebUI's: heavy work never holds one of its
threads, neither while it runs nor while it waits for the host's queue. A request waits in the event loop, which costs
nothing; who leaves has their work taken out of the queue, or stopped within one batch.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import contextvars
import math
import os
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from lib_bootcamp.errors import CancelledError, QueueFullError, StoppingError

if TYPE_CHECKING:
    from lib_bootcamp.operation import Operation

T = TypeVar("T")
WAITING, WAITING_QUICK = 64, 512
IDLE_S = 30.0
"""Threads that had nothing to do for so long end."""
_SHARE = 0.2
"""What the newest piece of work counts in how long one takes."""


_stop: contextvars.ContextVar[threading.Event] = contextvars.ContextVar("stop")


def stop_of_this_work() -> threading.Event:
    """What is set when nobody waits any more for the work that this thread does; one that never is where none does."""
    return _stop.get(None) or threading.Event()


@dataclass(eq=False)
class _Ticket:
    """One piece of work from asking for it to its end."""

    work: Callable[[threading.Event], Any] | None
    context: contextvars.Context
    future: concurrent.futures.Future[Any] = field(default_factory=concurrent.futures.Future)
    stop: threading.Event = field(default_factory=threading.Event)

    def do(self) -> None:
        """Do it, unless nobody waits for it any more."""
        work, self.work = self.work, None  # a request's body is not kept longer than its work
        if work is None or self.future.done() or not self.future.set_running_or_notify_cancel():
            return
        try:
            made = self.context.run(self._with_stop, work)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised where the result is waited for
            self.fail(error)
        else:
            with contextlib.suppress(concurrent.futures.InvalidStateError):
                self.future.set_result(made)

    def fail(self, error: BaseException) -> None:
        """Raise this where the result is waited for, unless that has ended already."""
        with contextlib.suppress(concurrent.futures.InvalidStateError):
            self.future.set_exception(error)

    def _with_stop(self, work: Callable[[threading.Event], Any]) -> Any:
        _stop.set(self.stop)
        return work(self.stop)


class WorkQueue:
    """A queue of some threads' own.

    Args:
        name: of the threads.
        threads: how many pieces of work go on at once.
        waiting: how many may wait beside them.
    """

    def __init__(self, name: str, *, threads: int, waiting: int = WAITING) -> None:
        self.name, self._most_threads, self._most_waiting = name, threads, waiting
        self._waiting: deque[_Ticket] = deque()
        self._running: set[_Ticket] = set()
        self._stopping = False
        self._changed = threading.Condition()
        self._threads = self._busy = 0
        self._usual_s = 1.0

    async def run(
        self, work: Callable[[threading.Event], T], *, left: Callable[[], Awaitable[None]] | None = None
    ) -> T:
        """Do a piece of work when its turn comes.

        Args:
            work: called in a thread of ours, with the caller's context variables and with what is set when the caller
                left: `ports.Stoppable` makes an operation's progress of it.
            left: comes back when the caller left.
        Raises:
            QueueFullError: as many wait already as may.
            CancelledError: the caller left.
            StoppingError: the program ends.
        """
        ticket = self._enter(work)
        waiting: list[asyncio.Future[Any]] = [asyncio.wrap_future(ticket.future)]
        if left is not None:
            waiting.append(asyncio.ensure_future(left()))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if waiting[0].done():
                made: T = waiting[0].result()
                return made
            raise CancelledError(0)
        finally:
            self._leave(ticket)
            for each in waiting:
                each.cancel()

    def counts(self) -> tuple[int, int]:
        """How many pieces of work go on, and how many wait."""
        with self._changed:
            return self._busy, len(self._waiting)

    def is_full(self) -> bool:
        """Whether one more would be refused."""
        with self._changed:
            return self._is_full()

    def refusal(self) -> QueueFullError:
        """The answer where it is full: when a place may be free, by how long the work took of late."""
        ahead = self._usual_s * len(self._waiting) / self._most_threads
        return QueueFullError(min(120, max(1, math.ceil(ahead / 2))))

    def _is_full(self) -> bool:
        free = self._most_threads - self._busy
        return len(self._waiting) - free >= self._most_waiting

    def _enter(self, work: Callable[[threading.Event], Any]) -> _Ticket:
        ticket = _Ticket(work, contextvars.copy_context())
        with self._changed:
            if self._stopping:
                raise StoppingError
            if self._is_full():
                raise self.refusal()
            self._waiting.append(ticket)
            if self._threads - self._busy < len(self._waiting) and self._threads < self._most_threads:
                threading.Thread(target=self._work, name=f"bootcamp-{self.name}", daemon=True).start()
                self._threads += 1
            self._changed.notify()
        return ticket

    def stop(self) -> int:
        """End all work for good: who waits for it is answered now, and its threads stop within one item.

        Returns:
            how many pieces of work that ended.
        """
        with self._changed:
            self._stopping = True
            ended = [*self._running, *self._waiting]
            self._waiting.clear()
        for each in ended:
            each.stop.set()
            each.fail(StoppingError())
        return len(ended)

    def is_at_rest(self, within_s: float) -> bool:
        """Wait until no thread works; whether none does."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, within_s)

    def _leave(self, ticket: _Ticket) -> None:
        if not ticket.future.done():
            ticket.stop.set()
        with self._changed, contextlib.suppress(ValueError):
            self._waiting.remove(ticket)
            ticket.work = None

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait_for(lambda: self._waiting, IDLE_S):
                    self._threads -= 1
                    return
                ticket = self._waiting.popleft()
                self._running.add(ticket)
                self._busy += 1
            began = time.monotonic()
            try:
                ticket.do()
            finally:
                with self._changed:
                    self._running.discard(ticket)
                    self._busy -= 1
                    self._changed.notify_all()
                    self._usual_s += _SHARE * (time.monotonic() - began - self._usual_s)
            del ticket


@dataclass(frozen=True)
class WorkQueues:
    """The queues of a process.

    Args:
        quick: what is answered at once, from memory or a small file: however much waits in the others.
        pictures: work on the processor.
        models: work that takes the host's queue, batch by batch: one at a time, so that a WebUI's own pictures wait for
            one batch of ours at most.
    """

    quick: WorkQueue = field(default_factory=lambda: WorkQueue("quick", threads=4, waiting=WAITING_QUICK))
    pictures: WorkQueue = field(
        default_factory=lambda: WorkQueue("pictures", threads=min(8, max(2, os.cpu_count() or 1)))
    )
    models: WorkQueue = field(default_factory=lambda: WorkQueue("models", threads=1))

    def of(self, operation: Operation[Any, Any], params: Any = None) -> WorkQueue:
        """Where an operation's runs wait; without its parameters, where the one does that asks for most."""
        asking = [each.name for each in operation.params.fields() if each.spec.needs]
        heavy = operation.needs or any(params is None or getattr(params, each) for each in asking)
        return self.models if heavy else self.pictures

    def stop(self) -> int:
        """End all work for good; returns how many pieces of work that ended."""
        return sum(each.stop() for each in (self.quick, self.pictures, self.models))

    def are_at_rest(self, within_s: float) -> bool:
        """Wait until no thread works; whether none does."""
        until = time.monotonic() + within_s
        queues = (self.quick, self.pictures, self.models)
        return all(each.is_at_rest(max(0.0, until - time.monotonic())) for each in queues)


QUEUES = WorkQueues()
"""Those of this process; they outlive a WebUI's "Reload UI", and the API and the page share them."""
