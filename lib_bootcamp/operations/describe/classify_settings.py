"""The labels that pictures are weighed against, how they are worded and scored, and the model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.text.zero_shot import Scoring
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.jobs.kinds.folder import FolderParams
from lib_bootcamp.params import Params, Spec

from .clip_choice import Backend, ClipName

MAX_LABELS, MAX_GROUPS = 1000, 16
_TEMPLATES = {
    "none": "None: the labels as they are written",
    "short": "Short: 7 that serve most pictures",
    "openai": "OpenAI: the 80 made for ImageNet",
    "custom": "Custom: those below",
}
_SCORING = {
    "softmax": "Softmax: the labels against each other",
    "sigmoid": "Sigmoid: each label by itself",
}
_BACKENDS = {"auto": "Automatic", "torch": "PyTorch", "onnx": "ONNX Runtime", "onnx-int8": "ONNX Runtime, 8 bits"}


@dataclass(frozen=True, kw_only=True)
class ClassifySettings(Params):
    """The labels, how they are worded and scored, and the model; without pictures."""

    labels: Annotated[
        tuple[str, ...],
        Spec(
            "Labels",
            "What a picture may be, in your own words: one per line, or separated by commas.",
            max_length=MAX_LABELS,
            example=("a red circle", "a blue square"),
        ),
    ] = ()
    groups: Annotated[
        dict[str, Any],
        Spec(
            "Label groups",
            "Several questions at once, one per line: a name, a colon and its labels.",
            example={"medium": ["a photograph", "a drawing"], "color": ["red", "blue"]},
        ),
    ] = field(default_factory=dict)
    negative_labels: Annotated[
        tuple[str, ...],
        Spec(
            "Negative labels",
            "They compete with the labels and are no answers: a picture they fit best is unknown.",
            max_length=MAX_LABELS,
            example=("an empty page",),
            group="Wording",
        ),
    ] = ()
    templates: Annotated[
        Literal["none", "short", "openai", "custom"],
        Spec(
            "Prompt templates",
            "Sentences that each label is put into; the model's views of them are averaged. "
            "They want labels without an article: cat, not a cat.",
            titles=_TEMPLATES,
            group="Wording",
            renamed_choices={"Own: those below": "custom", "own": "custom"},
        ),
    ] = "none"
    template: Annotated[
        tuple[str, ...],
        Spec(
            "Custom templates",
            "Texts with {} where the label goes, one per line.",
            max_length=100,
            example=("a photo of a {}.", "a drawing of a {}."),
            group="Wording",
            when={"templates": ("custom",)},
            renamed_titles=("Own templates",),
        ),
    ] = ()
    scoring: Annotated[
        Scoring,
        Spec(
            "Scoring",
            "Softmax scores add up to 1. Sigmoid scores do not: several labels may fit one picture, or none.",
            titles=_SCORING,
            group="Scores",
            renamed_titles=("Scores",),
        ),
    ] = "softmax"
    top_k: Annotated[
        int | None,
        Spec(
            "Scores to keep",
            "The best ones of each picture. Empty: all.",
            ge=1,
            le=MAX_LABELS,
            group="Scores",
            renamed_titles=("Scores kept",),
        ),
    ] = None
    unknown_below: Annotated[
        float,
        Spec(
            "Unknown below",
            "A picture whose best score is lower has no label.",
            ge=0,
            le=1,
            step=0.01,
            unit="0 to 1",
            group="Scores",
        ),
    ] = 0.0
    clip: ClipName = None
    backend: Annotated[
        Backend,
        Spec(
            "Backend",
            "On the processor ONNX Runtime may be faster; 8 bits are faster again and a little less exact.",
            titles=_BACKENDS,
            group="Model",
            renamed_titles=("Computed by",),
        ),
    ] = "auto"

    def check(self) -> None:
        """There are labels, each once and not empty; own templates hold the place of the label."""
        for name in ("labels", "negative_labels", "template"):
            object.__setattr__(self, name, _distinct(name, getattr(self, name)))
        object.__setattr__(self, "groups", _checked_groups(self.groups))
        if not self.labels and not self.groups:
            raise InvalidParamError(
                "labels", "is missing", hint="give the texts that a picture may be, or groups of them"
            )
        total = len(self.labels) + sum(map(len, self.groups.values()))
        if total > MAX_LABELS:
            raise InvalidParamError("groups", f"make {total} labels together", hint=f"at most {MAX_LABELS} are allowed")
        if self.templates == "custom" and not self.template:
            raise InvalidParamError("template", "is missing", hint="give a text with {} where the label goes")
        for each in self.template:
            if "{}" not in each:
                raise InvalidParamError(
                    "template", f"must hold {{}} where the label goes, which {each[:60]!r} does not"
                )

    def label_sets(self) -> dict[str, tuple[str, ...]]:
        """The labels by group; those of no group are called by an empty name and come first."""
        return ({"": self.labels} if self.labels else {}) | self.groups


@dataclass(frozen=True, kw_only=True)
class ClassifyParams(ClassifySettings):
    """The settings and the pictures."""

    images: Annotated[
        tuple[Image, ...],
        Spec("Pictures", "One or several, of any size.", min_length=1, max_length=64, positional=True),
    ]


@dataclass(frozen=True, kw_only=True)
class ClassifyFolder(ClassifySettings, FolderParams):
    """The settings and a folder on the machine that the program runs on."""


def _distinct(name: str, texts: Iterable[object]) -> tuple[str, ...]:
    """The texts without the space around them.

    Raises:
        InvalidParamError: one is empty, no text, too long, or there twice.
    """
    stripped: list[str] = []
    for each in texts:
        if not isinstance(each, str) or not each.strip():
            raise InvalidParamError(name, "must hold texts that are not empty")
        stripped.append(each.strip())
        if len(each) > 1000:
            raise InvalidParamError(name, "holds a text of more than 1000 characters", hint="shorten it")
    twice = next((each for each, count in Counter(stripped).items() if count > 1), None)
    if twice is not None:
        raise InvalidParamError(name, f"holds {twice[:60]!r} twice", hint="give each once")
    return tuple(stripped)


def _checked_groups(groups: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    if len(groups) > MAX_GROUPS:
        raise InvalidParamError("groups", f"are {len(groups)}", hint=f"at most {MAX_GROUPS} are allowed")
    checked: dict[str, tuple[str, ...]] = {}
    for name, labels in groups.items():
        if not isinstance(name, str) or not 1 <= len(name.strip()) <= 80 or name.strip() in checked:
            raise InvalidParamError("groups", "must have different names of 1 to 80 characters")
        if isinstance(labels, (str, bytes)) or not isinstance(labels, Sequence) or not 1 <= len(labels) <= MAX_LABELS:
            raise InvalidParamError(f"groups.{name.strip()}", f"must be a list of 1 to {MAX_LABELS} labels")
        checked[name.strip()] = _distinct(f"groups.{name.strip()}", labels)
    return checked
