"""The aspect buckets that kohya's trainer sorts pictures into.

Source: kohya-ss/sd-scripts, library/model_util.py `make_bucket_resolutions` and library/train_util.py `BucketManager`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Size: TypeAlias = tuple[int, int]
STEP_PX = 64


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A picture in its bucket.

    Args:
        bucket: width and height in px of what is trained on.
        scaled: width and height that the picture is scaled to before its edges are cut off.
        cropped: the share of the scaled picture that is cut off, 0 to 1.
        upscale_factor: how many times its sides are enlarged; 1 or less where it is not.
    """

    bucket: Size
    scaled: Size
    cropped: float
    upscale_factor: float


@functools.lru_cache(maxsize=32)
def bucket_sizes(
    resolution: Size = (512, 512), *, min_px: int = 256, max_px: int = 1024, step_px: int = STEP_PX
) -> tuple[Size, ...]:
    """Width and height of every bucket, sorted; none has more pixels than `resolution`, but for the square at least one
    step on each side.

    Args:
        resolution: width and height that name the area.
        min_px: the shortest side.
        max_px: the longest side.
        step_px: sides are multiples of this.
    """
    area = resolution[0] * resolution[1]
    square = max(1, int(math.sqrt(area) // step_px)) * step_px
    sizes = {(square, square)}
    for width in range(min_px, max_px + 1, step_px):
        height = min(max_px, area // width // step_px * step_px)
        if height >= min_px:
            sizes |= {(width, height), (height, width)}
    return tuple(sorted(sizes))


def place(width: int, height: int, sizes: Sequence[Size]) -> Placed:
    """The bucket of a picture: its own size where there is one, else the nearest ratio of width to height.

    Args:
        width: of the picture, in px.
        height: of the picture, in px.
        sizes: as `bucket_sizes` gives them.
    """
    ratio = width / height
    bucket = min(sizes, key=lambda size: ((width, height) != size, abs(size[0] / size[1] - ratio)))
    scale = bucket[1] / height if ratio > bucket[0] / bucket[1] else bucket[0] / width
    return _placed(width, height, bucket, (int(width * scale + 0.5), int(height * scale + 0.5)))


def place_without_upscale(width: int, height: int, resolution: Size, *, step_px: int = STEP_PX) -> Placed:
    """The bucket under `bucket_no_upscale`: only what is too large is scaled, then sides are cut to whole steps.

    Args:
        width: of the picture, in px.
        height: of the picture, in px.
        resolution: width and height that name the area.
        step_px: sides are multiples of this; a picture that is smaller than one step keeps one.
    """
    area, ratio = resolution[0] * resolution[1], width / height
    scaled = (width, height)
    if width * height > area:
        wide = math.sqrt(area * ratio)
        by_width = max(step_px, int(wide + 0.5) // step_px * step_px)
        by_height = max(step_px, int(area / wide + 0.5) // step_px * step_px)
        beside_width = max(step_px, int(by_width / ratio + 0.5) // step_px * step_px)
        beside_height = max(step_px, int(by_height * ratio + 0.5) // step_px * step_px)
        if abs(by_width / beside_width - ratio) < abs(beside_height / by_height - ratio):
            scaled = (by_width, int(by_width / ratio + 0.5))
        else:
            scaled = (int(by_height * ratio + 0.5), by_height)
    bucket = (max(step_px, scaled[0] // step_px * step_px), max(step_px, scaled[1] // step_px * step_px))
    return _placed(width, height, bucket, scaled)


def _placed(width: int, height: int, bucket: Size, scaled: Size) -> Placed:
    kept = min(bucket[0], scaled[0]) * min(bucket[1], scaled[1]) / max(1, scaled[0] * scaled[1])
    return Placed(
        bucket=bucket, scaled=scaled, cropped=1 - kept, upscale_factor=max(scaled[0] / width, scaled[1] / height)
    )
