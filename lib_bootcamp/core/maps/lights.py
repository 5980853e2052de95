"""Lights of the designer, and how strong each is at a pixel.

Coordinates: x and y are shares of the canvas's width and height from its top left corner; heights, distances and
radii are shares of the canvas's shorter side, so a picture looks the same at every size. Vectors have x to the right,
y up and z towards the viewer. Light is measured in display values: 1 is white.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.core.images.strips import Scratch
from lib_bootcamp.params import Params, Spec

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
    color: Annotated[
        str, Spec("Color", pattern="#[0-9a-fA-F]{6}", format="color", example="#ffffff", renamed=("colour",))
    ] = "#ffffff"
    x: Annotated[
        float,
        Spec(
            "X",
            "From the left edge; may be outside the picture.",
            ge=-4,
            le=5,
            step=0.01,
            unit="of the width",
            when=_PLACED,
        ),
    ] = 0.5
    y: Annotated[
        float,
        Spec(
            "Y",
            "From the top edge; may be outside the picture.",
            ge=-4,
            le=5,
            step=0.01,
            unit="of the height",
            when=_PLACED,
        ),
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
            "Its height: 90 shines straight down on the canvas, 0 along it.",
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
            unit="0 to 1",
            when={"kind": ("spot",)},
        ),
    ] = 0.3

    def rgb(self) -> tuple[float, float, float]:
        """The color times the intensity, red, green and blue."""
        red, green, blue = (int(self.color[at : at + 2], 16) / 255 * self.intensity for at in (1, 3, 5))
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
class Beam:
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
        """How strong the light is at pixels, without its color.

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
        """Fall-off divided by the distance, since `towards` is not normalized; writes over `squared`."""
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
