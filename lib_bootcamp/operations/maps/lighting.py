"""A lighting map: lights set on a canvas, a picture or a surface, or the light that a picture already has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Depth, Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import ResizeMode, resize, target_size
from lib_bootcamp.core.maps.blend import BLEND_TITLES, Blend, blend
from lib_bootcamp.core.maps.illumination import estimate
from lib_bootcamp.core.maps.lighting import MAX_LIGHTS, Tone, render
from lib_bootcamp.core.maps.lights import Canvas, Light
from lib_bootcamp.core.maps.luminance import LUMINANCE_TITLES, Luminance, luminance
from lib_bootcamp.core.maps.normals import CONVENTION_TITLES, NormalConvention, NormalMap, Surface, depth_map
from lib_bootcamp.core.maps.tone import apply_table, auto_points, tone_table
from lib_bootcamp.errors import CancelledError, InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap

from .sizing import resize_spec, side_spec

DEFAULT_SIDE = 512
GRADIENTS = {
    "right": 0, "top_right": 45, "top": 90, "top_left": 135,
    "left": 180, "bottom_left": 225, "bottom": 270, "bottom_right": 315,
}  # fmt: skip
"""Where the light comes from, to its azimuth."""
GRADIENT_ELEVATION = 45.0
_OWN_SIZE = f"Empty: the picture's or map's own, {DEFAULT_SIDE} on a flat canvas."
_DESIGN = {"mode": ("design",)}
_ESTIMATE = {"mode": ("estimate",)}


@dataclass(frozen=True, kw_only=True)
class LightingParams(Params):
    """Lights, what they fall on, and how bright the result is; or how to read the light of a picture."""

    mode: Annotated[
        Literal["design", "estimate"],
        Spec(
            "Mode",
            "Set lights yourself, or estimate the light that a picture has.",
            titles={"design": "Design lights", "estimate": "Estimate from the picture"},
        ),
    ] = "design"
    image: Annotated[
        Image | None,
        Spec("Picture", "What the light falls on, or whose light is estimated. Empty: a flat canvas.", positional=True),
    ] = None
    gradient: Annotated[
        Literal["none", "left", "right", "top", "bottom", "top_left", "top_right", "bottom_left", "bottom_right"],
        Spec(
            "Gradient",
            "White light from this side, fading to black at the opposite one; added to the lights.",
            group="Lights",
            when=_DESIGN,
        ),
    ] = "none"
    lights: Annotated[
        tuple[Light, ...],
        Spec(
            "Lights",
            "They add up. With none of them and no gradient, one white point light shines on the center.",
            max_length=MAX_LIGHTS,
            group="Lights",
            when=_DESIGN,
            example=[{"kind": "point", "x": 0.25, "y": 0.3, "z": 0.4, "color": "#ffd9a0"}],
        ),
    ] = ()
    normal_map: Annotated[
        Image | None,
        Spec(
            "Normal map", "The light falls on this surface (Lambert's law, no shadows).", group="Surface", when=_DESIGN
        ),
    ] = None
    normal_convention: Annotated[
        NormalConvention,
        Spec(
            "Normal map's axes",
            "Which way red and green point.",
            group="Surface",
            when=_DESIGN,
            titles=CONVENTION_TITLES,
        ),
    ] = "opengl"
    depth_map: Annotated[
        Depth | None,
        Spec(
            "Depth map",
            "Instead of a normal map: the surface follows from the slopes. Files of 16 bits and of decimals keep them.",
            format="depth",
            group="Surface",
            when=_DESIGN,
        ),
    ] = None
    depth_near: Annotated[
        Literal["white", "black"],
        Spec("Near is", "What is close in the depth map; white for depth ControlNets.", group="Surface", when=_DESIGN),
    ] = "white"
    depth_range: Annotated[
        Literal["file", "own"],
        Spec(
            "Depth range",
            "What the relief spans. The map's own suits depth in meters and networks' raw output.",
            group="Surface",
            when=_DESIGN,
            titles={"file": "From black to white", "own": "From the map's darkest to its lightest"},
        ),
    ] = "file"
    relief: Annotated[
        float,
        Spec(
            "Relief",
            "Height of the depth map's surface from far to near.",
            ge=0,
            le=5,
            step=0.05,
            unit="of the shorter side",
            group="Surface",
            when=_DESIGN,
        ),
    ] = 0.4
    depth_smoothing: Annotated[
        float,
        Spec(
            "Depth smoothing",
            "Blurs the depth map first, so that the 256 levels of most do not show as steps.",
            ge=0,
            le=5,
            step=0.1,
            unit="% of the shorter side",
            group="Surface",
            when=_DESIGN,
        ),
    ] = 0.3
    luminance: Annotated[
        Luminance,
        Spec("Luminance", "How the picture's brightness is measured.", group="Picture", titles=LUMINANCE_TITLES),
    ] = "lstar"
    picture_color: Annotated[
        bool,
        Spec(
            "Keep the picture's color",
            "Off: its brightness only.",
            group="Picture",
            renamed=("colour",),
            renamed_titles=("Keep the picture's colour",),
        ),
    ] = False
    blend: Annotated[
        Blend,
        Spec("Blend", "How the light is laid over the picture.", group="Picture", when=_DESIGN, titles=BLEND_TITLES),
    ] = "multiply"
    blend_strength: Annotated[
        float,
        Spec(
            "Blend strength",
            "0 is the picture alone.",
            ge=0,
            le=1,
            step=0.01,
            unit="[0, 1]",
            group="Picture",
            when=_DESIGN,
        ),
    ] = 1.0
    exposure: Annotated[
        float,
        Spec(
            "Exposure",
            "1 doubles all light, -1 halves it.",
            ge=-10,
            le=10,
            step=0.1,
            unit="stops",
            group="Exposure",
            when=_DESIGN,
        ),
    ] = 0.0
    tone: Annotated[
        Tone,
        Spec(
            "Too bright light",
            "What happens to light above white.",
            group="Exposure",
            when=_DESIGN,
            titles={
                "fit": "Fit: dim all light until the brightest is white",
                "soft": "Soft: compress the brightest",
                "clip": "Clip: cut off",
            },
        ),
    ] = "fit"
    scale: Annotated[
        float,
        Spec(
            "Scale",
            "Light that changes over less than this counts as texture.",
            ge=0.002,
            le=0.5,
            step=0.001,
            unit="of the shorter side",
            group="Estimate",
            when=_ESTIMATE,
        ),
    ] = 0.0625
    edge_preserving: Annotated[
        bool,
        Spec(
            "Keep strong edges",
            "So that the light of a subject does not bleed into its background.",
            group="Estimate",
            when=_ESTIMATE,
        ),
    ] = False
    edge_threshold: Annotated[
        float,
        Spec(
            "Edge threshold",
            "Contrast above which an edge is kept.",
            ge=0.005,
            le=1,
            step=0.005,
            unit="[0, 1]",
            group="Estimate",
            when={**_ESTIMATE, "edge_preserving": (True,)},
        ),
    ] = 0.1
    normalize: Annotated[
        bool,
        Spec(
            "Stretch",
            "Make the darkest light black and the brightest white.",
            group="Estimate",
            when=_ESTIMATE,
            renamed=("normalise",),
        ),
    ] = False
    width: Annotated[int | None, side_spec("Width", _OWN_SIZE)] = None
    height: Annotated[int | None, side_spec("Height", _OWN_SIZE)] = None
    resize_mode: Annotated[
        ResizeMode, resize_spec("As in the WebUI, where pictures do not have the canvas's proportions.")
    ] = "just_resize"

    def check(self) -> None:
        """One surface at most, a picture to estimate from, a map of at most 67 megapixels."""
        if self.mode == "estimate" and self.image is None:
            raise InvalidParamError("image", "is missing; give the picture whose light to estimate")
        if self.normal_map is not None and self.depth_map is not None:
            raise InvalidParamError("depth_map", "and normal_map are both given; give one of them")
        self.size()

    def size(self) -> tuple[int, int]:
        """The map's (width, height)."""
        source = self.image
        if source is None and self.mode == "design":
            source = self.normal_map if self.normal_map is not None else self.depth_map
        if source is None:
            return self.width or DEFAULT_SIDE, self.height or DEFAULT_SIDE
        return target_size((source.shape[1], source.shape[0]), self.width, self.height)

    def all_lights(self) -> tuple[Light, ...]:
        """The lights with the gradient, or the one light that shines when there is neither."""
        if self.gradient == "none":
            return self.lights or (Light(),)
        azimuth = float(GRADIENTS[self.gradient])
        return (*self.lights, Light(kind="gradient", azimuth=azimuth, elevation=GRADIENT_ELEVATION))


@dataclass(frozen=True, kw_only=True)
class LightingMap(ControlMap):
    """The map, gray ones as three equal channels, and where the light is."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    mean: Annotated[float, Spec("Mean brightness", unit="[0, 1]")]
    darkest: Annotated[float, Spec("Darkest", "The smallest value.", unit="[0, 1]")]
    brightest: Annotated[float, Spec("Brightest", "The largest value.", unit="[0, 1]")]
    brightest_x: Annotated[
        float, Spec("Brightest point, X", "The middle of an area of one brightness.", unit="of the width")
    ]
    brightest_y: Annotated[
        float, Spec("Brightest point, Y", "The middle of an area of one brightness.", unit="of the height")
    ]

    def summary(self) -> str:
        """Size and brightest point in one line."""
        place = f"brightest {self.brightest:.2f} at {self.brightest_x:.2f}, {self.brightest_y:.2f}"
        return f"Lighting map of {self.width} x {self.height}: mean {self.mean:.2f}, {place}"


def make_lighting(params: LightingParams, context: Context) -> LightingMap:
    """Draw the lights, or estimate the light of the picture.

    Returns:
        a map uint8 [H, W, 3]; its facts are measured on luma where it has color.
    Raises:
        CancelledError: the person stopped it.
    """
    width, height = params.size()
    if params.image is not None and params.mode == "estimate":
        image = _estimate(params, resize(params.image, width, height, params.resize_mode))
    else:
        image = _design(params, width, height, context)
    return _measured(image)


def _estimate(params: LightingParams, image: Image) -> Image:
    light = estimate(
        image,
        scale=params.scale,
        kind=params.luminance,
        color=params.picture_color,
        edge_threshold=params.edge_threshold if params.edge_preserving else None,
    )
    if not params.normalize:
        return light
    black, white = auto_points(light.reshape(len(light), -1), 0.0)
    return apply_table(light, tone_table(black_point=black, white_point=white))


def _design(params: LightingParams, width: int, height: int, context: Context) -> Image:
    def checkpoint() -> None:
        if context.progress.cancelled():
            raise CancelledError

    light = render(
        Canvas(width, height),
        params.all_lights(),
        _surface(params, width, height),
        exposure=params.exposure,
        tone=params.tone,
        checkpoint=checkpoint,
    )
    if params.image is None:
        return light
    base = params.image if params.picture_color else luminance(params.image, params.luminance)
    return blend(resize(base, width, height, params.resize_mode), light, params.blend, params.blend_strength)


def _surface(params: LightingParams, width: int, height: int) -> Surface | None:
    if params.normal_map is not None:
        return NormalMap(resize(params.normal_map, width, height, params.resize_mode), params.normal_convention)
    if params.depth_map is None:
        return None
    return depth_map(
        resize(params.depth_map, width, height, params.resize_mode),
        near_is_white=params.depth_near == "white",
        own_range=params.depth_range == "own",
        relief=params.relief,
        smoothing_px=params.depth_smoothing / 100 * min(width, height),
    )


def _measured(image: Image) -> LightingMap:
    cv2 = opencv()
    image = np.ascontiguousarray(image)
    gray = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = gray.shape
    darkest, brightest, _, (x, y) = cv2.minMaxLoc(gray)
    # Where many pixels are the brightest, their middle, if it is one of them.
    found = (gray == brightest).view(np.uint8)
    columns, rows = (cv2.reduce(found, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32F).reshape(-1) for axis in (0, 1))
    middle_x, middle_y = (float(np.average(np.arange(len(each)), weights=each)) for each in (columns, rows))
    if gray[round(middle_y), round(middle_x)] == brightest:
        x, y = middle_x, middle_y
    return LightingMap(
        image=cv2.cvtColor(image, cv2.COLOR_GRAY2RGB) if image.ndim == 2 else image,
        width=width,
        height=height,
        mean=round(cv2.mean(gray)[0] / 255, 6),
        darkest=round(darkest / 255, 6),
        brightest=round(brightest / 255, 6),
        brightest_x=round((x + 0.5) / width, 6),
        brightest_y=round((y + 0.5) / height, 6),
    )


def _lights(*lights: dict[str, Any]) -> dict[str, Any]:
    return {"lights": list(lights)}


LIGHTING = Operation(
    name="lighting",
    title="Lighting map",
    summary="Design lights on a canvas, a picture or a surface, or estimate the light of a picture.",
    params=LightingParams,
    result=LightingMap,
    run=make_lighting,
    path="control-maps/lighting",
    luminance=True,
    renamed_presets={"centre_glow": "center_glow"},
    presets={
        "left": {"gradient": "left"},
        "right": {"gradient": "right"},
        "top": {"gradient": "top"},
        "bottom": {"gradient": "bottom"},
        "top_left": {"gradient": "top_left"},
        "top_right": {"gradient": "top_right"},
        "bottom_left": {"gradient": "bottom_left"},
        "bottom_right": {"gradient": "bottom_right"},
        "center_glow": _lights({"kind": "point", "falloff": "smooth", "radius": 1.0, "z": 0.3, "intensity": 1.2}),
        "spotlight": _lights(
            {"kind": "spot", "x": 0.5, "y": 0.0, "z": 0.8, "azimuth": 90, "elevation": 58, "angle": 42,
             "falloff": "none", "intensity": 1.1},
            {"kind": "ambient", "intensity": 0.05},
        ),
        "window": _lights(
            {"kind": "spot", "x": -0.35, "y": 0.1, "z": 0.6, "azimuth": 162, "elevation": 36, "angle": 70,
             "softness": 0.5, "radius": 1.0, "intensity": 1.6, "color": "#fff1dc"},
            {"kind": "gradient", "azimuth": 160, "elevation": 40, "intensity": 0.3, "color": "#dfe9ff"},
            {"kind": "ambient", "intensity": 0.06, "color": "#b8c8ff"},
        ),
        "three_point": _lights(
            {"kind": "point", "x": 0.15, "y": 0.1, "z": 0.6, "radius": 0.8, "color": "#fff4e5"},
            {"kind": "point", "x": 0.95, "y": 0.4, "z": 0.8, "radius": 0.6, "intensity": 0.45, "color": "#e6efff"},
            {"kind": "point", "x": 0.8, "y": -0.1, "z": 0.3, "radius": 0.4, "intensity": 0.3},
        ),
        "sunset": _lights(
            {"kind": "gradient", "azimuth": 200, "elevation": 20, "intensity": 1.0, "color": "#ff9a4d"},
            {"kind": "gradient", "azimuth": 60, "elevation": 50, "intensity": 0.35, "color": "#5a78ff"},
        ),
        "neon": _lights(
            {"kind": "point", "x": 0.0, "y": 0.5, "z": 0.3, "radius": 0.4, "color": "#ff2bd6"},
            {"kind": "point", "x": 1.0, "y": 0.5, "z": 0.3, "radius": 0.4, "color": "#19c8ff"},
        ),
        "estimate": {"mode": "estimate"},
        "estimate_edges": {"mode": "estimate", "edge_preserving": True},
    },
)  # fmt: skip
