"""A checkpoint of SDXL's kind of a few thousand random weights, around another one's VAE and tokenizer."""

from __future__ import annotations

import dataclasses

import torch  # noqa: TID253 - only imported by tests that have skipped without it

from lib_bootcamp.ports import Components

WIDTHS = (24, 32)
"""Of its two text encoders."""


def tiny_sdxl(other: Components) -> Components:
    """Such a checkpoint, in memory.

    Args:
        other: whose VAE, tokenizer and scheduler it has.
    """
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(0)
    unet = UNet2DConditionModel(
        sample_size=16,
        in_channels=other.vae.config.latent_channels,
        out_channels=other.vae.config.latent_channels,
        layers_per_block=1,
        block_out_channels=(16, 32),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        norm_num_groups=8,
        cross_attention_dim=sum(WIDTHS),
        attention_head_dim=4,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTHS[1],
    )
    configs = [
        CLIPTextConfig(
            hidden_size=width,
            intermediate_size=2 * width,
            num_hidden_layers=3,
            num_attention_heads=2,
            projection_dim=width,
            vocab_size=49408,
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
        )
        for width in WIDTHS
    ]
    first, second = CLIPTextModel(configs[0]), CLIPTextModelWithProjection(configs[1])
    for each in (unet, first, second):
        each.eval().requires_grad_(False)
    return dataclasses.replace(
        other,
        family="sdxl",
        unet=unet,
        text_encoder=first,
        text_encoder_2=second,
        tokenizer_2=other.tokenizer,
    )
