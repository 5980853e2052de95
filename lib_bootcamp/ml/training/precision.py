"""The precision that a training computes in, and the scaler that keeps small gradients of 16 bits from vanishing."""

from __future__ import annotations

from typing import Any

import torch

from lib_bootcamp.core.training.precision import Precision
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ports import Components

from .settings import Settings

_TYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
LEAST_SCALE = 1.0
"""Of the loss: gradients that overflow at this one overflow by themselves."""


def dtype_of(precision: Precision, components: Components) -> torch.dtype:
    """What is computed in: the UNet's own, where none was chosen.

    Args:
        precision: as it was asked for.
        components: the checkpoint.
    """
    own: torch.dtype = next(components.unet.parameters()).dtype
    return _TYPES.get(precision, own)


def resolved(precision: Precision, components: Components) -> Precision:
    """The precision by its name, also where none was chosen: a copy in 32 bits does not show the checkpoint's own.

    Args:
        precision: as it was asked for.
        components: the checkpoint.
    """
    wanted = dtype_of(precision, components)
    return next((name for name, each in _TYPES.items() if each == wanted), precision)


def refuse_precision(precision: Precision, components: Components) -> None:
    """Refuse a precision that this checkpoint cannot be trained in on its device.

    Args:
        precision: as it was asked for.
        components: the checkpoint.
    Raises:
        InvalidParamError: it is fp32 and the checkpoint has 16 bits, or torch does not compute so on the device.
    """
    own = next(components.unet.parameters()).dtype
    if precision == "fp32" and own != torch.float32:
        raise InvalidParamError(
            "precision",
            f"cannot be fp32: the checkpoint is loaded in {str(own).removeprefix('torch.')}",
            hint="load it in 32 bits, or choose automatic",
        )
    wanted = _TYPES.get(precision, own)
    if precision in {"bf16", "fp16"} and not _can(torch.device(components.device), wanted):
        raise InvalidParamError(
            "precision",
            f"cannot be {precision}: this torch does not compute so on the device {components.device}",
            hint="choose automatic",
        )


def _can(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether a step of such numbers runs: some devices and older versions of torch have no functions for them."""
    try:
        if dtype == torch.float16:
            scaler_of(device)
        with torch.inference_mode(mode=False), torch.enable_grad(), torch.autocast(device.type, dtype):
            weight = torch.ones(4, 4, 3, 3, device=device, requires_grad=True)
            made = torch.nn.functional.conv2d(torch.ones(1, 4, 4, 4, device=device), weight, padding=1)
            made = torch.nn.functional.linear(made, torch.ones(4, 4, device=device))
            made.float().sum().backward()
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return False
    return bool(made.dtype == dtype)


def needs_scaler(settings: Settings, components: Components) -> bool:
    """Whether gradients go through numbers of 16 bits that end at 65,504 and have to be scaled.

    Args:
        settings: of the training.
        components: the checkpoint.
    """
    is_half = dtype_of(settings.precision, components) == torch.float16
    return settings.precision == "fp16" or (settings.whole and is_half)


def scaler_of(device: torch.device) -> Any:
    """A new scaler of the loss.

    Args:
        device: that is trained on.
    Raises:
        RuntimeError: this torch has none for it.
    """
    kind = getattr(torch.amp, "GradScaler", None)  # of torch 2.3 and newer
    if kind is not None:
        return kind(device.type)
    if device.type != "cuda":
        raise RuntimeError(f"torch {torch.__version__} has no scaler for {device.type}")
    return torch.cuda.amp.GradScaler()
