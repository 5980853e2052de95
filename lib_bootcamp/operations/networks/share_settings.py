"""What is asked for when a training's file is shared, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from lib_bootcamp.core.networks.known_bases import HUB_ID, is_hub_id
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import Result

from .opened import FOLDER

MOST_SAMPLES, MOST_PICTURES = 32, 32
_CARD: dict[str, Any] = {"group": "Card"}
ID: dict[str, Any] = {"pattern": f"(?:{HUB_ID})?", "pattern_says": "like USER/NAME", "max_length": 193}
"""Of a text that may be an id on the hub; `check_id` looks at the rest."""


def check_id(name: str, given: str) -> None:
    """Refuse what the hub takes for no id.

    Raises:
        InvalidParamError: naming the parameter.
    """
    if given and not is_hub_id(given):
        raise InvalidParamError(name, "must be a name that the hub takes, like USER/NAME")


@dataclass(frozen=True, kw_only=True)
class ShareLoraParams(Params):
    """Which LoRA or embedding, what its card says, and where it goes."""

    folder: Annotated[str, FOLDER]
    lora: Annotated[
        str,
        Spec(
            "LoRA",
            "Its name in the folder, without .safetensors; an embedding too.",
            positional=True,
            min_length=1,
            max_length=500,
            example="mymug",
        ),
    ]
    push_to: Annotated[
        str,
        Spec(
            "Push to",
            "USER/NAME on huggingface.co, with your own login there. Empty: nothing is pushed.",
            example="me/mymug",
            **ID,
        ),
    ] = ""
    private: Annotated[bool, Spec("Private", "Only you see what is pushed.")] = True
    output_folder: Annotated[
        str | None,
        Spec(
            "Output folder",
            "A folder of its name is written there: README.md, the file, samples. Not given: the card is shown.",
            format="folder",
            min_length=1,
        ),
    ] = None
    replace: Annotated[bool, Spec("Replace", "What is in that folder under the same names.")] = False
    license: Annotated[
        str,
        Spec(
            "License",
            "Such as creativeml-openrail-m. Empty: what the file or its base states.",
            max_length=100,
            **_CARD,
        ),
    ] = ""
    base_model: Annotated[
        str,
        Spec(
            "Base model",
            "Its checkpoint's USER/NAME on huggingface.co. Empty: found by its name.",
            example="stable-diffusion-v1-5/stable-diffusion-v1-5",
            **ID,
            **_CARD,
        ),
    ] = ""
    about: Annotated[str, Spec("About", "What it is, in your words.", max_length=4000, format="multiline", **_CARD)] = (
        ""
    )
    samples: Annotated[int, Spec("Samples", "How many of the training's samples.", ge=0, le=MOST_SAMPLES, **_CARD)] = 8
    pictures: Annotated[
        str | None,
        Spec(
            "Training pictures",
            f"A folder whose pictures are shared too, {MOST_PICTURES} at most. Not given: none of yours is.",
            format="folder",
            min_length=1,
            **_CARD,
        ),
    ] = None

    def check(self) -> None:
        """Ids are such as the hub takes."""
        check_id("push_to", self.push_to)
        check_id("base_model", self.base_model)


@dataclass(frozen=True, kw_only=True)
class ShareLoraResult(Result):
    """What was shared, or is ready to be."""

    name: Annotated[str, Spec("Name")]
    card: Annotated[str, Spec("Card", "README.md, as Markdown.")]
    contents: Annotated[tuple[str, ...], Spec("Files", "What belongs to it, README.md first.")]
    written: Annotated[bool, Spec("Written", "Whether they were written into the output folder.")]
    url: Annotated[str, Spec("Address", "Of the repository; empty where nothing was pushed.")]
    private: Annotated[bool, Spec("Private", "Whether only its owner sees it.")]
    warnings: Annotated[tuple[str, ...], Spec("Warnings", "What to look at before others see it.")]

    def summary(self) -> str:
        """Where it is, and the warnings."""
        return " ".join([self.line(), *self.warnings])

    def line(self) -> str:
        """Where it is."""
        count = f"{len(self.contents):,} files"
        written = [f"{count} of {self.name} are written."] if self.written else []
        who = "which only you see" if self.private else "which everybody sees"
        pushed = [f"{count} of {self.name} are pushed to {self.url}, {who}."] if self.url else []
        return " ".join(written + pushed) or f"The card of {self.name}; nothing was written or pushed."

    def lines(self) -> list[str]:
        """The warnings; the card where it is nowhere else."""
        card = [] if self.written or self.url else ["", *self.card.splitlines()]
        return [*map(on_one_line, self.warnings), *card]
