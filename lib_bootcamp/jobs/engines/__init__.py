"""Where a job's items are worked on. `Engine` is the port; each adapter has a file here."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Engine(Protocol):
    """Maps work over items, in order and bounded: what is begun and not taken yet never grows beyond `ahead`."""

    def map(self, work: Callable[[T], R], items: Iterable[T], *, ahead: int) -> Generator[R, None, None]:
        """What work makes of each item, in order.

        Closing it waits for what was begun and begins no more.

        Args:
            work: what is done; a mistake that it raises comes out in its item's place.
            items: taken as they are needed.
            ahead: how many may be begun before they are asked for.
        """
