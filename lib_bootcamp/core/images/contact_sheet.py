"""Pictures side by side with a line of text below each, on one sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from .arrays import Image, to_rgb

INK, PAPER = (30, 30, 30), (250, 250, 250)
_INDENT = 4


Font: TypeAlias = ImageFont.FreeTypeFont | ImageFont.ImageFont


def font_of(size: int) -> Font:
    """Pillow's own font at a size in px, where it has sizes."""
    try:
        return ImageFont.load_default(size)
    except TypeError:  # Pillow before 10.1 has one size only
        return ImageFont.load_default()


def contact_sheet(
    pictures: Sequence[tuple[str, Image]], *, columns: int = 3, cell_px: int = 320, margin_px: int = 16
) -> Image:
    """Lay pictures out in rows, each fitted into a square cell with its title below.

    Args:
        pictures: title and uint8 [H, W, 3] or [H, W], in reading order.
        columns: cells in a row.
        cell_px: side of a cell.
        margin_px: space around cells.
    Returns:
        uint8 [H, W, 3].
    """
    columns = max(1, min(columns, len(pictures)))
    line_px = 26
    rows = -(-len(pictures) // columns)
    step_x, step_y = cell_px + margin_px, cell_px + line_px + margin_px
    sheet = Pil.new("RGB", (columns * step_x + margin_px, rows * step_y + margin_px), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = font_of(16)
    for index, (title, picture) in enumerate(pictures):
        left = margin_px + index % columns * step_x
        top = margin_px + index // columns * step_y
        tile = Pil.fromarray(np.ascontiguousarray(to_rgb(picture)))
        scale = min(cell_px / tile.width, cell_px / tile.height)
        size = max(1, round(tile.width * scale)), max(1, round(tile.height * scale))
        tile = tile.resize(size, Pil.Resampling.LANCZOS)
        sheet.paste(tile, (left + (cell_px - tile.width) // 2, top + (cell_px - tile.height) // 2))
        draw.text((left, top + cell_px + 5), shortened(draw, title, font, cell_px), fill=INK, font=font)
    return np.asarray(sheet, dtype=np.uint8)


def captioned(picture: Pil.Image, lines: Sequence[str], font: Font) -> Pil.Image:
    """A picture with lines of text below, in the font; a line that is too wide is shortened in its middle (`wrapped`).

    Args:
        picture: in any mode.
        lines: as many for each picture that shall have one size.
        font: of all lines.
    Returns:
        RGB, of the same width.
    """
    line_px = round(1.3 * font.getbbox("Ag")[3])
    made = Pil.new("RGB", (picture.width, picture.height + line_px * len(lines) + line_px // 2), PAPER)
    made.paste(picture.convert("RGB"))
    draw = ImageDraw.Draw(made)
    for at, line in enumerate(lines):
        text = shortened(draw, line, font, picture.width - 2 * _INDENT)
        draw.text((_INDENT, picture.height + line_px // 4 + at * line_px), text, fill=INK, font=font)
    return made


def wrapped(lines: Sequence[str], width: int, font: Font) -> list[str]:
    """Lines for `captioned`: one that is too wide for the picture goes on in a second one, after one of its commas.

    Args:
        lines: of one picture.
        width: the picture's, in px.
        font: of all lines.
    """
    draw = ImageDraw.Draw(Pil.new("RGB", (1, 1)))

    def parts(line: str) -> list[str]:
        if fits(line, width, font) or ", " not in line:
            return [line]
        commas = [at + 1 for at in range(len(line)) if line.startswith(", ", at)]
        cut = min(commas, key=lambda at: max(draw.textlength(each, font=font) for each in (line[:at], line[at + 1 :])))
        return [line[:cut], line[cut + 1 :]]

    return [part for line in lines for part in parts(line)]


def fits(line: str, width: int, font: Font) -> bool:
    """Whether `captioned` draws a line below a picture of this width as it is."""
    draw = ImageDraw.Draw(Pil.new("RGB", (1, 1)))
    return bool(draw.textlength(line, font=font) <= width - 2 * _INDENT)


def drawable(text: str, font: Font) -> str:
    """The text with a blank for each sign that is not printed; the font of Pillow before 10.1 knows Latin 1 alone."""
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if isinstance(font, ImageFont.FreeTypeFont) else text.encode("latin-1", "replace").decode("latin-1")


def shortened(draw: ImageDraw.ImageDraw, text: str, font: Font, width: int) -> str:
    """The text, shortened in its middle where it is wider than `width` px."""
    text = drawable(text, font)[:200]
    fitted, half = text, len(text) // 2
    while half > 1 and draw.textlength(fitted, font=font) > width:
        half -= 1
        fitted = f"{text[:half]}...{text[-half:]}"
    return fitted


def sheet_by_class(
    classes: Sequence[tuple[str, Sequence[tuple[str, Image]]]], *, columns: int = 8, cell_px: int = 160
) -> Image:
    """One contact sheet below the other, each with its heading.

    Args:
        classes: heading, and its pictures as `contact_sheet` takes them; at least one class with a picture.
        columns: cells in a row.
        cell_px: side of a cell.
    Returns:
        uint8 [H, W, 3].
    """
    margin_px, head_px = 12, 34
    font = font_of(20)
    parts: list[Image] = []
    width = max(columns, 1) * (cell_px + margin_px) + margin_px
    for heading, pictures in classes:
        head = Pil.new("RGB", (width, head_px), PAPER)
        draw = ImageDraw.Draw(head)
        draw.text((margin_px, 8), shortened(draw, heading, font, width - 2 * margin_px), fill=INK, font=font)
        parts.append(np.asarray(head, dtype=np.uint8))
        sheet = contact_sheet(pictures, columns=columns, cell_px=cell_px, margin_px=margin_px)
        whole = np.full((sheet.shape[0], width, 3), PAPER, np.uint8)
        whole[:, : sheet.shape[1]] = sheet
        parts.append(whole)
    return np.concatenate(parts)
