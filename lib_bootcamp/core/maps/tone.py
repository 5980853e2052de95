"""Pointwise tone as one table of 256 values: levels, gamma, curve, posterize, invert; and CLAHE."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv

Point = tuple[float, float]


def parse_curve(text: str) -> tuple[Point, ...]:
    """Read the points of a tone curve from a text such as "0,0; 0.5,0.6; 1,1".

    Returns:
        (input, output) pairs in [0, 1], at least two, or none for an empty text.
    Raises:
        ValueError: its text says what is wrong, to follow the parameter's name.
    """
    if not text.strip():
        return ()
    try:
        pairs = [tuple(float(each) for each in part.split(",")) for part in text.split(";") if part.strip()]
    except ValueError:
        pairs = []
    points = [(each[0], each[1]) for each in pairs if len(each) == 2]
    if len(points) < 2 or len(points) != len(pairs):
        raise ValueError('must be two or more points such as "0,0; 0.5,0.6; 1,1"')
    if not all(0 <= value <= 1 for point in points for value in point):
        raise ValueError("must have points from 0 to 1 in both directions")
    if any(after[0] <= before[0] for before, after in itertools.pairwise(points)):
        raise ValueError("must have points of growing input, each given once")
    return tuple(points)


def evaluate_curve(points: Sequence[Point], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Run a smooth curve through points without overshoot: where the points rise, the curve rises.

    Args:
        points: two or more (input, output) pairs, inputs growing; outside them the curve is level.
        values: inputs, of any shape.
    Returns:
        outputs, of the same shape.
    Source: Fritsch and Carlson, "Monotone Piecewise Cubic Interpolation", SIAM J. Numer. Anal. 17 (1980).
    """
    x, y = (np.array(each, dtype=np.float64) for each in zip(*points, strict=True))
    width = np.diff(x)
    secant = np.diff(y) / width
    slope = np.concatenate([secant[:1], (secant[:-1] + secant[1:]) / 2, secant[-1:]])
    slope[1:-1][secant[:-1] * secant[1:] <= 0] = 0
    for index, rise in enumerate(secant):
        if rise == 0:
            slope[index : index + 2] = 0
            continue
        length, limit = np.hypot(slope[index], slope[index + 1]), 3 * abs(rise)
        if length > limit:
            slope[index : index + 2] *= limit / length
    place = np.clip(values, x[0], x[-1])
    part = np.clip(np.searchsorted(x, place, side="right") - 1, 0, len(secant) - 1)
    t = (place - x[part]) / width[part]
    out = (
        y[part]
        + (y[part + 1] - y[part]) * t * t * (3 - 2 * t)
        + slope[part] * width[part] * t * (1 - t) ** 2
        + slope[part + 1] * width[part] * t * t * (t - 1)
    )
    # Rounded, so that errors in the last digit cannot make a level curve waver between two gray values.
    return cast("NDArray[np.float64]", np.clip(np.round(out, 12), 0, 1))


def tone_table(  # noqa: PLR0913 - the steps of one table
    *,
    black_point: float = 0.0,
    white_point: float = 1.0,
    gamma: float = 1.0,
    curve: Sequence[Point] = (),
    levels: int | None = None,
    invert: bool = False,
) -> Image:
    """All pointwise steps, in this order, as one table.

    Args:
        black_point: input in [0, 1] that becomes 0; below the white point.
        white_point: input in [0, 1] that becomes 1.
        gamma: output = input ** (1 / gamma), so above 1 is brighter.
        curve: points as of `parse_curve`; none for a straight line.
        levels: posterize to this many evenly spaced values, 2 to 256; None for all.
        invert: last of all, 0 becomes 1 and 1 becomes 0.
    Returns:
        uint8 [256].
    """
    value = np.clip((np.arange(256) / 255 - black_point) / (white_point - black_point), 0, 1) ** (1 / gamma)
    if curve:
        value = evaluate_curve(curve, value)
    if levels is not None:
        value = np.minimum(np.floor(value * levels), levels - 1) / (levels - 1)
    table = np.round(255 * value).astype(np.uint8)
    return 255 - table if invert else table


def apply_table(image: Image, table: Image) -> Image:
    """Look every value up.

    Returns:
        uint8 of the same shape; the input itself when the table changes nothing.
    """
    cv2 = opencv()
    if np.array_equal(table, np.arange(256)):
        return image
    out: Image = cv2.LUT(np.ascontiguousarray(image), table)
    return out


def auto_points(image: Image, clip: float) -> tuple[float, float]:
    """The black and white point that leave a share of the pixels beyond each.

    Args:
        image: uint8 [H, W].
        clip: share in [0, 0.5) of the pixels that may become black, and as many white.
    Returns:
        in [0, 1], black below white; (0, 1) for a picture of one value.
    """
    cv2 = opencv()
    counts = cv2.calcHist([image], [0], None, [256], [0, 256]).reshape(-1).astype(np.float64).cumsum()
    low = int(np.searchsorted(counts, clip * counts[-1], side="right"))
    high = int(np.searchsorted(counts, (1 - clip) * counts[-1], side="left"))
    return (low / 255, high / 255) if low < high else (0.0, 1.0)


def clahe(image: Image, clip_limit: float, tiles: int) -> Image:
    """Contrast-limited adaptive histogram equalization.

    Args:
        image: uint8 [H, W].
        clip_limit: how steep the tone curve of a tile may become, as a multiple of the even histogram.
        tiles: per side; never more than the picture has pixels.
    Returns:
        uint8 [H, W].
    Source: Zuiderveld, "Contrast Limited Adaptive Histogram Equalization", Graphics Gems IV (1994).
    """
    cv2 = opencv()
    grid = min(tiles, image.shape[1]), min(tiles, image.shape[0])
    out: Image = cv2.createCLAHE(clip_limit, grid).apply(np.ascontiguousarray(image))
    return out
