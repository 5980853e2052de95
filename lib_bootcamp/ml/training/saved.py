"""What was learned as a file that the hosts load, with what they and people read of it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, cast

from lib_bootcamp.core.datasets.caption_lines import lines_of
from lib_bootcamp.core.datasets.tags import tags_of
from lib_bootcamp.core.networks.metadata import LoraBase, LoraFacts
from lib_bootcamp.core.networks.names import Module, Part, canonical
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.core.training.examples import Example, Found
from lib_bootcamp.core.training.optimizers import PLACES
from lib_bootcamp.ml.networks.embedding_file import embedding_bytes
from lib_bootcamp.ml.networks.file import lora_bytes
from lib_bootcamp.ml.networks.layers import LoraLayer
from lib_bootcamp.ports import Components

from .trainer import Trainer

MOST_TAGS = 500
_BASES: dict[str, LoraBase] = {"sd1": "sd_v1", "sd2": "sd_v2", "sdxl": "sdxl_base_v1-0"}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a file states of how it was made.

    Args:
        name: of the file, which prompts may call it by.
        checkpoint: that it was trained on.
        params: the training's settings, which the file keeps whole.
        found: the pictures.
        resolution: side of the square in px.
        started: seconds since 1970.
        finished: likewise.
    """

    name: str
    checkpoint: str
    params: dict[str, Any]
    found: Found
    resolution: int
    started: float
    finished: float


def network_file(trainer: Trainer, components: Components, origin: Origin) -> bytes:
    """A safetensors file that the WebUIs load.

    Args:
        trainer: after any of its steps.
        components: the checkpoint.
        origin: what the file states of it.
    Raises:
        ModelError: a value does not fit into 16 bits.
    """
    facts = facts_of(trainer, components, origin)
    with trainer.learned():
        if trainer.words:
            return embedding_bytes(trainer.words[0].vectors, _of_embedding(facts, origin))
        layers = _layers(trainer)
    return lora_bytes(layers, dict(components.unet.config), facts)


def _of_embedding(facts: LoraFacts, origin: Origin) -> LoraFacts:
    """The facts of a training that hold for an embedding: it has no rank, and the word itself is what triggers it."""
    return replace(
        facts,
        kind="textual-inversion",
        network_module="",
        network_args={},
        rank=None,
        alpha=None,
        unet_rate=None,
        trigger=origin.name,
    )


def _layers(trainer: Trainer) -> dict[Module, LoraLayer]:
    return {
        canonical(cast(Part, network.part), path): LoraLayer(
            down=values["lora_down.weight"].clone(),
            up=values["lora_up.weight"].clone(),
            alpha=float(values["alpha"]),
            dora_scale=values.get("dora_scale"),
        )
        for network in trainer.networks
        for path, values in network.tensors().items()
    }


def facts_of(trainer: Trainer, components: Components, origin: Origin) -> LoraFacts:
    """What a LoRA's file states of its training.

    Args:
        trainer: after any of its steps.
        components: the checkpoint.
        origin: what it is made from.
    """
    settings, found = trainer.settings, origin.found
    base: LoraBase = _BASES[components.family]
    if base == "sd_v2" and trainer.noise.predicts_v:
        base = "sd_v2_v"
    arguments = {"conv_dim": str(settings.shape.conv_rank), "conv_alpha": f"{settings.shape.conv_alpha:g}"}
    arguments = arguments if settings.shape.conv_rank else {}
    if settings.shape.dora:
        arguments["dora_wd"] = "True"
    if settings.shape.rslora:
        arguments["rank_stabilized"] = "True"
    if settings.loraplus_ratio != 1:
        arguments["loraplus_lr_ratio"] = f"{settings.loraplus_ratio:g}"
    steps = settings.accumulate * trainer.step
    return LoraFacts(
        output_name=origin.name,
        base=base,
        rank=settings.shape.rank,
        alpha=settings.shape.alpha,
        network_args=arguments,
        checkpoint=origin.checkpoint,
        clip_skip=settings.clip_skip if settings.clip_skip > 1 else None,
        resolution=(origin.resolution, origin.resolution),
        seed=settings.seed,
        started=origin.started,
        finished=origin.finished,
        steps=trainer.step,
        max_steps=settings.steps,
        epoch=-(-steps // trainer.batches.per_epoch),
        epochs=-(-settings.steps * settings.accumulate // trainer.batches.per_epoch),
        images=sum(each.repeats for each in trainer.examples if not found.folder_of(each).is_class),
        reg_images=sum(each.repeats for each in found.of_class) or None,
        batch_size=settings.batch,
        accumulation=settings.accumulate,
        unet_rate=settings.rate,
        text_rate=settings.text_rate,
        optimizer=PLACES[settings.optimizer],
        scheduler=settings.rates.schedule,
        min_snr=settings.objective.gamma if settings.objective.weighting == "min-snr" else None,
        noise_offset=settings.objective.noise_offset or None,
        buckets={f"{width}x{height}": count for (width, height), count in found.buckets().items()},
        dataset_dirs=_folders(found),
        tags=_tags(found),
        license=components.license,
        trigger=_trigger(found),
        more=_more(trainer, origin),
    )


def _more(trainer: Trainer, origin: Origin) -> dict[str, str]:
    """Our own keys, and the precision as sd-scripts states it where one was chosen."""
    made = {"bootcamp.train": json.dumps(origin.params, ensure_ascii=False, sort_keys=True)}
    if trainer.start is not None:
        start = {"name": valid_text(trainer.start.name), "hash": trainer.start.hash}
        made["bootcamp.start"] = json.dumps(start, ensure_ascii=False)
    if trainer.settings.precision != "automatic":
        precision = trainer.settings.precision
        made["ss_mixed_precision"] = "no" if precision == "fp32" else precision
    return made


def _folder(found: Found, example: Example) -> str:
    root = found.folder_of(example).root
    return valid_text(example.path.parent.name if example.path.parent != root else root.name)


def _folders(found: Found) -> dict[str, tuple[int, int]]:
    counted = Counter(_folder(found, each) for each in found.own)
    repeats = {_folder(found, each): each.repeats for each in found.own}
    return {name: (repeats[name], count) for name, count in counted.items()}


def _tags(found: Found) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for each in found.own:
        for line in lines_of(each.caption):
            counted.setdefault(_folder(found, each), Counter()).update(tags_of(line))
    return {name: dict(tags.most_common(MOST_TAGS)) for name, tags in counted.items()}


def _trigger(found: Found) -> str:
    """The words that every caption begins with, if they all do: its first tag."""
    firsts = {next(iter(tags_of(line)), "") for each in found.own for line in lines_of(each.caption)[:1]}
    return firsts.pop() if len(firsts) == 1 else ""
