"""Libraries that print or log what a caller reports in one sentence are kept quiet meanwhile.

Standard output and the root logger are one for all threads: who comes first changes them, who goes last puts them back.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from collections.abc import Callable, Iterator


class WhileAny:
    """A change of something that all threads share, for as long as any of them is inside of the block.

    Args:
        change: makes it, and gives what puts it back.
    """

    def __init__(self, change: Callable[[], Callable[[], None]]) -> None:
        self._change = change
        self._inside = 0
        self._lock = threading.Lock()
        self._back: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        """The block."""
        with self._lock:
            if not self._inside:
                self._back = self._change()
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    self._back()


def _no_output() -> Callable[[], None]:
    before, ours = sys.stdout, io.StringIO()
    sys.stdout = ours

    def back() -> None:
        if sys.stdout is ours:  # else somebody else's by now
            sys.stdout = before

    return back


def _no_log() -> Callable[[], None]:
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    return lambda: logger.setLevel(before)


quiet_output = WhileAny(_no_output)
"""Nothing reaches standard output: some detectors print while they load."""
quiet_log = WhileAny(_no_log)
"""Nothing reaches the root logger."""
