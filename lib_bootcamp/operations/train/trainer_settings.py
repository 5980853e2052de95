"""What a training was asked for with, as the trainer takes it."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.training.captions import Wording
from lib_bootcamp.core.training.rates import Rates

from .train_settings import ALPHA, CONV_RANK, RANK, RATES, VECTORS, TrainParams


def wording_of(params: TrainParams) -> Wording:
    """How captions are worded."""
    return Wording(
        template=params.template,
        name=params.name,
        shuffle=params.shuffle,
        keep=params.keep_tokens,
        tag_dropout=params.tag_dropout,
        dropout=params.dropout,
        word=params.method == "embedding",
    )


def rates_of(params: TrainParams) -> tuple[float, float]:
    """The learning rates of the UNet and of the text encoder: those given, else the method's own."""
    unet, text = RATES[params.method == "dreambooth"]
    return params.learning_rate or unet, text if params.text_rate is None else params.text_rate


def settings_of(params: TrainParams) -> Any:
    """The trainer's settings; what is not given is as where nothing is started from (`start.followed`)."""
    from lib_bootcamp.ml.training.adapters import Shape
    from lib_bootcamp.ml.training.objective import Objective
    from lib_bootcamp.ml.training.settings import Settings

    conv = (params.conv_rank or CONV_RANK) if params.method == "locon" else 0
    rank, alpha = params.rank or RANK, params.alpha or ALPHA
    is_embedding, is_whole = params.method == "embedding", params.method == "dreambooth"
    unet_rate, text_rate = rates_of(params)
    return Settings(
        steps=params.steps,
        shape=Shape(
            rank=rank,
            alpha=alpha,
            conv_rank=conv,
            conv_alpha=conv * alpha / rank,
            dora=params.method == "dora",
            rslora=params.rslora,
            blocks=params.blocks,
            layers=params.layers,
        ),
        rate=unet_rate,
        text_rate=params.embedding_rate if is_embedding else text_rate,
        rates=Rates(schedule=params.schedule, steps=params.steps, warmup=params.warmup),
        batch=params.batch,
        accumulate=params.accumulate,
        flip=params.flip,
        wording=wording_of(params),
        objective=Objective(
            weighting=params.weighting, gamma=params.gamma, loss=params.loss, noise_offset=params.noise_offset
        ),
        seed=params.seed,
        clip_skip=params.clip_skip,
        checkpointing=params.checkpointing,
        optimizer=params.optimizer,
        loraplus_ratio=1.0 if is_whole else params.loraplus_ratio,
        ema_decay=params.ema_decay,
        validation_split=params.validation_split,
        decay=0.0 if is_embedding else Settings.decay,  # as A1111 trains them: what decays is no word any more
        vectors=(params.vectors or VECTORS) if is_embedding else 0,
        init_text=params.init_text,
        keep_norm=is_embedding and params.keep_norm,
        precision=params.precision,
        whole=is_whole,
    )
