"""Teach the checkpoint something new: a LoRA, LoCon or DoRA of a folder of pictures."""

from __future__ import annotations

import dataclasses
import re
import secrets
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import repeats_of
from lib_bootcamp.core.training.chance import MAX_SEED
from lib_bootcamp.errors import MissingPackageError
from lib_bootcamp.job import StepsJob
from lib_bootcamp.operation import Operation

from .plan import TrainPlan, examples_for, planned, resolution_of, step_of
from .train_settings import NAME, PRESETS, TrainParams
from .work import TrainWork


def plan(params: TrainParams, context: Context) -> TrainPlan:
    """What the training would do; trains nothing.

    Raises:
        InvalidParamError: no picture has a caption.
        NotAllowedError: the folder may not be named.
        ImageError: there is no picture that can be trained.
        ModelError: there is no checkpoint.
        MissingPackageError: torch or diffusers is not installed.
    """
    try:
        import lib_bootcamp.ml.diffusion.text_to_image  # noqa: F401 - what it stands on
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Training") from error
    with context.host.components() as components:
        resolution, step = resolution_of(params, components), step_of(components)
    return planned(params, examples_for(params, context, resolution, step), resolution)


def _work(folder: Path, params: TrainParams, context: Context) -> TrainWork:
    return TrainWork(folder, params, context)


def _fixed(params: TrainParams) -> TrainParams:
    seed = params.seed if params.seed >= 0 else secrets.randbelow(MAX_SEED + 1)
    return dataclasses.replace(params, seed=seed, name=params.name or _name_of(params.folder))


def _name_of(folder: str) -> str:
    """What a training is called after its folder: `10_my dog` is "my dog"."""
    name = "".join(
        each for each in repeats_of(Path(folder).absolute().name).name if each == "." or re.fullmatch(NAME, each)
    )
    return name.strip(" .")[:100] or "network"


TRAIN: Operation[TrainParams, TrainPlan] = Operation(
    name="train",
    title="Train",
    summary="Teach the checkpoint a subject or a style: a LoRA, LoCon or DoRA of a folder of pictures.",
    params=TrainParams,
    result=TrainPlan,
    run=plan,
    path="/train",
    kind="analysis",
    presets=PRESETS,
    needs="models",
    section="Data set",
    job=StepsJob(params=TrainParams, work=_work, fixed=_fixed, on_command_line=True),
)
