"""Many items on all cores, in order and with only a few ahead."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from .strips import work_alone

T = TypeVar("T")
R = TypeVar("R")


def map_ordered(
    work: Callable[[T], R], items: Iterable[T], *, threads: int | None = None, ahead: int = 0
) -> Generator[R, None, None]:
    """What work makes of each item, in order; closing it waits for what was begun and begins no more.

    Args:
        work: called in several threads.
        items: taken as they are needed.
        threads: as many as there are cores where it is None.
        ahead: how many are begun before they are asked for; at least two for each thread.
    """
    count = threads or os.cpu_count() or 1
    most = max(2 * count, ahead)
    pool = ThreadPoolExecutor(count, thread_name_prefix="bootcamp-ahead", initializer=work_alone)
    waiting: deque[Future[R]] = deque()
    source = iter(items)
    try:
        while True:
            waiting.extend(pool.submit(work, item) for item in islice(source, most - len(waiting)))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
