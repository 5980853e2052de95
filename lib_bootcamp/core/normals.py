"""Surfaces for light to fall on: normal maps and depth maps, read strip by strip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from .arrays import Floats, Image
from .blur import DIRECT_BELOW, Reduction
from .opencv import opencv

NormalConvention: TypeAlias = Literal["opengl", "directx", "controlnet"]
CONVENTION_TITLES = {
    "opengl": "OpenGL (red right, green up)",
    "directx": "DirectX (red right, green down)",
    "controlnet": "ControlNet normal 1.1 (red left, green up)",
}
# Signs of x (to the right) and y (up) in red and green; blue is always towards the viewer.
# ControlNet: "blue is front, red is left, green is top", README of lllyasviel/ControlNet-v1-1-nightly, Normal 1.1.
_SIGNS: dict[NormalConvention, tuple[int, int]] = {"opengl": (1, 1), "directx": (1, -1), "controlnet": (-1, 1)}


_TO_16_BITS = 257


class Surface(Protocol):
    """Something with a normal at every pixel."""

    def normals(self, top: int, bottom: int) -> tuple[Floats, Floats, Floats | float, Floats]:
        """The normals of some rows, not normalised.

        Returns:
            x (right), y (up), z (towards the viewer) and one over the length, each float32
            [bottom - top, W]; z may be one number.
        """


@dataclass(frozen=True)
class NormalMap:
    """A normal map: each channel is 127.5 + 127.5 times a component.

    Args:
        image: uint8 [H, W, 3] RGB, or [H, W] grey (which is odd, but has a meaning).
        convention: which way red and green point.
    """

    image: Image
    convention: NormalConvention = "opengl"

    def normals(self, top: int, bottom: int) -> tuple[Floats, Floats, Floats, Floats]:
        """See `Surface`."""
        cv2 = opencv()
        part = self.image[top:bottom]
        channels = cv2.split(part) if part.ndim == 3 else (part, part, part)
        x, y, z = (np.subtract(each, np.float32(127.5), dtype=np.float32) for each in channels)
        length = cv2.magnitude(cv2.magnitude(x, y), z)  # at least 0.87, since 127.5 is no integer
        by_x, by_y = _SIGNS[self.convention]
        if by_x < 0:
            np.negative(x, out=x)
        if by_y < 0:
            np.negative(y, out=y)
        return x, y, z, np.divide(np.float32(1), length, out=length)


@dataclass(frozen=True)
class DepthMap:
    """A depth map as a relief whose normals follow from its slope.

    Args:
        depth: uint16 [H, W], 65535 nearest to the viewer; see `depth_map`.
        relief: height between farthest and nearest, in shares of the canvas's shorter side.
    """

    depth: NDArray[np.uint16]
    relief: float

    def normals(self, top: int, bottom: int) -> tuple[Floats, Floats, float, Floats]:
        """See `Surface`."""
        cv2 = opencv()
        height, width = self.depth.shape
        first, last = max(top - 1, 0), min(bottom + 1, height)
        part = self.depth[first:last].astype(np.float32)
        # Sobel sums 8 differences of one pixel; x grows to the right, y (up) against the rows.
        scale = self.relief * min(height, width) / (8 * 65535)
        x = cv2.Sobel(part, cv2.CV_32F, 1, 0, scale=-scale, borderType=cv2.BORDER_REPLICATE)
        y = cv2.Sobel(part, cv2.CV_32F, 0, 1, scale=scale, borderType=cv2.BORDER_REPLICATE)
        x, y = x[top - first : bottom - first], y[top - first : bottom - first]
        length: Floats = np.sqrt(x * x + y * y + np.float32(1))
        return x, y, 1.0, np.divide(np.float32(1), length, out=length)


def depth_map(image: Image, *, near_is_white: bool, relief: float, smoothing_px: float) -> DepthMap:
    """Make a relief of a depth picture; 8 bits are smoothed in 16, so that steps of one level do not show.

    Args:
        image: uint8 [H, W] or [H, W, 3] with equal channels.
        near_is_white: as depth ControlNets have it; False where black is near.
        relief: as in `DepthMap`.
        smoothing_px: sigma of a Gaussian, in pixels; 0 for none.
    """
    cv2 = opencv()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else np.ascontiguousarray(image)
    if not near_is_white:
        grey = cv2.bitwise_not(grey)
    if smoothing_px >= DIRECT_BELOW:
        reduction = Reduction.plan(grey.shape[0], grey.shape[1], smoothing_px)
        smooth = reduction.smooth(reduction.shrink(grey))
        return DepthMap(reduction.spread(smooth).to_uint16(_TO_16_BITS), relief)
    depth = cv2.LUT(grey, (np.arange(256, dtype=np.uint16) * _TO_16_BITS).reshape(1, 256))
    if smoothing_px > 0.1:
        depth = cv2.GaussianBlur(depth, (0, 0), smoothing_px, borderType=cv2.BORDER_REFLECT)
    return DepthMap(depth, relief)
