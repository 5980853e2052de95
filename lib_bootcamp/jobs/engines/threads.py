"""The engine of this process: its threads, one for each core or fewer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

from lib_bootcamp.core.images.parallel import map_ordered

T = TypeVar("T")
R = TypeVar("R")


class Threads:
    """Threads of this process.

    Args:
        count: as many as there are cores where it is None.
    """

    def __init__(self, count: int | None = None) -> None:
        self.count = count

    def map(self, work: Callable[[T], R], items: Iterable[T], *, ahead: int) -> Generator[R, None, None]:
        """See `Engine`; at least two items are begun for each thread."""
        return map_ordered(work, items, threads=self.count, ahead=ahead)
