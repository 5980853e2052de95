"""The configuration of a Stable Diffusion 1 checkpoint, as the .yaml beside it holds it, from its tensors' shapes.

Source of the layout: CompVis/latent-diffusion, `openaimodel.py` and `diffusionmodules/model.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from lib_bootcamp.errors import ModelError

from .ldm_view import UNET, VAE

# v1-inference.yaml; a checkpoint of another size brings its own .yaml
HEADS = 8
TEXT_ENCODER = "openai/clip-vit-large-patch14"


def ldm_config(
    shapes: Mapping[str, torch.Size],
    *,
    heads: int = HEADS,
    text_encoder: str = TEXT_ENCODER,
    image_size: int = 64,
    scheduler: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The configuration (as a .yaml beside a checkpoint holds it) that these tensors were made with.

    Args:
        shapes: by LDM name, of a checkpoint of Stable Diffusion 1's layout.
        heads: of the UNet's attention.
        text_encoder: the name or folder of the text encoder's settings.
        image_size: side of the latents it was trained on.
        scheduler: keyword arguments for a diffusers scheduler; None: Stable Diffusion 1's.

    Raises:
        ModelError: the tensors are not those of such a checkpoint.
    """
    try:
        unet, vae = _unet_params(shapes, heads), _vae_params(shapes)
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"This is not a checkpoint of Stable Diffusion 1's layout ({error}).") from error
    made = _config(unet, vae, text_encoder, image_size)
    made["model"]["params"] |= _of_scheduler(scheduler or {})
    return made


def _of_scheduler(scheduler: Mapping[str, Any]) -> dict[str, Any]:
    named = {"beta_start": "linear_start", "beta_end": "linear_end", "num_train_timesteps": "timesteps"}
    made = {new: scheduler[old] for old, new in named.items() if old in scheduler}
    return made | ({"parameterization": "v"} if scheduler.get("prediction_type") == "v_prediction" else {})


def _config(unet: Mapping[str, Any], vae: Mapping[str, Any], text_encoder: str, image_size: int) -> dict[str, Any]:
    embed = vae["z_channels"]
    return {
        "model": {
            "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
            "params": {
                "linear_start": 0.00085,
                "linear_end": 0.012,
                "num_timesteps_cond": 1,
                "log_every_t": 200,
                "timesteps": 1000,
                "first_stage_key": "jpg",
                "cond_stage_key": "txt",
                "image_size": image_size,
                "channels": embed,
                "cond_stage_trainable": False,
                "conditioning_key": "crossattn",
                "scale_factor": 0.18215,
                "use_ema": False,
                "unet_config": {"target": "ldm.modules.diffusionmodules.openaimodel.UNetModel", "params": dict(unet)},
                "first_stage_config": {
                    "target": "ldm.models.autoencoder.AutoencoderKL",
                    "params": {
                        "embed_dim": embed,
                        "monitor": "val/rec_loss",
                        "ddconfig": dict(vae),
                        "lossconfig": {"target": "torch.nn.Identity"},
                    },
                },
                "cond_stage_config": {
                    "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
                    "params": {"version": text_encoder},
                },
            },
        }
    }


def _unet_params(shapes: Mapping[str, torch.Size], heads: int) -> dict[str, Any]:
    first = shapes[f"{UNET}input_blocks.0.0.weight"]
    width, taken = first[0], first[1]
    levels: list[list[tuple[int, bool]]] = [[]]
    context = 0
    for at in range(1, count_of(shapes, f"{UNET}input_blocks.")):
        block = f"{UNET}input_blocks.{at}."
        if f"{block}0.op.weight" in shapes:
            levels.append([])
            continue
        attends = f"{block}1.transformer_blocks.0.attn2.to_k.weight"
        if attends in shapes:
            context = shapes[attends][1]
        levels[-1].append((shapes[f"{block}0.out_layers.3.weight"][0], attends in shapes))
    return {
        "image_size": 32,
        "in_channels": taken,
        "out_channels": shapes[f"{UNET}out.2.weight"][0],
        "model_channels": width,
        "attention_resolutions": [2**at for at, blocks in enumerate(levels) if blocks[0][1]],
        "num_res_blocks": len(levels[0]),
        "channel_mult": [blocks[0][0] // width for blocks in levels],
        "num_heads": heads,
        "use_spatial_transformer": True,
        "transformer_depth": 1,
        "context_dim": context or shapes[f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_k.weight"][1],
        "use_checkpoint": False,
        "legacy": False,
    }


def _vae_params(shapes: Mapping[str, torch.Size]) -> dict[str, Any]:
    width = shapes[f"{VAE}encoder.conv_in.weight"][0]
    levels = count_of(shapes, f"{VAE}decoder.up.")
    blocks = count_of(shapes, f"{VAE}decoder.up.0.block.") - 1
    sizes = [shapes[f"{VAE}decoder.up.{at}.block.{blocks}.conv2.weight"][0] for at in range(levels)]
    return {
        "double_z": True,
        "z_channels": shapes[f"{VAE}post_quant_conv.weight"][0],
        "resolution": 256,
        "in_channels": shapes[f"{VAE}encoder.conv_in.weight"][1],
        "out_ch": shapes[f"{VAE}decoder.conv_out.weight"][0],
        "ch": width,
        "ch_mult": [each // width for each in sizes],
        "num_res_blocks": blocks,
        "attn_resolutions": [],
        "dropout": 0.0,
    }


def count_of(shapes: Mapping[str, Any], prefix: str) -> int:
    """How many numbered parts there are below a name.

    Raises:
        KeyError: there is none.
    """
    numbers = {int(name[len(prefix) :].partition(".")[0]) for name in shapes if name.startswith(prefix)}
    if not numbers:
        raise KeyError(prefix)
    return max(numbers) + 1
