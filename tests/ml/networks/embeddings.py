"""Embeddings of chance, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported by tests that have skipped without it

from lib_bootcamp.core.networks.metadata import LoraFacts
from lib_bootcamp.ml.networks.embedding_file import embedding_bytes

PARTS = ("text_encoder", "text_encoder_2")


def random_vectors(components: Any, count: int = 3, size: float = 0.5) -> dict[str, torch.Tensor]:
    """Vectors for each text encoder of a checkpoint."""
    chance = torch.Generator().manual_seed(7)
    encoders = {part: getattr(components, part) for part in PARTS if getattr(components, part) is not None}
    return {
        part: torch.randn(count, each.config.hidden_size, generator=chance) * size for part, each in encoders.items()
    }


def random_embedding(components: Any, path: Path, count: int = 3) -> Path:
    """Such a file; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(embedding_bytes(random_vectors(components, count), LoraFacts(output_name=path.stem)))
    return path


def embedding_for_mini_sd(path: Path) -> Path:
    """One for the checkpoint that comes along."""
    from lib_bootcamp.core.models.files import EMBEDDED
    from lib_bootcamp.ml.checkpoints.load import load_checkpoint

    return random_embedding(load_checkpoint(EMBEDDED, "cpu"), path)
