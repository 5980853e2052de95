"""Lights over a canvas, and the picture they make: flat, or by Lambert's law on normals.

Coordinates: x and y are shares of the canvas's width and height from its top left corner; heights, distances and
radii are shares of the canvas's shorter side, so a picture looks the same at every size. Vectors have x to the right,
y up and z towards the viewer. Light is measured in display values: 1 is white.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

import numpy as np

from lib_bootcamp.params import Params, Spec

from .arrays import Floats, Image
from .fields import Field
from .normals import Surface
from .opencv import opencv
from .strips import Scratch, run_parts, strips

Tone: TypeAlias = Literal["fit", "soft", "clip"]
Shade: TypeAlias = tuple[Floats, ...]
Checkpoint: TypeAlias = Callable[[], None]

MAX_LIGHTS = 64
SOFT_KNEE = 0.75
STEPS = (8, 4)
PEAK_EVERY = 64
# Largest error of all interpolated lights together, in levels of 255.
INTERPOLATION_ERROR = 0.3

_PLACED = {"kind": ("point", "spot")}
_AIMED = {"kind": ("directional", "spot", "gradient")}


@dataclass(frozen=True, kw_only=True)
class Light(Params):
    """One light of the designer."""

    kind: Annotated[
        Literal["point", "spot", "directional", "gradient", "ambient"],
        Spec(
            "Kind",
            "A point shines to all sides, a spot in a cone, a directional light comes from one side, "
            "equally strong everywhere, a gradient fades across the canvas, ambient is everywhere.",
            titles={
                "point": "Point",
                "spot": "Spot",
                "directional": "Directional",
                "gradient": "Gradient",
                "ambient": "Ambient",
            },
        ),
    ] = "point"
    intensity: Annotated[float, Spec("Intensity", "1 is white at full strength.", ge=0, le=20, step=0.05)] = 1.0
    colour: Annotated[str, Spec("Colour", pattern="#[0-9a-fA-F]{6}", format="color", example="#ffffff")] = "#ffffff"
    x: Annotated[
        float,
        Spec("X", "From the left edge; may lie outside.", ge=-4, le=5, step=0.01, unit="of the width", when=_PLACED),
    ] = 0.5
    y: Annotated[
        float,
        Spec("Y", "From the top edge; may lie outside.", ge=-4, le=5, step=0.01, unit="of the height", when=_PLACED),
    ] = 0.5
    z: Annotated[
        float,
        Spec("Height", "Above the canvas.", ge=0.01, le=10, step=0.01, unit="of the shorter side", when=_PLACED),
    ] = 0.5
    azimuth: Annotated[
        float,
        Spec(
            "Azimuth",
            "Where the light comes from: 0 right, 90 top, 180 left, 270 bottom.",
            ge=-360,
            le=360,
            step=1,
            unit="degrees",
            when=_AIMED,
        ),
    ] = 90.0
    elevation: Annotated[
        float,
        Spec(
            "Elevation",
            "How high it stands: 90 shines straight down on the canvas, 0 along it.",
            ge=0,
            le=90,
            step=1,
            unit="degrees",
            when=_AIMED,
        ),
    ] = 90.0
    falloff: Annotated[
        Literal["inverse_square", "linear", "smooth", "none"],
        Spec(
            "Fall-off",
            "How the light fades with distance. Linear and smooth end at the radius.",
            when=_PLACED,
            titles={"inverse_square": "Inverse square", "linear": "Linear", "smooth": "Smooth", "none": "None"},
        ),
    ] = "inverse_square"
    radius: Annotated[
        float,
        Spec(
            "Radius",
            "Inverse square: the distance at which the light has its intensity. Linear, smooth: its reach.",
            ge=0.01,
            le=20,
            step=0.01,
            unit="of the shorter side",
            when={**_PLACED, "falloff": ("inverse_square", "linear", "smooth")},
        ),
    ] = 0.5
    angle: Annotated[
        float,
        Spec("Cone angle", "Of the whole cone.", ge=1, le=179, step=1, unit="degrees", when={"kind": ("spot",)}),
    ] = 60.0
    softness: Annotated[
        float,
        Spec(
            "Edge softness",
            "Share of the cone over which it fades; 0 is a hard edge.",
            ge=0,
            le=1,
            step=0.01,
            unit="[0, 1]",
            when={"kind": ("spot",)},
        ),
    ] = 0.3

    def rgb(self) -> tuple[float, float, float]:
        """The colour times the intensity, red, green and blue."""
        red, green, blue = (int(self.colour[at : at + 2], 16) / 255 * self.intensity for at in (1, 3, 5))
        return red, green, blue

    def direction(self) -> tuple[float, float, float]:
        """The unit vector towards the light, from azimuth and elevation."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        flat = math.cos(elevation)
        return flat * math.cos(azimuth), flat * math.sin(azimuth), math.sin(elevation)


@dataclass(frozen=True)
class Canvas:
    """Size in pixels."""

    width: int
    height: int

    @property
    def short(self) -> int:
        """The shorter side."""
        return min(self.width, self.height)


@dataclass(frozen=True)
class _Beam:
    """A light on one canvas: strength(x, y) times the vector towards it, (dx(x), dy(y), dz).

    On a flat canvas a pixel gets strength * dz, on a normal n strength * max(0, n . d).
    """

    light: Light
    canvas: Canvas

    def towards(self, xs: Floats, ys: Floats) -> tuple[Floats | float, Floats | float, float]:
        """The vector towards the light from pixels, per column, per row, and everywhere.

        Args:
            xs: float32 [w], pixel coordinates of columns.
            ys: float32 [h], pixel coordinates of rows.
        """
        light, canvas = self.light, self.canvas
        if light.kind == "ambient":
            return 0.0, 0.0, 1.0
        if light.kind in {"directional", "gradient"}:
            return light.direction()
        across = (np.float32(light.x * canvas.width - 0.5) - xs) / np.float32(canvas.short)
        down = (np.float32(light.y * canvas.height - 0.5) - ys) / np.float32(canvas.short)
        return across, -down, light.z

    def strength(self, xs: Floats, ys: Floats, scratch: Scratch | None = None) -> Floats:
        """How strong the light is at pixels, without its colour.

        Args:
            xs: float32 [w], pixel coordinates of columns.
            ys: float32 [h], pixel coordinates of rows.
            scratch: where the answer is kept; the next call writes over it.
        Returns:
            float32 [h, w].
        """
        light = self.light
        scratch, shape = scratch or Scratch(), (len(ys), len(xs))
        squared = scratch("squared", shape)
        if light.kind == "gradient":
            return self._ramp(xs, ys, squared)
        dx, dy, dz = self.towards(xs, ys)
        if not isinstance(dx, np.ndarray) or not isinstance(dy, np.ndarray):
            squared.fill(1)
            return squared
        distance = scratch("distance", shape)
        np.add((np.square(dy) + np.float32(dz * dz))[:, None], np.square(dx), out=squared)
        np.sqrt(squared, out=distance)
        out = self._fade(squared, distance)
        if light.kind == "spot":
            out *= self._cone(dx, dy, distance, scratch("along", shape))
        return out

    def _fade(self, squared: Floats, distance: Floats) -> Floats:
        """Fall-off divided by the distance, since `towards` is not normalised; writes over `squared`."""
        radius, falloff = self.light.radius, self.light.falloff
        if falloff == "none":
            return np.divide(np.float32(1), distance, out=squared)
        if falloff == "inverse_square":
            np.multiply(squared, distance, out=squared)
            return np.divide(np.float32(radius * radius), squared, out=squared)
        if falloff == "smooth":
            np.multiply(squared, np.float32(-1 / (radius * radius)), out=squared)
            np.add(squared, np.float32(1), out=squared)
            np.maximum(squared, np.float32(0), out=squared)
            np.square(squared, out=squared)
            return np.divide(squared, distance, out=squared)
        np.divide(np.float32(1), distance, out=squared)
        np.subtract(squared, np.float32(1 / radius), out=squared)
        return np.maximum(squared, np.float32(0), out=squared)

    def _cone(self, dx: Floats, dy: Floats, distance: Floats, along: Floats) -> Floats:
        """1 inside the cone, 0 outside, smooth between; writes over `distance` and `along`."""
        ax, ay, az = self.light.direction()
        np.add((np.float32(ay) * dy + np.float32(az * self.light.z))[:, None], np.float32(ax) * dx, out=along)
        inner, outer = self._cone_limits()
        np.divide(along, distance, out=along)
        np.subtract(along, np.float32(outer), out=along)
        np.multiply(along, np.float32(1 / (inner - outer)), out=along)
        np.maximum(along, np.float32(0), out=along)
        np.minimum(along, np.float32(1), out=along)
        # t * t * (3 - 2 t)
        np.multiply(along, np.float32(-2), out=distance)
        np.add(distance, np.float32(3), out=distance)
        np.multiply(distance, along, out=distance)
        np.multiply(distance, along, out=distance)
        return distance

    def _cone_limits(self) -> tuple[float, float]:
        """Cosines where the edge ends inside and outside; a hard edge is one and a half pixels wide."""
        half = math.radians(self.light.angle / 2)
        reach = self.light.z / max(self.light.direction()[2], 0.1)
        edge = max(half * self.light.softness, 1.5 / (self.canvas.short * reach))
        outer = math.cos(min(half, math.pi))
        return max(math.cos(max(half - edge, 0.0)), outer + 1e-6), outer

    def _ramp(self, xs: Floats, ys: Floats, out: Floats) -> Floats:
        """From 1 at the edge or corner the light comes from to 0 at the opposite one, linear, seen from above."""
        azimuth = math.radians(self.light.azimuth)
        across, down = round(math.cos(azimuth), 9), -round(math.sin(azimuth), 9)
        ends = [across * x + down * y for x in (0, self.canvas.width - 1) for y in (0, self.canvas.height - 1)]
        low, span = min(ends), max(ends) - min(ends)
        # Divided by the height, so that a flat canvas gets the whole light from any elevation above 3 degrees.
        lift = max(self.light.direction()[2], 0.05)
        if span < 1e-6:
            out.fill(1 / lift)
            return out
        column = ((across * xs - low) / (span * lift)).astype(np.float32)
        row = (down * ys / (span * lift)).astype(np.float32)
        return np.add(row[:, None], column, out=out)

    def smallest_feature(self) -> float:
        """Pixels over which the light changes at most: below a quarter of it interpolation is tried."""
        light = self.light
        size = min(light.z, light.radius) if light.falloff != "none" else light.z
        if light.kind == "spot":
            half = math.radians(light.angle / 2)
            size = min(size, light.z * half * light.softness)
        return size * self.canvas.short


def _grid(canvas: Canvas, step: int) -> tuple[Floats, Floats]:
    """Pixel coordinates of a `Field`'s nodes."""
    return tuple(  # type: ignore[return-value]
        (np.arange(-(-length // step) + 2, dtype=np.float32) - np.float32(1)) * np.float32(step)
        + np.float32((step - 1) / 2)
        for length in (canvas.width, canvas.height)
    )


def _step(beam: _Beam, *, flat: bool, tolerance: float) -> int | None:
    """How far apart nodes may lie for linear interpolation between them to be exact enough.

    What interpolation would miss is measured: how far each node lies from the middle of its neighbours, at
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
        channels: 1 when all light is grey, else 3.
        constant: light that is the same everywhere, per channel.
        field: all smooth light on a flat canvas with `constant` in it, [h, w] or [h, w, 3]; None for none.
        beams: lights computed one by one, with their colours and, where that is smooth, their strength.
    """

    canvas: Canvas
    surface: Surface | None
    channels: int
    constant: Floats
    field: Field | None
    beams: tuple[tuple[_Beam, tuple[float, ...], Field | None], ...]


def _prepare(canvas: Canvas, lights: Sequence[Light], surface: Surface | None, gain: float) -> _Scene:
    colours = [tuple(gain * each for each in light.rgb()) for light in lights]
    channels = 1 if all(red == green == blue for red, green, blue in colours) else 3
    constant: Floats = np.zeros(channels, dtype=np.float32)
    placed: list[tuple[_Beam, tuple[float, ...], int | None]] = []
    for light, colour in zip(lights, colours, strict=True):
        tint = colour[:channels]
        if not any(tint):
            continue
        if light.kind == "ambient" or (light.kind == "directional" and surface is None):
            constant += np.array(tint) * (1 if light.kind == "ambient" else light.direction()[2])
            continue
        beam, step = _Beam(light, canvas), None
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


def _strength_field(beam: _Beam, step: int) -> Field:
    canvas = beam.canvas
    return Field(beam.strength(*_grid(canvas, step)), canvas.height, canvas.width, step, step)


def _sum_field(canvas: Canvas, lights: Sequence[tuple[_Beam, tuple[float, ...], int]], constant: Floats) -> Field:
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
    """The lights that are computed one by one: what each gives to the strip, and its colour."""
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
    """Light to grey values, of one array or of one for each channel."""
    cv2 = opencv()
    if tone == "soft":
        for plane in planes:
            _soften(plane)
    if len(planes) == 1:
        cv2.convertScaleAbs(planes[0], dst=out, alpha=255 * scale)
        return
    grey = [scratch(f"grey {each}", plane.shape, np.uint8) for each, plane in enumerate(planes)]
    for plane, values in zip(planes, grey, strict=True):
        cv2.convertScaleAbs(plane, dst=values, alpha=255 * scale)
    cv2.merge(grey, out)


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
        uint8 [H, W] when all lights are grey, else [H, W, 3] RGB.
    """
    scene = _prepare(canvas, lights, surface, 2.0**exposure)
    shape = (canvas.height, canvas.width)
    out = np.empty(shape if scene.channels == 1 else (*shape, 3), dtype=np.uint8)
    scale = 1 / max(1.0, _peak(scene)) if tone == "fit" else 1.0
    largest = _draw(scene, out, tone, scale, checkpoint)
    if tone == "fit" and largest * scale > 1 + 0.5 / 255:
        _draw(scene, out, tone, 1 / largest, checkpoint)
    return out
