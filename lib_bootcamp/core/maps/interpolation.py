"""Smooth values known at a few nodes, read at every pixel by linear interpolation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch, strips


@dataclass(frozen=True)
class Field:
    """Values at the centers of blocks of pixels, and of the blocks around the picture.

    Args:
        values: float32 [h + 2, w + 2] or [h + 2, w + 2, C], h = ceil(height / step_y), w = ceil(width / step_x);
            the first and last row and column belong to blocks just outside the picture.
        height, width: of the picture.
        step_y, step_x: a block's height and width.
    """

    values: Floats
    height: int
    width: int
    step_y: int
    step_x: int

    def rows(self, top: int, bottom: int, scratch: Scratch | None = None, name: str = "field") -> Floats:
        """The values at the pixels of some rows.

        Args:
            top: the first row, a multiple of `step_y`.
            bottom: the row after the last.
            scratch: where to keep the memory of the answer for the next call.
            name: under which name.
        Returns:
            float32 [bottom - top, width] or [bottom - top, width, C], a view.
        """
        cv2 = opencv()
        step_y, step_x = self.step_y, self.step_x
        first, last = top // step_y, -(-bottom // step_y) + 2
        shape = (last - first) * step_y, self.values.shape[1] * step_x
        buffer = scratch(name, (*shape, *self.values.shape[2:])) if scratch is not None else None
        wide: Floats = cv2.resize(self.values[first:last], shape[::-1], dst=buffer, interpolation=cv2.INTER_LINEAR)
        return wide[step_y : step_y + bottom - top, step_x : step_x + self.width]

    def to_image(self) -> Image:
        """All pixels, rounded to 0 to 255; values must not be negative.

        Returns:
            uint8 [height, width] or [height, width, C].
        """
        cv2 = opencv()
        out = np.empty((self.height, self.width, *self.values.shape[2:]), dtype=np.uint8)
        for top, bottom, part in self._bands():
            # Values are never negative here, so the absolute value is the same.
            cv2.convertScaleAbs(part, dst=out[top:bottom])
        return out

    def to_uint16(self, scale: float) -> NDArray[np.uint16]:
        """All pixels of a field of one channel times `scale`, rounded to 0 to 65535.

        Returns:
            uint16 [height, width].
        """
        cv2 = opencv()
        out = np.empty((self.height, self.width), dtype=np.uint16)
        for top, bottom, part in self._bands():
            # Not `multiply`: OpenCV takes an array of one pixel for a color and answers with four.
            cv2.addWeighted(part, scale, part, 0, 0, dst=out[top:bottom], dtype=cv2.CV_16U)
        return out

    def largest(self) -> float:
        """The largest value of any pixel, or of a node between pixels."""
        values = self.values
        for axis, length, step in ((0, self.height, self.step_y), (1, self.width, self.step_x)):
            nodes = np.arange(-1, values.shape[axis] - 1) * step + (step - 1) / 2
            # Nodes outside the picture move to its outermost pixels.
            place = (np.clip(nodes, 0, length - 1) - nodes[0]) / step
            before = np.minimum(place.astype(np.intp), len(nodes) - 2)
            share = np.expand_dims((place - before).astype(np.float32), tuple(range(1, values.ndim - axis)))
            values = values.take(before, axis) * (1 - share) + values.take(before + 1, axis) * share
        return float(values.max())

    def _bands(self) -> Iterator[tuple[int, int, Floats]]:
        scratch = Scratch()
        # Longer strips than elsewhere: two extra blocks are computed for each.
        for top, bottom in strips(0, self.height, max(1, self.width // 16), multiple=self.step_y):
            yield top, bottom, self.rows(top, bottom, scratch)


def with_margin(values: Floats) -> Floats:
    """Repeat the outermost nodes once around."""
    cv2 = opencv()
    out: Floats = cv2.copyMakeBorder(values, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    return out
