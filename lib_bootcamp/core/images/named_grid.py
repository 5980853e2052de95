"""Pictures in rows and columns that have names, on one sheet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw

from .arrays import Image, to_rgb
from .contact_sheet import INK, PAPER, Font, drawable, font_of, shortened

_GAP, _GAP_OF_COLUMNS, _LINE = 4, 14, 22
_LINES = 3
"""Of a column's name at most."""


def named_grid(
    rows: Sequence[tuple[str, Sequence[Sequence[Image]]]],
    columns: Sequence[str],
    *,
    cell_px: int = 128,
    name_px: int = 150,
) -> Image:
    """Lay pictures out in a table: a row's name stands left of it, a column's above it.

    Args:
        rows: name, and for each column its pictures, uint8 [H, W, 3] or [H, W], which stand side by side.
        columns: their names.
        cell_px: the side of the square that each picture is fitted into.
        name_px: the width of the rows' names.
    Returns:
        uint8 [H, W, 3].
    """
    widths = [
        max((len(cells[at]) for _, cells in rows), default=0) * (cell_px + _GAP) - _GAP for at in range(len(columns))
    ]
    lefts = [name_px + _GAP + sum(widths[:at]) + at * _GAP_OF_COLUMNS for at in range(len(columns))]
    font = font_of(14)
    heads = [_lines(name, font, width) for name, width in zip(columns, widths, strict=True)]
    head = max(map(len, heads)) * _LINE + _GAP
    size = lefts[-1] + widths[-1] + _GAP, head + len(rows) * (cell_px + _GAP)
    sheet = Pil.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    for left, lines in zip(lefts, heads, strict=True):
        for at, line in enumerate(lines):
            draw.text((left, head - (len(lines) - at) * _LINE), line, fill=INK, font=font)
    for number, (name, cells) in enumerate(rows):
        top = head + number * (cell_px + _GAP)
        text = shortened(draw, name, font, name_px - _GAP)
        draw.text((_GAP, top + cell_px // 2 - _LINE // 2), text, fill=INK, font=font)
        for left, pictures in zip(lefts, cells, strict=True):
            for at, each in enumerate(pictures):
                tile = fitted(each, cell_px)
                across = left + at * (cell_px + _GAP) + (cell_px - tile.shape[1]) // 2
                sheet.paste(Pil.fromarray(tile), (across, top + (cell_px - tile.shape[0]) // 2))
    return np.asarray(sheet, dtype=np.uint8)


def fitted(picture: Image, side_px: int) -> Image:
    """A picture as large as a square allows, uint8 [H, W, 3]."""
    tile = Pil.fromarray(np.ascontiguousarray(to_rgb(picture)))
    scale = side_px / max(tile.size)
    size = max(1, round(tile.width * scale)), max(1, round(tile.height * scale))
    return np.asarray(tile.resize(size, Pil.Resampling.LANCZOS), dtype=np.uint8)


def _lines(text: str, font: Font, width: int) -> list[str]:
    """A name in at most three lines, broken at blanks; what is too long is shortened."""
    draw = ImageDraw.Draw(Pil.new("RGB", (1, 1)))
    lines: list[str] = []
    for word in drawable(text[:300], font).split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and draw.textlength(longer, font=font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    if len(lines) > _LINES:
        lines = [*lines[: _LINES - 1], " ".join(lines[_LINES - 1 :])]
    return [shortened(draw, each, font, width) for each in lines]
