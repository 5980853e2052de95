"""The picture that lights make on a canvas: flat, or by Lambert's law on normals. Units are those of `lights`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch, run_parts, strips

from .interpolation import Field
from .lights import Beam, Canvas
from .lights import Light as Light
from .normals import Surface

Tone: TypeAlias = Literal["fit", "soft", "clip"]
Shade: TypeAlias = tuple[Floats, ...]
Checkpoint: TypeAlias = Callable[[], None]

MAX_LIGHTS = 64
SOFT_KNEE = 0.75
STEPS = (8, 4)
PEAK_EVERY = 64
# Largest error of all interpolated lights together, in levels of 255.
INTERPOLATION_ERROR = 0.3


def _grid(canvas: Canvas, step: int) -> tuple[Floats, Floats]:
    """Pixel coordinates of a `Field`'s nodes."""
    return tuple(  # type: ignore[return-value]
        (np.arange(-(-length // step) + 2, dtype=np.float32) - np.float32(1)) * np.float32(step)
        + np.float32((step - 1) / 2)
        for length in (canvas.width, canvas.height)
    )


def _step(beam: Beam, *, flat: bool, tolerance: float) -> int | None:
    """How far apart nodes may lie for linear interpolation between them to be exact enough.

    What interpolation would miss is measured: how far each node lies from the middle of its neighbors, at
    twice the step. A smooth light misses a quarter of that at the step itself, one with a bend half of it.

    Args:
        beam: the light.
        flat: whether it falls on a flat canvas.
        tolerance: the largest error of strength times distance.
    Returns:
        the step, or None when every pixel must be computed.
    """
    feature = math.inf if beam.light.kind == "gradient" else beam.smallest_feature()
    for step in STEPS:
        if step * 4 > feature or step * 4 > beam.canvas.short:
            continue
        if beam.light.kind == "gradient":
            return step
        xs, ys = _grid(beam.canvas, step)
        values = beam.strength(xs, ys)
        across = np.abs(values[:, 1:-1] - (values[:, :-2] + values[:, 2:]) / 2)
        down = np.abs(values[1:-1] - (values[:-2] + values[2:]) / 2)
        if flat:
            missed = float(across.max() + down.max()) * beam.light.z
        else:
            dx, dy, dz = beam.towards(xs, ys)
            distance = np.sqrt(np.square(dx)[None] + (np.square(dy) + dz * dz)[:, None])
            missed = float((across * distance[:, 1:-1]).max() + (down * distance[1:-1]).max())
        if missed / 2 <= tolerance:
            return step
    return None


@dataclass(frozen=True)
class _Scene:
    """What is known before the first pixel is computed.

    Args:
        canvas: its size.
        surface: normals, or None when flat.
        channels: 1 when all light is gray, else 3.
        constant: light that is the same everywhere, per channel.
        field: all smooth light on a flat canvas with `constant` in it, [h, w] or [h, w, 3]; None for none.
        beams: lights computed one by one, with their colors and, where that is smooth, their strength.
    """

    canvas: Canvas
    surface: Surface | None
    channels: int
    constant: Floats
    field: Field | None
    beams: tuple[tuple[Beam, tuple[float, ...], Field | None], ...]


def _prepare(canvas: Canvas, lights: Sequence[Light], surface: Surface | None, gain: float) -> _Scene:
    colors = [tuple(gain * each for each in light.rgb()) for light in lights]
    channels = 1 if all(red == green == blue for red, green, blue in colors) else 3
    constant: Floats = np.zeros(channels, dtype=np.float32)
    placed: list[tuple[Beam, tuple[float, ...], int | None]] = []
    for light, color in zip(lights, colors, strict=True):
        tint = color[:channels]
        if not any(tint):
            continue
        if light.kind == "ambient" or (light.kind == "directional" and surface is None):
            constant += np.array(tint) * (1 if light.kind == "ambient" else light.direction()[2])
            continue
        beam, step = Beam(light, canvas), None
        # On a surface a gradient's strength is as cheap to compute as to interpolate.
        if light.kind in {"point", "spot"} or (light.kind == "gradient" and surface is None):
            tolerance = INTERPOLATION_ERROR / (255 * max(tint) * len(lights))
            step = _step(beam, flat=surface is None, tolerance=tolerance)
        placed.append((beam, tint, step))
    if surface is not None:
        beams = tuple((beam, tint, _strength_field(beam, step) if step else None) for beam, tint, step in placed)
        return _Scene(canvas, surface, channels, constant, None, beams)
    smooth = [(beam, tint, step) for beam, tint, step in placed if step]
    field = _sum_field(canvas, smooth, constant) if smooth else None
    return _Scene(canvas, None, channels, constant, field, tuple((a, b, None) for a, b, step in placed if not step))


def _strength_field(beam: Beam, step: int) -> Field:
    canvas = beam.canvas
    return Field(beam.strength(*_grid(canvas, step)), canvas.height, canvas.width, step, step)


def _sum_field(canvas: Canvas, lights: Sequence[tuple[Beam, tuple[float, ...], int]], constant: Floats) -> Field:
    """All smooth lights of a flat canvas in one field, at the step of the least smooth one."""
    step = min(each for _, _, each in lights)
    xs, ys = _grid(canvas, step)
    planes = [np.full((len(ys), len(xs)), each, dtype=np.float32) for each in constant]
    for beam, tint, _ in lights:
        strength = beam.strength(xs, ys)
        strength *= np.float32(beam.towards(xs, ys)[2])
        for plane, each in zip(planes, tint, strict=True):
            plane += strength * np.float32(each)
    return Field(planes[0] if len(planes) == 1 else np.dstack(planes), canvas.height, canvas.width, step, step)


def _shades(scene: _Scene, top: int, bottom: int, scratch: Scratch) -> Iterator[tuple[Floats, tuple[float, ...]]]:
    """The lights that are computed one by one: what each gives to the strip, and its color."""
    xs = np.arange(scene.canvas.width, dtype=np.float32)
    ys = np.arange(top, bottom, dtype=np.float32)
    facing = scene.surface.normals(top, bottom, scratch) if scene.surface is not None else None
    for beam, tint, field in scene.beams:
        towards = beam.towards(xs, ys)
        if facing is None:
            shade = beam.strength(xs, ys, scratch)
            shade *= np.float32(towards[2])
        else:
            shade = _lambert(facing, towards, scratch)
            if field is not None:
                shade *= field.rows(top, bottom, scratch)
            elif beam.light.kind != "directional":
                shade *= beam.strength(xs, ys, scratch)
        yield shade, tint


def _lambert(
    normals: tuple[Floats, Floats, Floats | float, Floats],
    towards: tuple[Floats | float, Floats | float, float],
    scratch: Scratch,
) -> Floats:
    """The normals' products with the vector towards the light, none below 0."""
    cv2 = opencv()
    x, y, z, inverse = normals
    dx, dy, dz = towards
    shade, part = scratch("shade", x.shape), scratch("shade part", x.shape)
    if isinstance(dx, np.ndarray) and isinstance(dy, np.ndarray):
        np.multiply(x, dx, out=shade)
        shade += np.multiply(y, dy[:, None], out=part)
    else:
        cv2.addWeighted(x, dx, y, dy, 0, dst=shade)
    if isinstance(z, np.ndarray):
        cv2.scaleAdd(z, dz, shade, dst=shade)
    else:
        shade += np.float32(z * dz)
    np.maximum(shade, np.float32(0), out=shade)
    shade *= inverse
    return shade


def _soften(plane: Floats) -> None:
    """Bend what is over the knee towards 1, which it never passes; the slope has no jump."""
    over = np.maximum(plane - np.float32(SOFT_KNEE), np.float32(0))
    np.minimum(plane, np.float32(SOFT_KNEE), out=plane)
    room = 1 - SOFT_KNEE
    plane += np.float32(room) * -np.expm1(over * np.float32(-1 / room))


def _paint(scene: _Scene, top: int, bottom: int, scratch: Scratch) -> Shade:
    """All light of a strip, one array for each channel."""
    cv2 = opencv()
    planes = tuple(scratch(f"plane {each}", (bottom - top, scene.canvas.width)) for each in range(scene.channels))
    smooth = scene.field.rows(top, bottom, scratch, "smooth") if scene.field is not None else None
    for channel, plane in enumerate(planes):
        if smooth is None:
            plane.fill(scene.constant[channel])
        else:
            np.copyto(plane, smooth if smooth.ndim == 2 else smooth[:, :, channel])
    for shade, tint in _shades(scene, top, bottom, scratch):
        for plane, each in zip(planes, tint, strict=True):
            cv2.scaleAdd(shade, each, plane, dst=plane)
    return planes


def _peak(scene: _Scene) -> float:
    """The brightest light, from the nodes of the smooth part or from a few rows in every `PEAK_EVERY`."""
    if not scene.beams:
        return float(scene.constant.max()) if scene.field is None else scene.field.largest()
    peak, scratch = 0.0, Scratch()
    for top in range(0, scene.canvas.height, PEAK_EVERY):
        planes = _paint(scene, top, min(top + STEPS[0], scene.canvas.height), scratch)
        peak = max(peak, *(float(plane.max()) for plane in planes))
    return peak


def _draw(scene: _Scene, out: Image, tone: Tone, scale: float, checkpoint: Checkpoint | None) -> float:
    """Compute every pixel, times `scale`; returns the largest light of the pixels computed one by one."""
    canvas = scene.canvas
    smooth = scene.field if not scene.beams else None

    def work(first: int, last: int) -> float:
        largest, scratch = 0.0, Scratch()
        # A field alone computes two extra blocks for each strip, so its strips are longer.
        strip_width = canvas.width if smooth is None else max(1, canvas.width // 8)
        for top, bottom in strips(first, last, strip_width, multiple=STEPS[0]):
            if checkpoint is not None:
                checkpoint()
            if smooth is not None:
                _expose((smooth.rows(top, bottom, scratch),), out[top:bottom], tone, scale, scratch)
                continue
            planes = _paint(scene, top, bottom, scratch)
            largest = max(largest, *(float(plane.max()) for plane in planes))
            _expose(planes, out[top:bottom], tone, scale, scratch)
        return largest

    return max(run_parts(canvas.height, canvas.width, work, multiple=STEPS[0]))


def _expose(planes: Shade, out: Image, tone: Tone, scale: float, scratch: Scratch) -> None:
    """Light to gray values, of one array or of one for each channel."""
    cv2 = opencv()
    if tone == "soft":
        for plane in planes:
            _soften(plane)
    if len(planes) == 1:
        cv2.convertScaleAbs(planes[0], dst=out, alpha=255 * scale)
        return
    gray = [scratch(f"gray {each}", plane.shape, np.uint8) for each, plane in enumerate(planes)]
    for plane, values in zip(planes, gray, strict=True):
        cv2.convertScaleAbs(plane, dst=values, alpha=255 * scale)
    cv2.merge(gray, out)


def render(  # noqa: PLR0913 - the scene, and how to expose it
    canvas: Canvas,
    lights: Sequence[Light],
    surface: Surface | None = None,
    *,
    exposure: float = 0.0,
    tone: Tone = "fit",
    checkpoint: Checkpoint | None = None,
) -> Image:
    """Draw the light that falls on a canvas.

    Args:
        canvas: its size.
        lights: any number; they add up.
        surface: normals to fall on (Lambert's law, no shadows); None for a flat canvas.
        exposure: in stops; 1 doubles all light.
        tone: what happens above white. `fit` dims everything until the brightest pixel is white, and changes
            nothing when none is brighter; `soft` bends values above 0.75; `clip` cuts.
        checkpoint: called before each strip; raises to stop.
    Returns:
        uint8 [H, W] when all lights are gray, else [H, W, 3] RGB.
    """
    scene = _prepare(canvas, lights, surface, 2.0**exposure)
    shape = (canvas.height, canvas.width)
    out = np.empty(shape if scene.channels == 1 else (*shape, 3), dtype=np.uint8)
    scale = 1 / max(1.0, _peak(scene)) if tone == "fit" else 1.0
    largest = _draw(scene, out, tone, scale, checkpoint)
    if tone == "fit" and largest * scale > 1 + 0.5 / 255:
        _draw(scene, out, tone, 1 / largest, checkpoint)
    return out
