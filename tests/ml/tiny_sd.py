"""A Stable Diffusion 1 of a few thousand random weights, as a diffusers folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch  # noqa: TID253 - only imported by tests that have skipped without it

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision


def tiny_folder(folder: Path) -> Path:
    """Write it; returns the folder."""
    import_torchvision()
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    from lib_bootcamp.ml.checkpoints.ldm_view import open_clip_tokenizer

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=16,
        layers_per_block=1,
        block_out_channels=(32, 32, 64),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=32,
        attention_head_dim=4,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=0,
        sample_size=128,
        scaling_factor=0.18215,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            projection_dim=32,
            vocab_size=49408,
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
        )
    )
    tokenizer = open_clip_tokenizer(folder / "vocabulary")
    tokenizer.pad_token = "<|endoftext|>"
    StableDiffusionPipeline(
        unet=unet,
        vae=vae,
        text_encoder=text,
        tokenizer=tokenizer,
        scheduler=DDIMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear"),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(str(folder / "model"), safe_serialization=True)
    return folder / "model"


def parts(components: Any) -> dict[str, Any]:
    """What `write_single_file` takes, of a host's components."""
    return {name: getattr(components, name) for name in ("unet", "vae", "text_encoder", "tokenizer")}
