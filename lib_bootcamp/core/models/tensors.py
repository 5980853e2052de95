"""What a model is and which base it belongs to, detected from the names and shapes of its tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias

from .bases import Base

Found: TypeAlias = "Base | Literal['other'] | None"
Shapes = Mapping[str, "tuple[Any, ...]"]
Kind = Literal[
    "controlnet",
    "control-lora",
    "t2i-adapter",
    "controlnet-lllite",
    "ip-adapter",
    "checkpoint",
    "lora",
    "vae",
    "text-encoder",
    "unknown",
]
KIND_TITLES: dict[str, str] = {
    "controlnet": "ControlNet",
    "control-lora": "Control-LoRA",
    "t2i-adapter": "T2I-Adapter",
    "controlnet-lllite": "ControlNet-LLLite",
    "ip-adapter": "IP-Adapter",
    "checkpoint": "checkpoint",
    "lora": "LoRA",
    "vae": "VAE",
    "text-encoder": "text encoder",
    "unknown": "model",
}
# Parts of tensors' names; the first kind that has one is it.
# Sources: ComfyUI comfy/controlnet.py, comfy_extras/nodes_model_patch.py; diffusers models/controlnets/.
_KIND_MARKS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("control-lora", ("lora_controlnet",)),
    ("ip-adapter", ("to_k_ip.weight", "ip_adapter", "image_proj.", "image_proj_model.")),
    ("controlnet-lllite", ("lllite_",)),
    (
        "controlnet",
        (
            *("input_hint_block.", "zero_convs.", "controlnet_cond_embedding.", "controlnet_down_blocks."),
            *("controlnet_blocks.", "controlnet_x_embedder", "controlnet_mode_embedder", "pos_embed_input."),
            *("control_all_x_embedder.", "control_noise_refiner.", "control_layers.", "control_blocks."),
            *("control_img_in.", "after_proj_list.", "copied_block.", "control_add_embedding.", "vace_blocks."),
        ),
    ),
    ("t2i-adapter", ("body.0.block1.", "adapter.body.", "body.0.resnets.", "body.0.in_conv.")),
    ("lora", ("lora_down", "lora_up", "lora_A", "lora_B", "lora.down", "hada_w1", "lokr_w1")),
    (
        "checkpoint",
        (
            *(
                "diffusion_model.",
                "double_blocks.",
                "joint_blocks.",
                "down_blocks.0.attentions",
                "down_blocks.1.attentions",
            ),
            *("input_blocks.", "transformer_blocks.", "distilled_guidance_layer.", "cap_embedder.", "noise_refiner."),
            *("y_embedder.", "double_stream_modulation", "individual_token_refiner"),
        ),
    ),
    ("vae", ("decoder.conv_in.", "post_quant_conv.", "decoder.up_blocks.", "first_stage_model.")),
    ("text-encoder", ("text_model.encoder.", "encoder.block.0.layer.0.SelfAttention", "vision_model.")),
)
OTHER: Final = "other"
"""Tensors of a base that is none of `Base`."""
_UNET = re.compile(r"(?:input|output|down|up)_blocks?[._]|mid(?:dle)?_block[._]")
_UNET_WIDTHS = {320, 640, 1280}
# The cross-attention's width is the text encoder's: CLIP ViT-L/14, OpenCLIP ViT-H/14, and both joined in SDXL.
BY_TEXT_WIDTH: dict[int, Base] = {768: "sd15", 1024: "sd2", 2048: "sdxl"}
# Checkpoints and ControlNets, LoRAs, Control-LoRAs, IP-Adapters: the last number of the shape is the width.
_TO_K = (
    "attn2.to_k.weight",
    "attn2_to_k.lora_down.weight",
    "attn2.to_k.lora_A.weight",
    "attn2.to_k.down",
    "attn2.to_k.base_layer.weight",
)
# What only one architecture calls a tensor; earlier ones are told apart from later ones.
_MARKS: tuple[tuple[tuple[str, ...], Base | Literal["other"]], ...] = (
    (("individual_token_refiner", "token_refiner.refiner_blocks", "vace_blocks.", "double_stream_blocks."), OTHER),
    (("double_layers.", "backbone.0.0.weight", "backbone.10.blocks.0.weight", "patch_embedding.weight"), OTHER),
    (("control_all_x_embedder.", "control_noise_refiner."), "zimage"),
    (("txt_norm.weight", ".img_mlp.net.", ".img_mod.1.", "controlnet_blocks.0.y_rms.", "control_img_in."), "qwen"),
    (("after_proj_list.",), "hunyuandit"),
    (("copied_block.",), "pixart"),
    (("distilled_guidance_layer.",), "chroma"),
    (("double_stream_modulation", "single_stream_modulation"), "flux2"),
    (("joint_blocks.", "pos_embed_input."), "sd3"),
    (("double_blocks.", "controlnet_mode_embedder."), "flux"),
)
# Widths of the transformers, where a tensor's name is used by several.
_BY_WIDTH: dict[int, Base] = {
    1152: "pixart",
    1408: "hunyuandit",
    1536: "sd3",
    2432: "sd3",
    3072: "flux",
    3840: "zimage",
    6144: "flux2",
}
_WIDE = re.compile(
    r"(?:^|\.)(?:controlnet_blocks\.0(?:\.(?:weight|linear\.weight|before_proj\.weight))|context_embedder\.weight"
    r"|(?:transformer_)?blocks\.0\.attn2\.to_k\.weight|caption_projection\.linear_1\.weight"
    r"|y_embedder\.y_proj\.fc1\.weight|cap_embedder\.1\.weight|\d+\.to_k_ip\.weight)$"
)


def kind_of_shapes(shapes: Shapes) -> Kind:
    """What a model is."""
    kind: Kind = next((kind for kind, marks in _KIND_MARKS if _has(shapes, marks)), "unknown")
    # Control-LoRAs trained with peft: a ControlNet's names, and LoRAs where its blocks are.
    return "control-lora" if kind == "controlnet" and _has(shapes, ("lora_A", "lora_down")) else kind


def base_of_shapes(shapes: Shapes) -> Found:
    """The base a model belongs to, by the first rule that knows; None where none does."""
    for find in (_by_mark, _by_cross_attention, _by_width, _by_adapter, _by_lllite):
        base = find(shapes)
        if base is not None:
            return base
    return None


def is_union(shapes: Shapes) -> bool:
    """Whether a ControlNet is for several kinds of maps, one of which is chosen: it has a vector for each.

    Source: xinsir's ControlNet++ (`task_embedding`), InstantX's for Flux (`controlnet_mode_embedder`).
    """
    return _has(shapes, ("task_embedding", "control_add_embedding.", "controlnet_mode_embedder."))


def text_width(shapes: Shapes) -> int | None:
    """How many numbers of each token a UNet's or ControlNet's cross-attention looks at; None where it has none."""
    widths = (
        shape[1]
        for name, shape in shapes.items()
        if name.endswith("attn2.to_k.weight") and len(shape) == 2 and _UNET.search(name)
    )
    return next(widths, None)


def _has(names: Iterable[str], marks: tuple[str, ...]) -> bool:
    return any(mark in name for name in names for mark in marks)


def _by_mark(shapes: Shapes) -> Found:
    return next((base for marks, base in _MARKS if _has(shapes, marks)), None)


def _by_cross_attention(shapes: Shapes) -> Base | None:
    """UNets: the width of what their cross-attention looks at."""
    for name, shape in shapes.items():
        if len(shape) != 2 or shape[1] not in BY_TEXT_WIDTH:
            continue
        is_adapter = name.endswith("to_k_ip.weight") and shape[0] in _UNET_WIDTHS
        if is_adapter or (name.endswith(_TO_K) and _UNET.search(name)):
            base = BY_TEXT_WIDTH[shape[1]]
            return "kolors" if base == "sdxl" and _is_kolors(shapes) else base
    return None


def _is_kolors(shapes: Shapes) -> bool:
    """Kolors has SDXL's UNet, whose context comes from ChatGLM's 4096 numbers.

    Source: Kwai-Kolors; ComfyUI_IPAdapter_plus, `is_kwai_kolors`.
    """
    for name, shape in shapes.items():
        if name.endswith("encoder_hid_proj.weight") and 4096 in shape:
            return True
        if name.endswith(("add_embedding.linear_1.weight", "label_emb.0.0.weight")) and shape[-1:] == (5632,):
            return True
        if name.endswith("perceiver_resampler.layers.0.0.to_out.weight"):
            return shape[:1] == (4096,)
        if name.endswith("image_proj.layers.0.0.to_out.weight"):
            return shape[:1] == (2048,)
    return False


def _by_width(shapes: Shapes) -> Found:
    """Transformers: the width of what a block takes or gives."""
    for name, shape in shapes.items():
        if _WIDE.search(name) and shape and not _UNET.search(name):
            return _BY_WIDTH.get(shape[0]) or OTHER
    return None


def _by_adapter(shapes: Shapes) -> Base | None:
    """A T2I-Adapter's first layer takes blocks of 8 x 8 pixels, or of 16 x 16 for SDXL, of one or three channels."""
    for name, shape in shapes.items():
        if name.endswith("body.0.in_conv.weight"):
            return "sd15"
        if name in {"conv_in.weight", "adapter.conv_in.weight"} and len(shape) == 4:
            return {64: "sd15", 192: "sd15", 256: "sdxl", 768: "sdxl"}.get(shape[1])  # type: ignore[return-value]
    return None


def _by_lllite(shapes: Shapes) -> Found:
    """ControlNet-LLLite names blocks of the UNet: only SDXL's have more than one transformer layer."""
    if any(name.startswith("lllite_dit") for name in shapes):
        return OTHER
    blocks = [name for name in shapes if name.startswith("lllite_unet")]
    if not blocks:
        return None
    return "sdxl" if any(re.search(r"transformer_blocks_[1-9]", name) for name in blocks) else "sd15"
