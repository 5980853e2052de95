"""Gaussian blur whose cost does not grow with its width: halve the picture, blur, interpolate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv

from .interpolation import Field, with_margin

DIRECT_BELOW = 3.0
KEPT_SIGMA = 2.5


@dataclass(frozen=True)
class Reduction:
    """How far to halve a picture before a blur, per axis, and the sigma that is left to apply there.

    What halving and interpolation blur already is taken off the sigma. A sigma of more than twice the
    picture's side makes it flat, so nothing wider is computed.
    """

    height: int
    width: int
    times_y: int
    times_x: int
    sigma_y: float
    sigma_x: float

    @classmethod
    def plan(cls, height: int, width: int, sigma_px: float) -> Reduction:
        """For a picture of this size and a sigma in its pixels."""
        times_y, sigma_y = _plan_axis(height, sigma_px)
        times_x, sigma_x = _plan_axis(width, sigma_px)
        return cls(height, width, times_y, times_x, sigma_y, sigma_x)

    def shrink(self, image: NDArray[Any]) -> NDArray[Any]:
        """Average blocks of pixels; a side that blocks do not divide is padded with its last pixels.

        Returns:
            [ceil(H / 2**times_y), ceil(W / 2**times_x), ...] of the picture's type, uint8 or float32.
        """
        cv2 = opencv()
        for done in range(max(self.times_y, self.times_x)):
            by_y, by_x = 1 + (done < self.times_y), 1 + (done < self.times_x)
            bottom, right = -image.shape[0] % by_y, -image.shape[1] % by_x
            if bottom or right:
                image = cv2.copyMakeBorder(image, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
            size = image.shape[1] // by_x, image.shape[0] // by_y
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        return image

    def smooth(self, small: NDArray[Any]) -> Floats:
        """Blur what `shrink` gave.

        Returns:
            float32 of the same shape, in the same range.
        """
        cv2 = opencv()
        out: Floats = cv2.GaussianBlur(
            small.astype(np.float32), (0, 0), self.sigma_x, sigmaY=self.sigma_y, borderType=cv2.BORDER_REFLECT
        )
        return out

    def spread(self, values: Floats) -> Field:
        """Values of the small picture, to be read at the whole picture's pixels."""
        return Field(with_margin(values), self.height, self.width, 2**self.times_y, 2**self.times_x)


def _plan_axis(length: int, sigma_px: float) -> tuple[int, float]:
    sigma_px = min(sigma_px, 2.0 * length)
    if sigma_px < DIRECT_BELOW:
        return 0, sigma_px
    times = min(max(1, int(math.log2(sigma_px / KEPT_SIGMA))), length.bit_length() - 1)
    if not times:
        return 0, sigma_px
    # Averaging n pixels has the variance (n^2 - 1) / 12, linear interpolation between nodes n apart n^2 / 6.
    step = 2.0**times
    return times, math.sqrt((sigma_px / step) ** 2 - 0.25 + 1 / (12 * step**2))


def blur(image: Image, sigma_px: float) -> Image:
    """Blur with a Gaussian; a wide one is computed on a smaller picture.

    Args:
        image: uint8 [H, W] or [H, W, 3].
        sigma_px: standard deviation in pixels; up to 0.1 nothing is done.
    Returns:
        uint8 of the same shape; the input itself where nothing is to be done.
    """
    cv2 = opencv()
    if sigma_px <= 0.1:
        return image
    image = np.ascontiguousarray(image)
    if sigma_px < DIRECT_BELOW:
        out: Image = cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
        return out
    reduction = Reduction.plan(image.shape[0], image.shape[1], sigma_px)
    return reduction.spread(reduction.smooth(reduction.shrink(image))).to_image()
