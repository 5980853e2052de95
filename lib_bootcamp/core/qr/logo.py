"""A logo on a QR symbol: a safe area beside all function patterns that error correction can restore."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.errors import InvalidParamError

from . import spec as qr_spec
from .codewords import interleave_blocks
from .draw import Color
from .layout import QrLayout
from .spec import Level

_MARGIN_MODULES = 0.5
_MOST_PLACES = 256


@dataclass(frozen=True)
class SafeArea:
    """The modules a logo covers, and what error correction has left.

    Attributes:
        top, left, rows, columns: in modules, from the first module.
        correctable_modules: further wrong modules that are corrected wherever they lie.
        correctable_codeword_share: share in [0, 1] of all codewords that may be wrong beside those covered.
    """

    top: int
    left: int
    rows: int
    columns: int
    correctable_modules: int
    correctable_codeword_share: float


@functools.lru_cache(maxsize=16)
def _codewords(version: int, level: Level) -> NDArray[np.int64]:
    """The codeword of each module, int [N, N]; -1 where there is none."""
    order = qr_spec.skeleton(version).order
    total = sum(block.total for block in qr_spec.blocks(version, level))
    out = np.full(qr_spec.side(version) ** 2, -1)
    out[order[: 8 * total]] = np.arange(8 * total) // 8
    return out.reshape(qr_spec.side(version), -1)


def safe_area(version: int, level: Level, share: float, picture_size: tuple[int, int]) -> SafeArea:
    """The place nearest to the middle where a logo covers no function, format or version module.

    Versions 7 to 13, 21 to 27 and 35 to 40 have an alignment pattern in the middle: there it lies beside it.

    Args:
        version: 1 to 40.
        level: of error correction.
        share: longer side of the logo as a share of the symbol's side.
        picture_size: height and width of the logo.
    Raises:
        InvalidParamError: naming `logo_share`; more codewords of a block would be covered than can be
            restored, or there is no free place; says the largest share that works.
    Source: ISO/IEC 18004:2015, 7.5.1 (correction works block by block).
    """
    found = _find(version, level, share, picture_size)
    if found:
        return found
    smaller = (round(share * 100) - step for step in range(1, round(share * 100)))
    works = next((each / 100 for each in smaller if _find(version, level, each / 100, picture_size)), None)
    remedy = f"at most {works:g} works" if works else "no logo fits; leave it out, or raise error_correction"
    problem = (
        f"of {share:g} covers more of version {version}-{level} than can be restored apart from its function patterns"
    )
    raise InvalidParamError("logo_share", problem, hint=remedy)


def _find(version: int, level: Level, share: float, picture_size: tuple[int, int]) -> SafeArea | None:
    size = qr_spec.side(version)
    longest = max(picture_size)
    # An odd number of modules, as the symbol's own, so that the middle is the middle.
    rows, columns = (math.ceil(share * size * each / longest + 2 * _MARGIN_MODULES) | 1 for each in picture_size)
    if rows > size or columns > size:
        return None
    taken = np.pad(qr_spec.skeleton(version).reserved.astype(np.int64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    inside = taken[rows:, columns:] - taken[:-rows, columns:] - taken[rows:, :-columns] + taken[:-rows, :-columns]
    tops, lefts = np.nonzero(inside == 0)
    away = np.hypot(2 * tops + rows - size, 2 * lefts + columns - size)
    nearest = np.lexsort((-lefts, -tops, away))[:_MOST_PLACES]
    areas = (_left_over(version, level, (int(tops[at]), int(lefts[at]), rows, columns)) for at in nearest)
    return next((area for area in areas if area), None)


def _left_over(version: int, level: Level, area: tuple[int, int, int, int]) -> SafeArea | None:
    top, left, rows, columns = area
    under = np.unique(_codewords(version, level)[top : top + rows, left : left + columns])
    hit = np.bincount(interleave_blocks(version, level)[under[under >= 0]], minlength=1)
    blocks = qr_spec.blocks(version, level)
    spare = [block.correctable - int(hit[at] if at < len(hit) else 0) for at, block in enumerate(blocks)]
    if min(spare) < 0:
        return None
    return SafeArea(top, left, rows, columns, min(spare), sum(spare) / sum(block.total for block in blocks))


def draw_logo(image: Image, logo: Image, area: SafeArea, layout: QrLayout, ground: Color) -> None:
    """Clear the safe area of a drawn symbol and put the logo into its middle.

    Args:
        image: uint8 [H, W, 3]; changed.
        logo: uint8 [h, w, 3] or [h, w].
        area: from `safe_area`.
        layout: where the symbol was drawn.
        ground: color of the safe area, RGB.
    """
    px = layout.module_px
    top, left = layout.top + area.top * px, layout.left + area.left * px
    height, width = area.rows * px, area.columns * px
    image[top : top + height, left : left + width] = ground
    room = (height - 2 * _MARGIN_MODULES * px, width - 2 * _MARGIN_MODULES * px)
    scale = min(room[0] / logo.shape[0], room[1] / logo.shape[1])
    size = (max(1, int(logo.shape[1] * scale)), max(1, int(logo.shape[0] * scale)))
    from PIL import Image as Pil

    small = np.asarray(Pil.fromarray(np.ascontiguousarray(to_rgb(logo))).resize(size, Pil.Resampling.LANCZOS))
    y, x = top + (height - size[1]) // 2, left + (width - size[0]) // 2
    image[y : y + size[1], x : x + size[0]] = small
