"""The files of one training, in the order of their steps, and a bounded choice of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.training.samples import is_file_of, step_of_file

T = TypeVar("T")


def files_of_run(name: str, files: Iterable[str], folder: Path) -> list[Path]:
    """The files of a training: those after a step in the order of steps, the one that is called as it is the last.

    Args:
        name: of the training.
        files: what lies in the folder.
        folder: where they lie.
    """
    own = [each for each in files if is_file_of(name, each)]
    last = f"{name}{ENDING}"
    steps = sorted((each for each in own if each != last), key=lambda each: (step_of_file(each), each))
    return [folder / each for each in (*steps, *([last] if last in own else ()))]


def spread_over(items: Sequence[T], most: int) -> list[T]:
    """So many items at most, at equal distances, the first and the last among them.

    Args:
        items: in their order.
        most: 2 or more.
    """
    if len(items) <= most:
        return list(items)
    return [items[round(at * (len(items) - 1) / (most - 1))] for at in range(most)]
