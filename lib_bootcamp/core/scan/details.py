"""Where in a large picture a small code may be, and how to show a small part of it to a reader."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lib_bootcamp.core.images.arrays import Image

DETAIL_PX = 320
TIMES = 3
_BLOCK = 8
# Of the mean step between neighboring pixels, both across and down, in each of 3 x 3 blocks: modules of 1 to 3 px at a
# contrast of 60 levels have more, lines of text and photographs mostly less.
_LEAST_STEP = 10
_STRIP = 16


def details(gray: Image, most: int) -> Iterator[Image]:
    """The parts of a picture where pixels change most, enlarged three times; a code of tiny modules is among them.

    Args:
        gray: uint8 [H, W].
        most: how many parts.
    Yields:
        uint8 [h, w], at most 960 px a side, the most likely first; of a picture under 320 px the whole.
    """
    import cv2

    small = max(gray.shape) <= DETAIL_PX
    for x, y in [(gray.shape[1] // 2, gray.shape[0] // 2)] if small else places(gray, most):
        left, top = max(0, x - DETAIL_PX // 2), max(0, y - DETAIL_PX // 2)
        part = gray[top : top + DETAIL_PX, left : left + DETAIL_PX]
        yield np.asarray(cv2.resize(part, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def places(gray: Image, most: int) -> list[tuple[int, int]]:
    """The middles (x, y) of at most `most` such parts, in px, at least a quarter of `DETAIL_PX` from each other."""
    import cv2

    if min(gray.shape) <= 4 * _BLOCK:
        return []
    steps = _steps(gray)
    square = np.ones((3, 3), np.uint8)
    dense = cv2.erode(steps, square) >= _LEAST_STEP
    score = np.where(dense, cv2.boxFilter(steps.astype(np.float32), -1, (3, 3)), 0)
    out: list[tuple[int, int]] = []
    reach = DETAIL_PX // 4 // _BLOCK
    while len(out) < most:
        row, column = (int(each) for each in np.unravel_index(int(score.argmax()), score.shape))
        if score[row, column] <= 0:
            break
        out.append((column * _BLOCK + _BLOCK // 2, row * _BLOCK + _BLOCK // 2))
        score[max(0, row - reach) : row + reach + 1, max(0, column - reach) : column + reach + 1] = 0
    return out


def _steps(gray: Image) -> Image:
    """The lesser of the mean steps across and down in each block of 8 x 8 px: uint8 [(H - 1) // 8, (W - 1) // 8]."""
    import cv2

    rows, columns = ((side - 1) // _BLOCK for side in gray.shape)
    out = np.empty((rows, columns), np.uint8)
    for first in range(0, rows, _STRIP):  # strips that fit into the processor's cache
        count = min(_STRIP, rows - first)
        top, bottom, right = first * _BLOCK, (first + count) * _BLOCK, columns * _BLOCK
        here = gray[top:bottom:2, :right]  # every second row shows as much
        steps = [
            cv2.absdiff(here, gray[top:bottom:2, 1 : right + 1]),
            cv2.absdiff(here, gray[top + 1 : bottom + 1 : 2, :right]),
        ]
        across, down = (cv2.resize(each, (columns, count), interpolation=cv2.INTER_AREA) for each in steps)
        out[first : first + count] = cv2.min(across, down)
    return out
