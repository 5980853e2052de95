"""Where in a UNet a network is taught."""

from __future__ import annotations

from typing import Literal, TypeAlias

Block: TypeAlias = Literal["down", "mid", "up"]
Layer: TypeAlias = Literal["self-attention", "cross-attention", "feed-forward", "other"]
BLOCKS: tuple[Block, ...] = ("down", "mid", "up")
LAYERS: tuple[Layer, ...] = ("self-attention", "cross-attention", "feed-forward", "other")
BLOCK_TITLES: dict[Block, str] = {"down": "Down (composition)", "mid": "Middle", "up": "Up (details, style)"}
LAYER_TITLES: dict[Layer, str] = {
    "self-attention": "Self-attention",
    "cross-attention": "Cross-attention (words)",
    "feed-forward": "Feed-forward",
    "other": "Projections and convolutions",
}
