"""Weights from files without running anything that is in them."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.errors import ModelError, first_line


def load_weights(path: Path) -> dict[str, Any]:
    """The tensors of a .safetensors file, or what a .pt/.pth file holds where that is plain data.

    Raises:
        ModelError: damaged, or it holds more than data.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return dict(load_file(path))
        # not `torch.load`: the WebUI puts its own there, which refuses files that newer torches write
        loaded = torch.serialization.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise ModelError(
            f"{path.name} cannot be loaded ({first_line(error)}): it is damaged or holds more than weights",
            hint="delete it, and it is fetched again",
            place=path,
        ) from error
    except Exception as error:  # safetensors' own
        raise ModelError(
            f"{path.name} cannot be loaded ({first_line(error)})", hint="delete it, and it is fetched again", place=path
        ) from error
    if not isinstance(loaded, dict):
        raise ModelError(f"{path.name} holds no weights but a {type(loaded).__name__}", place=path)
    return loaded


def fill(network: torch.nn.Module, weights: dict[str, Any], path: Path, *, may_lack: str = "") -> torch.nn.Module:
    """Put weights into a network and make it ready to be used.

    Args:
        network: of the right architecture.
        weights: by name; `module.` at their beginning is dropped.
        path: their file, for the mistake.
        may_lack: the ending of buffers that other versions of a library do not have or compute anew.
    Raises:
        ModelError: they are another network's.
    """
    bare = {name.removeprefix("module."): value for name, value in weights.items()}
    lacking: list[str] = []
    try:
        loaded = network.load_state_dict(bare, strict=False)
        lacking = [each for each in (*loaded.missing_keys, *loaded.unexpected_keys) if not _may(each, may_lack)]
    except (RuntimeError, AttributeError) as error:
        raise ModelError(
            f"{path.name} holds the weights of another network ({first_line(error)})", place=path
        ) from error
    if lacking:
        raise ModelError(
            f"{path.name} holds the weights of another network: {lacking[0]} is missing or too much", place=path
        )
    return network.eval().requires_grad_(requires_grad=False)


def _may(name: str, ending: str) -> bool:
    return name.endswith("num_batches_tracked") or bool(ending and name.endswith(ending))
