"""What each of several concepts is asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.params import Params, Spec

MAX_TEXT = 2000
MOST_CONCEPTS = 64
MOST_REPEATS = 10_000


@dataclass(frozen=True, kw_only=True)
class Concept(Params):
    """One of the things that a training teaches."""

    folder: Annotated[str, Spec("Folder", "Of its pictures.", format="folder", min_length=1, example="photos/dog")]
    caption: Annotated[
        str,
        Spec("Caption without a file", "Of its pictures that have none; empty: the training's.", max_length=MAX_TEXT),
    ] = ""
    repeats: Annotated[
        int | None,
        Spec(
            "Repeats",
            "How often each picture comes in an epoch; empty: as names of folders such as `10_my dog` say.",
            ge=1,
            le=MOST_REPEATS,
        ),
    ] = None
    weight: Annotated[float, Spec("Weight", "How much its loss counts.", gt=0, le=10, step=0.05)] = 1.0
