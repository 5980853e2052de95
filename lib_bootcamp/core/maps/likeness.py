"""How like one map is to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv

_SIDE, _BLUR = 256, 2.0


def likeness(one: Image, other: Image) -> float:
    """The correlation of two maps' gray levels, [0, 1]: 1 where one is a lighter, darker or flatter copy of the other.

    Both are looked at with 256 px and a little out of focus, so that a line beside its place counts for something.

    Args:
        one: uint8 [H, W, 3] RGB or [H, W].
        other: the same, of any size.
    """
    first, second = _blurred(one), _blurred(other)
    first, second = first - first.mean(), second - second.mean()
    length = float(np.linalg.norm(first) * np.linalg.norm(second))
    if length < 1e-3:
        return 1.0 if np.linalg.norm(first - second) < 1e-3 else 0.0
    return float(np.clip((first * second).sum() / length, 0, 1))


def _blurred(image: Image) -> NDArray[np.float64]:
    cv2 = opencv()
    gray = cv2.cvtColor(np.ascontiguousarray(to_rgb(image)), cv2.COLOR_RGB2GRAY).astype(np.float32)
    small = cv2.resize(gray, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), _BLUR), dtype=np.float64)
