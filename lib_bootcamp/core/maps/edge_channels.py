"""What edges are looked for in: one quantity of each pixel, as one or more planes of numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np

from lib_bootcamp.core.images.arrays import Floats, Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import run_parts, strips

from .luminance import luminance

Channel: TypeAlias = Literal["lstar", "a", "b", "hue", "saturation", "red", "green", "blue", "distance"]
CHANNEL_TITLES = {
    "lstar": "L* (brightness as the eye sees it)",
    "a": "a* (green to red)",
    "b": "b* (blue to yellow)",
    "hue": "Hue (on its circle)",
    "saturation": "Saturation (HSV)",
    "red": "Red",
    "green": "Green",
    "blue": "Blue",
    "distance": "Distance to a color (CIE Lab)",
}
CIRCULAR = ("hue",)
"""Channels without a smallest and a largest value."""
_RGB = {"red": 0, "green": 1, "blue": 2}
# Noise turns the hue of a pixel that is nearly gray; below this difference of its channels the hue fades.
FULL_CHROMA = 24


def channel_planes(image: Image, channel: Channel, color: tuple[int, int, int] = (255, 255, 255)) -> list[Image]:
    """Measure one quantity of each pixel.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W] gray.
        channel: which; `distance` is CIE76 to `color`, 0 to 100 as 0 to 255.
        color: (red, green, blue), for `distance`.
    Returns:
        one plane uint8 [H, W]; for `hue` two, the cosine and the sine of its angle from -1 to 1 as 0 to 255, so that
        359 degrees lie beside 1; both fade to the middle where a pixel has no color.
    """
    if channel == "lstar":
        return [luminance(image, "lstar")]
    if channel in _RGB:
        return [image if image.ndim == 2 else opencv().extractChannel(np.ascontiguousarray(image), _RGB[channel])]
    rgb = np.ascontiguousarray(to_rgb(image))
    planes = [np.empty(rgb.shape[:2], dtype=np.uint8) for _ in range(2 if channel in CIRCULAR else 1)]

    def work(top: int, bottom: int) -> None:
        for start, end in strips(top, bottom, rgb.shape[1]):
            _measure(rgb[start:end], channel, color, [plane[start:end] for plane in planes])

    run_parts(rgb.shape[0], rgb.shape[1], work)
    return planes


def _measure(rgb: Image, channel: Channel, color: tuple[int, int, int], out: list[Image]) -> None:
    cv2 = opencv()
    if channel == "hue":
        _hue(rgb, out)
    elif channel == "saturation":
        cv2.extractChannel(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV), 1, dst=out[0])
    elif channel == "distance":
        _distance(rgb, color, out[0])
    else:
        cv2.extractChannel(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), 1 if channel == "a" else 2, dst=out[0])


def _hue(rgb: Image, out: list[Image]) -> None:
    cv2 = opencv()
    hue, saturation, value = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV_FULL))
    # saturation times value is the largest less the smallest channel
    weight = cv2.multiply(saturation, value, scale=1 / (255 * FULL_CHROMA), dtype=cv2.CV_32F)
    _, weight = cv2.threshold(weight, 1.0, 1.0, cv2.THRESH_TRUNC)
    for table, plane in zip(_circle(), out, strict=True):
        cv2.convertScaleAbs(cv2.multiply(cv2.LUT(hue, table), weight), dst=plane, beta=127.5)


@lru_cache(maxsize=1)
def _circle() -> tuple[Floats, Floats]:
    """Hue 0 to 255 (256 is 0 again) to 127.5 times its cosine and sine."""
    angle = 2 * np.pi * np.arange(256) / 256
    return ((127.5 * np.cos(angle)).astype(np.float32), (127.5 * np.sin(angle)).astype(np.float32))


def _distance(rgb: Image, color: tuple[int, int, int], out: Image) -> None:
    """Source: CIE 15:2004, 8.2.1.3 (delta E*ab of 1976)."""
    cv2 = opencv()
    squares = cv2.LUT(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), _squares(color))
    cv2.convertScaleAbs(cv2.sqrt(cv2.transform(squares, np.ones((1, 3), dtype=np.float32))), dst=out, alpha=2.55)


@lru_cache(maxsize=8)
def _squares(color: tuple[int, int, int]) -> Floats:
    """float32 [1, 256, 3]: OpenCV's 8-bit L*, a*, b* to the square of their distance to a color's."""
    cv2 = opencv()
    picked = cv2.cvtColor(np.array([[color]], dtype=np.uint8), cv2.COLOR_RGB2LAB).astype(np.float32)
    # 255 stands for an L* of 100
    apart = (np.arange(256, dtype=np.float32)[None, :, None] - picked) * np.array([100 / 255, 1, 1], dtype=np.float32)
    squared: Floats = apart**2
    return squared
