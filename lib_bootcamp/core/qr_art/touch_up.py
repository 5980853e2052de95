"""The last touch at a picture that nearly scans: modules made a little lighter or darker where they are weak.

Most pictures that fail have next to no wrong modules; readers find no code in them, because the finders are too pale
beside what lies around them. A few gray levels there are hardly seen and are all that is missing.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib_bootcamp.core.images.arrays import Floats, Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan.error_map import PATTERNS, ErrorMap, error_map

LEVELS = (0, 4, 8, 12, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 128, 160, 192)
"""What is tried, in gray levels, for the finders and for all other modules."""
MOST_WRONG = 0.15
"""The share of wrong modules over which a picture does not show the code, and none is stamped on it."""
_FEATHER = 0.15
_STRIDE = 8


def touched_by(levels: int) -> str:
    """`, touched up by 22 gray levels`: what follows how a picture is read or was made; empty at 0."""
    return f", touched up by {levels} gray level{'' if levels == 1 else 's'}" if levels else ""


def least_touch(  # noqa: PLR0913 - the picture, what is asked of it, and when to stop
    image: Image,
    layout: QrLayout,
    scans: Callable[[Image], bool],
    most: int,
    stopped: Callable[[], bool] = lambda: False,
    late: Callable[[], bool] = lambda: False,
) -> tuple[Image, int] | None:
    """The least change of brightness, on average over the modules, that makes a picture scan.

    Nothing is done to a picture with more than `MOST_WRONG` wrong modules. All changes are tried before it is given up:
    readers now and then find a code that is changed less and miss it where it is changed more. A few that lie far apart
    come first, so that something is found soon where anything is; then those that change less than it.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], the canvas at any size; it does not scan.
        layout: where the symbol lies.
        scans: asks the readers.
        most: gray levels at most.
        stopped: whether the person asked to stop; looked at before each change.
        late: whether what was found by now is enough; looked at before each change.
    Returns:
        the picture and the largest change of a module in gray levels; None where nothing is done, so much does not
        help, or it was stopped.
    Raises:
        InvalidParamError: as `error_map`.
    """
    errors = error_map(image, layout)
    if not most or errors.wrong.mean() > MOST_WRONG:
        return None
    picture, changes = to_rgb(image), _changes(errors, most)
    best: int | None = None
    found: Image | None = None
    for at in _far_apart_first(len(changes)):
        if best is not None and at > best:
            continue
        if stopped():
            return None
        if late():
            break
        made = touched_up(picture, layout, errors, changes[at])
        if scans(made):
            best, found = at, made
    return None if best is None or found is None else (found, max(1, round(float(changes[best].max()))))


def _changes(errors: ErrorMap, most: int) -> list[Floats]:
    """What is tried, from the least change on average to the most; float32 [N, N] each, in gray levels."""
    levels = sorted({min(each, most) for each in LEVELS})
    changes = (
        np.minimum(missing_levels(errors, other, finders), most)
        for finders in levels
        for other in levels
        if other <= finders
    )
    return sorted(changes, key=lambda each: float(each.mean()))[1:]


def _far_apart_first(count: int) -> list[int]:
    """Each number below `count` once: every eighth from the least to the most, then the others from the least."""
    few = [*range(0, count, _STRIDE), count - 1] if count else []
    return list(dict.fromkeys([*few, *range(count)]))


def missing_levels(errors: ErrorMap, levels: float, finder_levels: float) -> Floats:
    """What each module lacks to lie this far beyond its threshold.

    Args:
        errors: of the picture; its thresholds are meant.
        levels: gray levels; 0: nothing is asked for.
        finder_levels: the same for finders and their separators.
    Returns:
        float32 [N, N] in gray levels, at least 0.
    """
    finders = errors.patterns == PATTERNS.index("finder")
    wanted = np.where(finders, finder_levels or -np.inf, levels or -np.inf)
    return np.asarray(np.maximum(wanted - errors.margin, 0), dtype=np.float32)


def touched_up(picture: Image, layout: QrLayout, errors: ErrorMap, missing: Floats) -> Image:
    """Make modules lighter or darker by what they lack.

    The same amount is added to R, G and B, so that hue stays, and its edges are softened over a module's sixth.

    Args:
        picture: uint8 [H, W, 3] RGB, the canvas at any size.
        layout: where the symbol lies.
        errors: of the picture.
        missing: float32 [N, N] in gray levels.
    Returns:
        uint8 [H, W, 3].
    """
    cv2 = opencv()
    height, width = picture.shape[:2]
    px, side = layout.module_px, layout.size_px
    change = np.where(errors.expected != layout.invert, -missing, missing)
    canvas = np.zeros((layout.height, layout.width), np.float32)
    canvas[layout.top : layout.top + side, layout.left : layout.left + side] = change.repeat(px, 0).repeat(px, 1)
    soft = cv2.GaussianBlur(canvas, (0, 0), max(0.3, px * _FEATHER))
    if soft.shape != (height, width):
        soft = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(picture + soft[:, :, None] + 0.5, 0, 255), dtype=np.uint8)
