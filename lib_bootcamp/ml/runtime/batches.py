"""Many items through a model, a batch at a time, so that others get their turn on the device between batches.

Importing this file does not import torch.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Generic, Protocol, TypeVar

from lib_bootcamp.core.images.parallel import map_ordered
from lib_bootcamp.errors import BootcampError, OutOfMemoryError
from lib_bootcamp.ports import Host, Progress, Turns

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
    turns = Turns(context.host, context.progress, title, len(items), unit)
    for made in _Work(turns, work, size).run(iter(items)):
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
    if ahead is None:
        ahead = context.host.device() != "cpu"
    turns = Turns(context.host, context.progress, title, len(items), unit)
    with closing(
        _prepared(partial(_attempt, prepare), items, min(size, len(items)), 2 * size if ahead else 0)
    ) as ready:
        for made in _Work(turns, work, size).run(ready):
            yield made.error if isinstance(made, _Failed) else made


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


def _prepared(prepare: Callable[[T], P], items: Sequence[T], size: int, ahead: int) -> Generator[P, None, None]:
    """Prepared items in order; a batch of `size` at once, and `ahead` more; without these nothing beyond the batch."""
    if ahead:
        yield from map_ordered(prepare, items, ahead=size + ahead)
        return
    for at in range(0, len(items), size or 1):
        yield from map_ordered(prepare, items[at : at + size])


@dataclass
class _Work(Generic[P, R]):
    """One piece of work: the host sees a job for each batch."""

    turns: Turns
    work: Callable[[list[P]], Sequence[R]]
    size: int

    def run(self, ready: Iterator[P | _Failed]) -> Iterator[R | _Failed]:
        """Results in order, batch by batch."""
        waiting: list[P | _Failed] = []
        while self.turns.done < self.turns.total:
            with self.turns.turn():
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
                raise OutOfMemoryError(self.turns.title)
            self.size = len(good) // 2
            return None
        results = [each if isinstance(each, _Failed) else next(made) for each in batch]
        self.turns.reach(self.turns.done + len(batch))
        return results
