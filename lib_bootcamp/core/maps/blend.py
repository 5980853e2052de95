"""Lay one picture over another as layers of an image editor do, in display values."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv

Blend: TypeAlias = Literal["multiply", "screen", "overlay", "add", "mix"]
BLEND_TITLES = {
    "multiply": "Multiply (light uncovers the picture)",
    "screen": "Screen (light is added softly)",
    "overlay": "Overlay (darkens and brightens)",
    "add": "Add",
    "mix": "Mix (light covers the picture)",
}


def blend(base: Image, over: Image, mode: Blend, strength: float = 1.0) -> Image:
    """Lay `over` on `base`.

    Args:
        base: uint8 [H, W] or [H, W, 3].
        over: uint8 of the same height and width.
        mode: with values in [0, 1], `multiply` is base * over, `screen` 1 - (1 - base) * (1 - over), `overlay`
            2 * base * over below the middle of the base and 1 - 2 * (1 - base) * (1 - over) above, `add` the sum,
            `mix` over itself.
        strength: share in [0, 1] of that against the base alone.
    Returns:
        uint8 [H, W] when both are gray, else [H, W, 3]; within one level.
    Source: W3C, Compositing and Blending Level 1, 9.1.
    """
    cv2 = opencv()
    if base.ndim != over.ndim:
        base, over = (cv2.cvtColor(each, cv2.COLOR_GRAY2RGB) if each.ndim == 2 else each for each in (base, over))
    if mode == "mix":
        out = over
    elif mode == "add":
        out = cv2.add(base, over)
    elif mode == "multiply":
        out = cv2.multiply(base, over, scale=1 / 255)
    else:
        dark = None if mode == "screen" else cv2.multiply(base, over, scale=2 / 255)
        out = cv2.multiply(cv2.bitwise_not(base), cv2.bitwise_not(over), scale=(1 if dark is None else 2) / 255)
        out = cv2.bitwise_not(out, dst=out)
        if dark is not None:
            out = np.where(base < 128, dark, out)
    if strength < 1:
        out = cv2.addWeighted(out, strength, base, 1 - strength, 0)
    result: Image = out
    return result
