"""A picture to a prompt: CLIP interrogation with clip-interrogator's modes and tables."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import read_file
from lib_bootcamp.core.text.label_tables import LabelTables, folder_tables, package_tables
from lib_bootcamp.core.text.scores import LabelScore
from lib_bootcamp.errors import BootcampError, MissingPackageError, ModelError
from lib_bootcamp.ml.captioners.registry import AUTO, Captioner, automatic, is_public, known, lend_captioner
from lib_bootcamp.operation import Operation, OverFiles
from lib_bootcamp.params import Spec
from lib_bootcamp.results import FileResult

from . import clip_choice
from .interrogate_settings import NONE, InterrogateParams, InterrogateSettings

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.interrogator import Interrogation, Interrogator
    from lib_bootcamp.ml.clip.label_features import LabelFeatures
    from lib_bootcamp.ml.clip.prompt_encoder import PromptEncoder


@dataclass(frozen=True, kw_only=True)
class TableScores:
    """The best labels of one table."""

    name: Annotated[str, Spec("Table")]
    scores: Annotated[tuple[LabelScore, ...], Spec("Labels", "Best first.")]


@dataclass(frozen=True, kw_only=True)
class InterrogateResult(FileResult):
    """What a picture says."""

    prompt: Annotated[str, Spec("Prompt", "Empty in mode negative.")]
    negative: Annotated[str | None, Spec("Negative prompt", "Where it was asked for.")]
    caption: Annotated[str, Spec("Caption", "What the prompt begins with; empty where there was no captioner.")]
    captioner: Annotated[str | None, Spec("Captioner", "What made the caption. None: nothing, or you.")]
    similarity: Annotated[
        float | None, Spec("Similarity", "Cosine of picture and prompt, where it was computed.", unit="-1 to 1")
    ]
    analysis: Annotated[tuple[TableScores, ...], Spec("Analysis", "The best labels of each table.")]
    model: Annotated[str | None, Spec("CLIP model", "None: the mode needs none.")]

    def summary(self) -> str:
        """The text."""
        return self.prompt or self.negative or ""

    def lines(self) -> list[str]:
        """The negative prompt, and the best label of each table."""
        parts = [f"negative: {self.negative}"] if self.negative is not None and self.prompt else []
        return parts + [
            f"{each.name}: " + ", ".join(f"{score.label} {score.value:.3f}" for score in each.scores)
            for each in self.analysis
        ]

    def row(self) -> dict[str, Any]:
        """The texts, then the best label of each table."""
        row = super().row()
        return row | {each.name: each.scores[0].label for each in self.analysis}


def interrogate(params: InterrogateParams, context: Context) -> InterrogateResult:
    """Describe a picture.

    Raises:
        ImageError: the picture cannot be used.
        ModelError: a model cannot be loaded, or caption mode has no captioner.
        MissingPackageError: torch is not installed, or clip-interrogator where there are no tables of one's own.
        LabelTableError: one's own tables cannot be used.
        CancelledError, OutOfMemoryError: as `in_batches`.
    """
    with _asked(params, context) as question:
        (made,) = question.interrogator.answers([params.image], _as_it_is)
        if isinstance(made, BootcampError):
            raise made
        return question.result(made)


def interrogate_files(
    paths: Sequence[Path],
    params: InterrogateSettings,
    context: Context,
    read: Callable[[Path], Image | bytes] | None = None,
) -> Iterator[InterrogateResult | BootcampError]:
    """Describe each file, in order, as they are read.

    Args:
        paths: the files.
        params: what is asked.
        context: of the run.
        read: gives a file's picture, or its bytes; by default `read_file`.
    Yields:
        the file's description, or the mistake about it.
    Raises:
        ModelError, MissingPackageError, LabelTableError, CancelledError, OutOfMemoryError: as `interrogate`.
    """
    with _asked(params, context) as question:
        for made in question.interrogator.answers(paths, read or read_file):
            yield made if isinstance(made, BootcampError) else question.result(made)


@dataclass(frozen=True)
class _Question:
    interrogator: Interrogator
    model: str | None
    captioner: str | None

    def result(self, made: Interrogation) -> InterrogateResult:
        return InterrogateResult(
            prompt=made.prompt,
            negative=made.negative,
            caption=made.caption,
            captioner=self.captioner,
            similarity=None if made.similarity is None else round(made.similarity, 6),
            analysis=tuple(
                TableScores(
                    name=name,
                    scores=tuple(LabelScore(label=label, value=round(value, 6)) for label, value in scores),
                )
                for name, scores in made.analysis.items()
            ),
            model=self.model,
        )


@contextmanager
def _asked(params: InterrogateSettings, context: Context) -> Iterator[_Question]:
    check_names(params, context)
    try:
        from lib_bootcamp.ml.clip.interrogator import InterrogateOptions, Interrogator
    except ImportError as error:
        raise MissingPackageError(error.name or "torch", "Interrogating pictures") from error
    options = InterrogateOptions(
        mode=params.mode,
        min_flavors=params.min_flavors,
        max_flavors=params.max_flavors,
        intermediate=params.flavor_intermediate_count,
        chunk=params.chunk_size,
        with_negative=params.with_negative,
        top=params.top_k,
    )
    needs_labels = params.mode != "caption" or params.with_negative
    with ExitStack() as lent:
        tables = _tables(params, context) if needs_labels else None  # before anything is loaded
        captioner = _captioner(params, context, lent)
        encoder, labels = _labels(params, tables, context, lent) if tables is not None else (None, None)
        interrogator = Interrogator(encoder, labels, context, options, captioner=captioner, caption=params.caption)
        yield _Question(
            interrogator, encoder.model.name if encoder else None, captioner.name if captioner is not None else None
        )


def check_names(params: InterrogateSettings, context: Context) -> None:
    """Callers over the network may name no strangers' models and no folders but those that the owner allowed.

    Raises:
        InvalidParamError: they do, or the folder is not there.
        NotAllowedError: the folder is another one.
    """
    clip_choice.check_model_name(params, context)
    check_captioner(params, context)
    if params.tables is not None:
        context.folder(params.tables, "tables")


def check_captioner(params: InterrogateSettings, context: Context) -> None:
    """Whether who asks may name this captioner, before there is any work.

    Raises:
        InvalidParamError: it is a file, a folder or a stranger's model, and they are not trusted.
    """
    context.model(params.captioner, "captioner", is_public, f"one of {', '.join((AUTO, NONE, *known()))}")


def _tables(params: InterrogateSettings, context: Context) -> LabelTables:
    if params.tables is None:
        return package_tables()
    return folder_tables(context.folder(params.tables, "tables"), links=context.trusted)


def _captioner(params: InterrogateSettings, context: Context, lent: ExitStack) -> Captioner | None:
    """The one that is asked for, where one is needed.

    Raises:
        ModelError: caption mode has none.
    """
    check_captioner(params, context)
    if params.caption or params.mode == "negative":
        return None
    name = params.captioner
    if name == AUTO:
        name = automatic(context.host) or NONE
    if name != NONE:
        return lent.enter_context(lend_captioner(context.host, name))
    if params.mode == "caption":
        raise ModelError(
            "There is no caption model here: set captioner to blip (Salesforce/blip-image-captioning-large, "
            "1.9 GB, is fetched once), to blip:FOLDER with that model's files, or give the caption yourself."
        )
    return None


def _labels(
    params: InterrogateSettings, tables: LabelTables, context: Context, lent: ExitStack
) -> tuple[PromptEncoder, LabelFeatures]:
    from lib_bootcamp.ml.clip.label_features import load_label_features
    from lib_bootcamp.ml.clip.prompt_encoder import PromptEncoder

    model: Any = lent.enter_context(clip_choice.lend_model(params, context))
    encoder = PromptEncoder(model, context)
    digest = hashlib.sha256(repr(tables).encode("utf-8", "surrogatepass")).hexdigest()[:32]
    host = context.host
    labels = lent.enter_context(
        host.model_cache.borrow(
            f"labels {digest} {model.spec} {model.device} {model.dtype}",
            lambda: load_label_features(encoder, tables, host.data_dir() / "clip" / "labels", context.progress),
        )
    )
    return encoder, labels


def _as_it_is(picture: Image) -> Image:
    return picture


INTERROGATE = Operation(
    name="interrogate",
    title="Interrogate",
    summary="Make a prompt of a picture, or of each in a folder, with clip-interrogator's modes and tables.",
    params=InterrogateParams,
    result=InterrogateResult,
    run=interrogate,
    path="/interrogate",
    kind="analysis",
    section="Describe",
    needs="models",
    over_files=OverFiles(params=InterrogateSettings, run=interrogate_files),
    presets={
        "prompt and negative prompt": {"mode": "best", "with_negative": True},
        "quick look": {"mode": "fast", "max_flavors": 10},
        "one short line": {"mode": "classic", "max_flavors": 1},
    },
)
