"""The light in an existing picture: what is left when everything small is taken away."""

from __future__ import annotations

import math

import numpy as np

from lib_bootcamp.core.images.arrays import Floats, Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch, run_parts, strips

from .blur import Reduction
from .interpolation import Field
from .luminance import Luminance, luminance


def estimate(
    image: Image,
    *,
    scale: float = 1 / 16,
    kind: Luminance = "lstar",
    color: bool = False,
    edge_threshold: float | None = None,
) -> Image:
    """Estimate the illumination of a picture at large scale.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W].
        scale: sigma of the Gaussian as a share of the shorter side; what is smaller counts as texture.
        kind: how brightness is measured for a gray map.
        color: keep the color of the light.
        edge_threshold: None for a Gaussian; else edges stronger than this, in [0, 1], stay sharp
            (guided filter with the picture as its own guide).
    Returns:
        uint8 [H, W], or [H, W, 3] with `color`.
    Source: He, Sun and Tang, "Guided Image Filtering" (TPAMI 2013); He and Sun, "Fast Guided Filter" (2015).
    """
    height, width = image.shape[:2]
    image = np.ascontiguousarray(image)
    sigma = scale * min(height, width)
    reduction = Reduction.plan(height, width, sigma)
    if edge_threshold is None:
        small = reduction.shrink(image)
        small = to_rgb(small) if color else luminance(small, kind)
        return reduction.spread(reduction.smooth(small)).to_image()
    return _guided(image, reduction, kind=kind, color=color, eps=edge_threshold**2)


def _guided(image: Image, reduction: Reduction, *, kind: Luminance, color: bool, eps: float) -> Image:
    """Per window, the picture's light as a line over its luma; the lines are averaged and applied to every pixel."""
    cv2 = opencv()
    small = reduction.shrink(image)
    guide = luminance(small, "luma").astype(np.float32) / np.float32(255)
    target = (to_rgb(small) if color else luminance(small, kind)).astype(np.float32) / np.float32(255)
    # Two box filters of this radius together have the variance of the Gaussian.
    size = tuple(2 * max(1, round(math.sqrt(1.5) * each)) + 1 for each in (reduction.sigma_x, reduction.sigma_y))

    def box(values: Floats) -> Floats:
        out: Floats = cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)
        return out

    mean_guide = box(guide)
    weight: Floats = np.divide(np.float32(1), np.maximum(box(guide * guide) - mean_guide**2, 0) + np.float32(eps))
    lines: list[tuple[Field, Field]] = []
    for channel in cv2.split(target):
        mean = box(channel)
        slope = (box(channel * guide) - mean * mean_guide) * weight
        level = mean - slope * mean_guide
        # The guide stays as it is, 0 to 255, so only the level is scaled.
        lines.append((reduction.spread(box(slope)), reduction.spread(box(level) * np.float32(255))))
    full = luminance(image, "luma")
    out = np.empty((*full.shape, 3) if color else full.shape, dtype=np.uint8)

    def work(first: int, last: int) -> None:
        scratch = Scratch()
        # Longer strips than elsewhere: fields compute two extra blocks for each.
        for top, bottom in strips(first, last, max(1, reduction.width // 8), multiple=2**reduction.times_y):
            shape = bottom - top, reduction.width
            bright, light = scratch("bright", shape), scratch("light", shape)
            np.copyto(bright, full[top:bottom])
            parts = [scratch(f"part {each}", shape, np.uint8) for each in range(len(lines))]
            for (slope_field, level_field), part in zip(lines, parts, strict=True):
                np.multiply(slope_field.rows(top, bottom, scratch), bright, out=light)
                light += level_field.rows(top, bottom, scratch)
                cv2.convertScaleAbs(np.maximum(light, np.float32(0), out=light), dst=part)
            out[top:bottom] = cv2.merge(parts) if color else parts[0]

    run_parts(reduction.height, reduction.width, work, multiple=2**reduction.times_y)
    return out
