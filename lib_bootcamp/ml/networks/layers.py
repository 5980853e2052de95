"""What a LoRA adds to one module's weight.

Sources: LoRA, arXiv 2106.09685; LoCon and its Tucker form, KohakuBlueleaf/LyCORIS `modules/locon.py`; DoRA, arXiv
2402.09353; the formulae as A1111 1.10.1 has them (`extensions-builtin/Lora/network.py`, `network_lora.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import torch

from lib_bootcamp.errors import ModelError


@dataclass(frozen=True, kw_only=True)
class LoraLayer:
    """The factors of one module's change: (alpha / r) up x down.

    Args:
        down: [r, in], or [r, in, kh, kw] for a convolution.
        up: [out, r], or [out, r, 1, 1].
        alpha: of the scale; None for a scale of 1.
        mid: [r, r, kh, kw] of LoCon's Tucker form, where down is 1x1.
        dora_scale: DoRA's norms, [1, in, ...] of the weight's columns, the form that all WebUIs compute right, or
            [out, 1, ...] of its rows.
    """

    down: torch.Tensor
    up: torch.Tensor
    alpha: float | None = None
    mid: torch.Tensor | None = None
    dora_scale: torch.Tensor | None = None

    @property
    def rank(self) -> int:
        """How many rows `down` has."""
        return int(self.down.shape[0])

    @property
    def scale(self) -> float:
        """What up x down is multiplied by."""
        return 1.0 if self.alpha is None else self.alpha / self.rank

    def on(self, device: torch.device | str) -> LoraLayer:
        """The same on another device; on `meta` shapes alone are computed."""
        moved = (self.down, self.up, self.mid, self.dora_scale)
        down, up, mid, norms = (each if each is None else each.to(device) for each in moved)
        return LoraLayer(down=down, up=up, alpha=self.alpha, mid=mid, dora_scale=norms)

    def delta(self) -> torch.Tensor:
        """The change of the weight without DoRA, float32 [out, in] or [out, in, kh, kw].

        Raises:
            ModelError: the factors' shapes do not belong together.
        """
        down, up = self.down.float(), self.up.float()
        if not (down.ndim and up.ndim):
            raise ModelError(f"up has the shape {list(up.shape)} and down {list(down.shape)}")
        rows = up.reshape(up.shape[0], -1)
        if self.mid is not None and (self.mid.ndim != 4 or self.mid.shape[1] != self.rank):
            raise ModelError(f"mid has the shape {list(self.mid.shape)} and down {list(down.shape)}")
        if rows.shape[1] != (self.rank if self.mid is None else self.mid.shape[0]):
            raise ModelError(f"up has the shape {list(up.shape)} and down {list(down.shape)}")
        if self.mid is None:
            whole = (rows @ down.reshape(self.rank, -1)).reshape(up.shape[0], *down.shape[1:])
        else:
            columns = down.reshape(self.rank, -1)
            whole = torch.einsum("nmkl,in,mj->ijkl", self.mid.float(), rows, columns)
        return whole * self.scale

    def changed(self, weight: torch.Tensor, multiplier: float) -> torch.Tensor:
        """A weight with this change in it.

        Args:
            weight: float32 [out, in] or [out, in, kh, kw], on the layer's device.
            multiplier: how much of the change; 0 gives the weight.
        Raises:
            ModelError: the change has another shape.
        """
        with_it = weight + _fitted(self.delta(), weight)
        if self.dora_scale is not None:
            norms = self.dora_scale.float()
            axis = _dora_axis(norms, weight)
            others = [each for each in range(weight.ndim) if each != axis]
            shape = [weight.shape[axis] if each == axis else 1 for each in range(weight.ndim)]
            length = torch.linalg.vector_norm(with_it, dim=others, keepdim=True).clamp_min(1e-12)
            with_it = with_it * (norms.reshape(shape) / length)
        return with_it if multiplier == 1 else weight + multiplier * (with_it - weight)


@dataclass(frozen=True, kw_only=True)
class FullLayer:
    """A change of one module's weight as it is (`diff`), of the weight's shape."""

    difference: torch.Tensor

    def on(self, device: torch.device | str) -> FullLayer:
        """As `LoraLayer.on`."""
        return FullLayer(difference=self.difference.to(device))

    def changed(self, weight: torch.Tensor, multiplier: float) -> torch.Tensor:
        """As `LoraLayer.changed`."""
        return weight + multiplier * _fitted(self.difference.float(), weight)


Layer: TypeAlias = "LoraLayer | FullLayer"


def _fitted(change: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """A change in the weight's form: a 1x1 convolution may be a matrix in the file, and the other way round."""
    same = change.shape[:2] == weight.shape[:2] and change.numel() == weight.numel()
    if not same:
        raise ModelError(f"its change has the shape {list(change.shape)}, the checkpoint's weight {list(weight.shape)}")
    return change.reshape(weight.shape)


def _dora_axis(norms: torch.Tensor, weight: torch.Tensor) -> int:
    """The axis of the weight that DoRA's norms are along: 1 for its columns, 0 for its rows."""
    size, along = norms.numel(), norms.shape
    if norms.ndim > 1 and along[0] == 1 and size == weight.shape[1]:
        return 1
    if size == weight.shape[0] and norms.ndim and (norms.ndim == 1 or along[0] == size):
        return 0
    raise ModelError(f"its DoRA norms have the shape {list(along)}, the checkpoint's weight {list(weight.shape)}")
