"""Draw a QR symbol on a canvas: whole rows are copied where modules are square, tiles elsewhere."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Bits, Floats, Image

from . import spec as qr_spec
from .layout import QrLayout

ModuleStyle: TypeAlias = Literal["square", "dots", "rounded", "gapped"]
FinderStyle: TypeAlias = Literal["square", "rounded", "circle"]
Color: TypeAlias = tuple[int, ...]

GRAY = 128
_LEAST_ROUND_PX = 3
_LIGHT, _DARK, _BLANK, _STYLED = 0, 1, 2, 3
# Half side and corner radius, in modules, of the dark ring's outside, its inside, and the dark middle of a finder.
_FINDERS: dict[FinderStyle, tuple[tuple[float, float], ...]] = {
    "square": ((3.5, 0.0), (2.5, 0.0), (1.5, 0.0)),
    "rounded": ((3.5, 2.0), (2.5, 1.25), (1.5, 0.75)),
    "circle": ((3.5, 3.5), (2.5, 2.5), (1.5, 1.5)),
}


@dataclass(frozen=True, kw_only=True)
class Style:
    """How modules look.

    Args:
        modules: the shape of data and timing modules; alignment patterns stay square so that readers find them.
        finder: the shape of the three finder patterns; square where modules have less than 3 px.
        module_fill: side or diameter of gapped modules and dots, as a share of the module.
        dark, light: the colors of dark and light modules, RGB; the quiet zone is light.
        surround: the color outside of the quiet zone, RGB.
    """

    modules: ModuleStyle = "square"
    finder: FinderStyle = "square"
    module_fill: float = 0.85
    dark: Color = (0, 0, 0)
    light: Color = (255, 255, 255)
    surround: Color = (255, 255, 255)


def draw(modules: Bits, layout: QrLayout, style: Style) -> Image:
    """Draw a symbol.

    Args:
        modules: bool [N, N], True where dark.
        layout: where it lies.
        style: shapes and colors.
    Returns:
        uint8 [height, width, 3].
    """
    style = _readable(style, layout)
    if style.modules == "square" and style.finder == "square":
        return _draw_rows(modules.view(np.uint8), np.array([style.light, style.dark], np.uint8), layout, style)
    cells = modules.view(np.uint8).copy()
    if style.modules != "square":
        styled = modules & _styled_places((len(modules) - 17) // 4)
        cells[styled] = _STYLED + (_round_corners(modules)[styled] if style.modules == "rounded" else 0)
    return _draw_tiles(cells, layout, style)


def draw_function_patterns(layout: QrLayout, style: Style) -> Image:
    """Draw finder, timing and alignment patterns with their separators in black and white, mid gray elsewhere.

    Returns:
        uint8 [height, width]; white on black where the style's dark is the lighter of its colors.
    """
    inverted = sum(style.dark) > sum(style.light)
    ends = ((0,), (255,)) if inverted else ((255,), (0,))
    parts = qr_spec.skeleton(layout.version)
    cells = np.where(parts.function, parts.dark.view(np.uint8), np.uint8(_BLANK))
    plain = Style(finder=_readable(style, layout).finder, light=ends[0], dark=ends[1], surround=(GRAY,))
    if plain.finder == "square":
        colors = np.array([*ends, (GRAY,)], np.uint8)
        return _draw_rows(cells, colors, layout, plain, quiet=(GRAY,))[:, :, 0]
    return _draw_tiles(cells, layout, plain, quiet=(GRAY,))[:, :, 0]


def _readable(style: Style, layout: QrLayout) -> Style:
    """Square finders where round ones have too few pixels: zxing-cpp reads none of 1 px, few circles of 2 px."""
    return replace(style, finder="square") if layout.module_px < _LEAST_ROUND_PX else style


def _draw_rows(cells: NDArray[np.uint8], colors: Image, layout: QrLayout, style: Style, quiet: Color = ()) -> Image:
    """Square modules: one line of pixels for each row of modules, copied `module_px` times."""
    px, size = layout.module_px, layout.size_px
    out, line = _ground(layout, style, quiet)
    lines = np.repeat(line[None], len(cells), axis=0)
    strips = np.repeat(colors[:, None], px, axis=1)
    lines[:, layout.left : layout.left + size] = np.take(strips, cells, axis=0).reshape(len(cells), size, -1)
    rows = out[layout.top : layout.top + size].reshape(len(cells), px, layout.width, -1)
    rows[...] = lines[:, None]
    return out


def _ground(layout: QrLayout, style: Style, quiet: Color) -> tuple[Image, Image]:
    """A canvas whose rows outside of the code are filled, and the line of pixels beside the code."""
    out = np.empty((layout.height, layout.width, len(style.surround)), np.uint8)
    around = np.empty(out.shape[1:], np.uint8)
    around[:] = style.surround
    line = around.copy()
    line[layout.box_left : layout.box_left + layout.box_size_px] = quiet or style.light
    first, last = layout.box_top, layout.box_top + layout.box_size_px
    out[:first], out[last:] = around, around
    out[first : layout.top], out[layout.top + layout.size_px : last] = line, line
    return out, line


def _draw_tiles(cells: NDArray[np.uint8], layout: QrLayout, style: Style, quiet: Color = ()) -> Image:
    """Any modules: each cell's tile, one line of pixels of all tiles of a row at a time; then the finders."""
    px, count, channels, size = layout.module_px, len(cells), len(style.light), layout.size_px
    out, line = _ground(layout, style, quiet)
    body = out[layout.top : layout.top + size]
    body[...] = line
    strips, places = np.ascontiguousarray(_atlas(px, style).swapaxes(0, 1)), cells.astype(np.intp)
    split = body.reshape(count, px, layout.width, channels)[:, :, layout.left : layout.left + size]
    for y in range(px):
        split[:, y] = np.take(strips[y], places, axis=0).reshape(count, size, channels)
    if style.finder != "square":
        finder = _colors(style)[_finder(px, style.finder)]
        side, far = 7 * px, size - 7 * px
        for top, left in ((0, 0), (0, far), (far, 0)):
            body[top : top + side, layout.left + left : layout.left + left + side] = finder
    return out


def _colors(style: Style) -> Image:
    """uint8 [256, C]: the mixture for each coverage by dark, 0 to 255."""
    cover = np.arange(256)[:, None] / 255
    return cast("Image", np.rint(np.array(style.dark) * cover + np.array(style.light) * (1 - cover)).astype(np.uint8))


def _atlas(px: int, style: Style) -> Image:
    """uint8 [tiles, px, px, C]: light, dark, gray, and the styled dark ones (16 for rounded, else one)."""
    cover = np.stack([np.zeros((px, px), np.uint8), np.full((px, px), 255, np.uint8), np.zeros((px, px), np.uint8)])
    if style.modules != "square":
        cover = np.concatenate((cover, _tiles(px, style.modules, style.module_fill)))
    atlas = _colors(style)[cover]
    atlas[_BLANK] = GRAY
    return atlas


@functools.lru_cache(maxsize=16)
def _tiles(px: int, modules: ModuleStyle, fill: float) -> NDArray[np.uint8]:
    """Coverage of the styled tiles, uint8 [16 or 1, px, px]."""
    if modules == "rounded":
        return np.stack([_rounded_tile(px, corners) for corners in range(16)])
    return _coverage(px, 1, fill / 2, fill / 2 if modules == "dots" else 0.0)[None]


def _coverage(px: int, modules: int, half: float, radius: float) -> NDArray[np.uint8]:
    """How far a centered square with round corners covers each pixel, 0 to 255.

    Args:
        px: side of one module.
        modules: side of the picture, in modules.
        half: half side of the square, in modules.
        radius: of its corners, in modules.
    """
    fine = 4 if px < 16 else 2 if px < 64 else 1
    count = px * modules * fine
    away: Floats = np.abs((np.arange(count, dtype=np.float32) + 0.5) / (px * fine) - np.float32(modules / 2))
    beyond = np.maximum(away - np.float32(half - radius), 0)
    inside = np.maximum(away[:, None], away[None]) <= half
    # Half a sample inside the edge counts half: smooth edges even where a pixel is one sample.
    gap = (np.float32(radius) - np.hypot(beyond[:, None], beyond[None])) * np.float32(px * fine)
    cover = np.clip(gap + np.float32(0.5), 0, 1) * inside if radius else inside.astype(np.float32)
    mean = cover.reshape(px * modules, fine, px * modules, fine).mean(axis=(1, 3))
    return cast("NDArray[np.uint8]", np.rint(mean * 255).astype(np.uint8))


def _rounded_tile(px: int, corners: int) -> NDArray[np.uint8]:
    """A full module whose corners 1 (upper left), 2 (upper right), 4 (lower left), 8 (lower right) are round."""
    tile, disc = np.full((px, px), 255, np.uint8), _coverage(px, 1, 0.5, 0.5)
    middle = (px + 1) // 2
    lower, upper = slice(px - middle, None), slice(None, middle)
    for bit, place in enumerate(((upper, upper), (upper, lower), (lower, upper), (lower, lower))):
        if corners >> bit & 1:
            tile[place] = disc[place]
    return tile


@functools.lru_cache(maxsize=8)
def _finder(px: int, finder: FinderStyle) -> NDArray[np.uint8]:
    """Coverage of a whole finder pattern, uint8 [7 px, 7 px]."""
    outer, inner, middle = (_coverage(px, 7, half, radius) for half, radius in _FINDERS[finder])
    return outer - inner + middle


def _styled_places(version: int) -> Bits:
    """Where modules take the style: everywhere but in finder and alignment patterns."""
    parts = qr_spec.skeleton(version)
    places = ~parts.function
    places[6, 8:-8] = places[8:-8, 6] = True
    for row, col in qr_spec.alignment_centers(version):
        places[row - 2 : row + 3, col - 2 : col + 3] = False
    return places


def _round_corners(modules: Bits) -> NDArray[np.uint8]:
    """For each module the corners that touch no dark neighbor, as bits of `_rounded_tile`."""
    dark = np.pad(modules, 1)
    up, down, left, right = dark[:-2, 1:-1], dark[2:, 1:-1], dark[1:-1, :-2], dark[1:-1, 2:]
    corners = np.zeros(modules.shape, np.uint8)
    for bit, (one, other) in enumerate(((up, left), (up, right), (down, left), (down, right))):
        corners |= (~one & ~other).astype(np.uint8) << np.uint8(bit)
    return corners


def contrast(dark: Color, light: Color) -> float:
    """How much lighter one color looks to a reader than the other, in [-100, 100]: the difference of luma.

    Readers threshold the luma of Rec. 601; of its difference 40 is what ISO/IEC 15415:2011, 7.8.4 grades as
    fair (2 of 4) for reflectance.
    """
    weights = (0.299, 0.587, 0.114)
    return sum(w * (b - a) for w, a, b in zip(weights, dark, light, strict=True)) / 2.55
