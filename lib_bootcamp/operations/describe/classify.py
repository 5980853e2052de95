"""Which of a person's own labels fits a picture: zero-shot classification with CLIP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.core.text.scores import GroupScores, LabelScore
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.job import FolderJob, Settled
from lib_bootcamp.jobs.kinds.folder import PictureFolder
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.params import Spec
from lib_bootcamp.results import FileResult, Result

from . import clip_choice
from .classify_settings import ClassifyFolder, ClassifyParams, ClassifySettings

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.classifier import Classifier


@dataclass(frozen=True, kw_only=True)
class ImageScores(FileResult):
    """What the labels say of one picture."""

    index: Annotated[int, Spec("Index", "Its place among the pictures, from 0.")]
    path: Annotated[str | None, Spec("Path", "Its file; none for one that was sent.")]
    label: Annotated[str | None, Spec("Label", "The best one of the labels, else of the first group. None: unknown.")]
    scores: Annotated[
        tuple[LabelScore, ...], Spec("Scores", "Of the labels, best first; none where only groups are given.")
    ]
    groups: Annotated[tuple[GroupScores, ...], Spec("Groups", "Each group by itself, where groups were given.")]

    @property
    def answers(self) -> tuple[GroupScores, ...]:
        """Each question's answer once: the labels', where there are any, then the groups'."""
        own = (GroupScores(name="", label=self.label, scores=self.scores),) if self.scores else ()
        return own + self.groups

    @property
    def value(self) -> float:
        """The best score of what the label was chosen from."""
        return self.answers[0].scores[0].value

    def summary(self) -> str:
        """Each answer with its value."""
        return ", ".join(map(_sentence, self.answers))

    def row(self) -> dict[str, Any]:
        """The answer and its value, then a column for each label; groups' columns begin with their name."""
        row: dict[str, Any] = {"label": self.label, "value": self.value}
        row |= {each.name: each.label for each in self.groups}
        for each in self.answers:
            row |= {f"{each.name or 'score'}: {score.label}": score.value for score in each.scores}
        return row

    def answer(self) -> str | None:
        """The label."""
        return self.label


def _sentence(answer: GroupScores) -> str:
    name, best = f"{answer.name} " if answer.name else "", answer.scores[0]
    if answer.label is None:
        return f"{name}unknown ({best.label} {best.value:.2f})"
    return f"{name}{answer.label} {best.value:.2f}"


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


@contextmanager
def _classifier(params: ClassifySettings, context: Context) -> Iterator[Classifier]:
    clip_choice.check_model_name(params, context)
    from lib_bootcamp.ml.clip.classifier import Classifier, shipped_templates

    with clip_choice.lend_model(params, context) as model:
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


def _scores(index: int, path: str | None, answers: Sequence[GroupScores], params: ClassifySettings) -> ImageScores:
    each = [
        replace(answer, scores=tuple(replace(score, value=round(score.value, 6)) for score in answer.scores))
        for answer in answers
    ]
    own = 1 if params.labels else 0
    scores = each[0].scores if own else ()
    return ImageScores(index=index, path=path, label=each[0].label, scores=scores, groups=tuple(each[own:]))


def _as_it_is(picture: Image) -> Image:
    return picture


class ClassifyWork(PictureFolder):
    """Scores for one folder; they stay in the job's journal."""

    def __init__(self, root: Path, params: ClassifyFolder, context: Context) -> None:
        super().__init__(root, context, recursive=params.recursive)
        clip_choice.check_model_name(params, context)
        self.params = params

    def results(self, pictures: Sequence[Path]) -> Iterator[FileResult | BootcampError]:
        """What the labels say of each picture."""
        yield from classify_files(pictures, self.params, self.context, self.read)

    def settle(self, picture: Path, result: FileResult) -> Settled:
        """The scores, with the picture's path below the folder."""
        path = valid_text(picture.relative_to(self.root).as_posix())
        return Settled(result=replace(cast("ImageScores", result), path=path))


CLASSIFY = Operation(
    name="classify",
    title="Classify",
    summary="Tell which of your own labels fit a picture, or a folder of them, with CLIP.",
    params=ClassifyParams,
    result=ClassifyResult,
    run=classify,
    path="/classify",
    kind="analysis",
    section="Describe",
    needs="models",
    over_files=OverFiles(params=ClassifySettings, run=classify_files, labels="labels"),
    job=FolderJob(params=ClassifyFolder, work=ClassifyWork, result=ImageScores),
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
