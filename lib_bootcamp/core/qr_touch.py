"""The last touch at a picture that nearly scans: modules made a little lighter or darker where they are weak.

Most pictures that fail have next to no wrong modules; readers find no code in them, because the finders are too pale
beside what lies around them. A few grey levels there are hardly seen and are all that is missing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .arrays import Image, to_rgb
from .opencv import opencv
from .qr_layout import QrLayout
from .qr_target import module_weights
from .scan_errors import PATTERNS, error_map

STEP = 5
"""In grey levels: what is tried more each time."""
MOST_WRONG = 0.15
"""The share of wrong modules over which a picture does not show the code, and none is stamped on it."""
_FEATHER = 0.15


def touched_up(image: Image, layout: QrLayout, levels: float, *, finders_only: bool = False) -> Image:
    """Bring modules this far beyond their thresholds; those that are there already are left as they are.

    The same amount is added to R, G and B, so that hue stays, and its edges are softened over a module's sixth.
    Finders, timing and format patterns are brought further, by `module_weights`.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], the canvas at any size.
        layout: where the symbol lies.
        levels: grey levels beyond the threshold that `scan_errors.error_map` takes.
        finders_only: leave all but the finders and their separators as they are.
    Returns:
        uint8 [H, W, 3].
    Raises:
        InvalidParamError: as `error_map`.
    """
    cv2 = opencv()
    errors = error_map(image, layout)
    missing = np.maximum(levels * module_weights(layout) - errors.margin, 0)
    if finders_only:
        missing = np.where(errors.patterns == PATTERNS.index("finder"), missing, 0)
    change = np.where(errors.expected != layout.invert, -missing, missing).astype(np.float32)
    picture = to_rgb(image)
    height, width = picture.shape[:2]
    px, side = layout.module_px, layout.modules * layout.module_px
    canvas = np.zeros((layout.height, layout.width), np.float32)
    canvas[layout.top : layout.top + side, layout.left : layout.left + side] = change.repeat(px, 0).repeat(px, 1)
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.3, px * _FEATHER))
    if soft.shape != (height, width):
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(picture + soft[:, :, None] + 0.5, 0, 255), dtype=np.uint8)


def least_touch(image: Image, layout: QrLayout, scans: Callable[[Image], bool], most: int) -> tuple[Image, int] | None:
    """The least that makes a picture scan: the finders alone if that is enough, else all modules.

    Nothing is done to a picture with more than `MOST_WRONG` wrong modules.

    Args:
        image: as `touched_up` takes it, of a picture that does not scan.
        layout: where the symbol lies.
        scans: asks the readers.
        most: grey levels at most.
    Returns:
        the picture and by how many grey levels; None where nothing is done or so many do not help.
    """
    if not most or error_map(image, layout).wrong.mean() > MOST_WRONG:
        return None
    for levels in sorted({*range(STEP, most + 1, STEP), most}):
        for finders_only in (True, False):
            made = touched_up(image, layout, levels, finders_only=finders_only)
            if scans(made):
                return made, levels
    return None
