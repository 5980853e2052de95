"""How much memory a training takes: what is learned exactly, what a step keeps for the way back as an estimate.

Each block of the UNet keeps maps of its own size, `channels x positions` numbers each, until the gradient comes back
through it. How many is counted from what torch's functions save, on frozen weights, with attention that keeps no table
of scores (torch's `scaled_dot_product_attention`):

- a residual block: the input of each group norm and of each SiLU, twice of its input's and twice of its output's size;
- a transformer block: 21 maps (norms' inputs 3, queries, keys, values and what comes of both attentions 6, the
  feed-forward's 12), and 7 more that the adapters are given; with DoRA each is given a map of its own, 10 more;
- with LoCon a residual block's convolutions keep what they are given, as often as the SiLUs;
- with gradient checkpointing each block keeps its input, and one block, the largest, is whole again at a time;
- a text encoder that is taught: 20 maps a layer;
- while the gradient comes back through the largest block, its maps' gradients are there too: as much again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from .optimizers import Optimizer

SINGLE = 4
"""Bytes of what is learned: single precision, whatever the checkpoint has."""
OF_TRANSFORMER, OF_ADAPTERS, OF_DORA, OF_TEXT = 21, 7, 10, 20
_SMALL, _BLOCK = 4096, 256
"""bitsandbytes keeps smaller tensors in 32 bits, and a factor for each block of so many numbers."""
TOKENS = 77


@dataclass(frozen=True, kw_only=True)
class Block:
    """One block of the UNet.

    Args:
        kind: which.
        into: channels that it is given.
        out: channels that it gives.
        level: how often its map was halved.
    """

    kind: Literal["residual", "transformer"]
    into: int
    out: int
    level: int


@dataclass(frozen=True, kw_only=True)
class Network:
    """What is taught, as far as memory is concerned.

    Args:
        blocks: of the UNet.
        shapes: of each tensor that is learned.
        text: the width of each layer of the text encoders that learn.
        adapters: whether the UNet's layers have any: of an embedding they have none.
        convolutions: whether the residual blocks' have any.
        dora: whether each has magnitudes.
        casts: bytes of the UNet's weights that are kept a second time, in the precision that is computed in.
    """

    blocks: tuple[Block, ...]
    shapes: tuple[tuple[int, ...], ...]
    text: tuple[int, ...] = ()
    adapters: bool = True
    convolutions: bool = False
    dora: bool = False
    casts: int = 0


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Bytes of a training, beside the checkpoint, which is loaded anyway.

    Args:
        weights: that are learned.
        gradients: theirs.
        optimizer: its state.
        average: the moving average of the weights.
        activations: what a step keeps for the way back; estimated.
    """

    weights: int
    gradients: int
    optimizer: int
    average: int
    activations: int

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.average + self.activations

    def sentence(self) -> str:
        """`About 1.2 GB beside the checkpoint: 12 MB learned weights, …`."""
        parts = {
            "learned weights": self.weights,
            "gradients": self.gradients,
            "optimizer": self.optimizer,
            "average": self.average,
            "activations (estimated)": self.activations,
        }
        listed = ", ".join(f"{amount(size)} {name}" for name, size in parts.items() if size)
        return f"About {amount(self.total)} beside the checkpoint: {listed}"


def amount(size: int) -> str:
    """`820 KB`, `12 MB` or `1.2 GB`."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:,.0f} {name}"
    return f"{-(-size // 1000)} KB"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is computed at once.

    Args:
        latent: height and width of the largest latents.
        batch: pictures.
        width: bytes of a number that is computed with.
        checkpointing: whether maps are computed again in place of kept.
    """

    latent: tuple[int, int]
    batch: int
    width: int
    checkpointing: bool


def memory_of(network: Network, step: Step, *, optimizer: Optimizer, average: bool) -> Memory:
    """How much a training takes.

    Args:
        network: what is taught.
        step: what is computed at once.
        optimizer: which one.
        average: whether the weights' moving average is kept.
    """
    weights = SINGLE * sum(map(prod, network.shapes))
    return Memory(
        weights=weights,
        gradients=weights,
        optimizer=optimizer_bytes(optimizer, network.shapes),
        average=weights if average else 0,
        activations=activation_bytes(network, step),
    )


def optimizer_bytes(name: Optimizer, shapes: Iterable[Sequence[int]]) -> int:
    """The optimizer's state after its first step.

    Args:
        name: which.
        shapes: of the tensors that are learned.
    """
    return sum(_state_bytes(name, tuple(shape)) for shape in shapes)


def _state_bytes(name: Optimizer, shape: tuple[int, ...]) -> int:
    count = prod(shape)
    if name == "prodigy":  # two means, the sum of gradients, and where it began
        return 4 * SINGLE * count
    if name == "adafactor":
        rows_and_columns = prod(shape[:-1]) + prod((*shape[:-2], shape[-1])) if len(shape) > 1 else count
        return SINGLE * rows_and_columns
    if name == "adamw8bit" and count >= _SMALL:
        return 2 * (count + SINGLE * -(-count // _BLOCK))
    return 2 * SINGLE * count + (SINGLE if name == "adamw" else 0)  # two means, and AdamW's number of the step


def activation_bytes(network: Network, step: Step) -> int:
    """What a step keeps for the way back, in bytes, by the counts at the head of this file.

    Args:
        network: what is taught.
        step: what is computed at once.
    """
    inputs, whole = [], []
    for each in network.blocks:
        positions = _halved(step.latent[0], each.level) * _halved(step.latent[1], each.level)
        inputs.append(each.into * positions)
        whole.append(_numbers(each, network) * positions)
    largest = max(whole, default=0)
    kept = sum(inputs) + 2 * largest if step.checkpointing else sum(whole) + largest
    kept += sum(OF_TEXT * TOKENS * each for each in network.text)
    return step.batch * step.width * kept + network.casts


def _numbers(block: Block, network: Network) -> int:
    """Of a block, what it keeps of each position."""
    if block.kind == "residual":
        return (3 if network.convolutions else 2) * (block.into + block.out)
    more = (OF_ADAPTERS + (OF_DORA if network.dora else 0)) if network.adapters else 0
    return (OF_TRANSFORMER + more) * block.out


def _halved(side: int, level: int) -> int:
    return -(-side // (1 << level))
