"""A detector's options beside the picture; the only list of them."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

from .detectors import DETECTORS, SAM, Name, Weights, using

MOST_PHRASES = 16


def _for(*names: Name) -> dict[str, tuple[Any, ...]]:
    return {"detector": names}


@dataclass(frozen=True, kw_only=True)
class Options(Params):
    """The detector and its options; each option means something to the detectors that name it."""

    detector: Annotated[
        Name, Spec("Detector", "What is looked for, and how.", titles={n: d.title for n, d in DETECTORS.items()})
    ] = "depth_midas"
    resolution: Annotated[
        int,
        Spec(
            "Detector resolution",
            "The picture's shorter side while it is looked at.",
            ge=128,
            le=2048,
            multiple_of=64,
            unit="px",
            renamed_titles=("Detector's resolution",),
        ),
    ] = 512
    scribble: Annotated[
        bool, Spec("Scribble", "Thick strokes, black and white, in place of soft edges.", when=_for(*using("scribble")))
    ] = False
    coarse: Annotated[bool, Spec("Coarse", "Fewer lines.", when=_for(*using("coarse")))] = False
    hands: Annotated[bool, Spec("Hands", "Their fingers too.", when=_for(*using("hands")))] = False
    face: Annotated[bool, Spec("Face", "Its points too.", when=_for(*using("face")))] = False
    faces: Annotated[
        int,
        Spec(
            "Maximum faces",
            "Faces that are drawn at most.",
            ge=1,
            le=20,
            when=_for(*using("faces")),
            renamed_titles=("Faces",),
        ),
    ] = 1
    line_score: Annotated[
        float,
        Spec("Line score", "How sure a line must be.", ge=0.01, le=2, step=0.01, when=_for(*using("line_score"))),
    ] = 0.1
    line_distance: Annotated[
        float,
        Spec(
            "Line distance",
            "How far apart a line's ends must be.",
            ge=0.01,
            le=20,
            step=0.01,
            when=_for(*using("line_distance")),
        ),
    ] = 0.1
    phrases: Annotated[
        tuple[str, ...],
        Spec(
            "Phrases",
            "What to look for, one a line.",
            max_length=MOST_PHRASES,
            example=("a cup", "a spoon"),
            when=_for(*using("phrases")),
        ),
    ] = ()
    threshold: Annotated[
        float,
        Spec(
            "Threshold",
            "How sure a find must be; objects are seldom surer than 0.3.",
            ge=0.01,
            le=1,
            step=0.01,
            when=_for(*using("threshold")),
        ),
    ] = 0.1
    outline: Annotated[
        Literal["mask", "box"],
        Spec("Outline", "The objects' own by SAM, or their boxes.", when=_for(*using("outline"))),
    ] = "mask"

    def check(self) -> None:
        """Objects are looked for by phrases."""
        if self.detector == "objects" and not any(each.strip() for each in self.phrases):
            raise InvalidParamError("phrases", "is empty", hint="say what to look for")

    def normalized(self) -> Options:
        """Without empty phrases."""
        return dataclasses.replace(self, phrases=tuple(each.strip() for each in self.phrases if each.strip()))


def needed(options: Options) -> tuple[Weights, ...]:
    """The files that this run needs; SAM's only where masks are asked for."""
    weights = DETECTORS[options.detector].weights
    chosen = [each for each in weights if not each.only or getattr(options, each.only)]
    if options.outline == "box":
        chosen = [each for each in chosen if each not in SAM]
    return tuple(chosen)
