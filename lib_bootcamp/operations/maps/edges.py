"""Outlines of a picture, by a chosen quantity and a chosen operator: what edge ControlNets are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import resize, target_size
from lib_bootcamp.core.maps.blur import blur
from lib_bootcamp.core.maps.edge_channels import CHANNEL_TITLES, CIRCULAR, Channel, channel_planes
from lib_bootcamp.core.maps.edge_presets import EDGE_FAMILIES
from lib_bootcamp.core.maps.edges import (
    Canny,
    Planes,
    Thresholds,
    Xdog,
    contrast_strength,
    gradient_strength,
    log_crossings,
    log_strength,
    median_value,
    otsu,
)
from lib_bootcamp.core.maps.lines import drop_short, thicken, thin
from lib_bootcamp.core.maps.tone import apply_table, auto_points, tone_table
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap

from .sizing import Height, Resizing, Width

# Canny's thresholds are laid this far below and above the median (Rosebrock, "Zero-parameter, automatic Canny", 2015).
MEDIAN_SPREAD = 0.33
NORMALIZE_CLIP = 0.005
# Canny's unit is |dx| + |dy|, four times a step's height
CANNY_UNIT = 4
MIN_SCALE = 0.5
_SCALED = ("log", "xdog")
_THRESHOLDED = ("sobel", "scharr", "log", "contrast")
# their lines have one pixel already
_THIN = ("canny", "log")
_XDOG = {"method": ("xdog",)}
_SOFT_METHODS = ("sobel", "scharr", "log", "xdog", "contrast")
_LINES = {"style": ("lines",)}


@dataclass(frozen=True, kw_only=True)
class EdgesParams(Params):
    """What is measured, how its edges are found, and how they are drawn, in the order this is done."""

    image: Annotated[Image, Spec("Picture", "The picture whose outlines are drawn.", positional=True)]
    channel: Annotated[Channel, Spec("Channel", "The quantity whose changes are edges.", titles=CHANNEL_TITLES)] = (
        "lstar"
    )
    color: Annotated[
        str,
        Spec(
            "Picked color",
            "Edges are where the distance to it changes.",
            renamed=("colour",),
            renamed_titles=("Picked colour",),
            pattern="#[0-9a-fA-F]{6}",
            format="color",
            example="#ffffff",
            when={"channel": ("distance",)},
        ),
    ] = "#ffffff"
    method: Annotated[
        Literal["canny", "sobel", "scharr", "log", "xdog", "contrast"],
        Spec(
            "Method",
            "Canny gives thin lines, XDoG strokes as of ink, the others how strong an edge is.",
            titles={
                "canny": "Canny",
                "sobel": "Sobel",
                "scharr": "Scharr",
                "log": "Laplacian of Gaussian",
                "xdog": "XDoG",
                "contrast": "Local contrast",
            },
        ),
    ] = "canny"
    style: Annotated[
        Literal["lines", "soft"],
        Spec(
            "Style",
            "Lines are black and white; soft keeps how strong an edge is.",
            when={"method": _SOFT_METHODS},
            titles={"lines": "Lines", "soft": "Soft"},
        ),
    ] = "lines"
    sigma: Annotated[
        float,
        Spec(
            "Scale",
            "Standard deviation of the Gaussian that smooths away what is finer; 0 for none, which log and xdog need.",
            ge=0,
            le=16,
            step=0.1,
            unit="px",
        ),
    ] = 1.0
    window: Annotated[
        int, Spec("Window", "Side of the square.", ge=3, le=63, unit="px", when={"method": ("contrast",)})
    ] = 5
    thresholds: Annotated[
        Literal["manual", "otsu", "median"],
        Spec(
            "Thresholds",
            "Otsu parts the picture's own edges into weak and strong; median follows its brightness.",
            group="Threshold",
            titles={"manual": "Manual", "otsu": "Automatic (Otsu)", "median": "Automatic (median)"},
            renamed_choices={"By hand": "manual"},
        ),
    ] = "manual"
    low_threshold: Annotated[
        float,
        Spec(
            "Low threshold",
            "Where a line ends, in Canny's unit: 4 times a step's height.",
            ge=0,
            le=2040,
            step=1,
            group="Threshold",
            when={"method": ("canny",), "thresholds": ("manual",)},
        ),
    ] = 100.0
    high_threshold: Annotated[
        float,
        Spec(
            "High threshold",
            "How strong a line must be somewhere.",
            ge=0,
            le=2040,
            step=1,
            group="Threshold",
            when={"method": ("canny",), "thresholds": ("manual",)},
        ),
    ] = 200.0
    threshold: Annotated[
        int,
        Spec(
            "Threshold",
            "Height of the step from which on there is a line.",
            ge=0,
            le=254,
            group="Threshold",
            when={"method": _THRESHOLDED, "thresholds": ("manual",), **_LINES},
        ),
    ] = 40
    sharpness: Annotated[
        float, Spec("Sharpness (p)", "How much edges are amplified.", ge=0, le=200, step=0.5, group="XDoG", when=_XDOG)
    ] = 20.0
    epsilon: Annotated[
        float,
        Spec(
            "Ink below (epsilon)",
            "What is darker than this after sharpening becomes ink.",
            ge=0,
            le=1,
            step=0.01,
            unit="0 to 1",
            group="XDoG",
            when=_XDOG,
        ),
    ] = 0.3
    phi: Annotated[
        float, Spec("Steepness (phi)", "How suddenly ink sets in.", ge=0.1, le=100, step=0.1, group="XDoG", when=_XDOG)
    ] = 4.0
    normalize: Annotated[
        bool,
        Spec(
            "Normalize",
            "The strongest edges become white.",
            renamed=("normalise",),
            group="Drawing",
            when={"method": _SOFT_METHODS, "style": ("soft",)},
            renamed_titles=("Stretch",),
        ),
    ] = True
    min_length: Annotated[
        int,
        Spec("Minimum length", "Shorter lines are dropped.", ge=1, le=4096, unit="px", group="Drawing", when=_LINES),
    ] = 1
    thinning: Annotated[
        bool, Spec("Thin", "Reduce lines to their centers (Zhang and Suen).", group="Drawing", when=_LINES)
    ] = False
    thickness: Annotated[int, Spec("Thickness", "Of the pen.", ge=1, le=64, unit="px", group="Drawing")] = 1
    invert: Annotated[bool, Spec("Black on white", "ControlNets want white on black.", group="Drawing")] = False
    width: Width = None
    height: Height = None
    resize_mode: Resizing = "just_resize"

    def check(self) -> None:
        """Thresholds in order, a scale where the method has one, no median on a circle, at most 67 megapixels."""
        if self.thresholds == "manual" and self.low_threshold > self.high_threshold:
            raise InvalidParamError("low_threshold", f"must not be above high_threshold, {self.high_threshold:g}")
        if self.method in _SCALED and self.sigma < MIN_SCALE:
            raise InvalidParamError("sigma", f"must be at least {MIN_SCALE:g} with method {self.method}")
        if self.thresholds == "median" and self.channel in CIRCULAR:
            raise InvalidParamError(
                "thresholds", f"median needs a scale, and {self.channel} is a circle", hint="take otsu"
            )
        self.size()

    def size(self) -> tuple[int, int]:
        """The map's (width, height)."""
        return target_size((self.image.shape[1], self.image.shape[0]), self.width, self.height)

    @property
    def soft(self) -> bool:
        """Whether the map keeps how strong an edge is."""
        return self.style == "soft" and self.method != "canny"


@dataclass(frozen=True, kw_only=True)
class EdgeMap(ControlMap):
    """The map, gray as three equal channels, white on black; the thresholds that were applied."""

    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    coverage: Annotated[float, Spec("Coverage", "Mean of the map before it is inverted.", unit="0 to 1")]
    low_threshold: Annotated[float | None, Spec("Low threshold", "Canny's; in its unit.")] = None
    high_threshold: Annotated[float | None, Spec("High threshold", "Canny's; in its unit.")] = None
    threshold: Annotated[int | None, Spec("Threshold", "The other methods', 0 to 255.")] = None

    def summary(self) -> str:
        """Size, how much is drawn and by which thresholds, in one line."""
        by = ""
        if self.high_threshold is not None:
            by = f", thresholds {self.low_threshold:g} and {self.high_threshold:g}"
        elif self.threshold is not None:
            by = f", threshold {self.threshold}"
        return f"Edge map of {self.width} x {self.height}: {self.coverage:.1%} drawn{by}"


def make_edges(params: EdgesParams, context: Context) -> EdgeMap:
    """Resize, measure the channel, find its edges, draw them.

    Returns:
        a map uint8 [H, W, 3] with equal channels.
    """
    cv2 = opencv()
    width, height = params.size()
    picture = resize(params.image, width, height, params.resize_mode)
    planes = channel_planes(picture, params.channel, parse_color(params.color))
    if params.method not in _SCALED:
        planes = [blur(plane, params.sigma) for plane in planes]
    low = high = threshold = None
    if params.method == "canny":
        edges, (low, high) = _canny(params, planes)
    else:
        edges = _strength(params, planes)
        if not params.soft:
            threshold = _threshold(params, planes, edges)
            _, edges = cv2.threshold(edges, threshold, 255, cv2.THRESH_BINARY)
    edges = _drawn(params, edges)
    coverage = cv2.mean(edges)[0] / 255
    if params.invert:
        edges = cv2.bitwise_not(edges)
    return EdgeMap(
        image=cv2.cvtColor(edges, cv2.COLOR_GRAY2RGB),
        width=width,
        height=height,
        coverage=round(coverage, 6),
        low_threshold=low,
        high_threshold=high,
        threshold=threshold,
    )


def _canny(params: EdgesParams, planes: Planes) -> tuple[Image, tuple[float, float]]:
    canny = Canny(planes)
    if params.thresholds == "otsu":
        high = float(CANNY_UNIT * max(1, otsu(canny.strength())))
        low = high / 2
    elif params.thresholds == "median":
        median = max(2, median_value(planes[0]))
        low, high = (round(median * (1 + sign * MEDIAN_SPREAD), 2) for sign in (-1, 1))
    else:
        low, high = params.low_threshold, params.high_threshold
    return canny.lines(Thresholds(low, high)), (low, high)


def _strength(params: EdgesParams, planes: Planes) -> Image:
    if params.method in {"sobel", "scharr"}:
        return gradient_strength(planes, "sobel" if params.method == "sobel" else "scharr")
    if params.method == "contrast":
        return contrast_strength(planes, params.window | 1)
    if params.method == "xdog":
        return Xdog(params.sigma, params.sharpness, params.epsilon, params.phi).strength(planes)
    return log_strength(planes, params.sigma) if params.soft else log_crossings(planes, params.sigma)


def _threshold(params: EdgesParams, planes: Planes, strength: Image) -> int:
    if params.method == "xdog":
        return 127
    if params.thresholds == "otsu":
        return max(1, otsu(strength))
    if params.thresholds == "median":
        return min(254, max(1, round(median_value(planes[0]) * (1 + MEDIAN_SPREAD))))
    return params.threshold


def _drawn(params: EdgesParams, edges: Image) -> Image:
    if params.soft:
        if params.normalize:
            _, white = auto_points(edges, NORMALIZE_CLIP)
            edges = apply_table(edges, tone_table(white_point=white))
    else:
        if params.thinning:
            edges = thin(edges)
        edges = drop_short(edges, params.min_length, thinned=params.thinning or params.method in _THIN)
    return np.ascontiguousarray(thicken(edges, params.thickness))


EDGES = Operation(
    name="edges",
    title="Edge map",
    summary="Draw a picture's outlines, white on black, by brightness, color or distance to a color.",
    params=EdgesParams,
    result=EdgeMap,
    run=make_edges,
    path="control-maps/edges",
    presets={
        **EDGE_FAMILIES,
        "canny_otsu": {"method": "canny", "sigma": 1.0, "thresholds": "otsu", "min_length": 12},
        "ink": {"method": "xdog", "style": "lines", "sigma": 1.4, "sharpness": 20.0, "epsilon": 0.35},
        "hue": {"channel": "hue", "method": "canny", "sigma": 2.0, "thresholds": "otsu", "min_length": 20},
        "contrast": {"method": "contrast", "style": "soft", "window": 7, "sigma": 0.0},
    },
)
