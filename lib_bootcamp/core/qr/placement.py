"""The layout solver: version, level and module size such that a code lies on the latent grid of a canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from lib_bootcamp.errors import InvalidParamError

from . import spec as qr_spec
from .encode import QrSymbol, qr_matrix, room, smallest_version
from .layout import QrLayout
from .spec import LEVELS, Level

Position: TypeAlias = Literal["center", "top-left", "top-right", "bottom-left", "bottom-right"]
MIN_SIDE_PX, MAX_SIDE_PX = 64, 8192


class LayoutError(InvalidParamError):
    """The code cannot be laid out on the canvas; the sentence says what could."""

    side_px: int | None = None
    """Of the smallest square canvas on which it could; None where none or something else is the matter."""


AUTOMATIC_GRIDS_PX = (16, 8)
"""What `Canvas.grid_px` 0 takes: modules of two latent pixels wherever they fit."""


@dataclass(frozen=True, kw_only=True)
class Canvas:
    """Where a code may lie.

    Args:
        width, height: in px.
        grid_px: module sizes and places are whole multiples of it; 0: of 16 where that fits, else of 8.
        module_px: 0 takes the largest that fits.
        quiet_zone: in modules, on each side.
        position: of the code with its quiet zone; centered ones are rounded up and left to the grid.
        offset_x_px, offset_y_px: added to the position, in whole multiples of the grid.
    """

    width: int
    height: int
    grid_px: int = 8
    module_px: int = 0
    quiet_zone: int = 4
    position: Position = "center"
    offset_x_px: int = 0
    offset_y_px: int = 0


@dataclass(frozen=True, kw_only=True)
class EncodeRequest:
    """What is to be encoded, and how; None leaves version and mask to be chosen, as in `qr_matrix`."""

    content: str
    error_correction: Level = "H"
    version: int | None = None
    mask: int | None = None
    boost: bool = True


def solve(request: EncodeRequest, canvas: Canvas) -> tuple[QrSymbol, QrLayout]:
    """Encode a text and place it: the smallest version, then the largest modules that fit.

    Args:
        request: the text and its encoding.
        canvas: where it may lie.
    Returns:
        the symbol and where it lies.
    Raises:
        PayloadTooLongError: no version, or not the asked one, holds the text.
        LayoutError: nothing fits the canvas; says how long the content may be and which canvas would do.
    """
    level, fixed = request.error_correction, request.version
    symbol = qr_matrix(request.content, level, version=fixed, mask=request.mask, boost=request.boost)
    canvases = _on_grids(canvas)
    canvas = next((each for each in canvases if place(symbol.version, each) is not None), canvases[-1])
    found = place(symbol.version, canvas)
    if found is None:
        raise _too_small(symbol.version, request, canvas)
    module_px, left, top = found
    margin = canvas.quiet_zone * module_px
    layout = QrLayout(
        content=symbol.content,
        version=symbol.version,
        error_correction=symbol.error_correction,
        mask=symbol.mask,
        module_px=module_px,
        quiet_zone=canvas.quiet_zone,
        left=left + margin,
        top=top + margin,
        width=canvas.width,
        height=canvas.height,
        correctable_modules=qr_spec.correctable_modules(symbol.version, symbol.error_correction),
    )
    return symbol, layout


def _on_grids(canvas: Canvas) -> list[Canvas]:
    """The canvas on each grid that it may have, the coarser first."""
    if canvas.grid_px:
        return [canvas]
    given = (canvas.module_px, canvas.offset_x_px, canvas.offset_y_px)
    grids = [each for each in AUTOMATIC_GRIDS_PX if not any(value % each for value in given)]
    return [replace(canvas, grid_px=each) for each in grids or AUTOMATIC_GRIDS_PX[-1:]]


def place(version: int, canvas: Canvas) -> tuple[int, int, int] | None:
    """The largest modules with which a version fits the canvas at its position, or None.

    Returns:
        the module's size, and left and top of the quiet zone, in px: whole multiples of `grid_px`.
    """
    modules = qr_spec.side(version) + 2 * canvas.quiet_zone
    for module_px in _sizes(modules, canvas):
        left = _start(canvas.width - modules * module_px, canvas, axis=1)
        top = _start(canvas.height - modules * module_px, canvas, axis=0)
        if left is not None and top is not None:
            return module_px, left, top
    return None


def _sizes(modules: int, canvas: Canvas) -> Iterator[int]:
    if canvas.module_px:
        return iter([canvas.module_px])
    largest = min(canvas.width, canvas.height) // modules // canvas.grid_px * canvas.grid_px
    return iter(range(largest, 0, -canvas.grid_px))


def _start(free: int, canvas: Canvas, *, axis: int) -> int | None:
    if free < 0:
        return None
    offset = canvas.offset_x_px if axis else canvas.offset_y_px
    start = _anchor(free, canvas, axis=axis) + offset
    return start if 0 <= start <= free else None


def _anchor(free: int, canvas: Canvas, *, axis: int) -> int:
    grid, side = canvas.grid_px, canvas.position.partition("-")[2 if axis else 0]
    return {"left": 0, "top": 0, "right": free, "bottom": free}.get(side, free // 2) // grid * grid


def largest_version(canvas: Canvas) -> int | None:
    """The largest version that fits the canvas, or None."""
    return next((version for version in range(40, 0, -1) if place(version, canvas)), None)


def smallest_canvas(version: int, canvas: Canvas) -> int | None:
    """The side in px, a multiple of 8, of the smallest square canvas with these settings, or None over 8192."""
    sides = range(MIN_SIDE_PX, MAX_SIDE_PX + 1, 8)
    return next((px for px in sides if place(version, replace(canvas, width=px, height=px))), None)


def _too_small(version: int, request: EncodeRequest, canvas: Canvas) -> LayoutError:
    offset = _offset_problem(version, canvas)
    if offset:
        return offset
    modules, px = qr_spec.side(version) + 2 * canvas.quiet_zone, canvas.module_px or canvas.grid_px
    problem = (
        f"does not fit: version {version} with its quiet zone has {modules} modules a side, "
        f"which at {px} px each take {modules * px} px of the canvas of {canvas.width} x {canvas.height} px"
    )
    ways = [*_larger_canvas(version, canvas), *_shorter_content(request, canvas), *_smaller_modules(version, canvas)]
    ways = ways or ["make width and height larger, or module_px, grid_px or quiet_zone smaller"]
    hint = " or ".join([", ".join(ways[:-1]), ways[-1]][len(ways) == 1 :])
    error = LayoutError("content", problem, hint=hint)
    error.side_px = smallest_canvas(version, canvas)
    return error


def _larger_canvas(version: int, canvas: Canvas) -> list[str]:
    enough = smallest_canvas(version, canvas)
    return [f"make width and height at least {enough}"] if enough else []


def _shorter_content(request: EncodeRequest, canvas: Canvas) -> list[str]:
    largest, level = largest_version(canvas), request.error_correction
    if largest is None:
        return []
    fits = [each for each in LEVELS if (smallest_version(request.content, each) or 41) <= largest]
    if level in fits:
        return ["set version to 0"]
    ways = [] if request.version else [f"shorten it to {room(request.content, largest, level)}"]
    lower = [each for each in fits if LEVELS.index(each) < LEVELS.index(level)]
    return [*ways, f"set error_correction to {lower[-1]}"] if lower and not request.version else ways


def _smaller_modules(version: int, canvas: Canvas) -> list[str]:
    if canvas.module_px and place(version, replace(canvas, module_px=0)):
        return ["set module_px to 0"]
    finer = (each for each in (8, 1) if each < canvas.grid_px)
    grid = next((each for each in finer if place(version, replace(canvas, grid_px=each, module_px=0))), None)
    return [f"set grid_px to {grid}" + (" and module_px to 0" if canvas.module_px else "")] if grid else []


def _offset_problem(version: int, canvas: Canvas) -> LayoutError | None:
    """Names the offset where the code would fit without it."""
    modules = qr_spec.side(version) + 2 * canvas.quiet_zone
    plain = place(version, replace(canvas, offset_x_px=0, offset_y_px=0))
    if plain is None:
        return None
    size = modules * (canvas.module_px or canvas.grid_px)
    for axis, name, length in ((1, "offset_x_px", canvas.width), (0, "offset_y_px", canvas.height)):
        free = length - size
        if _start(free, canvas, axis=axis) is None:
            anchor, grid = _anchor(free, canvas, axis=axis), canvas.grid_px
            span = f"{-anchor} to {(free - anchor) // grid * grid}"
            return LayoutError(
                name, "pushes the code off the canvas", hint=f"with {size // modules} px modules it may be {span}"
            )
    return LayoutError("offset_x_px", "and offset_y_px push the code off the canvas", hint="bring them nearer to 0")
