"""What an operation may ask of the program that runs it, by need. Adapters are in `hosts/`."""

from __future__ import annotations

from typing import Protocol

from .folders import ALLOWED_FOLDERS, FolderHost
from .models import STEER, Components, HostCaptioner, KeptModel, ModelCache, ModelHost, ModelInfo, Steer
from .page import HostInfo, PageHost
from .queue import Progress, QueueHost, Relay, SilentProgress, Stoppable, Turns, track

__all__ = [
    "ALLOWED_FOLDERS",
    "STEER",
    "Components",
    "Host",
    "HostCaptioner",
    "HostInfo",
    "KeptModel",
    "ModelCache",
    "ModelInfo",
    "Progress",
    "Relay",
    "SilentProgress",
    "Steer",
    "Stoppable",
    "Turns",
    "track",
]


class Host(QueueHost, FolderHost, ModelHost, PageHost, Protocol):
    """The program around the operations: the WebUI, Forge, or this package on its own."""
