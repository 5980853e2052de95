"""Maps by learned detectors: depth, normals, segments, soft edges, line art, poses, faces, objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.controlnet.detector_options import Options
from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.resize import resize, target_size
from lib_bootcamp.errors import MissingPackageError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Spec
from lib_bootcamp.results import ControlMap

from .sizing import Height, Resizing, Width


@dataclass(frozen=True, kw_only=True)
class DetectSettings(Options):
    """The detector, its options, and how its map is given; without the picture."""

    invert: Annotated[bool, Spec("Invert", "Black for white.")] = False
    width: Width = None
    height: Height = None
    resize_mode: Resizing = "just_resize"


@dataclass(frozen=True, kw_only=True)
class DetectParams(DetectSettings):
    """The picture, the detector and its options."""

    image: Annotated[Image, Spec("Picture", "The picture that is looked at.", positional=True)]


@dataclass(frozen=True, kw_only=True)
class Found:
    """Something that was found."""

    label: Annotated[str, Spec("Label")]
    score: Annotated[float, Spec("Score", unit="0 to 1")]
    box: Annotated[
        tuple[float, ...], Spec("Box", "Left, top, right, bottom as shares of the picture's width and height.")
    ]


@dataclass(frozen=True, kw_only=True)
class DetectedMap(ControlMap):
    """The map and how it was made."""

    detector: Annotated[str, Spec("Detector")]
    weights: Annotated[tuple[str, ...], Spec("Weights", "The names of the model's files.")]
    device: Annotated[str, Spec("Device", "That it ran on.")]
    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    found: Annotated[tuple[Found, ...], Spec("Found", "People, objects or classes, where the detector names them.")]

    def summary(self) -> str:
        """Size, detector, and what was found."""
        counts: dict[str, int] = {}
        for each in self.found:
            counts[each.label] = counts.get(each.label, 0) + 1
        named = ", ".join(f"{count} x {label}" if count > 1 else label for label, count in list(counts.items())[:8])
        title = DETECTORS[self.detector].title  # type: ignore[index]
        return f"{self.width} x {self.height}, {title}" + (f": {named}" if named else "")


def detect(params: DetectParams, context: Context) -> DetectedMap:
    """Make the map of one picture.

    Raises:
        ModelError: the detector's files are not here and cannot be fetched, or cannot be used.
        MissingPackageError: the package it runs through is not installed.
        OutOfMemoryError: the picture does not fit onto the device.
        CancelledError: the person asked to stop.
    """
    with detector(params, context) as run:
        return run(params.image)


@contextmanager
def detector(params: DetectSettings, context: Context) -> Iterator[Callable[[Image], DetectedMap]]:
    """A detector for the length of a block, for one picture or many; the queue is held for each picture alone.

    Raises:
        as `detect`.
    """
    try:
        from lib_bootcamp.ml.detectors.registry import lent
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Detecting") from error
    options = params.normalized()
    with lent(options, context.host, context.progress) as ready:

        def run(image: Image) -> DetectedMap:
            picture = to_rgb(image)
            with context.host.gpu("Detector"):
                made = ready.detect(np.ascontiguousarray(picture), options)
            height, width = picture.shape[:2]
            shown = _sized(made.image, params, (width, height))
            return DetectedMap(
                image=shown,
                detector=params.detector,
                weights=tuple(path.name for path in ready.files.values()),
                device=ready.device,
                width=shown.shape[1],
                height=shown.shape[0],
                found=tuple(Found(label=each.label, score=each.score, box=each.box) for each in made.found),
            )

        yield run


def _sized(image: Image, params: DetectSettings, own: tuple[int, int]) -> Image:
    """The detector's map at the size that is asked for.

    Args:
        image: as the detector made it, of about the picture's proportions.
        params: size and mode.
        own: the picture's (width, height).
    """
    wanted = target_size(own, params.width, params.height)
    if params.resize_mode != "just_resize":  # they cut what they would cut of the picture
        image = np.ascontiguousarray(resize(image, *own))
    shown = np.ascontiguousarray(resize(image, *wanted, params.resize_mode))
    if params.scribble and "scribble" in DETECTORS[params.detector].options:
        shown = np.where(shown > 127, np.uint8(255), np.uint8(0))
    return 255 - shown if params.invert else shown


DETECT = Operation(
    name="detect",
    title="Detector",
    summary="Make a map with a learned detector: depth, normals, segments, edges, line art, poses, faces, objects.",
    params=DetectParams,
    result=DetectedMap,
    run=detect,
    path="/control-maps/detect",
    needs="detectors",
    presets={
        each.name.removeprefix("detect-"): dict(each.values["detect"])
        for each in UNIT_PRESETS
        if "detect" in each.controls
    },
)
