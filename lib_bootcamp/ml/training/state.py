"""The state of a training on disk: what it needs to go on as if it had not been stopped.

A safetensors file, written whole or not at all: weights, the optimizer's values, the average, and what is not tensors
as JSON in its head. No pickle.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.atomic import PRIVATE, write_atomically

_VERSION = 1


@dataclass
class State:
    """A training after so many steps.

    Args:
        step: how many are done.
        tensors: every value by its name.
        facts: what is no tensor, as JSON can hold it.
    """

    step: int
    tensors: dict[str, torch.Tensor]
    facts: dict[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write it whole or not at all.

        Raises:
            OutputError: it cannot be.
        """
        from safetensors.torch import save

        head = {"bootcamp.training": json.dumps({"version": _VERSION, "step": self.step, "facts": self.facts})}
        tensors = {name: value.detach().cpu().contiguous() for name, value in self.tensors.items()}
        write_atomically(path, save(tensors, head), PRIVATE)

    @classmethod
    def read(cls, path: Path) -> State | None:
        """What was written; None where there is none that can be used."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "pt") as opened:
                head = json.loads((opened.metadata() or {})["bootcamp.training"])
                tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no dict
            if head["version"] != _VERSION:
                return None
            return cls(int(head["step"]), tensors, dict(head["facts"]))
        except (OSError, SafetensorError, KeyError, TypeError, ValueError):
            return None


def optimizer_tensors(optimizer: Any) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """An optimizer's state as tensors by name, and what of it is none; Prodigy keeps what it found in its groups."""
    tensors, rest = {}, {}
    for at, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if torch.is_tensor(value):
                tensors[f"group.{at}.{name}"] = value
            elif name not in {"params", "lr"} and isinstance(value, (bool, int, float)):
                rest[f"group.{at}.{name}"] = value
    for at, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            if torch.is_tensor(value):
                tensors[f"optimizer.{at}.{name}"] = value
            else:
                rest[f"{at}.{name}"] = value
    return tensors, rest


def load_optimizer(optimizer: Any, tensors: Mapping[str, torch.Tensor], rest: Mapping[str, Any]) -> None:
    """Give an optimizer back what `optimizer_tensors` took from it."""
    state: dict[int, dict[str, Any]] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, at, key = name.split(".", 2)
            state.setdefault(int(at), {})[key] = value.clone()
    groups = [dict(each) for each in optimizer.state_dict()["param_groups"]]
    for name, value in (*tensors.items(), *rest.items()):
        if name.startswith("group."):
            _, at, key = name.split(".", 2)
            if key != "fused":  # is this device's and this torch's
                groups[int(at)][key] = value.clone() if torch.is_tensor(value) else value
    for name, value in rest.items():
        at, _, key = name.partition(".")
        if at != "group":
            state.setdefault(int(at), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": groups})
