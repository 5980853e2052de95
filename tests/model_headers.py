"""Model files that are a safetensors header alone: names and shapes as the real ones have them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

_TO_K = "transformer_blocks.0.attn2.to_k.weight"
SHAPES: dict[str, tuple[str, str, dict[str, list[int]]]] = {
    "control_v11f1e_sd15_tile": (
        "controlnet",
        "sd15",
        {
            "control_model.input_hint_block.0.weight": [16, 3, 3, 3],
            f"control_model.input_blocks.1.1.{_TO_K}": [320, 768],
        },
    ),
    "control_v11p_sd21_canny": (
        "controlnet",
        "sd2",
        {"input_hint_block.0.weight": [16, 3, 3, 3], f"input_blocks.1.1.{_TO_K}": [320, 1024]},
    ),
    "diffusers_xl_canny_full": (
        "controlnet",
        "sdxl",
        {
            "controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
            "conv_in.weight": [320, 4, 3, 3],
            f"down_blocks.1.attentions.0.{_TO_K}": [640, 2048],
        },
    ),
    "sai_recolor_256lora": (
        "control-lora",
        "sdxl",
        {
            "lora_controlnet": [0],
            "input_hint_block.0.weight": [16, 3, 3, 3],
            "input_blocks.4.1.transformer_blocks.0.attn2.to_k.down": [256, 2048],
            "input_blocks.4.1.transformer_blocks.0.attn2.to_k.up": [640, 256],
        },
    ),
    "t2iadapter_sketch": (
        "t2i-adapter",
        "sd15",
        {"body.0.block1.weight": [320, 320, 3, 3], "conv_in.weight": [320, 64, 3, 3]},
    ),
    "t2i-adapter_lineart": (
        "t2i-adapter",
        "sdxl",
        {"body.0.block1.weight": [320, 320, 3, 3], "conv_in.weight": [320, 768, 3, 3]},
    ),
    "kohya_lllite_blur": (
        "controlnet-lllite",
        "sdxl",
        {"lllite_unet_input_blocks_4_1_transformer_blocks_1_attn2_to_q.down.0.weight": [32, 640]},
    ),
    "ip-adapter_plus": ("ip-adapter", "sd15", {"ip_adapter.1.to_k_ip.weight": [320, 768]}),
    "flux-canny-controlnet": (
        "controlnet",
        "flux",
        {"controlnet_blocks.0.weight": [3072, 3072], "input_hint_block.0.weight": [16, 3, 3, 3]},
    ),
    "large_controlnet_depth": (
        "controlnet",
        "sd3",
        {"controlnet_blocks.0.weight": [1536, 1536], "pos_embed_input.proj.weight": [1536, 16, 2, 2]},
    ),
    "v1-5-pruned": ("checkpoint", "sd15", {f"model.diffusion_model.input_blocks.1.1.{_TO_K}": [320, 768]}),
    "juggernaut": ("checkpoint", "sdxl", {f"model.diffusion_model.input_blocks.4.1.{_TO_K}": [640, 2048]}),
    "large": ("checkpoint", "sd3", {"model.diffusion_model.joint_blocks.0.context_block.mlp.fc1.weight": [6144, 1536]}),
    "dev": ("checkpoint", "flux", {"double_blocks.0.img_attn.proj.weight": [3072, 3072]}),
}
"""File name to kind, base and tensors."""


def write_header(path: Path, shapes: Mapping[str, Sequence[int]]) -> Path:
    """Write a safetensors file that has these tensors and no data: nobody may read further than its header."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for name, shape in shapes.items():
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path
