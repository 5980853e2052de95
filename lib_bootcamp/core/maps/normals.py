"""Surfaces for light to fall on: normal maps and depth maps, read strip by strip."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Depth, Floats, Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch

from .blur import DIRECT_BELOW, Reduction

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

    def normals(self, top: int, bottom: int, scratch: Scratch) -> tuple[Floats, Floats, Floats | float, Floats]:
        """The normals of some rows, not normalized.

        Args:
            top: the first row.
            bottom: the row after the last.
            scratch: where the answer's arrays are kept; the next call writes over them.
        Returns:
            x (right), y (up), z (towards the viewer) and one over the length, each float32
            [bottom - top, W]; z may be one number.
        """


@dataclass(frozen=True)
class NormalMap:
    """A normal map: each channel is 127.5 + 127.5 times a component.

    Args:
        image: uint8 [H, W, 3] RGB, or [H, W] gray (which is odd, but has a meaning).
        convention: which way red and green point.
    """

    image: Image
    convention: NormalConvention = "opengl"

    def normals(self, top: int, bottom: int, scratch: Scratch) -> tuple[Floats, Floats, Floats, Floats]:
        """See `Surface`."""
        cv2 = opencv()
        part = self.image[top:bottom]
        shape = part.shape[:2]
        channels = [scratch(f"normal {each}", shape, np.uint8) for each in range(3)] if part.ndim == 3 else [part] * 3
        if part.ndim == 3:
            cv2.split(part, channels)
        x, y, z, length = (scratch(name, shape) for name in ("x", "y", "z", "length"))
        for component, channel in zip((x, y, z), channels, strict=True):
            np.copyto(component, channel)
            component -= np.float32(127.5)
        # At least 0.87, since 127.5 is no whole number.
        cv2.magnitude(cv2.magnitude(x, y, length), z, length)
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
        depth: uint16 or float32 [H, W], 65535 nearest to the viewer; see `depth_map`.
        relief: height between farthest and nearest, in shares of the canvas's shorter side.
    """

    depth: NDArray[np.uint16] | Floats
    relief: float

    def normals(self, top: int, bottom: int, scratch: Scratch) -> tuple[Floats, Floats, float, Floats]:
        """See `Surface`."""
        cv2 = opencv()
        height, width = self.depth.shape
        first, last = max(top - 1, 0), min(bottom + 1, height)
        whole, inside = (last - first, width), slice(top - first, bottom - first)
        part, x, y = (scratch(name, whole) for name in ("part", "x", "y"))
        np.copyto(part, self.depth[first:last])
        # Differences over two pixels; x grows to the right, y (up) against the rows.
        scale = self.relief * min(height, width) / (2 * 65535)
        cv2.Sobel(part, cv2.CV_32F, 1, 0, dst=x, ksize=1, scale=-scale, borderType=cv2.BORDER_REPLICATE)
        cv2.Sobel(part, cv2.CV_32F, 0, 1, dst=y, ksize=1, scale=scale, borderType=cv2.BORDER_REPLICATE)
        # At the borders the difference is one over a single pixel.
        x[:, [0, -1]] *= np.float32(2)
        if top == 0:
            y[0] *= np.float32(2)
        if bottom == height:
            y[-1] *= np.float32(2)
        x, y, length = x[inside], y[inside], scratch("length", (bottom - top, width))
        np.square(x, out=length)
        length += np.square(y, out=part[inside])
        length += np.float32(1)
        np.sqrt(length, out=length)
        return x, y, 1.0, np.divide(np.float32(1), length, out=length)


def depth_map(
    image: Depth, *, near_is_white: bool, relief: float, smoothing_px: float, own_range: bool = False
) -> DepthMap:
    """Make a relief of a depth picture; 8 bits are smoothed in 16, so that steps of one level do not show.

    Args:
        image: uint8 [H, W] or [H, W, 3] with equal channels; or float32 [H, W], 0 to 1, which keeps all its bits.
        near_is_white: as depth ControlNets have it; False where black is near.
        relief: as in `DepthMap`.
        smoothing_px: sigma of a Gaussian, in pixels; 0 for none.
        own_range: whether the relief spans the picture's darkest to its lightest instead of black to white.
    """
    cv2 = opencv()
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else np.ascontiguousarray(image)
    if own_range or gray.dtype != np.uint8:
        white = np.float32(255 if gray.dtype == np.uint8 else 1)
        shares: Floats = gray.astype(np.float32) / white
        return DepthMap(_fine_depth(shares, near_is_white, smoothing_px, own_range), relief)
    if not near_is_white:
        gray = cv2.bitwise_not(gray)
    if smoothing_px >= DIRECT_BELOW:
        reduction = Reduction.plan(gray.shape[0], gray.shape[1], smoothing_px)
        smooth = reduction.smooth(reduction.shrink(gray))
        return DepthMap(reduction.spread(smooth).to_uint16(_TO_16_BITS), relief)
    depth = cv2.LUT(gray, (np.arange(256, dtype=np.uint16) * _TO_16_BITS).reshape(1, 256))
    if smoothing_px > 0.1:
        depth = cv2.GaussianBlur(depth, (0, 0), smoothing_px, borderType=cv2.BORDER_REFLECT)
    return DepthMap(depth, relief)


def _fine_depth(shares: Floats, near_is_white: bool, smoothing_px: float, own_range: bool) -> Floats:  # noqa: FBT001
    """Depth of more than 8 bits: a plane stays one up to its borders.

    Returns:
        float32 [H, W], 0 to 65535.
    """
    depth: Floats = np.clip(shares, 0, 1)
    if own_range:
        least, most = float(depth.min()), float(depth.max())
        depth = (depth - np.float32(least)) * np.float32(1 / max(most - least, 1e-30))
    if not near_is_white:
        depth = np.float32(1) - depth
    if smoothing_px > 0.1:
        depth = _smoothed(depth, smoothing_px)
    depth *= np.float32(65535)
    return depth


def _smoothed(depth: Floats, sigma: float) -> Floats:
    """A Gaussian that goes on beyond the borders as the slope does there, so that a plane is not bent."""
    cv2 = opencv()
    reach = math.ceil(4 * sigma)
    pads = [(min(reach, side - 1),) * 2 for side in depth.shape]
    padded = np.pad(depth, pads, mode="reflect", reflect_type="odd")
    if sigma < DIRECT_BELOW:
        made: Floats = cv2.GaussianBlur(padded, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    else:
        reduction = Reduction.plan(padded.shape[0], padded.shape[1], sigma)
        made = reduction.spread(reduction.smooth(reduction.shrink(padded))).rows(0, padded.shape[0])
    (top, _), (left, _) = pads
    return np.ascontiguousarray(made[top : top + depth.shape[0], left : left + depth.shape[1]])
