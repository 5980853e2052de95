"""A lighting map: lights set on a canvas, a picture or a surface, or the light that a picture already has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.core.maps.blend import blend
from lib_bootcamp.core.maps.illumination import estimate
from lib_bootcamp.core.maps.lighting import render
from lib_bootcamp.core.maps.lights import Canvas
from lib_bootcamp.core.maps.luminance import luminance
from lib_bootcamp.core.maps.normals import NormalMap, Surface, depth_map
from lib_bootcamp.core.maps.tone import apply_table, auto_points, tone_table
from lib_bootcamp.errors import CancelledError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Spec
from lib_bootcamp.results import ControlMap

from .lighting_presets import LIGHTING_PRESETS
from .lighting_settings import LightingParams


@dataclass(frozen=True, kw_only=True)
class LightingMap(ControlMap):
    """The map, gray ones as three equal channels, and where the light is."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    mean: Annotated[float, Spec("Mean brightness", unit="0 to 1")]
    darkest: Annotated[float, Spec("Darkest", "The smallest value.", unit="0 to 1")]
    brightest: Annotated[float, Spec("Brightest", "The largest value.", unit="0 to 1")]
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
    presets=LIGHTING_PRESETS,
)
