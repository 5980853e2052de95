"""A picture as readers are shown it: its brightness, smaller, larger, and prepared in a few ways."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from lib_bootcamp.core.images.arrays import Image

Prepare: TypeAlias = Callable[[Image], Image]

# Larger pictures are reduced once, so that the cost has a bound whatever is given (67 megapixels cost one area
# average) and the modules of version 40 still have 11 px.
WORKING_SIDE = 2048
# A code of one pixel a module is enlarged, as a person would before holding a phone to it.
_LEAST_SIDE = 256
DEBLURRED_TIMES = 2
_DEBLUR_ROUNDS, _DEBLUR_GAIN = 10, 1.5
_DARKEST_TIMES = 6


def gray_of(image: Image) -> Image:
    """The brightness readers see, reduced to at most 2048 px a side.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W].
    Returns:
        uint8 [h, w]: Rec. 601 luma, as zxing-cpp and phones compute it.
    """
    return luma_of(shrink(image, WORKING_SIDE))


def luma_of(image: Image) -> Image:
    """Rec. 601 luma at the picture's own size: uint8 [H, W] of uint8 [H, W, 3] RGB or [H, W]."""
    import cv2

    return image if image.ndim == 2 else np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)


def shrink(image: Image, longest: int) -> Image:
    """Reduce a picture by averaging so that its longer side is `longest`; smaller ones are left alone.

    Args:
        image: uint8 [H, W] or [H, W, 3].
        longest: in px.
    """
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return np.ascontiguousarray(image)
    import cv2

    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


class Sizes:
    """A picture in smaller sizes, each made once.

    Quick more than exact: half the size again and again, a tenth of the time of any other reduction, then the rest by
    the four nearest pixels.

    Attributes:
        whole: uint8 [H, W].
    """

    def __init__(self, gray: Image) -> None:
        self.whole = gray
        self._made: dict[int, Image] = {}

    def shape_at(self, longest: int) -> tuple[int, int]:
        """The shape of the picture whose longer side is `longest` px; smaller ones are left alone."""
        scale = min(1.0, longest / max(self.whole.shape))
        return max(1, round(self.whole.shape[0] * scale)), max(1, round(self.whole.shape[1] * scale))

    def at(self, longest: int) -> Image:
        """The picture whose longer side is `longest` px; smaller ones are left alone."""
        if max(self.whole.shape) <= longest:
            return self.whole
        if longest not in self._made:
            import cv2

            near = _halved(self.whole, 2 * longest)
            size = self.shape_at(longest)[::-1]
            self._made[longest] = np.asarray(cv2.resize(near, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
        return self._made[longest]


def _halved(gray: Image, least: int) -> Image:
    """Half the size while the longer side has at least `least` px."""
    import cv2

    while max(gray.shape) >= least and min(gray.shape) > 1:
        height, width = (each // 2 for each in gray.shape)
        half = cv2.resize(gray[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA)
        gray = np.asarray(half, dtype=np.uint8)
    return gray


def enlarge_small(gray: Image) -> Image:
    """Repeat the pixels of a picture under 256 px a whole number of times; larger ones are left alone."""
    times = _LEAST_SIDE // max(gray.shape)
    return gray if times < 2 else np.repeat(np.repeat(gray, times, 0), times, 1)


def enlarge_smooth(gray: Image, longest: int) -> Image:
    """Enlarge a picture so that its longer side is `longest` px; larger ones are left alone."""
    scale = longest / max(gray.shape)
    if scale <= 1:
        return gray
    import cv2

    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def as_is(gray: Image) -> Image:
    """Nothing done to it."""
    return gray


def blurred(sigma_px: float) -> Prepare:
    """Gaussian blur."""

    def prepare(gray: Image) -> Image:
        import cv2

        return np.asarray(cv2.GaussianBlur(gray, (0, 0), sigma_px), dtype=np.uint8)

    return prepare


def deblurred(sigma_px: float) -> Prepare:
    """Undo a Gaussian blur and enlarge: for codes that are out of focus, whose modules have about twice `sigma_px`.

    Van Cittert's method: what the result, blurred again, lacks of the picture is added to it, ten times.
    """

    def prepare(gray: Image) -> Image:
        import cv2

        seen, reach = gray.astype(np.float32), 2 * round(3 * sigma_px) + 1
        sharp = seen
        for _ in range(_DEBLUR_ROUNDS):
            lacking = seen - cv2.GaussianBlur(sharp, (reach, reach), sigma_px)
            sharp = np.clip(sharp + _DEBLUR_GAIN * lacking, 0, 255).astype(np.float32, copy=False)
        size = (gray.shape[1] * DEBLURRED_TIMES, gray.shape[0] * DEBLURRED_TIMES)
        return np.asarray(cv2.resize(sharp.astype(np.uint8), size, interpolation=cv2.INTER_CUBIC), dtype=np.uint8)

    return prepare


def levels(factor: float, offset: float) -> Prepare:
    """Each gray level times a factor, plus an offset."""
    table = np.clip(np.arange(256) * factor + offset, 0, 255).astype(np.uint8)

    return lambda gray: _mapped(gray, table)


def _mapped(gray: Image, table: Image) -> Image:
    import cv2

    return np.asarray(cv2.LUT(gray, table), dtype=np.uint8)


def _autocontrast(gray: Image) -> Image:
    low, high = np.percentile(gray[::4, ::4], (1, 99))
    return _mapped(gray, np.clip((np.arange(256) - low) * 255 / max(1.0, high - low), 0, 255).astype(np.uint8))


def _darkest(gray: Image) -> Image:
    """Only the darkest levels are dark: a code lies apart from a ground that is darker than its light modules."""
    return _mapped(gray, np.clip((np.arange(256) - int(gray.min())) * _DARKEST_TIMES, 0, 255).astype(np.uint8))


def _flattened(gray: Image) -> Image:
    import cv2

    small = cv2.GaussianBlur(cv2.resize(gray, (24, 24), interpolation=cv2.INTER_AREA), (0, 0), 2)
    ground = cv2.resize(small, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.addWeighted(gray, 1, ground, -1, 128), dtype=np.uint8)


def _local_contrast(gray: Image) -> Image:
    import cv2

    side = max(3, max(gray.shape) // 16 | 1)
    ground = cv2.blur(gray, (side, side))
    return np.asarray(cv2.addWeighted(gray, 6, ground, -6, 128), dtype=np.uint8)


PREPARATIONS: dict[str, Prepare] = {
    "as it is": as_is,
    "autocontrast": _autocontrast,
    "blur 1": blurred(1),
    "blur 2": blurred(2),
    "flattened": _flattened,
    "local contrast": _local_contrast,
    "darkest levels": _darkest,
}
