"""What a training was asked for with, as the trainer takes it."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.training.captions import Wording
from lib_bootcamp.core.training.rates import Rates

from .train_settings import TrainParams


def settings_of(params: TrainParams) -> Any:
    """The trainer's settings."""
    from lib_bootcamp.ml.training.adapters import Shape
    from lib_bootcamp.ml.training.objective import Objective
    from lib_bootcamp.ml.training.settings import Settings

    conv = params.conv_rank if params.method == "locon" else 0
    return Settings(
        steps=params.steps,
        shape=Shape(
            rank=params.rank,
            alpha=params.alpha,
            conv_rank=conv,
            conv_alpha=conv * params.alpha / params.rank,
            dora=params.method == "dora",
            rslora=params.rslora,
            blocks=params.blocks,
            layers=params.layers,
        ),
        rate=params.learning_rate,
        text_rate=params.text_rate,
        rates=Rates(schedule=params.schedule, steps=params.steps, warmup=params.warmup),
        batch=params.batch,
        accumulate=params.accumulate,
        flip=params.flip,
        wording=Wording(
            template=params.template,
            name=params.name,
            shuffle=params.shuffle,
            keep=params.keep_tokens,
            tag_dropout=params.tag_dropout,
            dropout=params.dropout,
        ),
        objective=Objective(
            weighting=params.weighting, gamma=params.gamma, loss=params.loss, noise_offset=params.noise_offset
        ),
        seed=params.seed,
        clip_skip=params.clip_skip,
        checkpointing=params.checkpointing,
        optimizer=params.optimizer,
        loraplus_ratio=params.loraplus_ratio,
        ema_decay=params.ema_decay,
        validation_split=params.validation_split,
    )
