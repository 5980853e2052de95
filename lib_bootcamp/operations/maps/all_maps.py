"""Every map that is computed from one photograph alone, on one contact sheet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.contact_sheet import contact_sheet
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import SilentProgress, track
from lib_bootcamp.results import Result

from .brightness import BRIGHTNESS
from .edges import EDGES
from .lighting import LIGHTING
from .recolor import RECOLOR

# Title, operation, values: what a person would look through to choose a map for a picture.
MAPS: tuple[tuple[str, Operation[Any, Any], dict[str, Any]], ...] = (
    ("Brightness, L*", BRIGHTNESS, {}),
    ("Brightness, linear light", BRIGHTNESS, {"luminance": "linear"}),
    ("Brightness, soft", BRIGHTNESS, {"preset": "soft"}),
    ("Brightness, poster", BRIGHTNESS, {"preset": "poster"}),
    ("Illumination", LIGHTING, {"preset": "estimate"}),
    ("Illumination, edges kept", LIGHTING, {"preset": "estimate_edges"}),
    ("Recolor, luminance", RECOLOR, {"preset": "luminance"}),
    ("Recolor, intensity", RECOLOR, {"preset": "intensity"}),
    *((f"Edges, {name.replace('_', ' ')}", EDGES, {"preset": name}) for name in EDGES.presets),
    *(
        (f"Edges, {title}", EDGES, {"channel": channel, "method": "sobel", "style": "soft"})
        for channel, title in {"a": "a*", "b": "b*", "saturation": "saturation"}.items()
    ),
    ("Edges, Laplacian of Gaussian", EDGES, {"method": "log", "thresholds": "otsu", "sigma": 2.0, "min_length": 12}),
)


@dataclass(frozen=True, kw_only=True)
class AllMapsParams(Params):
    """The picture, and how large the sheet's cells are."""

    image: Annotated[Image, Spec("Picture", "All its maps are made.", positional=True)]
    map_side: Annotated[
        int,
        Spec(
            "Map size",
            "The maps are made at this size, or the picture's own.",
            ge=64,
            le=2048,
            unit="px",
            renamed_titles=("Maps' longer side",),
        ),
    ] = 768
    cell: Annotated[int, Spec("Cell", "Side of a map on the sheet.", ge=64, le=768, step=16, unit="px")] = 256
    columns: Annotated[int, Spec("Columns", ge=1, le=12)] = 5


@dataclass(frozen=True, kw_only=True)
class AllMaps(Result):
    """The sheet, and what is on it in reading order, after the picture itself."""

    image: Annotated[Image, Spec("Contact sheet", "uint8 [H, W, 3] RGB.")]
    maps: Annotated[tuple[str, ...], Spec("Maps", "Their titles in reading order.")]

    def summary(self) -> str:
        """How many there are, in one line."""
        return f"{len(self.maps)} maps on a sheet of {self.image.shape[1]} x {self.image.shape[0]}"


def make_all_maps(params: AllMapsParams, context: Context) -> AllMaps:
    """Make each map with its defaults or preset; the picture comes first.

    Raises:
        CancelledError: the person stopped it.
    """
    picture = _fitted(params.image, params.map_side)
    inner = context.shown_by(SilentProgress())
    made = [("The picture", picture)]
    for title, operation, values in track(context.progress, MAPS, title="All maps", total=len(MAPS), unit="map"):
        result = operation.run(operation.params_from({"image": picture, **values}), inner)
        made.append((title, result.image))
    sheet = contact_sheet(made, columns=params.columns, cell_px=params.cell)
    return AllMaps(image=sheet, maps=tuple(title for title, _, _ in MAPS))


def _fitted(image: Image, side: int) -> Image:
    height, width = image.shape[:2]
    scale = min(1.0, side / max(height, width))
    return np.ascontiguousarray(resize(image, max(1, round(width * scale)), max(1, round(height * scale))))


ALL_MAPS = Operation(
    name="all-maps",
    title="All maps",
    summary="Make every map that needs nothing but the picture, on one contact sheet.",
    params=AllMapsParams,
    result=AllMaps,
    run=make_all_maps,
    path="control-maps/all",
    kind="analysis",
    section="Control maps",
    command="maps",
)
