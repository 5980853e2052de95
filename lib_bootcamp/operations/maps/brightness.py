"""A brightness map from a picture: what a brightness ControlNet is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import resize, target_size
from lib_bootcamp.core.maps.blur import blur
from lib_bootcamp.core.maps.luminance import LUMINANCE_TITLES, Luminance, luminance
from lib_bootcamp.core.maps.tone import apply_table, auto_points, clahe, parse_curve, tone_table
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap

from .sizing import Height, Resizing, Width

AUTO_CLIP = 0.005


@dataclass(frozen=True, kw_only=True)
class BrightnessParams(Params):
    """What to measure, and the tone, contrast, blur and size of the map, in the order they are applied."""

    image: Annotated[Image, Spec("Picture", "The picture whose brightness is measured.", positional=True)]
    luminance: Annotated[
        Luminance,
        Spec(
            "Luminance",
            "What counts as bright. L* follows the eye; linear light is what a camera's sensor counts.",
            group="Luminance",
            titles=LUMINANCE_TITLES,
        ),
    ] = "lstar"
    width: Width = None
    height: Height = None
    resize_mode: Resizing = "just_resize"
    clahe: Annotated[
        bool,
        Spec(
            "Local contrast (CLAHE)",
            "Spread the values of each part of the picture, without blowing up noise.",
            group="Local contrast",
        ),
    ] = False
    clahe_clip: Annotated[
        float,
        Spec(
            "Clip limit", "Higher is stronger.", ge=1, le=40, step=0.5, group="Local contrast", when={"clahe": (True,)}
        ),
    ] = 2.0
    clahe_tiles: Annotated[
        int,
        Spec(
            "Tiles per side",
            "More tiles look at smaller parts.",
            ge=1,
            le=64,
            group="Local contrast",
            when={"clahe": (True,)},
        ),
    ] = 8
    blur: Annotated[
        float,
        Spec("Blur", "Standard deviation of a Gaussian; 0 for none.", ge=0, le=2048, step=0.5, group="Blur"),
    ] = 0.0
    blur_unit: Annotated[
        Literal["px", "percent"],
        Spec(
            "Blur unit",
            "Percent are of the map's shorter side, so that the same setting fits every size.",
            group="Blur",
            titles={"px": "Pixels", "percent": "Percent of the shorter side"},
            renamed_titles=("Blur is in",),
        ),
    ] = "px"
    auto_levels: Annotated[
        bool,
        Spec(
            "Automatic levels", "Black and white point from the picture, 0.5 % of the pixels beyond each.", group="Tone"
        ),
    ] = False
    black_point: Annotated[
        float,
        Spec(
            "Black point",
            "This value and what is darker become black.",
            ge=0,
            le=1,
            step=0.01,
            unit="0 to 1",
            group="Tone",
            when={"auto_levels": (False,)},
        ),
    ] = 0.0
    white_point: Annotated[
        float,
        Spec(
            "White point",
            "This value and what is brighter become white.",
            ge=0,
            le=1,
            step=0.01,
            unit="0 to 1",
            group="Tone",
            when={"auto_levels": (False,)},
        ),
    ] = 1.0
    gamma: Annotated[
        float,
        Spec("Gamma", "Above 1 brightens the middle, below 1 darkens it.", ge=0.1, le=10, step=0.05, group="Tone"),
    ] = 1.0
    curve: Annotated[
        str,
        Spec(
            "Tone curve",
            "Points input,output from 0 to 1, separated by semicolons; empty for a straight line.",
            max_length=500,
            group="Tone",
            example="0,0; 0.25,0.15; 0.75,0.85; 1,1",
        ),
    ] = ""
    posterize: Annotated[
        int | None,
        Spec(
            "Posterize",
            "Reduce to this many evenly spaced values; empty for all.",
            renamed=("posterise",),
            renamed_titles=("Posterise",),
            ge=2,
            le=256,
            unit="levels",
            group="Tone",
            example=4,
        ),
    ] = None
    invert: Annotated[bool, Spec("Invert", "Bright becomes dark, last of all.", group="Tone")] = False

    def check(self) -> None:
        """The white point above the black one, a readable curve, a map of at most 67 megapixels."""
        if not self.auto_levels and self.white_point - self.black_point < 1 / 512:
            raise InvalidParamError("white_point", f"must be above the black point, {self.black_point:g}")
        try:
            parse_curve(self.curve)
        except ValueError as error:
            raise InvalidParamError("curve", str(error)) from None
        self.size()

    def size(self) -> tuple[int, int]:
        """The map's (width, height)."""
        return target_size((self.image.shape[1], self.image.shape[0]), self.width, self.height)


@dataclass(frozen=True, kw_only=True)
class BrightnessMap(ControlMap):
    """The map, gray as three equal channels, and what its values are like."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    mean: Annotated[float, Spec("Mean brightness", unit="0 to 1")]
    darkest: Annotated[float, Spec("Darkest", "The smallest value.", unit="0 to 1")]
    brightest: Annotated[float, Spec("Brightest", "The largest value.", unit="0 to 1")]

    def summary(self) -> str:
        """Size and range in one line."""
        values = f"mean {self.mean:.2f}, from {self.darkest:.2f} to {self.brightest:.2f}"
        return f"Brightness map of {self.width} x {self.height}: {values}"


def make_brightness(params: BrightnessParams, context: Context) -> BrightnessMap:
    """Measure, resize, sharpen local contrast, blur, then change the tone.

    Returns:
        a map uint8 [H, W, 3] with equal channels.
    """
    cv2 = opencv()
    width, height = params.size()
    gray = resize(luminance(params.image, params.luminance), width, height, params.resize_mode)
    if params.clahe:
        gray = clahe(gray, params.clahe_clip, params.clahe_tiles)
    sigma = params.blur if params.blur_unit == "px" else params.blur / 100 * min(width, height)
    gray = blur(gray, sigma)
    black, white = auto_points(gray, AUTO_CLIP) if params.auto_levels else (params.black_point, params.white_point)
    table = tone_table(
        black_point=black,
        white_point=white,
        gamma=params.gamma,
        curve=parse_curve(params.curve),
        levels=params.posterize,
        invert=params.invert,
    )
    gray = np.ascontiguousarray(apply_table(gray, table))
    darkest, brightest, _, _ = cv2.minMaxLoc(gray)
    return BrightnessMap(
        image=cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB),
        width=width,
        height=height,
        mean=round(cv2.mean(gray)[0] / 255, 6),
        darkest=round(darkest / 255, 6),
        brightest=round(brightest / 255, 6),
    )


BRIGHTNESS = Operation(
    name="brightness",
    title="Brightness map",
    summary="Turn a picture into a map of its brightness, with tone, local contrast, blur and size.",
    params=BrightnessParams,
    result=BrightnessMap,
    run=make_brightness,
    path="control-maps/brightness",
    luminance=True,
    presets={
        "s_curve": {"curve": "0,0; 0.25,0.15; 0.75,0.85; 1,1"},
        "local_contrast": {"clahe": True, "clahe_clip": 3.0},
        "auto_levels": {"auto_levels": True},
        "soft": {"blur": 3.0, "blur_unit": "percent", "auto_levels": True},
        "poster": {"blur": 0.5, "blur_unit": "percent", "auto_levels": True, "posterize": 4},
        "negative": {"invert": True},
    },
)
