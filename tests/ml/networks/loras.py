"""LoRAs of chance for a checkpoint, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported by tests that have skipped without it

from lib_bootcamp.core.networks.metadata import LoraFacts
from lib_bootcamp.core.networks.names import Module
from lib_bootcamp.ml.networks.file import write_lora
from lib_bootcamp.ml.networks.layers import LoraLayer
from lib_bootcamp.ml.networks.matched import targets_of


def column_norms(weight: torch.Tensor) -> torch.Tensor:
    """The length of each column of a weight, [1, in, ...]."""
    others = [each for each in range(weight.ndim) if each != 1]
    return torch.linalg.vector_norm(weight, dim=others, keepdim=True)


def random_layer(weight: torch.Tensor, seed: int, *, dora: bool = False, size: float = 1.0, rank: int = 4) -> LoraLayer:
    """A layer for a weight, alpha half of its rank; a convolution's is LoCon's."""
    chance = torch.Generator().manual_seed(seed)
    down = torch.randn(rank, *weight.shape[1:], generator=chance) * size / weight[0].numel() ** 0.5
    up = torch.randn(weight.shape[0], rank, *[1] * (weight.ndim - 2), generator=chance) * size
    norms = None
    if dora:
        columns = column_norms(weight.float())
        norms = columns * (1 + 0.5 * torch.rand(columns.shape, generator=chance))
    return LoraLayer(down=down, up=up, alpha=rank / 2, dora_scale=norms)


def random_layers(components: Any, *, dora: bool = False, size: float = 0.3) -> dict[Module, LoraLayer]:
    """One for every linear and convolutional module of the UNet and the text encoder."""
    targets = targets_of(components)
    return {
        module: random_layer(target.weight, at, dora=dora, size=size)
        for at, (module, target) in enumerate(targets.items())
    }


def random_lora(components: Any, path: Path, *, output_name: str = "", dora: bool = False, size: float = 0.3) -> Path:
    """Such a file; returns its path."""
    facts = LoraFacts(output_name=output_name or path.stem, rank=4, alpha=2.0)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_lora(path, random_layers(components, dora=dora, size=size), components.unet.config, facts)
    return path


def lora_for_mini_sd(path: Path) -> Path:
    """One for the checkpoint that comes along."""
    from lib_bootcamp.core.models.files import EMBEDDED
    from lib_bootcamp.ml.checkpoints.load import load_checkpoint

    return random_lora(load_checkpoint(EMBEDDED, "cpu"), path)
