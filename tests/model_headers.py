"""Model files that are a safetensors header alone: names and shapes as the real ones have them."""

from __future__ import annotations

import json
import math
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
    "controlnet-union-sdxl-1.0": (
        "controlnet",
        "sdxl",
        {
            "controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
            f"down_blocks.1.attentions.0.{_TO_K}": [640, 2048],
            "task_embedding": [8, 320],
            "control_add_embedding.linear_1.weight": [1280, 2048],
        },
    ),
    "Kolors-ControlNet-Canny": (
        "controlnet",
        "kolors",
        {
            "controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
            f"down_blocks.1.attentions.0.{_TO_K}": [640, 2048],
            "encoder_hid_proj.weight": [2048, 4096],
        },
    ),
    "kolors": (
        "checkpoint",
        "kolors",
        {f"down_blocks.1.attentions.0.{_TO_K}": [640, 2048], "add_embedding.linear_1.weight": [1280, 5632]},
    ),
    "Kolors-IP-Adapter-Plus": (
        "ip-adapter",
        "kolors",
        {"image_proj.layers.0.0.to_out.weight": [2048, 768], "ip_adapter.1.to_k_ip.weight": [640, 2048]},
    ),
    "Kolors-IP-Adapter-FaceID-Plus": (
        "ip-adapter",
        "kolors",
        {
            "image_proj.perceiver_resampler.layers.0.0.to_out.weight": [4096, 1024],
            "ip_adapter.1.to_k_ip.weight": [640, 2048],
        },
    ),
    "ip-adapter-plus_sdxl": (
        "ip-adapter",
        "sdxl",
        {"image_proj.layers.0.0.to_out.weight": [1280, 768], "ip_adapter.1.to_k_ip.weight": [640, 2048]},
    ),
    "flux-ip-adapter of XLabs": (
        "ip-adapter",
        "flux",
        {
            "double_blocks.0.processor.ip_adapter_double_stream_k_proj.weight": [3072, 4096],
            "ip_adapter_proj_model.proj.weight": [16384, 768],
        },
    ),
    "FLUX.1-dev-IP-Adapter of InstantX": (
        "ip-adapter",
        "flux",
        {"image_proj.proj.0.weight": [2304, 1152], "ip_adapter.0.to_k_ip.weight": [3072, 4096]},
    ),
    "SD3.5-Large-IP-Adapter": (
        "ip-adapter",
        "sd3",
        {"image_proj.proj_in.weight": [1280, 1152], "ip_adapter.0.to_k_ip.weight": [2432, 2432]},
    ),
    "Qwen-Image-ControlNet-Union": (
        "controlnet",
        "qwen",
        {
            "controlnet_blocks.0.weight": [3072, 3072],
            "controlnet_x_embedder.weight": [3072, 64],
            "transformer_blocks.0.img_mlp.net.0.proj.weight": [12288, 3072],
            "transformer_blocks.0.attn.add_k_proj.weight": [3072, 3072],
            "txt_in.weight": [3072, 3584],
            "txt_norm.weight": [3584],
        },
    ),
    "qwen_image_canny_diffsynth_controlnet": (
        "controlnet",
        "qwen",
        {"controlnet_blocks.0.y_rms.weight": [3072], "img_in.weight": [3072, 64]},
    ),
    "Qwen-Image-Fun-Controlnet": (
        "controlnet",
        "qwen",
        {"control_blocks.0.after_proj.weight": [3072, 3072], "control_img_in.weight": [3072, 132]},
    ),
    "qwen-image": (
        "checkpoint",
        "qwen",
        {"model.diffusion_model.transformer_blocks.0.img_mod.1.weight": [18432, 3072]},
    ),
    "FLUX.1-dev-Controlnet-Canny": (
        "controlnet",
        "flux",
        {
            "controlnet_blocks.0.weight": [3072, 3072],
            "controlnet_x_embedder.weight": [3072, 64],
            "context_embedder.weight": [3072, 4096],
            "single_transformer_blocks.0.attn.to_k.weight": [3072, 3072],
        },
    ),
    "FLUX.1-dev-Controlnet-Union": (
        "controlnet",
        "flux",
        {"controlnet_mode_embedder.weight": [10, 3072], "controlnet_blocks.0.weight": [3072, 3072]},
    ),
    "mistoline_flux.dev": ("controlnet", "flux", {"controlnet_blocks.0.linear.weight": [3072, 3072]}),
    "sd3.5_large_controlnet_canny": (
        "controlnet",
        "sd3",
        {
            "controlnet_blocks.0.weight": [2432, 2432],
            "pos_embed_input.proj.weight": [2432, 17, 2, 2],
            "transformer_blocks.0.adaLN_modulation.1.bias": [14592],
        },
    ),
    "hunyuandit canny": (
        "controlnet",
        "hunyuandit",
        {
            "after_proj_list.18.bias": [1408],
            "before_proj.weight": [1408, 1408],
            "blocks.0.attn2.kv_proj.weight": [2816, 1024],
        },
    ),
    "hunyuandit canny of diffusers": (
        "controlnet",
        "hunyuandit",
        {"controlnet_blocks.0.weight": [1408, 1408], "blocks.0.attn2.to_k.weight": [1408, 1024]},
    ),
    "PixArt-Alpha-ControlNet": (
        "controlnet",
        "pixart",
        {
            "controlnet_blocks.0.before_proj.weight": [1152, 1152],
            "controlnet_blocks.0.transformer_block.attn2.to_k.weight": [1152, 1152],
        },
    ),
    "pixart": (
        "checkpoint",
        "pixart",
        {"transformer_blocks.0.attn2.to_k.weight": [1152, 1152], "caption_projection.linear_1.weight": [1152, 4096]},
    ),
    "Z-Image-Turbo-Fun-Controlnet-Union": (
        "controlnet",
        "zimage",
        {"control_all_x_embedder.2-1.weight": [3840, 64], "control_layers.0.attention.to_k.weight": [3840, 3840]},
    ),
    "z_image_turbo": (
        "checkpoint",
        "zimage",
        {"cap_embedder.1.weight": [3840, 2560], "noise_refiner.0.attention.qkv.weight": [11520, 3840]},
    ),
    "chroma": (
        "checkpoint",
        "chroma",
        {"distilled_guidance_layer.in_proj.weight": [5120, 64], "double_blocks.0.img_attn.proj.weight": [3072, 3072]},
    ),
    "flux2-dev": (
        "checkpoint",
        "flux2",
        {
            "double_stream_modulation_img.lin.weight": [36864, 6144],
            "double_blocks.0.img_attn.proj.weight": [6144, 6144],
        },
    ),
    "t2iadapter_canny light": ("t2i-adapter", "sd15", {"body.0.in_conv.weight": [160, 64, 1, 1]}),
    "t2i-adapter of diffusers": (
        "t2i-adapter",
        "sdxl",
        {"adapter.conv_in.weight": [320, 768, 3, 3], "adapter.body.0.resnets.0.block1.weight": [320, 320, 3, 3]},
    ),
    "a LoRA of diffusers": (
        "lora",
        "sdxl",
        {"unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": [16, 2048]},
    ),
    "a Control-LoRA of peft": (
        "control-lora",
        "sd15",
        {
            "base_model.model.controlnet_cond_embedding.conv_in.weight": [16, 3, 3, 3],
            "base_model.model.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight": [16, 768],
        },
    ),
    "a LoRA": (
        "lora",
        "sd15",
        {"lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight": [16, 768]},
    ),
    "dev": ("checkpoint", "flux", {"double_blocks.0.img_attn.proj.weight": [3072, 3072]}),
}
"""File name to kind, base and tensors."""


OTHERS: dict[str, dict[str, list[int]]] = {
    "LTX-Video": {"transformer_blocks.0.attn2.to_k.weight": [2048, 2048]},
    "HunyuanVideo": {
        "txt_in.individual_token_refiner.blocks.0.mlp.fc1.weight": [12288, 3072],
        "double_blocks.0.img_attn_proj.weight": [3072, 3072],
    },
    "stable_cascade_canny": {"backbone.0.0.weight": [24, 3, 3, 3], "controlnet_blocks.0.weight": [2048, 2048]},
    "AuraFlow": {"double_layers.0.attn.w1k.weight": [3072, 3072]},
    "Sana": {
        "transformer_blocks.0.attn2.to_k.weight": [2240, 2240],
        "caption_projection.linear_1.weight": [2240, 2304],
    },
}
"""Tensors of models that are for none of the bases."""


def write_whole(path: Path, shapes: Mapping[str, Sequence[int]]) -> Path:
    """Write a safetensors file with these tensors of 16 bits, all zeros."""
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * math.prod(shape)
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(end))
    return path


def write_header(path: Path, shapes: Mapping[str, Sequence[int]]) -> Path:
    """Write a safetensors file that has these tensors and no data: nobody may read further than its header."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    for name, shape in shapes.items():
        header[name] = {"dtype": "F16", "shape": list(shape), "data_offsets": [0, 0]}
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text)
    return path
