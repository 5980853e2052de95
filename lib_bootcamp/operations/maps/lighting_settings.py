"""What a lighting map is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.core.images.arrays import Depth, Image
from lib_bootcamp.core.images.resize import ResizeMode, target_size
from lib_bootcamp.core.maps.blend import BLEND_TITLES, Blend
from lib_bootcamp.core.maps.lighting import MAX_LIGHTS, Tone
from lib_bootcamp.core.maps.lights import Light
from lib_bootcamp.core.maps.luminance import LUMINANCE_TITLES, Luminance
from lib_bootcamp.core.maps.normals import CONVENTION_TITLES, NormalConvention
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

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
            "Normal map format",
            "Which way red and green point.",
            group="Surface",
            when=_DESIGN,
            titles=CONVENTION_TITLES,
            renamed_titles=("Normal map's axes",),
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
        Spec(
            "Near color",
            "What is close in the depth map; white for depth ControlNets.",
            group="Surface",
            when=_DESIGN,
            renamed_titles=("Near is",),
        ),
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
            unit="0 to 1",
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
            "Highlights",
            "What happens to light above white.",
            group="Exposure",
            when=_DESIGN,
            titles={
                "fit": "Fit: dim all light until the brightest is white",
                "soft": "Soft: compress the brightest",
                "clip": "Clip: cut off",
            },
            renamed_titles=("Too bright light",),
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
            "Preserve strong edges",
            "So that the light of a subject does not bleed into its background.",
            group="Estimate",
            when=_ESTIMATE,
            renamed_titles=("Keep strong edges",),
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
            unit="0 to 1",
            group="Estimate",
            when={**_ESTIMATE, "edge_preserving": (True,)},
        ),
    ] = 0.1
    normalize: Annotated[
        bool,
        Spec(
            "Normalize",
            "Make the darkest light black and the brightest white.",
            group="Estimate",
            when=_ESTIMATE,
            renamed=("normalise",),
            renamed_titles=("Stretch",),
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
            raise InvalidParamError("image", "is missing", hint="give the picture whose light to estimate")
        if self.normal_map is not None and self.depth_map is not None:
            raise InvalidParamError("depth_map", "and normal_map are both given", hint="give one of them")
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
