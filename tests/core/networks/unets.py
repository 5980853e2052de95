"""The configurations of the UNets that the tests of names are about, as diffusers has them."""

from __future__ import annotations

import json
from typing import Any

from lib_bootcamp.core.models.files import MODELS

_FOUR_DOWN = ("CrossAttnDownBlock2D",) * 3 + ("DownBlock2D",)
_FOUR_UP = ("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 3
SD1: dict[str, Any] = {
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "layers_per_block": 2,
    "down_block_types": _FOUR_DOWN,
    "up_block_types": _FOUR_UP,
    "block_out_channels": (320, 640, 1280, 1280),
}
SD2: dict[str, Any] = {
    **SD1,
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SDXL: dict[str, Any] = {
    "sample_size": 128,
    "cross_attention_dim": 2048,
    "attention_head_dim": (5, 10, 20),
    "layers_per_block": 2,
    "use_linear_projection": True,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
MINI: dict[str, Any] = json.loads((MODELS / "mini-sd" / "unet" / "config.json").read_text(encoding="utf-8"))
UNETS = {"mini-sd": MINI, "sd1": SD1, "sd2": SD2, "sdxl": SDXL}
