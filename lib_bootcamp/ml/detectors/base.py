"""What a detector is, and what it says of a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch

from lib_bootcamp.core.controlnet.detector_options import Options
from lib_bootcamp.core.images.arrays import Image


@dataclass(frozen=True)
class Find:
    """Something that was found.

    Args:
        label: what.
        score: how sure, [0, 1].
        box: left, top, right, bottom as shares of width and height.
    """

    label: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class Detected:
    """What a detector says: uint8 [h, w, 3] RGB of any size, and what it found, where it finds things."""

    image: Image
    found: tuple[Find, ...] = ()


class Loaded(Protocol):
    """A detector in memory."""

    def modules(self) -> list[torch.nn.Module]:
        """Its networks."""

    def to(self, device: str) -> None:
        """Move it."""

    def detect(self, image: Image, options: Options) -> Detected:
        """Make the map of a picture, uint8 [H, W, 3] RGB."""
