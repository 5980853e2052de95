"""The layers of a LoRA file that a checkpoint has modules for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from lib_bootcamp.core.models.bases import BASE_TITLES
from lib_bootcamp.core.models.tensors import base_of_shapes
from lib_bootcamp.core.networks.keys import KeyMatch, match_keys, other_kind
from lib_bootcamp.core.networks.names import PARTS, Factor, Module, canonical
from lib_bootcamp.errors import ModelError

from .adapter_config import alpha_of
from .file import LoraFile
from .layers import FullLayer, Layer, LoraLayer


@dataclass(frozen=True)
class MatchedLora:
    """A file's layers by the modules of a checkpoint, and which of its keys those are."""

    layers: dict[Module, Layer]
    match: KeyMatch


def targets_of(model: Any) -> dict[Module, torch.nn.Module]:
    """The linear and convolutional modules that a LoRA may change, by the name that files know.

    Args:
        model: what has the attributes `unet`, `text_encoder` and, of SDXL, `text_encoder_2`: `ports.Components` or a
            diffusers pipeline.
    """
    found: dict[Module, torch.nn.Module] = {}
    for part in PARTS:
        owner = getattr(model, part, None)
        for path, module in owner.named_modules() if owner is not None else ():
            if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
                found[canonical(part, path)] = module
    return found


def match_lora(file: LoraFile, targets: Mapping[Module, torch.nn.Module], config: Mapping[str, Any]) -> MatchedLora:
    """Find the module of each of a file's layers.

    Args:
        file: the LoRA.
        targets: of the checkpoint, by `targets_of`.
        config: its UNet's, as diffusers has it.
    Raises:
        ModelError: no key matches, a layer lacks a factor, or its shape is of another checkpoint.
    """
    match = match_keys(file.tensors, config, targets)
    if not match.modules:
        raise _nothing_matched(file, match)
    layers: dict[Module, Layer] = {}
    for module, keys in match.modules.items():
        layer = _layer(file, module, keys)
        weight = targets[module].weight
        try:
            layer.on("meta").changed(torch.empty(weight.shape, device="meta"), 1.0)
        except ModelError as error:
            raise ModelError(
                f"{file.name} is for another checkpoint: in {module.path} {error.message}", hint=_is_for(file)
            ) from None
        layers[module] = layer
    return MatchedLora(layers, match)


def _layer(file: LoraFile, module: Module, keys: Mapping[Factor, str]) -> Layer:
    held: dict[Factor, torch.Tensor] = {factor: file.tensors[key] for factor, key in keys.items()}
    if "diff" in held:
        return FullLayer(difference=held["diff"])
    lacking = next((factor for factor in ("down", "up") if factor not in held), None)
    if lacking is not None:
        raise ModelError(f"{file.name} is not whole: {module.path} has no {lacking}")
    rank = int(held["down"].shape[0]) if held["down"].ndim else 1
    alpha = _number(file, module, held.get("alpha"), "alpha")
    scale = _number(file, module, held.get("scale"), "scale")
    if scale is not None:
        alpha = scale * rank
    elif alpha is None:
        alpha = alpha_of(file.configs, module, rank)
    norms = held.get("dora_scale")
    if norms is not None and "magnitude" in keys["dora_scale"]:  # peft's are of the rows, [out] or [1, out, 1, 1]
        norms = norms.reshape(-1)
    return LoraLayer(down=held["down"], up=held["up"], alpha=alpha, mid=held.get("mid"), dora_scale=norms)


def _number(file: LoraFile, module: Module, value: torch.Tensor | None, what: str) -> float | None:
    if value is None:
        return None
    if value.numel() != 1 or value.is_complex() or not math.isfinite(float(value)):
        raise ModelError(f"{file.name} is damaged: {what} of {module.path} is no single number")
    return float(value)


def _nothing_matched(file: LoraFile, match: KeyMatch) -> ModelError:
    kind = other_kind(file.tensors)
    if kind:
        return ModelError(f"{file.name} is a {kind}, and only LoRA, LoCon and DoRA are drawn with here")
    return ModelError(f"{file.name} is not for this checkpoint: 0 of {match.total} keys matched", hint=_is_for(file))


def _is_for(file: LoraFile) -> str:
    base = base_of_shapes({name: tuple(value.shape) for name, value in file.tensors.items()})
    return f"it is for {BASE_TITLES[base]}" if base in BASE_TITLES else ""
