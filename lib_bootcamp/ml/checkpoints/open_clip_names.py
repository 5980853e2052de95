"""transformers' names of a CLIP text encoder's weights to open_clip's: the inverse of `ldm_view.open_clip_tensors`."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

from .ldm_view import OPEN_CLIP_LAYER, OPEN_CLIP_TOP

_LAYER = re.compile(r"text_model\.encoder\.layers\.(\d+)\.(.+)")
_FUSED = re.compile(r"self_attn\.([qkv])_proj\.(weight|bias)")


def in_transformers_4(name: str) -> str:
    """A text encoder's weight as transformers 4 names it, which files have; 5 has one module less."""
    return name if name.startswith(("text_model.", "text_projection.")) else f"text_model.{name}"


def to_open_clip(
    tensors: Mapping[str, torch.Tensor], prefix: str, *, with_last: bool = False
) -> dict[str, torch.Tensor]:
    """The weights of a text encoder as open_clip has them: projections fused, the text projection transposed.

    Source: kohya-ss/sd-scripts, library/model_util.py, `convert_text_encoder_state_dict_to_sd_v2`, which gives Stable
    Diffusion 2 a last layer too: nothing computes with it, and diffusers leaves it out.

    Args:
        tensors: by transformers' names.
        prefix: of the names that are made.
        with_last: whether the last layer is given a second time.
    """
    found: dict[str, torch.Tensor] = {}
    fused: dict[str, dict[str, torch.Tensor]] = {}
    tops = {new: old for old, new in OPEN_CLIP_TOP.items()}
    last = -1
    for given, value in tensors.items():
        name = in_transformers_4(given)
        layer = _LAYER.fullmatch(name)
        if layer is None:
            if name in tops:
                found[prefix + tops[name]] = value.T if name == "text_projection.weight" else value
            continue
        last = max(last, int(layer[1]))
        block, part = f"{prefix}transformer.resblocks.{layer[1]}.", _FUSED.fullmatch(layer[2])
        if part is not None:
            fused.setdefault(f"{block}attn.in_proj_{part[2]}", {})[part[1]] = value
        else:
            inner = layer[2]
            for old, new in OPEN_CLIP_LAYER.items():
                inner = inner.replace(new, old)
            found[block + inner] = value
    found |= {name: torch.cat([each[part] for part in "qkv"]) for name, each in fused.items()}
    if with_last:
        block = f"{prefix}transformer.resblocks."
        again = f"{block}{last}."
        found |= {
            f"{block}{last + 1}.{name[len(again) :]}": each for name, each in found.items() if name.startswith(again)
        }
    return found
