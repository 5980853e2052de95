"""How much memory a training takes on a checkpoint, and how much there is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import torch

from lib_bootcamp.core.training.memory import Block, Memory, Network, Step, memory_of
from lib_bootcamp.core.training.ram import available_ram
from lib_bootcamp.ports import Components

from .precision import dtype_of
from .settings import Settings
from .vectors import Vectors

_ASKED = re.compile(r"(?:tried to|unable to) allocate ([\d.,]+ ?\w+)", re.IGNORECASE)
_BLOCK = re.compile(r"^(down|up)_blocks\.(\d+)\.")


def memory_needed(
    components: Components, settings: Settings, networks: Sequence[Any], largest: tuple[int, int], piece: int
) -> Memory:
    """What a training takes beside the checkpoint.

    Args:
        components: the checkpoint.
        settings: of the training.
        networks: that learn; their tensors are counted.
        largest: width and height of the bucket with the most pixels, in px.
        piece: pictures that are computed at once.
    """
    factor = 2 ** (len(components.vae.config.block_out_channels) - 1)
    computed = dtype_of(settings.precision, components)
    weights = list(components.unet.parameters())
    kept = torch.float32 if settings.whole else weights[0].dtype
    casts = sum(each.numel() for each in weights) if kept != computed else 0
    learned = [each for each in networks if each.part != "unet"]
    network = Network(
        blocks=tuple(blocks_of(components.unet)),
        shapes=tuple(tuple(each.shape) for one in networks for each in one.parameters()),
        text=tuple(width for each in learned for width in _layers(getattr(components, each.part))),
        adapters=not any(isinstance(each, Vectors) for each in networks),
        convolutions=settings.whole or (bool(settings.shape.conv_rank) and not settings.vectors),
        dora=settings.shape.dora and not settings.vectors,
        casts=casts * computed.itemsize,
    )
    step = Step(
        latent=(largest[1] // factor, largest[0] // factor),
        batch=piece,
        width=computed.itemsize,
        checkpointing=settings.checkpointing,
    )
    return memory_of(network, step, optimizer=settings.optimizer, average=bool(settings.ema_decay))


def blocks_of(unet: Any) -> list[Block]:
    """The UNet's residual and transformer blocks, in their order.

    Args:
        unet: diffusers' `UNet2DConditionModel`.
    """
    found, levels = [], len(unet.config.block_out_channels)
    for name, each in unet.named_modules():
        kind = type(each).__name__
        if kind not in {"ResnetBlock2D", "BasicTransformerBlock"}:
            continue
        where = _BLOCK.match(name)
        level = levels - 1 if where is None else int(where[2]) if where[1] == "down" else levels - 1 - int(where[2])
        if kind == "ResnetBlock2D":
            found.append(Block(kind="residual", into=each.in_channels, out=each.out_channels, level=level))
        else:
            width = each.attn1.to_q.in_features
            found.append(Block(kind="transformer", into=width, out=width, level=level))
    return found


def _layers(encoder: Any) -> list[int]:
    return [int(encoder.config.hidden_size)] * int(encoder.config.num_hidden_layers)


def free_bytes(device: torch.device | str) -> int | None:
    """What is free on a device; None where nothing tells.

    Args:
        device: of the checkpoint.
    """
    kind = torch.device(device)
    if kind.type == "cuda":
        free, _ = torch.cuda.mem_get_info(kind)
        return int(free + torch.cuda.memory_reserved(kind) - torch.cuda.memory_allocated(kind))
    return available_ram() if kind.type == "cpu" else None


def asked_for(message: str) -> str:
    """What was asked for when memory ran out, as torch or numpy words it; empty where they do not say.

    Args:
        message: of the error.
    """
    found = _ASKED.search(message)
    return found[1] if found else ""
