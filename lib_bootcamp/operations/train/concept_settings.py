"""What each of several concepts is asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.core.training.class_pictures import MOST
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec

MAX_TEXT = 2000
MOST_CONCEPTS = 64
MOST_REPEATS = 10_000
MOST_CLASS = 1000


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
    class_prompt: Annotated[
        str,
        Spec(
            "Class prompt",
            "What it is one of, such as a dog: missing class pictures are drawn from it before the first step.",
            max_length=MAX_TEXT,
        ),
    ] = ""
    class_folder: Annotated[str, Spec("Class folder", "Of class pictures that are there.", format="folder")] = ""
    class_count: Annotated[
        int | None,
        Spec(
            "Class pictures",
            "What the class folder lacks of so many is drawn; never more than its own pictures come in an epoch. "
            f"Empty: {MOST}.",
            ge=1,
            le=MOST_CLASS,
        ),
    ] = None

    def check(self) -> None:
        """A number of class pictures needs something to take them from."""
        if self.class_count is not None and not self.has_class:
            raise InvalidParamError("class_count", "counts nothing", hint="give a class_prompt or a class_folder too")

    @property
    def has_class(self) -> bool:
        """Whether class pictures are learned from too."""
        return bool(self.class_prompt.strip() or self.class_folder)
