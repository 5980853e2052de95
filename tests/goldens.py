"""Golden pictures: what a map looked like when it was last looked at. `BOOTCAMP_UPDATE_GOLDEN=1` renews them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_image, write_image

GOLDEN = Path(__file__).parent / "golden"
PHOTO = Path(__file__).resolve().parents[1] / "examples" / "photo.jpg"


def differing(name: str, image: Image, *, levels: int) -> float:
    """The share of pixels that are more than so many levels away from the golden picture of this name."""
    path = GOLDEN / f"{name}.png"
    if os.environ.get("BOOTCAMP_UPDATE_GOLDEN") == "1":
        write_image(path, image)
    golden = read_image(path).astype(int)
    assert golden.shape == image.shape
    return float((np.abs(image.astype(int) - golden) > levels).mean())
