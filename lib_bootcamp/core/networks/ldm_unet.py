"""diffusers' names of a UNet's modules to LDM's, for a UNet of any depth.

Source: CompVis/latent-diffusion, `openaimodel.py`; diffusers, `convert_ldm_unet_checkpoint`, whose inverse this is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOP = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
}
_RESNET = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "time_emb_proj": "emb_layers.1",
    "conv_shortcut": "skip_connection",
}
_BLOCK = re.compile(
    r"(?:(down|up)_blocks\.(\d+)|mid_block)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)(?:\.|$)"
)
_USUAL_LAYERS = (2, 2, 2, 2)
_USUAL_ATTENDING = (False, True, True, True)


@dataclass(frozen=True)
class UNetShape:
    """What decides where a module stands in LDM's numbering.

    Args:
        layers: residual blocks of each level on the way down; on the way up, in reverse, each has one more.
        attending: whether each level on the way up has attention.
        is_xl: whether it is of SDXL's kind (a vector of sizes beside the time).
    """

    layers: tuple[int, ...]
    attending: tuple[bool, ...]
    is_xl: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> UNetShape:
        """The shape that a diffusers configuration (`UNet2DConditionModel.config`, `unet/config.json`) states."""
        count, layers = len(config["down_block_types"]), config.get("layers_per_block", 2)
        return cls(
            layers=(layers,) * count if isinstance(layers, int) else tuple(layers),
            attending=tuple("Attn" in each for each in config["up_block_types"]),
            is_xl=config.get("addition_embed_type") == "text_time",
        )

    @property
    def is_usual(self) -> bool:
        """Whether it is Stable Diffusion 1's and 2's, the only one whose diffusers names A1111 can count.

        Source: `convert_diffusers_name_to_compvis` in A1111's `extensions-builtin/Lora/networks.py`, which takes two
        residual blocks in each of four levels for granted.
        """
        return self.layers == _USUAL_LAYERS and self.attending == _USUAL_ATTENDING and not self.is_xl


def ldm_path(shape: UNetShape, path: str) -> str | None:
    """A module's place in LDM's UNet, below `diffusion_model.`.

    Args:
        shape: of the UNet.
        path: the module's or a weight's dotted name in diffusers, `down_blocks.1.attentions.0.proj_in`.
    Returns:
        its name there, `input_blocks.3.1.proj_in`; None for what such a UNet does not have.
    """
    for old, new in _TOP.items():
        if path == old or path.startswith(f"{old}."):
            return new + path[len(old) :]
    found = _BLOCK.match(path)
    if found is None:
        return None
    place, kind, rest = _place(shape, found), found[3], path[found.end() :]
    if place is None:
        return None
    if kind == "resnets":
        first, dot, last = rest.partition(".")
        rest = _RESNET.get(first, first) + dot + last
    elif kind == "downsamplers":
        rest = re.sub(r"^conv(?=\.|$)", "op", rest)
    return f"{place}.{rest}" if rest else place


def _place(shape: UNetShape, found: re.Match[str]) -> str | None:
    """LDM's name of the block that a resnet, an attention or a sampler is."""
    side, level, kind, index = found[1], int(found[2] or 0), found[3], int(found[4])
    if side is None:
        return f"middle_block.{index * 2 + (kind == 'attentions')}" if kind in {"resnets", "attentions"} else None
    if level >= len(shape.layers):
        return None
    down = side == "down"
    counts = [each + 1 for each in (shape.layers if down else reversed(shape.layers))]
    before, here = sum(counts[:level]), counts[level]
    if kind in {"downsamplers", "upsamplers"}:  # in the level's last block; on the way up after its attention
        last = before + here - (not down)
        return f"input_blocks.{last}.0" if down else f"output_blocks.{last}.{1 + shape.attending[level]}"
    number = before + index + down
    return f"{'input' if down else 'output'}_blocks.{number}.{int(kind == 'attentions')}"
