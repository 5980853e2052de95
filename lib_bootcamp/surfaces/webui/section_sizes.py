"""The sizes of a generation's pictures, and maps brought to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.operation import Operation

from .section import SIZE

LATENT_PX = 8


def target_sizes(p: Any) -> list[tuple[int, int]]:
    """(width, height) of the picture, and of the hires pass where there is one, as ControlNet rounds them."""
    width, height = int(p.width), int(p.height)
    sizes = [(width, height)]
    if getattr(p, "enable_hr", False):
        x, y = int(getattr(p, "hr_resize_x", 0) or 0), int(getattr(p, "hr_resize_y", 0) or 0)
        if not x and not y:
            x, y = int(width * p.hr_scale), int(height * p.hr_scale)
        sizes.append((x or y * width // height, y or x * height // width))
    return [(rounded_side(x), rounded_side(y)) for x, y in sizes]


def rounded_side(side: int) -> int:
    """A picture's side as the model draws it."""
    return max(LATENT_PX, side // LATENT_PX * LATENT_PX)


def check_size(operation: Operation[Any, Any], width: int, height: int) -> None:
    """Refuse a side that is too small for a map as it was given, before it is rounded.

    Raises:
        InvalidParamError: naming the side.
    """
    sides = dict(zip(SIZE, (width, height), strict=True))
    for param in operation.params.fields():
        if param.name in sides and sides[param.name] < (param.spec.ge or 1):
            param.check(sides[param.name])


def nearest(image: Image, size: tuple[int, int]) -> Image:
    """Scale without mixing colors; size is (width, height)."""
    rows = (np.arange(size[1]) * image.shape[0] // size[1]).clip(0, image.shape[0] - 1)
    columns = (np.arange(size[0]) * image.shape[1] // size[0]).clip(0, image.shape[1] - 1)
    return np.ascontiguousarray(image[rows][:, columns])
