"""Work through a picture in strips of rows that fit the processor's cache, on a few threads.

numpy and OpenCV release the interpreter's lock, so parts of a large picture run side by side; temporaries
stay as small as a strip whatever the size of the picture. Arrays are kept from strip to strip (`Scratch`) and
written with `out=` or `dst=`: touching fresh memory costs up to ten times the work on it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

STRIP_PIXELS = 1 << 16
MAX_THREADS = 4
THREADED_FROM = 1 << 19


_this = threading.local()


def work_alone() -> None:
    """From now on pictures are worked through in this thread alone: others have pictures of their own."""
    _this.alone = True


class Scratch:
    """Arrays kept from strip to strip; every thread has its own."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def __call__(self, name: str, shape: tuple[int, ...], dtype: type[np.generic] = np.float32) -> NDArray[Any]:
        """An array of this name, shape and type with whatever it held before."""
        held = self._held.get(name)
        if held is None or held.shape != shape:
            held = self._held[name] = np.empty(shape, dtype=dtype)
        return held


def strips(top: int, bottom: int, width: int, *, multiple: int = 1, least: int = 1) -> Iterator[tuple[int, int]]:
    """Cut rows into (top, bottom) ranges of about `STRIP_PIXELS` pixels, `multiple` rows or a multiple of it.

    Args:
        top: the first row.
        bottom: the row after the last.
        width: in pixels.
        multiple: of rows.
        least: rows of a strip, where strips overlap and short ones would be mostly overlap.
    """
    rows = max(multiple, STRIP_PIXELS // width // multiple * multiple, -(-least // multiple) * multiple)
    for start in range(top, bottom, rows):
        yield start, min(start + rows, bottom)


def run_parts(height: int, width: int, work: Callable[[int, int], T], *, multiple: int = 1) -> list[T]:
    """Call `work(top, bottom)` for parts of a picture that cover it; one part for a small picture.

    Args:
        height: of the picture.
        width: of the picture.
        work: does the rows of one part and writes to no other's.
        multiple: parts begin at a multiple of it.
    Returns:
        what `work` returned, from top to bottom.
    """
    threads = 1 if getattr(_this, "alone", False) else min(MAX_THREADS, os.cpu_count() or 1)
    if threads < 2 or height * width < THREADED_FROM:
        return [work(0, height)]
    rows = -(-height // (threads * multiple)) * multiple
    parts = [(top, min(top + rows, height)) for top in range(0, height, rows)]
    others = [_pool().submit(work, *part) for part in parts[1:]]
    try:
        first = work(*parts[0])  # here, where a thread is awake already
    finally:
        wait(others)  # they write into arrays of the caller
    return [first, *(each.result() for each in others)]


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    """One for all pictures: beginning threads costs as much as a small picture's work."""
    return ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="bootcamp-strips")
