"""Networks that learn beside the layers of a lent checkpoint, whose weights are never written to.

LoRA (arXiv 2106.09685) on linear layers and 1x1 convolutions, LoCon on the other convolutions too, and DoRA (arXiv
2402.09353) with one magnitude for each input column, which is the form that A1111, Forge and reForge compute right.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from torch.nn import functional

from lib_bootcamp.core.networks.names import Module, Part, canonical
from lib_bootcamp.core.training.places import BLOCKS, LAYERS, Block, Layer
from lib_bootcamp.ml.networks.layers import LoraLayer

_CONVOLUTION_DIMS = 4
_MARKS: Mapping[Layer, str] = {"self-attention": ".attn1.", "cross-attention": ".attn2.", "feed-forward": ".ff."}


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What kind of network is trained.

    Args:
        rank: of linear layers and 1x1 convolutions.
        alpha: the strength is alpha / rank.
        conv_rank: of the other convolutions; 0: they are left alone.
        conv_alpha: theirs.
        dora: whether each input column has a magnitude.
        rslora: whether the strength is alpha / sqrt(rank) (arXiv 2312.03732): a larger rank is not a weaker one.
        blocks: of the UNet, which of `BLOCKS` are taught.
        layers: of the UNet, which of `LAYERS` are taught.
    """

    rank: int = 16
    alpha: float = 8.0
    conv_rank: int = 0
    conv_alpha: float = 0.0
    dora: bool = False
    rslora: bool = False
    blocks: tuple[Block, ...] = BLOCKS
    layers: tuple[Layer, ...] = LAYERS

    def scale(self, *, spread: bool) -> float:
        """What a change is multiplied by: of convolutions of more than one pixel, and of all else."""
        rank, alpha = (self.conv_rank, self.conv_alpha) if spread else (self.rank, self.alpha)
        return float(alpha / (rank**0.5 if self.rslora else rank))


class Adapter(nn.Module):  # type: ignore[misc] # torch is not there for it
    """What one layer learns: `up @ down`, in single precision.

    Args:
        layer: the lent layer.
        rank: how many rows `down` has.
        alpha: the strength is alpha / rank.
        dora: whether its input columns have magnitudes.
        seed: of `down`'s first values; `up` begins at zero, so that nothing is changed at first.
    """

    def __init__(self, layer: nn.Linear | nn.Conv2d, rank: int, alpha: float, *, dora: bool, seed: int) -> None:
        super().__init__()
        self.rank, self.alpha, self.scale = rank, alpha, alpha / rank
        out, into, *kernel = layer.weight.shape
        self._stride = layer.stride if isinstance(layer, nn.Conv2d) else None
        self._padding = layer.padding if isinstance(layer, nn.Conv2d) else None
        down = torch.empty(rank, into, *kernel)
        bound = (down[0].numel()) ** -0.5  # kaiming uniform with a = sqrt(5), as sd-scripts begins
        down.uniform_(-bound, bound, generator=torch.Generator().manual_seed(seed))
        self.down = nn.Parameter(down)
        self.up = nn.Parameter(torch.zeros(out, rank, *(1 for _ in kernel)))
        self.magnitude: nn.Parameter | None = None
        if dora:
            self.magnitude = nn.Parameter(_column_norm(layer.weight.detach().float().cpu()))

    def begin_with(self, layer: LoraLayer) -> None:
        """Take the values of a file's layer, which has this one's form and rank."""
        with torch.no_grad():
            self.down.copy_(layer.down.reshape(self.down.shape))
            self.up.copy_(layer.up.reshape(self.up.shape))
            if self.magnitude is not None and layer.dora_scale is not None:
                self.magnitude.copy_(layer.dora_scale.reshape(self.magnitude.shape))

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """What is added to the layer's output.

        Args:
            given: the layer's input.
        """
        down, up = self.down.to(given.dtype), self.up.to(given.dtype)
        if self._stride is None:
            return functional.linear(functional.linear(given, down), up) * self.scale
        inner = functional.conv2d(given, down, stride=self._stride, padding=self._padding)
        return functional.conv2d(inner, up) * self.scale

    def change(self) -> torch.Tensor:
        """What it adds to the layer's weight, in the weight's shape, before any magnitude."""
        inner = self.up.flatten(1) @ self.down.flatten(1)
        return inner.view(self.up.shape[0], *self.down.shape[1:]) * self.scale

    def columns(self, weight: torch.Tensor, magnitude: torch.Tensor) -> torch.Tensor:
        """The factor on each input column, shape [1, in, ...]; the norm below it is not learned through."""
        norm = _column_norm(weight.detach().float() + self.change().detach())
        return magnitude / norm

    def tensors(self) -> dict[str, torch.Tensor]:
        """Its values under the names of files."""
        named = {"lora_down.weight": self.down, "lora_up.weight": self.up, "alpha": torch.tensor(float(self.alpha))}
        if self.magnitude is not None:
            named["dora_scale"] = self.magnitude
        return {name: value.detach() for name, value in named.items()}


def _column_norm(weight: torch.Tensor) -> torch.Tensor:
    """The length of each input column, shape [1, in, 1...]."""
    flat = weight.transpose(0, 1).reshape(weight.shape[1], -1).norm(dim=1)
    return flat.clamp(min=1e-12).view(1, -1, *(1 for _ in weight.shape[2:]))


class Network(nn.Module):  # type: ignore[misc] # torch is not there for it
    """The adapters of one part of a checkpoint.

    Args:
        part: `unet`, `text_encoder` or `text_encoder_2`.
        module: the lent module.
        shape: of the adapters.
        seed: of the training; with a layer's name it fixes what its adapter begins with.
        targets: names of the layers; None: those that trainers take.
        start: layers whose rank and strength theirs have; `begin_with` gives them the values.
    """

    def __init__(  # noqa: PLR0913 - what a network is made of
        self,
        part: str,
        module: nn.Module,
        shape: Shape,
        seed: int,
        targets: Sequence[str] | None = None,
        start: Mapping[Module, LoraLayer] | None = None,
    ) -> None:
        super().__init__()
        self.part = part
        found = targets if targets is not None else targets_of(part, module, convolutions=shape.conv_rank)
        self.paths = tuple(each for each in found if part != "unet" or is_taught(each, shape))
        self.adapters = nn.ModuleList()
        for path in self.paths:
            layer = module.get_submodule(path)
            spread = _is_spread(layer)
            rank = min(shape.conv_rank if spread else shape.rank, *layer.weight.flatten(1).shape)
            own = zlib.crc32(f"{part}.{path}".encode()) ^ (seed << 16)
            # hosts divide by the rank, so that the file's alpha holds whatever the strength is
            alpha = shape.scale(spread=spread) * rank
            begun = None if start is None else start.get(canonical(cast(Part, part), path))
            if begun is not None:
                rank, alpha = begun.rank, begun.scale * begun.rank
            self.adapters.append(Adapter(layer, rank, alpha, dora=shape.dora, seed=own))

    def begin_with(self, layers: Mapping[Module, LoraLayer]) -> None:
        """Give the adapters the values of a file's layers, all of which are there."""
        for path, adapter in zip(self.paths, self.adapters, strict=True):
            adapter.begin_with(layers[canonical(cast(Part, self.part), path)])

    @contextmanager
    def attached(self, module: nn.Module) -> Iterator[None]:
        """The module computes with the adapters for the length of a block.

        Args:
            module: lent anew each time, of the same layers.
        """
        hooks: list[Any] = []
        layers = dict(module.named_modules())  # a look at each path takes four times as long
        try:
            for path, adapter in zip(self.paths, self.adapters, strict=True):
                hooks += _hooked(layers[path], adapter)
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def tensors(self) -> dict[str, dict[str, torch.Tensor]]:
        """For each layer's path its values under the names of files."""
        return {path: each.tensors() for path, each in zip(self.paths, self.adapters, strict=True)}


def is_taught(path: str, shape: Shape) -> bool:
    """Whether a layer of the UNet, by its path in diffusers, is of the blocks and layers that are asked for."""
    block = next((each for each in BLOCKS if path.startswith(f"{each}_")), None)
    layer = next((each for each, mark in _MARKS.items() if mark in path), "other")
    return (block is None or block in shape.blocks) and layer in shape.layers


@contextmanager
def learnable(module: nn.Module) -> Iterator[None]:
    """Weights that were made in inference mode, as Forge loads them, can be learned through for the length of a block.

    They are the same memory: torch lets nothing be saved for the way back that it knows as an inference tensor.
    """
    made: list[tuple[nn.Module, str, nn.Parameter]] = []
    try:
        for each in module.modules():
            for name, value in each._parameters.items():
                if value is not None and value.is_inference():
                    made.append((each, name, value))
                    same = torch.empty(0, dtype=value.dtype, device=value.device)
                    same.set_(value.untyped_storage(), value.storage_offset(), value.shape, value.stride())
                    each._parameters[name] = nn.Parameter(same, requires_grad=False)
        yield
    finally:
        for each, name, value in made:
            each._parameters[name] = value


def _hooked(layer: nn.Module, adapter: Adapter) -> list[Any]:
    added = layer.register_forward_hook(lambda _, given, made: made + adapter(given[0]))
    if adapter.magnitude is None:
        return [added]
    weight, magnitude = layer.weight, adapter.magnitude

    def scaled(_: nn.Module, given: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        columns = adapter.columns(weight, magnitude)
        factor = columns if given[0].dim() == _CONVOLUTION_DIMS else columns.flatten()
        return (given[0] * factor.to(given[0].dtype), *given[1:])

    return [layer.register_forward_pre_hook(scaled), added]


def _is_spread(layer: nn.Module) -> bool:
    """Whether it is a convolution of more than one pixel."""
    return isinstance(layer, nn.Conv2d) and max(layer.kernel_size) > 1


def targets_of(part: str, module: nn.Module, *, convolutions: int = 0) -> list[str]:
    """The layers that trainers teach: those of attention, and with convolutions those of the residual blocks too.

    Source: kohya-ss/sd-scripts, networks/lora.py, `UNET_TARGET_REPLACE_MODULE`, `_CONV2D_3X3`,
        `TEXT_ENCODER_TARGET_REPLACE_MODULE`.

    Args:
        part: `unet` or a text encoder.
        module: of diffusers or transformers.
        convolutions: the rank of those of more than one pixel; 0: they are left alone.
    """
    kinds: Mapping[bool, tuple[str, ...]] = {
        True: ("Transformer2DModel",),
        False: ("CLIPAttention", "CLIPMLP", "CLIPSdpaAttention"),
    }
    inside = list(kinds[part == "unet"])
    if convolutions and part == "unet":
        inside += ["ResnetBlock2D", "Downsample2D", "Upsample2D"]
    found: dict[str, None] = {}
    for name, each in module.named_modules():
        if type(each).__name__ not in inside:
            continue
        for below, layer in each.named_modules():
            is_taken = isinstance(layer, nn.Linear) or (
                isinstance(layer, nn.Conv2d) and (convolutions > 0 or not _is_spread(layer))
            )
            if is_taken:
                found[f"{name}.{below}" if below else name] = None
    return list(found)
