"""The engine of the thread that asks: nothing goes on beside it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


class InTurn:
    """One item after the other, each when it is asked for."""

    def map(self, work: Callable[[T], R], items: Iterable[T], *, ahead: int) -> Generator[R, None, None]:
        """See `Engine`; none is begun before it is asked for."""
        del ahead
        for each in items:
            yield work(each)
