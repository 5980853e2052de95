"""The tensors of a small file that may be hostile: its header is looked at before, its values after they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.models.headers import examine_bytes
from lib_bootcamp.errors import ModelError, first_line


def checked_tensors(
    data: bytes, path: Path, problem_of: Callable[[Mapping[str, Any]], str]
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """A safetensors file's tensors, all of them finite and on the CPU, and the texts of its metadata.

    Args:
        data: the file's.
        path: what it is called; nothing is opened.
        problem_of: what is wrong with a header, in words that follow the file's name; empty where nothing is.
    Raises:
        ModelError: it is damaged, there is a problem, or a value is no number.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    header, problem = examine_bytes(data, path)
    problem = problem or problem_of(header)
    if problem:
        raise ModelError(f"{path.name} {problem}", place=path)
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, RuntimeError, KeyError) as error:
        raise ModelError(f"{path.name} cannot be read ({first_line(error)})", place=path) from error
    for name, value in tensors.items():
        if not torch.isfinite(value.float()).all():
            raise ModelError(f"{path.name} holds values that are no numbers, the first in {name[:100]}", place=path)
    stated = header.get("__metadata__")
    given = stated if isinstance(stated, dict) else {}
    return tensors, {key: value for key, value in given.items() if isinstance(value, str)}
