"""Hold a picture against the symbol it should show, module by module."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Bits, Floats, Image, to_rgb
from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.errors import InvalidParamError

from .views import WORKING_SIDE, gray_of, shrink

Pattern: TypeAlias = Literal["data", "format", "version", "timing", "alignment", "finder"]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
SAMPLE_PX = 8
_LEAST_MODULE_PX = 2.0
_WINDOW = 5
_FLAT_RANGE = 24
_SHOULD_BE_DARK, _SHOULD_BE_LIGHT = (220, 20, 40), (30, 80, 255)


@dataclass(frozen=True)
class ErrorMap:
    """Which modules a decoder would read wrongly.

    Attributes:
        expected: bool [N, N], True where the symbol is dark.
        seen: bool [N, N], True where the picture is dark.
        margin: float32 [N, N], gray levels by which a module lies on its right side of the threshold;
            negative where it is wrong.
        patterns: uint8 [N, N], index into `PATTERNS`.
        wrong_codewords: wrong codewords of each Reed-Solomon block.
        correctable: codewords that may be wrong in each block.
    """

    expected: Bits
    seen: Bits
    margin: Floats
    patterns: NDArray[np.uint8]
    wrong_codewords: tuple[int, ...]
    correctable: tuple[int, ...]

    @property
    def wrong(self) -> Bits:
        """bool [N, N], True where the picture differs from the symbol."""
        return np.logical_xor(self.expected, self.seen)

    def counts(self, pattern: Pattern) -> tuple[int, int]:
        """How many modules of a pattern are wrong, of how many."""
        place = self.patterns == PATTERNS.index(pattern)
        return int((self.wrong & place).sum()), int(place.sum())

    @property
    def uncorrectable_blocks(self) -> int:
        """Blocks with more wrong codewords than are corrected; one is enough to lose the symbol."""
        return sum(w > c for w, c in zip(self.wrong_codewords, self.correctable, strict=True))


def error_map(image: Image, layout: QrLayout) -> ErrorMap:
    """Sample every module of a laid-out symbol in a picture of it.

    The picture may be the canvas at another size. Its code area, with a quiet zone of up to four modules, is
    resampled to 8 px a module; a module's value is the mean of its central 4 x 4 px, and it is dark where that
    is not over the mean of the 5 x 5 modules around it, as in zxing's HybridBinarizer (5 x 5 blocks of 8 px).
    Where these 25 differ by less than 24 gray levels, HybridBinarizer's own limit, the mean of 11 x 11 is taken.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W].
        layout: where the symbol lies on its canvas, and what is in it.
    Raises:
        InvalidParamError: the picture has another aspect ratio than the canvas, or modules under 2 px.
    """
    gray = gray_of(image)
    _check_shape(gray, layout)
    if layout.invert:
        gray = 255 - gray
    symbol = qr_matrix(layout.content, layout.error_correction, version=layout.version, mask=layout.mask)
    values, threshold = _sampled(gray, layout)
    expected = np.array(symbol.modules)
    seen = values <= threshold
    margin = np.where(expected, threshold - values, values - threshold).astype(np.float32)
    blocks = qr_spec.blocks(layout.version, layout.error_correction)
    return ErrorMap(
        expected=expected,
        seen=seen,
        margin=margin,
        patterns=patterns(layout.version),
        wrong_codewords=_wrong_codewords(expected != seen, layout),
        correctable=tuple((block.total - block.data) // 2 for block in blocks),
    )


def _check_shape(gray: Image, layout: QrLayout) -> None:
    height, width = gray.shape
    # A size rounded to whole pixels, or to the multiple of 8 that upscalers round to, is the same aspect ratio.
    if abs(width * layout.height - height * layout.width) > 8 * max(layout.width, layout.height):
        raise InvalidParamError(
            "layout",
            f"is for a canvas of {layout.width} x {layout.height} px, and this picture of {width} x {height} px is "
            "not an enlargement of it",
            hint="leave layout empty, or give the layout of this picture",
        )
    if layout.left + layout.size_px > layout.width or layout.top + layout.size_px > layout.height:
        raise InvalidParamError("layout", "places the code outside its canvas", hint="give the one that `qr` returned")
    module_px = layout.module_px * min(width / layout.width, height / layout.height)
    if module_px < _LEAST_MODULE_PX:
        raise InvalidParamError(
            "image", f"shows modules of {module_px:.1f} px, too small to distinguish", hint="give a larger picture"
        )


def _sampled(gray: Image, layout: QrLayout) -> tuple[Floats, Floats]:
    """Each module's brightness and its threshold: float32 [N, N] in [0, 255]."""
    import cv2

    height, width = gray.shape
    scale_x, scale_y = width / layout.width, height / layout.height
    quiet = 4
    side = layout.modules + 2 * quiet
    # The center of a sample at u lies at (u + 0.5) / SAMPLE_PX modules, that of a pixel at its index + 0.5.
    step = (np.arange(side * SAMPLE_PX) + 0.5) / SAMPLE_PX - quiet
    across = (layout.left + step * layout.module_px) * scale_x - 0.5
    down = (layout.top + step * layout.module_px) * scale_y - 0.5
    source = _smoothed(gray, layout.module_px * scale_x / SAMPLE_PX, layout.module_px * scale_y / SAMPLE_PX)
    grid = cv2.remap(
        source,
        np.broadcast_to(across.astype(np.float32), (len(down), len(across))).copy(),
        np.broadcast_to(down.astype(np.float32)[:, None], (len(down), len(across))).copy(),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    cells = grid.reshape(side, SAMPLE_PX, side, SAMPLE_PX).transpose(0, 2, 1, 3)
    core = slice(SAMPLE_PX // 4, SAMPLE_PX - SAMPLE_PX // 4)
    values = cells[:, :, core, core].mean((2, 3), dtype=np.float32)
    threshold = _threshold(values)
    inner = slice(quiet, side - quiet)
    return np.ascontiguousarray(values[inner, inner]), np.ascontiguousarray(threshold[inner, inner])


def _smoothed(gray: Image, step_x: float, step_y: float) -> Image:
    """Average over a sample's footprint where it spans more than one pixel, so that none is skipped."""
    import cv2

    if max(step_x, step_y) <= 1.5:
        return gray
    size = (max(1, round(step_x)), max(1, round(step_y)))
    size = (size[0] | 1, size[1] | 1)
    return np.asarray(cv2.blur(gray, size, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _threshold(values: Floats) -> Floats:
    """The local threshold of each module from all modules' brightness: float32 [side, side]."""
    import cv2

    near = cv2.blur(values, (_WINDOW, _WINDOW), borderType=cv2.BORDER_REPLICATE)
    square = np.ones((_WINDOW, _WINDOW), np.uint8)
    spread = cv2.dilate(values, square) - cv2.erode(values, square)
    wide = (2 * _WINDOW + 1, 2 * _WINDOW + 1)
    far = cv2.blur(values, wide, borderType=cv2.BORDER_REPLICATE)
    return np.where(spread < _FLAT_RANGE, far, near).astype(np.float32)


def patterns(version: int) -> NDArray[np.uint8]:
    """What each module belongs to: uint8 [N, N], an index into `PATTERNS`; separators count as finders.

    Source: ISO/IEC 18004:2015, 6.3.
    """
    frame = qr_spec.skeleton(version)
    size = qr_spec.side(version)
    kinds = np.full((size, size), PATTERNS.index("data"), np.uint8)
    kinds[frame.reserved & ~frame.function] = PATTERNS.index("format")
    if version >= 7:
        kinds[:6, -11:-8] = kinds[-11:-8, :6] = PATTERNS.index("version")
    kinds[frame.function] = PATTERNS.index("alignment")
    kinds[6, 8:-8] = kinds[8:-8, 6] = PATTERNS.index("timing")
    kinds[:8, :8] = kinds[:8, -8:] = kinds[-8:, :8] = PATTERNS.index("finder")
    return kinds


def _wrong_codewords(wrong: Bits, layout: QrLayout) -> tuple[int, ...]:
    """Wrong codewords of each block. Source: ISO/IEC 18004:2015, 7.6 and 7.7.3."""
    blocks = qr_spec.blocks(layout.version, layout.error_correction)
    order = qr_spec.skeleton(layout.version).order
    total = sum(block.total for block in blocks)
    bad = wrong.ravel()[order[: 8 * total]].reshape(total, 8).any(1)
    longest = max(block.data for block in blocks)
    owner = [b for place in range(longest) for b, block in enumerate(blocks) if place < block.data]
    owner += [b for _ in range(blocks[0].total - blocks[0].data) for b in range(len(blocks))]
    return tuple(int(each) for each in np.bincount(np.array(owner)[bad], minlength=len(blocks)))


def draw_errors(image: Image, layout: QrLayout, errors: ErrorMap) -> Image:
    """The picture with its wrong modules tinted: red where they should be dark, blue where light.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], as given to `error_map`.
        layout: as given to `error_map`.
        errors: what `error_map` returned.
    Returns:
        uint8 [h, w, 3] RGB, at most 2048 px a side.
    """
    out = to_rgb(shrink(image, WORKING_SIDE)).astype(np.float32)
    scale_x, scale_y = out.shape[1] / layout.width, out.shape[0] / layout.height
    for row, column in np.argwhere(errors.wrong):
        top, bottom = (round((layout.top + (row + e) * layout.module_px) * scale_y) for e in (0, 1))
        left, right = (round((layout.left + (column + e) * layout.module_px) * scale_x) for e in (0, 1))
        should_be_dark = layout.invert != bool(errors.expected[row, column])
        color = np.array(_SHOULD_BE_DARK if should_be_dark else _SHOULD_BE_LIGHT, np.float32)
        place = out[top:bottom, left:right]
        place *= 0.35
        place += 0.65 * color
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)
