"""What a script gives back: pictures with their infotexts, and the grid in front."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image as Pil

from lib_bootcamp.core.images.contact_sheet import captioned, fits, wrapped

from .ports import Pipeline

TITLES = 25
"""The WebUI's titles of a grid are this part of a picture's width and height high."""
LEAST_PX = 12
COMMENTS = "Bootcamp comments"
_EMPTY = (128, 128, 128)


@dataclass
class Shown:
    """A picture (Pillow) of the gallery, and the lines below it in the grid."""

    picture: Any
    infotext: str
    seed: int
    prompt: str
    lines: tuple[str, ...]


def grid_of(
    pipeline: Pipeline, rows: Sequence[Sequence[Shown | None]], columns: Sequence[str], titles: Sequence[str]
) -> Any:
    """Pictures in rows with titles and a caption each; a cell that was not drawn is gray.

    Args:
        pipeline: lays it out.
        rows: pictures, or None.
        columns: the titles above.
        titles: the rows' titles.
    """
    shown = [each for row in rows for each in row if each is not None]
    size = max(each.picture.width for each in shown), max(each.picture.height for each in shown)
    font, captions = _captions(pipeline, [each for row in rows for each in row], size)
    count = max(len(each) for each in captions)
    cells = []
    for each, lines in zip((each for row in rows for each in row), captions, strict=True):
        canvas = Pil.new("RGB", size, _EMPTY)
        if each is not None:
            canvas.paste(each.picture, ((size[0] - each.picture.width) // 2, (size[1] - each.picture.height) // 2))
        cells.append(captioned(canvas, [*lines, *[""] * (count - len(lines))], font))
    return pipeline.grid(cells, columns, titles)


def _captions(pipeline: Pipeline, cells: Sequence[Shown | None], size: tuple[int, int]) -> tuple[Any, list[list[str]]]:
    """The font and each cell's lines: as large as the titles, which the WebUI draws so, where the lines fit."""
    largest, least = max(LEAST_PX, sum(size) // TITLES), max(LEAST_PX, sum(size) // (2 * TITLES))
    for px in range(largest, least - 1, -1):
        font = pipeline.font(px)
        captions = [wrapped(each.lines, size[0], font) if each else [] for each in cells]
        if all(fits(line, size[0], font) for lines in captions for line in lines):
            break
    return font, captions


def processed_of(template: Any, shown: Sequence[Shown], grid: tuple[Any, str] | None, comment: str) -> Any:
    """The WebUI's `Processed` with other pictures.

    Args:
        template: of one of the generations.
        shown: the pictures, in order.
        grid: the grid (Pillow) and its infotext, where there is one.
        comment: what the page shows below the pictures.
    """
    made = copy.copy(template)
    made.images = [each.picture for each in shown]
    made.infotexts = [each.infotext for each in shown]
    if not shown:
        return made
    made.all_seeds = [each.seed for each in shown]
    made.all_prompts = [each.prompt for each in shown]
    made.all_negative_prompts = [template.all_negative_prompts[0]] * len(shown)
    made.all_subseeds = [template.all_subseeds[0]] * len(shown)
    made.seed, made.info, made.index_of_first_image = shown[0].seed, shown[0].infotext, 0
    if grid is not None:
        picture, infotext = grid
        made.images.insert(0, picture)
        made.infotexts.insert(0, infotext)
        made.info, made.index_of_first_image = infotext, 1  # what stands below the grid, which is shown first
    if hasattr(made, "extra_images"):  # Forge shows them beside the pictures
        made.extra_images = []
    if comment:
        made.comments = f"{getattr(template, 'comments', '')}{comment}\n"
        # the API answers these, and no comments
        made.extra_generation_params = {**getattr(template, "extra_generation_params", {}), COMMENTS: comment}
    return made
