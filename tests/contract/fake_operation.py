"""An operation that has every kind of parameter and of result, for tests of the surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.errors import BootcampError, InvalidParamError, MissingPackageError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import ControlMap, Result

HEX = "[0-9a-f]{6}"


@dataclass(frozen=True, kw_only=True)
class Lamp(Params):
    """A nested declaration."""

    kind: Annotated[Literal["point", "spot"], Spec("Kind")] = "point"
    x: Annotated[float, Spec("X", ge=0, le=1)] = 0.5
    mask: Annotated[Image | None, Spec("Mask", "Where it shines.")] = None


@dataclass(frozen=True, kw_only=True)
class FakeParams(Params):
    """Every kind of parameter."""

    image: Annotated[Image, Spec("Image", "The picture.")]
    note: Annotated[str, Spec("Note", "Any text.", max_length=100, example="hello")]
    depth: Annotated[Image | None, Spec("Depth", "A second picture.")] = None
    mode: Annotated[Literal["keep", "invert", "fail", "crash", "package"], Spec("Mode")] = "keep"
    steps: Annotated[int, Spec("Steps", ge=1, le=16, multiple_of=2, unit="px")] = 4
    gamma: Annotated[float, Spec("Gamma", gt=0, lt=4)] = 1.0
    size: Annotated[int | None, Spec("Size", ge=8, le=64)] = None
    flip: Annotated[bool, Spec("Flip")] = False
    color: Annotated[str, Spec("Color", pattern=HEX, example="ff8800")] = "ffffff"
    spot: Annotated[str, Spec("Spot", "Shown in one mode.", when={"mode": ("invert",)})] = ""
    weights: Annotated[tuple[float, ...], Spec("Weights", ge=-1, le=1, max_length=4)] = ()
    lamps: Annotated[tuple[Lamp, ...], Spec("Lamps", max_length=3)] = ()
    lamp: Annotated[Lamp | None, Spec("Main lamp")] = None
    layers: Annotated[tuple[Image, ...], Spec("Layers", max_length=3)] = ()
    extra: Annotated[dict[str, Any] | None, Spec("Extra")] = None
    notes: Annotated[bytes | None, Spec("Notes", "A file as it is.")] = None

    def check(self) -> None:
        """A rule over two fields."""
        if self.size is not None and self.size < self.steps:
            raise InvalidParamError("size", "must be at least steps")


@dataclass(frozen=True, kw_only=True)
class Box:
    """A nested record that is no `Result`."""

    left: Annotated[int, Spec("Left", unit="px")]
    label: Annotated[str | None, Spec("Label")]


@dataclass(frozen=True, kw_only=True)
class FakeResult(ControlMap):
    """Every kind of fact."""

    score: Annotated[float, Spec("Score", ge=0, le=1)]
    count: Annotated[int, Spec("Count")]
    verdict: Annotated[Literal["yes", "no"], Spec("Verdict")]
    boxes: Annotated[tuple[Box, ...], Spec("Boxes")]
    first: Annotated[Box | None, Spec("First box")]
    table: Annotated[dict[str, float], Spec("Table")]
    error_map: Annotated[Image | None, Spec("Error map")] = None

    def summary(self) -> str:
        """One line, not only ASCII."""
        return f"{self.count} boxes – {self.verdict}"

    def succeeded(self) -> bool:
        """As the verdict says."""
        return self.verdict == "yes"


def run_fake(params: FakeParams, context: Context) -> FakeResult:
    """Return the picture, inverted on request; fail in three ways on request."""
    if params.mode == "fail":
        raise BootcampError("The light is out; switch it on.")
    if params.mode == "package":
        raise MissingPackageError("lamp", "Light")
    if params.mode == "crash":
        raise ZeroDivisionError("a secret of the inside")
    image = to_rgb(params.image)
    boxes = tuple(Box(left=index, label=lamp.kind) for index, lamp in enumerate(params.lamps))
    return FakeResult(
        image=255 - image if params.mode == "invert" else image,
        score=0.25,
        count=np.int64(len(boxes) + len(params.layers)),  # type: ignore[arg-type]
        verdict="yes" if boxes else "no",
        boxes=boxes,
        first=boxes[0] if boxes else None,
        table={"note": float(len(params.note)), "gamma": params.gamma},
        error_map=params.depth,
    )


FAKE = Operation(
    name="fake-map",
    title="Fake map",
    summary="Gives the picture back.",
    params=FakeParams,
    result=FakeResult,
    run=run_fake,
    path="/control-maps/fake",
    presets={"inverted": {"mode": "invert", "steps": 8}},
)


@dataclass(frozen=True, kw_only=True)
class CountParams(Params):
    """No picture, nothing required."""

    text: Annotated[str, Spec("Text", max_length=40)] = ""


@dataclass(frozen=True, kw_only=True)
class CountResult(Result):
    """No picture."""

    characters: Annotated[int, Spec("Characters")]


def run_count(params: CountParams, context: Context) -> CountResult:
    """Count the characters."""
    return CountResult(characters=len(params.text))


COUNT = Operation(
    name="count",
    title="Count",
    summary="Counts characters.",
    params=CountParams,
    result=CountResult,
    run=run_count,
    path="/text/count",
    kind="analysis",
)
FAKES = (FAKE, COUNT)
