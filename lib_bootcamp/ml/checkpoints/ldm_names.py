"""A checkpoint's weights by LDM's names, of Stable Diffusion 1, 2 and XL: the inverse of diffusers' conversion."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch

from lib_bootcamp.core.networks.ldm_unet import UNetShape, ldm_path
from lib_bootcamp.errors import ModelError

from .ldm_view import UNET, VAE
from .open_clip_names import in_transformers_4, to_open_clip

TEXT = "cond_stage_model.transformer."
TEXT_2 = "cond_stage_model.model."
TEXT_XL, TEXT_XL_2 = "conditioner.embedders.0.transformer.", "conditioner.embedders.1.model."
_VAE_ATTENTION = {"group_norm.": "norm.", "to_q.": "q.", "to_k.": "k.", "to_v.": "v.", "to_out.0.": "proj_out."}


def to_ldm(
    unet: Any, vae: Any, text_encoder: Any, text_encoder_2: Any = None, *, family: str = "sd1"
) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint under LDM's names: the inverse of diffusers' conversion.

    Args:
        unet: diffusers' `UNet2DConditionModel`.
        vae: diffusers' `AutoencoderKL`.
        text_encoder: transformers' `CLIPTextModel`.
        text_encoder_2: SDXL's `CLIPTextModelWithProjection`.
        family: `sd1`, `sd2` or `sdxl`.
    """
    shape = UNetShape.of(unet.config)
    found = {UNET + _unet_name(name, shape): value for name, value in unet.state_dict().items()}
    for name, value in vae.state_dict().items():
        new = _vae_name(name, len(vae.config.block_out_channels))
        if re.search(r"mid\.attn_1\.(q|k|v|proj_out)\.weight", new) and value.ndim == 2:
            value = value[..., None, None]
        found[VAE + new] = value
    if family == "sd2":
        return found | to_open_clip(text_encoder.state_dict(), TEXT_2, with_last=True)
    for name, value in text_encoder.state_dict().items():
        found[(TEXT_XL if family == "sdxl" else TEXT) + in_transformers_4(name)] = value
    if text_encoder_2 is not None:
        found |= to_open_clip(text_encoder_2.state_dict(), TEXT_XL_2)
    return found


def _unet_name(name: str, shape: UNetShape) -> str:
    found = ldm_path(shape, name)
    if found is None:
        raise _no_place(name)
    return found


def _vae_name(name: str, levels: int) -> str:
    side, _, inner = name.partition(".")
    if side not in ("encoder", "decoder"):
        return name
    inner = inner.replace("conv_norm_out.", "norm_out.")
    if not inner.startswith(("down_blocks", "up_blocks", "mid_block")):
        return f"{side}.{inner}"
    place, at, kind, index, rest = _parts(inner)
    rest = rest.replace("conv_shortcut.", "nin_shortcut.")
    if place == "mid_block":
        if kind == "attentions":
            return f"{side}.mid.attn_1.{_renamed(rest, _VAE_ATTENTION)}"
        return f"{side}.mid.block_{index + 1}.{rest}"
    level, short = (at, "down") if place == "down_blocks" else (levels - 1 - at, "up")
    if kind in ("downsamplers", "upsamplers"):
        return f"{side}.{short}.{level}.{short}sample.{rest}"
    return f"{side}.{short}.{level}.block.{index}.{rest}"


def _parts(name: str) -> tuple[str, int, str, int, str]:
    found = re.match(r"(down_blocks|up_blocks)\.(\d+)\.(\w+?)\.(\d+)\.(.*)", name)
    if found:
        return found[1], int(found[2]), found[3], int(found[4]), found[5]
    found = re.match(r"mid_block\.(\w+?)\.(\d+)\.(.*)", name)
    if not found:
        raise _no_place(name)
    return "mid_block", 0, found[1], int(found[2]), found[3]


def _no_place(name: str) -> ModelError:
    return ModelError(f"The weight {name} has no place in LDM's layout.")


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        if name.startswith(old):
            return new + name[len(old) :]
    return name
