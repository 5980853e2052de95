"""Which of a person's own labels fits a picture: zero-shot classification with CLIP."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol, cast

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.core.text.zero_shot import Answer, Scoring
from lib_bootcamp.errors import BootcampError, InvalidParamError, MissingPackageError
from lib_bootcamp.job import FolderJob, Settled
from lib_bootcamp.jobs.kinds.folder import FolderParams, PictureFolder
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.results import FileResult, Result

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.classifier import Classifier, Model

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


ClipName = Annotated[
    str | None,
    Spec(
        "CLIP model",
        "mini (comes with the program), an open_clip name with its weights (ViT-B-32/laion2b_s34b_b79k), "
        "hf-hub:..., a folder or a .safetensors file. Empty: the one in the settings, else mini.",
        min_length=1,
        max_length=1000,
        example="mini",
        group="Model",
        format="model",
    ),
]
"""How operations declare the CLIP model they use."""


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
            unit="[0, 1]",
            group="Scores",
        ),
    ] = 0.0
    clip: ClipName = None
    backend: Annotated[
        Literal["auto", "torch", "onnx", "onnx-int8"],
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


@dataclass(frozen=True, kw_only=True)
class Score:
    """One label and how well it fits."""

    label: Annotated[str, Spec("Label")]
    value: Annotated[float, Spec("Value", unit="[0, 1]")]


@dataclass(frozen=True, kw_only=True)
class GroupScores:
    """What one group of labels says."""

    name: Annotated[str, Spec("Group")]
    label: Annotated[str | None, Spec("Label", "None: unknown.")]
    scores: Annotated[tuple[Score, ...], Spec("Scores", "Best first.")]


@dataclass(frozen=True, kw_only=True)
class ImageScores(FileResult):
    """What the labels say of one picture."""

    index: Annotated[int, Spec("Index", "Its place among the pictures, from 0.")]
    path: Annotated[str | None, Spec("Path", "Its file; none for one that was sent.")]
    label: Annotated[str | None, Spec("Label", "The best one of the labels, else of the first group. None: unknown.")]
    scores: Annotated[tuple[Score, ...], Spec("Scores", "Of the labels, else of the first group; best first.")]
    groups: Annotated[tuple[GroupScores, ...], Spec("Groups", "Each group by itself, where groups were given.")]

    def summary(self) -> str:
        """Each answer with its value."""
        said = [_said("", self.label, self.scores)] if self.scores != self._first_of_groups() else []
        return ", ".join([*said, *(_said(f"{each.name} ", each.label, each.scores) for each in self.groups)])

    def _first_of_groups(self) -> tuple[Score, ...] | None:
        return self.groups[0].scores if self.groups else None

    def row(self) -> dict[str, Any]:
        """The answer and its value, then a column for each label; groups' columns begin with their name."""
        row: dict[str, Any] = {"label": self.label, "value": self.scores[0].value}
        for each in self.groups:
            row[each.name] = each.label
        if self.scores != self._first_of_groups():
            row |= {f"score: {score.label}": score.value for score in self.scores}
        for each in self.groups:
            row |= {f"{each.name}: {score.label}": score.value for score in each.scores}
        return row

    def answer(self) -> str | None:
        """The label."""
        return self.label


def _said(name: str, label: str | None, scores: Sequence[Score]) -> str:
    best = scores[0]
    return f"{name}{label} {best.value:.2f}" if label is not None else f"{name}unknown ({best.label} {best.value:.2f})"


@dataclass(frozen=True, kw_only=True)
class ClassifyResult(Result):
    """What the labels say of each picture."""

    images: Annotated[tuple[ImageScores, ...], Spec("Pictures", "In the order they were given.")]
    model: Annotated[str, Spec("CLIP model")]
    backend: Annotated[str, Spec("Computed by")]

    def summary(self) -> str:
        """The answer of one picture; of several, how many each label has."""
        if len(self.images) == 1:
            return self.images[0].summary()
        counts: dict[str, int] = {}
        for each in self.images:
            name = "unknown" if each.label is None else each.label
            counts[name] = counts.get(name, 0) + 1
        ordered = sorted(counts.items(), key=lambda each: -each[1])
        return f"{len(self.images)} pictures: " + ", ".join(f"{count} {name}" for name, count in ordered)


def classify(params: ClassifyParams, context: Context) -> ClassifyResult:
    """Weigh the labels on each picture.

    Raises:
        ImageError: a picture cannot be used.
        ModelError: the CLIP model cannot be loaded.
        CancelledError, OutOfMemoryError: as `in_batches`.
    """
    images: list[ImageScores] = []
    with _classifier(params, context) as classifier:
        for index, made in enumerate(classifier.answers(params.images, _as_it_is)):
            if isinstance(made, BootcampError):
                raise made
            images.append(_scores(index, None, made, params))
        return ClassifyResult(images=tuple(images), model=classifier.model.name, backend=classifier.model.backend)


def classify_files(
    paths: Sequence[Path],
    params: ClassifySettings,
    context: Context,
    read: Callable[[Path], Image | bytes] | None = None,
) -> Iterator[ImageScores | BootcampError]:
    """Weigh the labels on each file, in order, as they are read.

    Args:
        paths: the files.
        params: the labels and the model.
        context: of the run.
        read: gives a file's picture, or its bytes; by default `read_file`.
    Yields:
        the file's scores, or the mistake about it.
    Raises:
        ModelError, CancelledError, OutOfMemoryError: as `classify`.
    """
    with _classifier(params, context) as classifier:
        answers = classifier.answers(paths, read or read_file)
        for index, (path, made) in enumerate(zip(paths, answers, strict=True)):
            yield made if isinstance(made, BootcampError) else _scores(index, str(path), made, params)


class Chosen(Protocol):
    """A declaration with a CLIP model in it."""

    @property
    def clip(self) -> str | None:
        """The model, or None for the one in the host's settings."""

    @property
    def backend(self) -> Literal["auto", "torch", "onnx", "onnx-int8"]:
        """What computes it on the processor."""


def lend_model(params: Chosen, context: Context) -> AbstractContextManager[Model]:
    """The CLIP model that is asked for, else the one in the host's settings, else mini.

    Raises:
        MissingPackageError: torch or open_clip is not installed.
        ModelError: there is no such model.
        InvalidParamError: who asks may not name it.
    """
    try:
        from lib_bootcamp.ml.clip.model import lend_clip
    except ImportError as error:
        raise MissingPackageError(error.name or "torch", "Classifying pictures") from error
    check_model_name(params, context)
    spec = params.clip or context.host.setting("bootcamp_clip", "") or "mini"
    return lend_clip(context.host, spec, backend=params.backend)


def _is_public(spec: str) -> bool:
    """Whether a name can only mean the model that comes along or one of open_clip's own list."""
    named = re.fullmatch(r"[A-Za-z0-9-]+[/:][a-z0-9_-]+", spec) is not None
    return spec == "mini" or (named and not Path(spec).exists())


def check_model_name(params: Chosen, context: Context) -> None:
    """Whether who asks may name this model, before there is any work.

    Raises:
        InvalidParamError: it is a file, a folder or a stranger's model, and they are not trusted.
    """
    if params.clip:
        public = "mini, an open_clip name with its weights (ViT-B-32/openai) or left out,"
        context.model(params.clip, "clip", _is_public, public)


@contextmanager
def _classifier(params: ClassifySettings, context: Context) -> Iterator[Classifier]:
    check_model_name(params, context)
    from lib_bootcamp.ml.clip.classifier import Classifier, shipped_templates

    with lend_model(params, context) as model:
        yield Classifier(
            model,
            context,
            label_sets=params.label_sets(),
            templates=params.template if params.templates == "custom" else shipped_templates(params.templates),
            negatives=params.negative_labels,
            scoring=params.scoring,
            unknown_below=params.unknown_below,
            top_k=params.top_k,
        )


def _scores(index: int, path: str | None, answers: Sequence[Answer], params: ClassifySettings) -> ImageScores:
    each = [
        GroupScores(
            name=answer.name,
            label=answer.label,
            scores=tuple(Score(label=label, value=round(value, 6)) for label, value in answer.scores),
        )
        for answer in answers
    ]
    groups = tuple(each[len(each) - len(params.groups) :])
    return ImageScores(index=index, path=path, label=each[0].label, scores=each[0].scores, groups=groups)


def _as_it_is(picture: Image) -> Image:
    return picture


class ClassifyWork(PictureFolder):
    """Scores for one folder; they stay in the job's journal."""

    def __init__(self, root: Path, params: ClassifyFolder, context: Context) -> None:
        super().__init__(root, context, recursive=params.recursive)
        check_model_name(params, context)
        self.params = params

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """What the labels say of each picture."""
        yield from classify_files(pictures, self.params, self.context, self.read)

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """The scores, with the picture's path below the folder."""
        path = picture.relative_to(self.root).as_posix().encode("utf-8", "replace").decode("utf-8")
        return Settled(result=replace(cast("ImageScores", result), path=path))


CLASSIFY = Operation(
    name="classify",
    title="Classify",
    summary="Tells which of your own labels fit a picture, or a folder of them, with CLIP.",
    params=ClassifyParams,
    result=ClassifyResult,
    run=classify,
    path="/classify",
    kind="analysis",
    section="Describe",
    needs="models",
    over_files=OverFiles(params=ClassifySettings, run=classify_files, labels="labels"),
    job=FolderJob(params=ClassifyFolder, work=ClassifyWork),
    presets={
        "medium": {"labels": ["a photograph", "a painting", "a drawing", "a 3D render", "a screenshot"]},
        "subject, style and medium": {
            "groups": {
                "subject": ["a person", "an animal", "a landscape", "a building", "food", "a vehicle", "a pattern"],
                "style": ["realistic", "anime", "cartoon", "abstract", "minimalist", "vintage"],
                "medium": ["a photograph", "a painting", "a drawing", "a 3D render", "a screenshot"],
            }
        },
        "drawn shapes (mini)": {
            "clip": "mini",
            "groups": {
                "shape": ["a circle", "a square", "a triangle", "a star", "a cross", "a ring", "a heart", "a diamond"],
                "color": ["red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "gray"],
            },
        },
    },
)
