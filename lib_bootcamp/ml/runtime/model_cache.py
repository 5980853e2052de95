"""Models beside the checkpoint, loaded once for all operations of a host and given back after a while.

Importing this file does not import torch.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from lib_bootcamp.ports import KeptModel

T = TypeVar("T")
IDLE_S = 300.0
"""How long an unused model stays in memory where nothing else is set."""


@dataclass
class _Place:
    loading: threading.Lock = field(default_factory=threading.Lock)
    model: Any = None
    lent: int = 0
    free_since: float = 0.0


class ModelCache:
    """The models of one host: each is loaded by whoever asks first and lent to everybody.

    A model that nobody uses is dropped after `idle` seconds, or at once where that is 0 (a host that
    saves video memory). One that is lent is never dropped.

    Args:
        idle: seconds, asked for whenever a model comes back.
        clock: a monotonic time in seconds.
    """

    def __init__(self, idle: Callable[[], float] = lambda: IDLE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._idle, self._clock = idle, clock
        self._places: dict[str, _Place] = {}
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._wakes_at = 0.0

    @contextmanager
    def borrow(self, key: str, load: Callable[[], T]) -> Iterator[T]:
        """Lend the model of this key for the length of a block; `load` is called when it is not there.

        Two that ask for one model at the same time share one loading; different models load side by side.
        What `load` raises is raised here, and the next one tries again.
        """
        with self._lock:
            place = self._places.setdefault(key, _Place())
            place.lent += 1
        try:
            with place.loading:
                if place.model is None:
                    place.model = load()
            yield place.model
        finally:
            with self._lock:
                place.lent -= 1
                place.free_since = self._clock()
            self.drop_idle()

    def listed(self) -> tuple[KeptModel, ...]:
        """What is in memory now, in the order it was asked for."""
        with self._lock:
            kept = [(key, place.model) for key, place in self._places.items() if place.model is not None]
        return tuple(
            KeptModel(
                name=str(getattr(model, "name", key)),
                device=str(getattr(model, "device", "cpu")),
                bytes=int(getattr(model, "bytes", 0)),
            )
            for key, model in kept
        )

    def drop_idle(self) -> None:
        """Drop what nobody has used for too long, and look again when the next one is due."""
        limit = self._idle()
        with self._lock:
            self._drop(lambda place: self._clock() - place.free_since >= limit)
            free = [place.free_since for place in self._places.values() if not place.lent]
            self._wake_at(min(free) + limit if free else None)

    def clear(self) -> None:
        """Drop everything that is not lent, and stop the timer."""
        with self._lock:
            self._drop(lambda place: True)
            self._wake_at(None)

    def _drop(self, due: Callable[[_Place], bool]) -> None:
        gone = [key for key, place in self._places.items() if not place.lent and due(place)]
        held = [self._places.pop(key).model is not None for key in gone]
        if any(held):
            free_memory()

    def _wake_at(self, due: float | None) -> None:
        """Look again then. A timer that ends earlier is left: it looks when the next one is due."""
        if self._timer is not None and self._timer.is_alive():
            if due is not None and self._clock() < self._wakes_at <= due:
                return
            self._timer.cancel()
        self._timer = None
        if due is not None:
            self._wakes_at = due
            self._timer = threading.Timer(max(due - self._clock(), 0.0) + 0.01, _drop_idle, (weakref.ref(self),))
            self._timer.daemon = True
            self._timer.start()

    def __del__(self) -> None:
        if getattr(self, "_timer", None) is not None:
            self._timer.cancel()  # type: ignore[union-attr]


def _drop_idle(model_cache: weakref.ref[ModelCache]) -> None:
    """The timer's call: it does not keep the model cache alive."""
    held = model_cache()
    if held is not None:
        held.drop_idle()


def free_memory() -> None:
    """Give back what torch keeps for later."""
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
    elif torch is not None and torch.backends.mps.is_available():
        torch.mps.empty_cache()
