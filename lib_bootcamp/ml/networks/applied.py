"""A checkpoint that draws with LoRAs for the length of a block, and is bit for bit what it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from lib_bootcamp.core.networks.names import Module
from lib_bootcamp.core.text.terminal import on_one_line
from lib_bootcamp.errors import ModelError, NoNumbersError

from .file import LoraFile
from .layers import Layer
from .matched import MatchedLora, match_lora, targets_of


@dataclass(frozen=True)
class LoraUse:
    """A LoRA and its weights.

    Args:
        file: the LoRA.
        unet: multiplies its change of the UNet.
        text: multiplies its change of the text encoders.
    """

    file: LoraFile
    unet: float = 1.0
    text: float = 1.0

    def weight_of(self, module: Module) -> float:
        """Its weight on a module."""
        return self.unet if module.part == "unet" else self.text


@contextmanager
def loras_applied(model: Any, uses: Sequence[LoraUse]) -> Iterator[tuple[str, ...]]:
    """Add LoRAs to a checkpoint's weights, and take them out again, also after an error.

    The old weights are kept on the CPU and copied back, so that whoever shares the memory sees the same: no rounding
    remains. Who calls holds the host's queue. Changes are computed in 32 bits, one LoRA after the other, as A1111 does.

    Args:
        model: `ports.Components` or a diffusers pipeline.
        uses: the LoRAs; the same one may be there twice.
    Yields:
        A sentence about each LoRA of which not all keys matched.
    Raises:
        ModelError: a LoRA does not fit the checkpoint, or gives weights too large for its precision or to draw with.
    """
    if not uses:
        yield ()
        return
    targets, config = targets_of(model), model.unet.config
    matched = [(use, match_lora(use.file, targets, config)) for use in uses]
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []
    try:
        for module, changes in _changes(matched).items():
            weight = targets[module].weight
            kept.append((weight, _copy(weight)))
            _change(weight, changes, module)
        yield tuple(
            f"{on_one_line(use.file.name)}: {found.match.sentence()}" for use, found in matched if found.match.unmatched
        )
    except NoNumbersError:
        names = ", ".join(dict.fromkeys(use.file.name for use in uses))
        which = "its weight" if len({use.file.name for use in uses}) == 1 else "their weights"
        raise ModelError(f"With {names} the checkpoint makes no numbers (NaN)", hint=f"lower {which}") from None
    finally:
        with torch.inference_mode():  # Forge's weights can be written to in it alone
            for weight, old in reversed(kept):
                weight.copy_(old)


Change = tuple[LoraUse, Layer, float]


def _changes(matched: Sequence[tuple[LoraUse, MatchedLora]]) -> dict[Module, list[Change]]:
    """What is done to each module, in order; nothing with a weight of 0."""
    found: dict[Module, list[Change]] = {}
    for use, lora in matched:
        for module, layer in lora.layers.items():
            if use.weight_of(module):
                found.setdefault(module, []).append((use, layer, use.weight_of(module)))
    return found


def _copy(weight: torch.Tensor) -> torch.Tensor:
    with torch.inference_mode():
        return weight.detach().to("cpu", copy=True)


def _change(weight: torch.Tensor, changes: Sequence[Change], module: Module) -> None:
    with torch.inference_mode():
        new = weight.detach().float()
        for _, layer, multiplier in changes:
            new = layer.on(weight.device).changed(new, multiplier)
        made = new.to(weight.dtype)
        if not torch.isfinite(made).all():
            names = ", ".join(dict.fromkeys(use.file.name for use, _, _ in changes))
            raise ModelError(f"{names} makes {module.path} too large for {weight.dtype}", hint="lower its weight")
        weight.copy_(made)
