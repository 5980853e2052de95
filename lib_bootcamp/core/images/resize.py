"""Sizes and the WebUI's three resize modes, antialiased."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np

from lib_bootcamp.errors import InvalidParamError

from .arrays import MAX_PIXELS, Image
from .opencv import opencv

ResizeMode: TypeAlias = Literal["just_resize", "crop_and_resize", "resize_and_fill"]
RESIZE_TITLES = {
    "just_resize": "Just resize",
    "crop_and_resize": "Crop and resize",
    "resize_and_fill": "Resize and fill",
}
MAX_CANVAS_SIDE = 8192


def target_size(own: tuple[int, int], width: int | None, height: int | None) -> tuple[int, int]:
    """The size of a map; one side alone keeps the picture's proportions.

    Args:
        own: the picture's (width, height).
        width: asked for; None to follow the picture.
        height: asked for; None to follow the picture.
    Returns:
        (width, height), each at least 1.
    Raises:
        InvalidParamError: more than 67 megapixels.
    """
    if width is None and height is None:
        size, name = own, "image"
    elif width is None:
        size, name = (max(1, round(own[0] * (height or 1) / own[1])), height or 1), "height"
    elif height is None:
        size, name = (width, max(1, round(own[1] * width / own[0]))), "width"
    else:
        size, name = (width, height), "width"
    if size[0] * size[1] > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise InvalidParamError(name, f"makes a map of {size[0]} x {size[1]}", hint=f"give at most {limit} megapixels")
    return size


def resize(image: Image, width: int, height: int, mode: ResizeMode = "just_resize") -> Image:
    """Bring a picture to a size as the WebUI's `images.resize_image` does.

    `crop_and_resize` keeps the proportions and cuts what sticks out, `resize_and_fill` keeps the proportions
    and repeats the edge's pixels into what stays empty. Down-sampling is antialiased, up-sampling bicubic.

    Args:
        image: uint8 [H, W] or [H, W, 3].
        width: wanted, at least 1.
        height: wanted, at least 1.
        mode: one of the three.
    Returns:
        uint8 [height, width] or [height, width, 3]; the input itself when it has that size.
    """
    cv2 = opencv()
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    image = np.ascontiguousarray(image)
    if mode == "just_resize":
        return _scale(image, width, height)
    wider = width * own_height > height * own_width  # the canvas, than the picture
    if mode == "crop_and_resize":
        inner_width = width if wider else own_width * height // own_height
        inner_height = own_height * width // own_width if wider else height
        left, top = inner_width // 2 - width // 2, inner_height // 2 - height // 2
        if inner_width * inner_height > 4 * width * height:
            return _crop_scale(image, (left, top, width, height), (inner_width, inner_height))
        return np.ascontiguousarray(_scale(image, inner_width, inner_height)[top : top + height, left : left + width])
    inner_width = max(1, own_width * height // own_height if wider else width)
    inner_height = max(1, height if wider else own_height * width // own_width)
    left, top = width // 2 - inner_width // 2, height // 2 - inner_height // 2
    right, bottom = width - inner_width - left, height - inner_height - top
    inner = _scale(image, inner_width, inner_height)
    filled: Image = cv2.copyMakeBorder(inner, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return filled


def _crop_scale(image: Image, box: tuple[int, int, int, int], inner: tuple[int, int]) -> Image:
    """Resize only what stays in the box, for pictures whose proportions would make the whole one huge."""
    left, top, width, height = box
    by_x, by_y = image.shape[1] / inner[0], image.shape[0] / inner[1]
    corners = (left * by_x, top * by_y, (left + width) * by_x, (top + height) * by_y)
    limits = (image.shape[1], image.shape[0]) * 2
    area = tuple(min(max(each, 0.0), float(limit)) for each, limit in zip(corners, limits, strict=True))
    from PIL import Image as Pil

    resized = Pil.fromarray(image).resize((width, height), Pil.Resampling.BICUBIC, box=area)  # type: ignore[arg-type]
    return np.asarray(resized, dtype=image.dtype)


def _scale(image: Image, width: int, height: int) -> Image:
    cv2 = opencv()
    own_height, own_width = image.shape[:2]
    if (own_width, own_height) == (width, height):
        return image
    if width > own_width or height > own_height:
        inner = _scale(image, min(width, own_width), min(height, own_height))
        grown: Image = cv2.resize(inner, (width, height), interpolation=cv2.INTER_CUBIC)
        return grown
    # INTER_AREA is exact, but fast only over whole blocks: average blocks of 2, 4, 8, ... and leave the rest,
    # less than 2, to a small kernel; where the blocks do not fit, take the slow way.
    block_x, block_y = (1 << (own // new).bit_length() - 1 for own, new in ((own_width, width), (own_height, height)))
    fits = own_width % block_x == 0 and own_height % block_y == 0
    if not fits or (own_width % width == 0 and own_height % height == 0):
        exact: Image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        return exact
    if block_x > 1 or block_y > 1:
        size = (own_width // block_x, own_height // block_y)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    factors = image.shape[1] / width, image.shape[0] / height
    shrunk: Image = cv2.resize(_soften(image, *factors), (width, height), interpolation=cv2.INTER_LINEAR)
    return shrunk


def _soften(image: Image, by_x: float, by_y: float) -> Image:
    """Take away what a picture shrunk by less than 2 cannot hold: a kernel (k, 1 - 2k, k) in each axis."""
    cv2 = opencv()

    def sigma(factor: float) -> float:
        side = min(0.25, 0.5 * (factor - 1))
        return 1 / math.sqrt(2 * math.log((1 - 2 * side) / side)) if side > 1e-3 else 1e-3

    out: Image = cv2.GaussianBlur(
        image, (3, 3), sigmaX=sigma(by_x), sigmaY=sigma(by_y), borderType=cv2.BORDER_REPLICATE
    )
    return out
