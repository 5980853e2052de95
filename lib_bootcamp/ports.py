"""What an operation may ask of the program that runs it. Adapters are in `hosts/`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from .errors import CancelledError

T = TypeVar("T")


@dataclass(frozen=True)
class HostInfo:
    """What `GET /info` and `info` tell of the host."""

    name: str
    version: str
    device: str
    checkpoint: str | None
    packages: dict[str, str]


class Progress(Protocol):
    """The host's own progress display and its stop button."""

    def start(self, title: str, total: int, unit: str) -> None:
        """Begin a piece of work of `total` items."""

    def step(self, done: int, note: str = "") -> None:
        """`done` items of the current piece are finished."""

    def cancelled(self) -> bool:
        """Whether the person asked to stop."""


class Host(Protocol):
    """The program around the operations: the WebUI, Forge, or this package on its own."""

    name: str

    def info(self) -> HostInfo:
        """Describe the host; never loads a model."""

    def device(self) -> str:
        """The torch device that models run on: `cuda`, `cuda:N`, `mps` or `cpu`."""

    def data_dir(self) -> Path:
        """A folder of this package's own for journals and caches; made on demand."""

    def gpu(self, job: str) -> AbstractContextManager[None]:
        """Hold the host's queue, mark its state busy, give the device back on exit."""

    def progress(self) -> Progress:
        """A display for one operation's run."""

    def checkpoint(self) -> str | None:
        """The checkpoint the host draws with, or None when it has none; never loads it."""


def track(progress: Progress, items: Iterable[T], *, title: str, total: int, unit: str) -> Iterator[T]:
    """Yield items while showing progress; stop within one item when cancelled.

    Raises:
        CancelledError: the person asked to stop; carries how many items were finished.
    """
    progress.start(title, total, unit)
    for done, item in enumerate(items):
        if progress.cancelled():
            raise CancelledError(done)
        yield item
        progress.step(done + 1)
