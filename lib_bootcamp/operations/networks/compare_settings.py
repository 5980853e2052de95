"""Which files of a training are compared, and what is drawn with each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.core.networks.file_names import MOST_CHARACTERS
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operations.describe.clip_choice import Backend, ClipName
from lib_bootcamp.params import Params, Spec

MOST_FILES, MOST_PROMPTS, MOST_PICTURES = 24, 6, 4
OTHERS = ("a photo of a dog", "a house by a lake", "a portrait of a woman", "a red car")
"""Prompts of other concepts where none are given."""


@dataclass(frozen=True, kw_only=True)
class CompareLorasParams(Params):
    """The files, the prompts, and how they are drawn and measured."""

    folder: Annotated[
        str,
        Spec("Folder", "Where the files lie, as a training's output.", format="folder", positional=True, min_length=1),
    ]
    name: Annotated[
        str,
        Spec(
            "Name",
            "Of the training: NAME.safetensors and NAME-000400.safetensors are compared.",
            positional=True,
            max_length=MOST_CHARACTERS,
            example="mymug",
        ),
    ] = ""
    loras: Annotated[
        tuple[str, ...],
        Spec(
            "Files",
            "In place of the training's: names in the folder, without .safetensors.",
            max_length=MOST_FILES,
            example=("mymug-000400", "mymug"),
        ),
    ] = ()
    pictures: Annotated[
        str | None,
        Spec(
            "Training pictures",
            "What likeness is measured with. Not given: below a training its own; else likeness does not count.",
            format="folder",
            min_length=1,
        ),
    ] = None
    prompts: Annotated[
        str,
        Spec(
            "Prompts",
            f"Of what was trained, a line each, {MOST_PROMPTS} at most. Empty: the training's sample prompts.",
            max_length=10_000,
            format="multiline",
            example="a mymug on a table",
        ),
    ] = ""
    other_prompts: Annotated[
        str,
        Spec(
            "Prompts of other concepts",
            f"What has to stay as it is, a line each, {MOST_PROMPTS} at most. Empty: {', '.join(OTHERS)}.",
            max_length=10_000,
            format="multiline",
            example="a red circle",
        ),
    ] = ""
    pictures_per_prompt: Annotated[
        int, Spec("Pictures of each prompt", "Each of the next seed.", ge=1, le=MOST_PICTURES, group="Drawing")
    ] = 2
    seed: Annotated[int, Spec("Seed", "The same with every file.", ge=0, le=2**32 - 1, group="Drawing")] = 1
    size: Annotated[
        int | None,
        Spec("Size", "Empty for the checkpoint's own.", ge=64, le=2048, multiple_of=8, unit="px", group="Drawing"),
    ] = None
    steps: Annotated[int, Spec("Steps", "Of each picture.", ge=1, le=150, group="Drawing")] = 20
    cfg_scale: Annotated[float, Spec("CFG scale", "1 is not guided.", ge=1, le=30, group="Drawing")] = 5.0
    weight: Annotated[
        float, Spec("Weight", "Of LoRAs; embeddings have none.", gt=0, le=2, step=0.05, group="Drawing")
    ] = 1.0
    clip: ClipName = None

    def check(self) -> None:
        """A training or files are named, and prompts are not too many."""
        if not (self.name or self.loras):
            raise InvalidParamError("name", "is missing", hint="name the training, or its files with loras")
        for field in ("prompts", "other_prompts"):
            if len(lines_of(getattr(self, field))) > MOST_PROMPTS:
                raise InvalidParamError(field, f"must have at most {MOST_PROMPTS} lines")

    @property
    def backend(self) -> Backend:
        """Of CLIP: what is fastest."""
        return "auto"


def lines_of(text: str) -> tuple[str, ...]:
    """The prompts of a text, each once."""
    return tuple(dict.fromkeys(each.strip() for each in text.splitlines() if each.strip()))
