"""Many items through a model, a batch at a time, so that others get their turn on the device between batches.

Importing this file does not import torch.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

from lib_bootcamp.errors import BootcampError, CancelledError, OutOfMemoryError
from lib_bootcamp.ports import Host, Progress

from .model_cache import free_memory

T = TypeVar("T")
P = TypeVar("P")
R = TypeVar("R")
# What torch (CUDA, MPS, CPU) and ONNX Runtime say when there is no more memory.
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "failed to allocate memory")


class Surroundings(Protocol):
    """What a run may use: an operation's `Context`."""

    @property
    def host(self) -> Host:
        """The program around."""

    @property
    def progress(self) -> Progress:
        """The display and the stop button."""


@dataclass(frozen=True)
class Within:
    """Surroundings whose progress is a part of another one's."""

    host: Host
    progress: Progress


def in_batches(  # noqa: PLR0913 - what a person is shown, and how
    context: Surroundings,
    items: Sequence[T],
    work: Callable[[list[T]], Sequence[R]],
    *,
    size: int,
    title: str,
    unit: str,
) -> Iterator[R]:
    """Run `work` on batches of `items` and yield its results, one for each item, in order.

    The host's queue is held for the length of one batch only. A batch that does not fit into memory
    is halved, and all later ones are as small.

    Args:
        context: the operation's.
        items: all of them.
        work: takes a batch, gives one result for each of its items.
        size: items in a batch at most.
        title: what the host shows while it runs.
        unit: what the items are.

    Raises:
        CancelledError: the person stopped it; what was finished has been yielded before.
        OutOfMemoryError: one item alone does not fit.
    """
    for made in _Work(context, work, len(items), size, title, unit).run(iter(items)):
        if not isinstance(made, _Failed):  # nothing was prepared, nothing failed
            yield made


def prepared_in_batches(  # noqa: PLR0913
    context: Surroundings,
    items: Sequence[T],
    prepare: Callable[[T], P],
    work: Callable[[list[P]], Sequence[R]],
    *,
    size: int,
    title: str,
    unit: str,
    ahead: bool | None = None,
) -> Iterator[R | BootcampError]:
    """As `in_batches`, with each item prepared (read, decoded) on one of the processor's threads before.

    A `BootcampError` that `prepare` raises is yielded in the place of the item's result, and the others go on.

    Args:
        context: the operation's.
        items: all of them.
        prepare: makes of one item what `work` takes; called from several threads.
        work: takes a batch of prepared items, gives one result for each.
        size: items in a batch at most.
        title: what the host shows while it runs.
        unit: what the items are.
        ahead: whether the next batches are prepared while the model works; default: where it works on a device
            of its own (on the processor they would take its cores from each other).

    Raises:
        CancelledError, OutOfMemoryError: as `in_batches`.
    """
    far = 2 * size if (context.host.device() != "cpu" if ahead is None else ahead) else 0
    threads = os.cpu_count() or 1
    pool = ThreadPoolExecutor(threads, thread_name_prefix="bootcamp-prepare")
    try:
        ready = _ahead(pool, lambda item: _attempt(prepare, item), items, keep=far, least=min(size, len(items)))
        for made in _Work(context, work, len(items), size, title, unit).run(ready):
            yield made.error if isinstance(made, _Failed) else made
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a library says that memory ran out; each has a class of its own or only a sentence."""
    text = str(error).lower()
    if isinstance(error, BootcampError):
        return False
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(each in text for each in OUT_OF_MEMORY)
    )


class _Failed:
    """In an item's place: it could not be prepared."""

    def __init__(self, error: BootcampError) -> None:
        self.error = error


def _attempt(prepare: Callable[[T], P], item: T) -> P | _Failed:
    try:
        return prepare(item)
    except BootcampError as error:
        return _Failed(error)


def _ahead(
    pool: ThreadPoolExecutor, prepare: Callable[[T], P], items: Sequence[T], *, keep: int, least: int
) -> Iterator[P]:
    """Prepared items in order; while `least` are taken at once all threads work, `keep` more are begun before that."""
    waiting: deque[Future[P]] = deque()
    source = iter(items)
    taken = 0
    while True:
        # without `keep` nothing is begun beyond the batch that is being taken
        wanted = keep + least if keep else least - taken % least
        waiting.extend(pool.submit(prepare, item) for item in islice(source, wanted - len(waiting)))
        if not waiting:
            return
        yield waiting.popleft().result()
        taken += 1


@dataclass
class _Work(Generic[P, R]):
    """One piece of work: the host sees a job of `title` for each batch."""

    context: Surroundings
    work: Callable[[list[P]], Sequence[R]]
    total: int
    size: int
    title: str
    unit: str
    done: int = 0
    stopped: bool = False

    def run(self, ready: Iterator[P | _Failed]) -> Iterator[R | _Failed]:
        """Results in order, batch by batch."""
        waiting: list[P | _Failed] = []
        while self.done < self.total:
            if self.stopped or self.context.progress.cancelled():
                raise CancelledError(self.done)
            # Everything is inside: a WebUI's bar and its Interrupt button are ours only while we hold its queue.
            with self.context.host.gpu(self.title):
                if not self.done:
                    self.context.progress.start(self.title, self.total, self.unit)
                else:  # a WebUI's bar is empty each time its queue is taken
                    self.context.progress.step(self.done)
                waiting += islice(ready, max(0, self.size - len(waiting)))
                batch = waiting[: self.size]
                made = self._attempt(batch)
            if made is not None:
                waiting = waiting[len(batch) :]
                yield from made

    def _attempt(self, batch: list[P | _Failed]) -> list[R | _Failed] | None:
        """The batch's results, or None where it did not fit and has to be smaller."""
        good = [each for each in batch if not isinstance(each, _Failed)]
        made: Iterator[R] | None = None
        try:
            made = iter(self.work(good)) if good else iter(())
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
        if made is None:  # outside of `except`, whose traceback keeps the tensors of the failed call alive
            free_memory()
            if len(good) == 1:
                raise OutOfMemoryError(self.title)
            self.size = len(good) // 2
            return None
        results = [each if isinstance(each, _Failed) else next(made) for each in batch]
        self.done += len(batch)
        self.context.progress.step(self.done)
        self.stopped = self.context.progress.cancelled()
        return results
