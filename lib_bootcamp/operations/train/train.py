"""Teach the checkpoint something new: a LoRA, LoCon, DoRA, checkpoint or embedding of pictures."""

from __future__ import annotations

import dataclasses
import os
import secrets
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import repeats_of
from lib_bootcamp.core.networks.file_names import cleaned
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.chance import MAX_SEED
from lib_bootcamp.core.training.examples import sizes_for
from lib_bootcamp.core.training.samples import samples_of
from lib_bootcamp.errors import MissingPackageError
from lib_bootcamp.job import SettingsFile, StepsJob
from lib_bootcamp.jobs.places import places_of, refuse_unusable
from lib_bootcamp.operation import Operation

from .class_drawing import Drawing
from .concepts import Finder, concepts_of, refuse_folders
from .config import stated_in
from .memory import forecast
from .plan import TrainPlan, examples_for, planned, resolution_of, step_of
from .push import license_warnings, refuse_unpushable
from .start import followed, parted, sentence_of, settings_from, source_of, start_of
from .train_settings import PRESETS, TrainParams
from .trainer_settings import rates_of
from .word import refuse_captions_without_word
from .work import TrainWork


def plan(params: TrainParams, context: Context) -> TrainPlan:
    """What the training would do; trains nothing. What the job refuses before its first step is refused here too.

    Raises:
        InvalidParamError: no picture has a caption, the name is taken, too long, or no word for an embedding, what
            it would start from does not fit, or what it would be pushed to.
        NotAllowedError: a folder may not be named, or who asks may not push.
        HubError: it could not be pushed.
        OutputError: the output folder cannot be written.
        ImageError: there is no picture that can be trained.
        ModelError: there is no checkpoint.
        MissingPackageError: torch or diffusers is not installed.
    """
    try:
        from lib_bootcamp.ml.training.networks import networks_of
        from lib_bootcamp.ml.training.precision import refuse_precision
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Training") from error
    params, places = places_of(TRAIN, params, context)
    work = TrainWork(places.folder, params, context)
    refuse_unusable(_JOB, work, work.inside, is_elsewhere=False)
    work.refuse_taken()
    with context.host.components() as components:
        licenses = license_warnings(params, context, components)
        resolution, step = resolution_of(params, components), step_of(components)
        drawing = Drawing.of(params, context, components, resolution)
        samples, sizes = places.folder / samples_of(params.name), sizes_for(resolution, step)
        finder = Finder(params, context, samples, sizes, drawing, planned=True)
        start = start_of(params, context, components)
        params = followed(params, start)
        found = examples_for(params, finder)
        refuse_captions_without_word(params, found, components.tokenizer)
        settings = settings_from(params, start)
        refuse_precision(settings.precision, components)
        memory = forecast(params, found, components, settings, networks_of(components, settings, start))
        made = planned(params, found, resolution).beginning(sentence_of(start), memory)
        into = valid_text(str(places.folder)) if context.trusted else params.output_folder
        made = dataclasses.replace(made, output_folder=into, warnings=(*made.warnings, *licenses))
        return dataclasses.replace(made, drawing_s=drawing.seconds(components, made.to_draw)) if made.to_draw else made


def _work(folder: Path, params: TrainParams, context: Context) -> TrainWork:
    return TrainWork(folder, params, context)


def _refuse(params: TrainParams, context: Context) -> None:
    refuse_folders(params, context)
    source_of(params, context)
    refuse_unpushable(params, context)


def _fixed(params: TrainParams) -> TrainParams:
    seed = params.seed if params.seed >= 0 else secrets.randbelow(MAX_SEED + 1)
    name = params.name or _name_of(concepts_of(params)[0].folder)
    concepts = tuple(
        dataclasses.replace(each, folder=_absolute(each.folder), class_folder=_absolute(each.class_folder))
        for each in params.concepts
    )
    start_folder, start_from = parted(params)
    learning_rate, text_rate = rates_of(params)
    return dataclasses.replace(
        params,
        folder=_absolute(params.folder),
        concepts=concepts,
        seed=seed,
        name=name,
        start_from=start_from,
        start_folder=_absolute(start_folder),
        learning_rate=learning_rate,
        text_rate=text_rate,
    )


def _absolute(folder: str) -> str:
    """The same folder from wherever the job is resumed; a home, none, and what cannot be a text, stay as given."""
    found = folder if not folder or folder.startswith("~") else os.path.abspath(folder)  # noqa: PTH100 - links stay
    return found if valid_text(found) == found else folder


def _name_of(folder: str) -> str:
    """What a training is called after its folder: `10_my dog` is "my dog"."""
    return cleaned(repeats_of(Path(folder).absolute().name).name) or "network"


_JOB = StepsJob(
    params=TrainParams,
    work=_work,
    fixed=_fixed,
    refuse=_refuse,  # a sentence names a folder as it was given
    on_command_line=True,
    ended=TrainWork.ended,
    settings_file=SettingsFile(read=stated_in, alternatives=("folder", "concepts")),
)
TRAIN: Operation[TrainParams, TrainPlan] = Operation(
    name="train",
    title="Train",
    summary="Teach the checkpoint a subject or a style: a LoRA, DoRA, DreamBooth or embedding of a folder of pictures.",
    params=TrainParams,
    result=TrainPlan,
    run=plan,
    path="/train",
    kind="analysis",
    presets=PRESETS,
    needs="models",
    section="Data set",
    job=_JOB,
)
