"""The size fields of a map, declared once; they are types, so that every declaration places them where it wants."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from lib_bootcamp.core.images.resize import MAX_CANVAS_SIDE, RESIZE_TITLES, ResizeMode
from lib_bootcamp.params import Spec


def side_spec(title: str, help: str) -> Spec:
    """A side of the map that may be left empty; `help` says what empty means."""
    return Spec(title, help, ge=1, le=MAX_CANVAS_SIDE, unit="px", group="Size", example=768)


def resize_spec(help: str) -> Spec:
    """How a picture is brought to the map's size; `help` says when it matters."""
    return Spec("Resize mode", help, group="Size", titles=RESIZE_TITLES)


Width: TypeAlias = Annotated[
    int | None, side_spec("Width", "Empty: the picture's own, or in proportion to the height.")
]
Height: TypeAlias = Annotated[
    int | None, side_spec("Height", "Empty: the picture's own, or in proportion to the width.")
]
Resizing: TypeAlias = Annotated[
    ResizeMode, resize_spec("As in the WebUI, where width and height do not have the picture's proportions.")
]
