"""What is done with lines once they are found: thinning to one pixel, dropping short ones, thickness."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv


@lru_cache(maxsize=1)
def _removable() -> tuple[Image, Image]:
    """For both halves of a pass: the neighbors' code to 255 where the middle stays, to 0 where it goes."""
    tables = np.full((2, 256), 255, dtype=np.uint8)
    for code in range(256):
        # P2 to P9: clockwise from the pixel above
        p = [code >> bit & 1 for bit in range(8)]
        transitions = sum(not p[bit] and bool(p[(bit + 1) % 8]) for bit in range(8))
        if not 2 <= sum(p) <= 6 or transitions != 1:
            continue
        north, east, south, west = p[0], p[2], p[4], p[6]
        if not north * east * south and not east * south * west:
            tables[0, code] = 0
        if not north * east * west and not north * south * west:
            tables[1, code] = 0
    return tables[0], tables[1]


@lru_cache(maxsize=1)
def _neighbor_bits() -> Floats:
    kernel = np.zeros((3, 3), dtype=np.float32)
    clockwise = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    for bit, place in enumerate(clockwise):
        kernel[place] = 1 << bit
    return kernel


def thin(lines: Image) -> Image:
    """Reduce lines to their centers, one pixel wide, without breaking them.

    OpenCV has this in a module that not every build carries, at twice the time.

    Args:
        lines: uint8 [H, W], not 0 on a line.
    Returns:
        uint8 [H, W], 0 or 255.
    Source: Zhang and Suen, "A Fast Parallel Algorithm for Thinning Digital Patterns", CACM 27 (1984).
    """
    cv2 = opencv()
    ones = (lines > 0).astype(np.uint8)
    count = cv2.countNonZero(ones)
    while True:
        for table in _removable():
            code = cv2.filter2D(ones, cv2.CV_8U, _neighbor_bits(), borderType=cv2.BORDER_CONSTANT)
            cv2.bitwise_and(ones, cv2.LUT(code, table), dst=ones)
        left = cv2.countNonZero(ones)
        if left == count:
            return np.multiply(ones, 255, dtype=np.uint8)
        count = left


def drop_short(lines: Image, min_length_px: int, *, thinned: bool = False) -> Image:
    """Drop what is connected (by sides or corners) and shorter than a length.

    Args:
        lines: uint8 [H, W], not 0 on a line.
        min_length_px: the pixels of a line's center, as `thin` gives it.
        thinned: the lines are their own centers already.
    Returns:
        uint8 [H, W]: the lines as they were, without the short ones.
    """
    cv2 = opencv()
    if min_length_px <= 1:
        return lines
    drawn = lines > 0
    count, labels = cv2.connectedComponents(drawn.view(np.uint8), connectivity=8, ltype=cv2.CV_32S)
    # the few pixels of the lines are looked at, not all
    at = np.flatnonzero(drawn)
    of_each = labels.ravel()[at]
    centers = of_each if thinned else of_each[thin(lines).ravel()[at] > 0]
    long = at[(np.bincount(centers, minlength=count) >= min_length_px)[of_each]]
    out = np.zeros_like(lines)
    out.ravel()[long] = lines.ravel()[long]
    return out


def thicken(lines: Image, thickness_px: int) -> Image:
    """Draw lines of one pixel with a round pen; other lines grow by as much.

    Args:
        lines: uint8 [H, W].
        thickness_px: 1 leaves them as they are.
    Returns:
        uint8 [H, W].
    """
    cv2 = opencv()
    if thickness_px <= 1:
        return lines
    pen = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thickness_px, thickness_px))
    out: Image = cv2.dilate(lines, pen)
    return out
