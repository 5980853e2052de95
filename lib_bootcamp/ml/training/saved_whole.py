"""A checkpoint that was trained whole as files that the WebUIs load: LDM's layout in 16 bits, and its .yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch

from lib_bootcamp.core.networks.file_names import ENDING
from lib_bootcamp.core.networks.metadata import with_facts
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ml.checkpoints.ldm_config import TEXT_ENCODER
from lib_bootcamp.ml.checkpoints.single_file import text_encoder_files, text_encoder_folder, yaml_of
from lib_bootcamp.ports import Components

from .saved import Origin, facts_of
from .trainer import Trainer
from .whole import ldm_tensors


def checkpoint_files(trainer: Trainer, components: Components, origin: Origin, beside: Path) -> dict[Path, bytes]:
    """The files of a checkpoint: what was learned in place of the lent weights, and the others as they are.

    A .yaml is made for Stable Diffusion 1's layout alone: the WebUIs know 2 and XL by their weights.

    Args:
        trainer: after any of its steps.
        components: the checkpoint, as it is lent.
        origin: what the file states of it.
        beside: the training's last file; what all of its files need lies beside it.
    Returns:
        each file and its bytes, the checkpoint itself first.
    Raises:
        ModelError: a value does not fit into 16 bits, or a weight has no place in LDM's layout.
    """
    from safetensors.torch import save

    with trainer.learned(), trainer.attached(components):
        tensors = {name: _halved(name, value) for name, value in ldm_tensors(components).items()}
    facts = replace(
        facts_of(trainer, components, origin),
        kind="checkpoint",
        network_module="",
        network_args={},
        rank=None,
        alpha=None,
    )
    path = beside.with_name(f"{origin.name}{ENDING}")
    files: dict[Path, bytes] = {path: with_facts(save(tensors), facts)}
    if components.family != "sd1":
        return files
    folder, settings = text_encoder_folder(beside), text_encoder_files(components)
    text_encoder = str(folder.resolve()) if settings else TEXT_ENCODER
    files[path.with_suffix(".yaml")] = yaml_of(tensors, components.unet, text_encoder, components.scheduler)
    return files | {folder / name: data for name, data in settings.items()}


def _halved(name: str, value: torch.Tensor) -> torch.Tensor:
    """A weight of its own memory on the processor, in 16 bits; whole numbers stay as they are."""
    kind = torch.float16 if value.is_floating_point() else value.dtype
    made = value.detach().to(device="cpu", dtype=kind, copy=True).contiguous()
    if not torch.isfinite(made).all():
        raise ModelError(f"The checkpoint's weight {name} has values that do not fit into {kind}")
    return made
