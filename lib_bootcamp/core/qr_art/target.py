"""What a QR code asks of each block of a diffusion model's latent grid: darker or lighter, and how urgently."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Bits, Floats
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.scan.error_map import PATTERNS, Pattern, patterns

Weights: TypeAlias = Mapping[Pattern, float]
# A reader finds the code by its finders; no error correction covers them, timing, format or version.
PATTERN_WEIGHTS: Weights = {
    "data": 1.0, "format": 1.25, "version": 1.25, "timing": 1.25, "alignment": 1.25, "finder": 1.5,
}  # fmt: skip
QUIET_WEIGHT = 1.0
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class BlockTarget:
    """For each block: float32 [h, w] `weight`, 0 outside of the code; int8 [h, w] `side`, 1: light is due, -1: dark."""

    side: NDArray[np.int8]
    weight: NDArray[np.float32]


def module_weights(layout: QrLayout, weights: Weights = PATTERN_WEIGHTS) -> Floats:
    """The weight of each module by its pattern: float32 [N, N]."""
    by_pattern = np.array([weights[each] for each in PATTERNS], dtype=np.float32)
    return np.asarray(by_pattern[patterns(layout.version)])


def block_target(layout: QrLayout, modules: Floats, quiet: float = QUIET_WEIGHT, factor: int = 8) -> BlockTarget:
    """Lay a symbol over blocks of pixels.

    A block that lies in modules of both colors is left alone where neither has three quarters of it.

    Args:
        layout: where the symbol lies; canvas sizes are multiples of `factor`.
        modules: float32 [N, N], the weight of each module.
        quiet: the weight of the quiet zone.
        factor: pixels of a block's side.
    """
    symbol = qr_matrix(layout.content, layout.error_correction, version=layout.version, mask=layout.mask)
    light = np.where(np.array(symbol.modules) != layout.invert, -1.0, 1.0).astype(np.float32)
    margin = layout.quiet_zone
    ground = -1.0 if layout.invert else 1.0
    signs = _on_blocks(np.pad(light, margin, constant_values=ground), layout, factor)
    weight = _on_blocks(np.pad(modules.astype(np.float32), margin, constant_values=quiet), layout, factor)
    clear = np.abs(signs) >= _LEAST_SHARE
    side = np.where(clear, np.sign(signs), 0).astype(np.int8)
    return BlockTarget(side, np.where(clear, weight, 0).astype(np.float32))


def _on_blocks(cells: Floats, layout: QrLayout, factor: int) -> Floats:
    """The mean of cells over each block of the canvas; 0 where there is none. float32 [H / factor, W / factor]."""
    px = layout.module_px
    canvas = np.zeros((layout.height, layout.width), np.float32)
    drawn = np.repeat(np.repeat(cells, px, 0), px, 1)
    top, left = layout.box_top, layout.box_left
    over, before = max(0, -top), max(0, -left)  # a quiet zone may end with the canvas
    part = drawn[over : layout.height - top, before : layout.width - left]
    canvas[top + over : top + over + part.shape[0], left + before : left + before + part.shape[1]] = part
    height, width = layout.height // factor, layout.width // factor
    blocks = canvas[: height * factor, : width * factor].reshape(height, factor, width, factor)
    return np.asarray(blocks.mean((1, 3)), dtype=np.float32)


def module_mask(wrong: Bits, layout: QrLayout, factor: int = 8) -> Floats:
    """Which blocks touch a module of these: float32 [h, w], 1 or 0.

    Args:
        wrong: bool [N, N].
        layout: where the symbol lies.
        factor: pixels of a block's side.
    """
    cells = np.pad(wrong.astype(np.float32), layout.quiet_zone)
    return np.asarray(_on_blocks(cells, layout, factor) > 0, dtype=np.float32)
