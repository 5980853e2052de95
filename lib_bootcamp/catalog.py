"""The only list of operations."""

from __future__ import annotations

from typing import Any

from .operation import Operation
from .operations.brightness import BRIGHTNESS
from .operations.classify import CLASSIFY
from .operations.lighting import LIGHTING
from .operations.qr import QR
from .operations.scan import SCAN

OPERATIONS: tuple[Operation[Any, Any], ...] = (QR, BRIGHTNESS, LIGHTING, SCAN, CLASSIFY)


def find(name: str) -> Operation[Any, Any]:
    """The operation of this name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in OPERATIONS}[name]


def names() -> tuple[str, ...]:
    """The operations' names, in the order of the tabs."""
    return tuple(each.name for each in OPERATIONS)
