"""Compare the files of a training: the same prompts at the same seeds with each, ranked with CLIP."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.finished.ranking import Measured, ranked, scores_of
from lib_bootcamp.errors import MissingPackageError, ModelError, OutputError, TooLargeError
from lib_bootcamp.operation import Operation
from lib_bootcamp.operations.describe import clip_choice
from lib_bootcamp.params import Spec
from lib_bootcamp.results import Result

from .compare_drawing import Drawer, Drawings
from .compare_measures import Measure, training_vectors
from .compare_run import Run, files_to_compare, network_of
from .compare_settings import CompareLorasParams

ALONE = "none"
"""What the checkpoint without a file is called in the grid."""


@dataclass(frozen=True, kw_only=True)
class LoraScores:
    """What was measured of one file; of each number more is better."""

    name: Annotated[str, Spec("File", "Without .safetensors.")]
    score: Annotated[float, Spec("Score", "The mean of the numbers in spreads from the mean of all files.")]
    likeness: Annotated[float | None, Spec("Likeness", "Mean cosine of its drawings to the training pictures.")]
    prompt_kept: Annotated[
        float, Spec("Prompt kept", "Cosine of its drawings to the prompt's text, less the checkpoint's own.")
    ]
    others_kept: Annotated[
        float, Spec("Other concepts kept", "Cosine of its drawings of other prompts to the checkpoint's own.")
    ]


@dataclass(frozen=True, kw_only=True)
class CompareLorasResult(Result):
    """The grid, and the files in their order, best first."""

    image: Annotated[Image, Spec("Grid", "A row for each file, a column for each prompt; uint8 [H, W, 3] RGB.")]
    best: Annotated[str, Spec("Best", "The file that is ranked first.")]
    ranking: Annotated[tuple[LoraScores, ...], Spec("Ranking", "Best first; of equal scores the earlier step.")]
    likeness_alone: Annotated[float | None, Spec("Likeness alone", "Of the checkpoint's own drawings.")]
    prompt_alone: Annotated[float, Spec("Prompt alone", "Cosine of the checkpoint's own drawings to the text.")]
    prompts: Annotated[tuple[str, ...], Spec("Prompts")]
    other_prompts: Annotated[tuple[str, ...], Spec("Other prompts")]
    seeds: Annotated[tuple[int, ...], Spec("Seeds")]
    checkpoint: Annotated[str, Spec("Checkpoint")]
    model: Annotated[str, Spec("CLIP model")]
    left_out: Annotated[tuple[str, ...], Spec("Left out", "A sentence about each file that is not compared.")]
    notes: Annotated[tuple[str, ...], Spec("Notes", "What else a person should know.")]

    def summary(self) -> str:
        """The best file and its numbers."""
        first = self.ranking[0]
        likeness = [] if first.likeness is None else [f"likeness {first.likeness:.3f}"]
        numbers = [*likeness, f"prompt {first.prompt_kept:+.3f}", f"other concepts {first.others_kept:.3f}"]
        return f"{self.best} is the best of {len(self.ranking)}: {', '.join(numbers)}"

    def lines(self) -> list[str]:
        """The table, what was left out, and the notes."""
        width = max(len(each[0]) for each in self.table())
        rows = [
            f"{name:{width}}  {score:>7}  {likeness:>8}  {prompt:>6}  {others:>6}"
            for name, score, likeness, prompt, others in [("", "score", "likeness", "prompt", "others"), *self.table()]
        ]
        return [*rows, *self.left_out, *self.notes]

    def table(self) -> list[tuple[str, str, str, str, str]]:
        """Name, score and the three numbers as texts, best first; at the end the checkpoint alone."""
        rows = [
            (each.name, f"{each.score:+.3f}", _text(each.likeness), f"{each.prompt_kept:+.3f}", _text(each.others_kept))
            for each in self.ranking
        ]
        return [*rows, (ALONE, "", _text(self.likeness_alone), "+0.000", "1.000")]


@dataclass(frozen=True, kw_only=True)
class ComparedFile(Result):
    """What was drawn with one file."""

    image: Annotated[Image, Spec("Row", "Its row of the grid; uint8 [H, W, 3] RGB.")]


def compare_loras(params: CompareLorasParams, context: Context) -> CompareLorasResult:
    """Draw all prompts with each file and with the checkpoint alone, and rank the files.

    Raises:
        InvalidParamError: there is no such file, no prompt, or a prompt's tag is wrong.
        NotAllowedError: a folder may not be named.
        ModelError: no file can be used, or there is no checkpoint or CLIP model.
        ImageError: none of the training pictures can be read.
        SwitchedError: another checkpoint was loaded meanwhile.
        MissingPackageError: torch or diffusers is not installed.
        CancelledError: the person stopped it.
    """
    try:
        import lib_bootcamp.ml.diffusion.text_to_image  # noqa: F401 - what it stands on
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Comparing LoRAs") from error
    folder = LoraFolder(context.folder(params.folder, "folder"), exact=not context.trusted)
    pictures = None if params.pictures is None else context.folder(params.pictures, "pictures")
    clip_choice.check_model_name(params, context)
    files, notes = files_to_compare(params, folder)
    run = Run.of(params, folder, files)
    with clip_choice.lend_model(params, context) as clip:
        training = None
        if pictures is None:
            notes.append("Without training pictures likeness does not count, and files that changed least come first.")
        else:
            training, more = training_vectors(pictures, clip, context)
            notes += more
        drawer, measure = Drawer(run.asked, clip, context, len(files)), Measure(run, clip, training)
        drawer.begin()
        alone = drawer.drawn(None)
        measured: dict[str, tuple[Drawings, Measured]] = {}
        left_out: list[str] = []
        for path in files:
            name = path.stem
            drawer.begin()
            try:
                made = drawer.drawn(network_of(path, folder, run.word))
            except (ModelError, OutputError, TooLargeError) as error:
                drawer.skip()
                left_out.append(f"{valid_text(name)} is left out: {error}")
                continue
            measured[name] = made, measure.of(made, alone)
            context.show(ComparedFile(image=run.grid([(name, made)])))
        if not measured:
            raise ModelError(f"None of {len(files)} files can be used. {left_out[0]}")
        scores = scores_of([numbers for _, numbers in measured.values()])
        order = ranked(scores)
        files_drawn = list(measured.items())
        ranking = tuple(_scores(files_drawn[at][0], scores[at], files_drawn[at][1][1]) for at in order)
        rows = [(f"{order.index(at) + 1}. {name}", made) for at, (name, (made, _)) in enumerate(files_drawn)]
        return CompareLorasResult(
            image=run.grid([(ALONE, alone), *rows]),
            best=ranking[0].name,
            ranking=ranking,
            likeness_alone=measure.likeness(alone),
            prompt_alone=measure.prompt(alone),
            prompts=run.asked.prompts[: run.own],
            other_prompts=run.asked.prompts[run.own :],
            seeds=run.asked.seeds,
            checkpoint=context.host.checkpoint() or "a checkpoint",
            model=clip.name,
            left_out=tuple(left_out),
            notes=(*notes, *drawer.notes),
        )


def _scores(name: str, score: float, numbers: Measured) -> LoraScores:
    return LoraScores(
        name=valid_text(name),
        score=score,
        likeness=numbers.likeness,
        prompt_kept=numbers.prompt,
        others_kept=numbers.others,
    )


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:.3f}"


COMPARE_LORAS: Operation[CompareLorasParams, CompareLorasResult] = Operation(
    name="compare-loras",
    title="Compare LoRAs",
    summary="Compare the files of a training: the same prompts and seeds with each, ranked with CLIP.",
    params=CompareLorasParams,
    result=CompareLorasResult,
    run=compare_loras,
    path="/loras/compare",
    kind="generation",
    needs="models",
    section="Data set",
    stream=True,
)
