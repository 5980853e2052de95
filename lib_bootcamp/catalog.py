"""The only list of operations."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .operation import Operation
from .operations.all_maps import ALL_MAPS
from .operations.brightness import BRIGHTNESS
from .operations.caption import CAPTION
from .operations.classify import CLASSIFY
from .operations.compatibility import COMPATIBILITY
from .operations.dataset_captions import DATASET_CAPTIONS
from .operations.dataset_report import DATASET_REPORT
from .operations.detect import DETECT
from .operations.edges import EDGES
from .operations.interrogate import INTERROGATE
from .operations.lighting import LIGHTING
from .operations.maps_folder import with_folder
from .operations.png_info import PNG_INFO
from .operations.png_info_edit import PNG_INFO_EDIT
from .operations.qr import QR
from .operations.qr_art import QR_ART
from .operations.recolor import RECOLOR
from .operations.scan import SCAN
from .operations.txt2img import TXT2IMG

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
