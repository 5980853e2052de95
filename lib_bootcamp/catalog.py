"""The only list of operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .operation import Operation
from .operations.controlnet.compatibility import COMPATIBILITY
from .operations.datasets.captions import DATASET_CAPTIONS
from .operations.datasets.report import DATASET_REPORT
from .operations.describe.caption import CAPTION
from .operations.describe.classify import CLASSIFY
from .operations.describe.interrogate import INTERROGATE
from .operations.draw.qr_art import QR_ART
from .operations.draw.txt2img import TXT2IMG
from .operations.maps.all_maps import ALL_MAPS
from .operations.maps.brightness import BRIGHTNESS
from .operations.maps.detect import DETECT
from .operations.maps.edges import EDGES
from .operations.maps.folder import with_folder
from .operations.maps.lighting import LIGHTING
from .operations.maps.recolor import RECOLOR
from .operations.png_info.edit import PNG_INFO_EDIT
from .operations.png_info.read import PNG_INFO
from .operations.qr.qr import QR
from .operations.qr.scan import SCAN

OPERATIONS: tuple[Operation[Any, Any], ...] = (
    QR,
    with_folder(BRIGHTNESS),
    with_folder(LIGHTING),
    with_folder(RECOLOR),
    with_folder(EDGES),
    with_folder(DETECT),
    with_folder(ALL_MAPS),
    COMPATIBILITY,
    SCAN,
    CLASSIFY,
    INTERROGATE,
    PNG_INFO,
    PNG_INFO_EDIT,
    CAPTION,
    DATASET_REPORT,
    DATASET_CAPTIONS,
    TXT2IMG,
    QR_ART,
)


def offered(host: str, operations: Iterable[Operation[Any, Any]] = OPERATIONS) -> tuple[Operation[Any, Any], ...]:
    """The operations that a host of this name offers."""
    return tuple(each for each in operations if not each.hosts or host in each.hosts)


def find(name: str) -> Operation[Any, Any]:
    """The operation of this name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in OPERATIONS}[name]


def names() -> tuple[str, ...]:
    """The operations' names, in the order of the tabs."""
    return tuple(each.name for each in OPERATIONS)
