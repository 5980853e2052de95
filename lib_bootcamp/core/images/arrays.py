"""The picture contract of the whole package.

A picture is `uint8 [H, W, 3]`, RGB, 0 to 255, sRGB-encoded; a map may be `uint8 [H, W]`.
A depth map, where a declaration says so (`Spec(format="depth")`), may be `float32 [H, W]` instead, 0 (black) to 1
(white), so that none of its bits is lost.
Everything else (Pillow images, files, base64, Gradio values) is converted at the edges only.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Image: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Bits: TypeAlias = NDArray[np.bool_]
Depth: TypeAlias = NDArray[Any]
"""uint8 [H, W, 3] or [H, W]; or float32 [H, W], 0 to 1."""

MAX_PIXELS = 8192 * 8192
"""The largest picture that is read or made."""
MAX_SIDE = 32768
"""The longest side of a picture that is read."""


def to_rgb(image: Image) -> Image:
    """Give a picture three channels.

    Args:
        image: uint8 [H, W] or [H, W, 3].
    Returns:
        uint8 [H, W, 3]; the input itself when it already has three channels.
    """
    return image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)


def is_colored(image: Image) -> bool:
    """Whether a picture, uint8 [H, W] or [H, W, 3], has colors that are seen: channels further apart than noise."""
    return image.ndim == 3 and bool(np.any(np.ptp(image, axis=2) > 12))


def over_limit(width: int, height: int) -> str:
    """Which limits of a picture that is read its size exceeds, as a remedy; empty where it exceeds none."""
    limits = {
        f"{MAX_PIXELS // 1_000_000} megapixels": width * height > MAX_PIXELS,
        f"{MAX_SIDE} pixels on each side": max(width, height) > MAX_SIDE,
    }
    exceeded = [limit for limit, is_exceeded in limits.items() if is_exceeded]
    return f"at most {' and '.join(exceeded)}." if exceeded else ""
