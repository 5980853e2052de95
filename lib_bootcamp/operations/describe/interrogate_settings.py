"""How pictures are described: the declaration of interrogation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.ml.captioners.registry import AUTO
from lib_bootcamp.params import Params, Spec

from .clip_choice import Backend, ClipName

NONE = "none"
_MODES = {
    "best": "Best: a chain of what fits best, or one of the others if it fits better",
    "fast": "Fast: the caption and the best of all labels",
    "classic": "Classic: caption, medium, artist, site, movement, flavors",
    "negative": "Negative: what the picture is least like",
    "caption": "Caption: a sentence alone",
}
_WITH_LABELS = ("best", "fast", "classic", "negative")


@dataclass(frozen=True, kw_only=True)
class InterrogateSettings(Params):
    """How pictures are described; without the picture."""

    mode: Annotated[
        Literal["best", "fast", "classic", "negative", "caption"],
        Spec("Mode", "The modes of clip-interrogator.", titles=_MODES),
    ] = "best"
    with_negative: Annotated[
        bool,
        Spec(
            "Add negative prompt",
            "Also what the picture is least like.",
            when={"mode": ("best", "fast", "classic", "caption")},
            renamed_titles=("Negative prompt too",),
        ),
    ] = False
    caption: Annotated[
        str | None,
        Spec(
            "Caption",
            "The sentence the prompt begins with, where you write it yourself. Empty: the captioner's.",
            max_length=1000,
            example="a lighthouse at night",
            group="Caption",
        ),
    ] = None
    captioner: Annotated[
        str,
        Spec(
            "Captioner",
            "auto (the WebUI's own BLIP where there is one, else blip where it is on this machine, else none), blip "
            "(fetched when it is first used), blip:FOLDER, a model of the hub (owner/name), webui-blip, or none: "
            "then the prompt is of labels alone.",
            min_length=1,
            max_length=1000,
            example="auto",
            group="Caption",
            format="model",
        ),
    ] = AUTO
    tables: Annotated[
        str | None,
        Spec(
            "Custom tables",
            "A folder with artists.txt, flavors.txt, mediums.txt, movements.txt, trendings.txt, negative.txt, a label "
            "a line. Empty: those of the package clip-interrogator.",
            min_length=1,
            format="folder",
            group="Labels",
            when={"mode": _WITH_LABELS},
            renamed_titles=("Tables of your own",),
        ),
    ] = None
    min_flavors: Annotated[
        int,
        Spec(
            "Minimum labels",
            "A chain takes this many even when they fit less well.",
            ge=0,
            le=64,
            group="Labels",
            when={"mode": ("best", "negative")},
            renamed_titles=("At least so many labels",),
        ),
    ] = 8
    max_flavors: Annotated[
        int | None,
        Spec(
            "Maximum labels",
            "Empty: 32, in classic mode 3.",
            ge=1,
            le=64,
            example=32,
            group="Labels",
            when={"mode": _WITH_LABELS},
            renamed_titles=("At most so many labels",),
        ),
    ] = None
    flavor_intermediate_count: Annotated[
        int,
        Spec(
            "Candidate labels",
            "Number of the best labels.",
            ge=1,
            le=8192,
            unit="labels",
            group="Labels",
            when={"mode": ("best", "negative")},
            renamed_titles=("A chain chooses among",),
        ),
    ] = 2048
    chunk_size: Annotated[
        int,
        Spec(
            "Chunk size",
            "Of a larger table only the best of each chunk take part; other values give other prompts.",
            ge=16,
            le=65536,
            unit="labels",
            group="Labels",
            when={"mode": _WITH_LABELS},
            renamed_titles=("Labels ranked at once",),
        ),
    ] = 2048
    top_k: Annotated[
        int,
        Spec(
            "Labels per table",
            "Number of labels listed for each table; 0: none.",
            ge=0,
            le=50,
            group="Labels",
            renamed_titles=("Analysis",),
        ),
    ] = 5
    clip: ClipName = None

    @property
    def backend(self) -> Backend:
        """As classification's default, so that both share one model."""
        return "auto"


@dataclass(frozen=True, kw_only=True)
class InterrogateParams(InterrogateSettings):
    """The settings and the picture."""

    image: Annotated[Image, Spec("Picture", "Of any size.", positional=True)]
