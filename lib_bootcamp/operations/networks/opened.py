"""A LoRA's or an embedding's file, whichever it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.errors import ModelError
from lib_bootcamp.params import Spec

FOLDER = Spec("Folder", "Where the LoRA lies, as a training's output.", format="folder", positional=True, min_length=1)
"""What asks for the folder of a file, which is guarded as every folder is."""


def refuse_checkpoint(path: Path, folder: LoraFolder) -> None:
    """Refuse a whole checkpoint, before its gigabytes are read.

    Args:
        path: of `LoraFolder.find`.
        folder: that it lies in.
    Raises:
        ModelError: it is one.
    """
    if folder.is_checkpoint(path):
        raise ModelError(
            f"{path.name} is a whole checkpoint, and no LoRA or embedding",
            hint="draw with it as --checkpoint, or put it with its .yaml into the WebUI's folder of checkpoints",
            place=path,
        )


def parsed(data: bytes, path: Path) -> tuple[Literal["lora", "embedding"], Any]:
    """The file, and what it is.

    Args:
        data: its bytes, which may be hostile.
        path: what it is called; nothing is opened.
    Raises:
        ModelError: it is neither, or damaged.
    """
    from lib_bootcamp.ml.networks.embedding_file import parse_embedding
    from lib_bootcamp.ml.networks.file import parse_lora

    try:
        return "embedding", parse_embedding(data, path)
    except ModelError:
        return "lora", parse_lora(data, path)
