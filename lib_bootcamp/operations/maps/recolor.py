"""A map for recolor models: the picture's brightness, and a preview of a reference's palette on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import resize, target_size
from lib_bootcamp.core.maps.recolor import (
    CONDITIONING_TITLES,
    TRANSFER_TITLES,
    Conditioning,
    Transfer,
    conditioning,
    transfer,
)
from lib_bootcamp.core.maps.tone import apply_table, tone_table
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap

from .sizing import Height, Resizing, Width


@dataclass(frozen=True, kw_only=True)
class RecolorParams(Params):
    """What the recolor model is given of the picture, and whose colors are previewed."""

    image: Annotated[Image, Spec("Picture", "The picture to recolor.", positional=True)]
    conditioning: Annotated[
        Conditioning,
        Spec(
            "Conditioning",
            "What the model was trained on. Luminance follows the eye; intensity is the V of HSV.",
            titles=CONDITIONING_TITLES,
        ),
    ] = "luminance"
    gamma: Annotated[
        float,
        Spec(
            "Gamma",
            "Above 1 brightens the middle, below 1 darkens it (ControlNet's gamma correction is 1 over it).",
            ge=0.1,
            le=10,
            step=0.05,
        ),
    ] = 1.0
    reference: Annotated[
        Image | None,
        Spec(
            "Palette source",
            "A picture whose colors are previewed; the map itself stays gray.",
            group="Palette",
            renamed_titles=("Palette from",),
        ),
    ] = None
    transfer: Annotated[
        Transfer,
        Spec(
            "Color transfer",
            "How its colors are taken over.",
            group="Palette",
            titles=TRANSFER_TITLES,
            renamed_titles=("Colour transfer",),
        ),
    ] = "reinhard"
    transfer_strength: Annotated[
        float,
        Spec("Strength", "0 keeps the picture's own colors.", ge=0, le=1, step=0.05, unit="0 to 1", group="Palette"),
    ] = 1.0
    keep_luminance: Annotated[
        bool,
        Spec("Keep the picture's luminance", "As a recolor model does. Off: the brightness too.", group="Palette"),
    ] = True
    width: Width = None
    height: Height = None
    resize_mode: Resizing = "just_resize"

    def check(self) -> None:
        """A map of at most 67 megapixels."""
        self.size()

    def size(self) -> tuple[int, int]:
        """The map's (width, height)."""
        return target_size((self.image.shape[1], self.image.shape[0]), self.width, self.height)


@dataclass(frozen=True, kw_only=True)
class RecolorMap(ControlMap):
    """The map, gray as three equal channels; where a reference was given, the picture with its palette."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    mean: Annotated[float, Spec("Mean brightness", unit="0 to 1")]
    palette: Annotated[Image | None, Spec("Palette preview", "uint8 [H, W, 3] RGB.")] = None

    def summary(self) -> str:
        """Size and mean in one line."""
        preview = ", with a preview of the palette" if self.palette is not None else ""
        return f"Recolor map of {self.width} x {self.height}: mean {self.mean:.2f}{preview}"


def make_recolor(params: RecolorParams, context: Context) -> RecolorMap:
    """Measure the brightness, resize, apply gamma; lay the reference's colors on the picture.

    Returns:
        a map uint8 [H, W, 3] with equal channels; `palette` uint8 [H, W, 3] of the same size.
    """
    cv2 = opencv()
    width, height = params.size()
    gray = resize(conditioning(params.image, params.conditioning), width, height, params.resize_mode)
    gray = np.ascontiguousarray(apply_table(gray, tone_table(gamma=params.gamma)))
    return RecolorMap(
        image=cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB),
        width=width,
        height=height,
        mean=round(cv2.mean(gray)[0] / 255, 6),
        palette=_palette(params, width, height),
    )


def _palette(params: RecolorParams, width: int, height: int) -> Image | None:
    if params.reference is None:
        return None
    picture = np.ascontiguousarray(to_rgb(resize(params.image, width, height, params.resize_mode)))
    return transfer(
        picture, params.reference, params.transfer, params.transfer_strength, keep_lightness=params.keep_luminance
    )


RECOLOR = Operation(
    name="recolor",
    title="Recolor map",
    summary="Take a picture's color away for a recolor model, and preview another picture's palette on it.",
    params=RecolorParams,
    result=RecolorMap,
    run=make_recolor,
    path="control-maps/recolor",
    luminance=True,
    presets={
        "luminance": {"conditioning": "luminance"},
        "intensity": {"conditioning": "intensity"},
        "histogram_palette": {"transfer": "histogram", "keep_luminance": False},
    },
)
