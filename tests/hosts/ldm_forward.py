"""Run by the WebUI's Python: how far the view's forward is from LDM's own, for the WebUI's own configurations.

The widths are reduced, the weights random. Prints the greatest differences as JSON in its last line.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
WEBUI = Path(os.environ["WEBUI_DIR"])
REPOSITORIES = WEBUI / "repositories"
sys.path[:0] = [str(REPOSITORIES / "stable-diffusion-stability-ai"), str(REPOSITORIES / "generative-models")]
sys.modules["taming.modules.losses.lpips"] = types.ModuleType("lpips")
sys.modules["taming.modules.losses.lpips"].LPIPS = None

import torch  # noqa: E402
import yaml  # noqa: E402

from lib_bootcamp.ml.checkpoints.ldm_view import LdmModel, LdmView  # noqa: E402

STABILITY = REPOSITORIES / "stable-diffusion-stability-ai" / "configs" / "stable-diffusion"
FILES = {
    "sd1": WEBUI / "configs" / "v1-inference.yaml",
    "sd2": STABILITY / "v2-inference-v.yaml",
    "sdxl": REPOSITORIES / "generative-models" / "configs" / "inference" / "sd_xl_base.yaml",
}
SMALLER = {
    "sd1": {"model_channels": 32},
    "sd2": {"model_channels": 64},
    "sdxl": {"model_channels": 64, "transformer_depth": [1, 1, 1]},
}


def make(node: dict[str, Any]) -> torch.nn.Module:
    """The module of a configuration's node, with random weights also where LDM starts with zeros."""
    path, name = node["target"].rsplit(".", 1)
    module = getattr(importlib.import_module(path), name)(**node["params"]).eval()
    with torch.no_grad():
        for value in module.parameters():
            value.add_(torch.randn_like(value) * (0.5 / value[0].numel() ** 0.5 if value.ndim > 1 else 0.1))
    return module


def differences(family: str) -> dict[str, float]:
    """The greatest absolute differences, by part."""
    torch.manual_seed(0)
    config = yaml.safe_load(FILES[family].read_text(encoding="utf-8"))
    params = config["model"]["params"]
    network = params.get("unet_config") or params["network_config"]
    network["params"].update(SMALLER[family], use_checkpoint=False)
    for name in ("use_fp16", "spatial_transformer_attn_type"):
        network["params"].pop(name, None)
    small = {"ch": 32, "ch_mult": [1, 2, 2, 2], "num_res_blocks": 1, "attn_type": "vanilla"}
    params["first_stage_config"]["params"]["ddconfig"].update(small)
    unet, vae = make(network), make(params["first_stage_config"])
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CLIPTextModel(
        CLIPTextConfig(hidden_size=64, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4)
    )
    model = LdmModel(family=family, config=config, unet=unet, vae=vae, clip=text)
    parts = LdmView(model).borrow(model)
    latent, time, context = (
        torch.randn(1, 4, 16, 16),
        torch.tensor([500]),
        torch.randn(1, 77, network["params"]["context_dim"]),
    )
    theirs, ours = {}, {}
    if family == "sdxl":
        from sgm.modules.diffusionmodules.util import timestep_embedding

        pooled = torch.randn(1, network["params"]["adm_in_channels"] - 6 * 256)
        sizes = torch.tensor([[512.0, 512.0, 0.0, 0.0, 512.0, 512.0]])
        theirs["y"] = torch.cat([pooled, timestep_embedding(sizes.flatten(), 256).reshape(1, -1)], 1)
        ours["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": sizes}
    picture = torch.rand(1, 3, 64, 64) * 2 - 1
    with torch.no_grad():
        encoded = parts["vae"].encode(picture).latent_dist.mode()
        pairs = {
            "unet": (
                unet(latent, timesteps=time, context=context, **theirs),
                parts["unet"](latent, time, context, **ours).sample,
            ),
            "encode": (vae.quant_conv(vae.encoder(picture))[:, :4], encoded),
            "decode": (vae.decode(encoded), parts["vae"].decode(encoded).sample),
        }
    return {f"{family} {name}": (a - b).abs().max().item() for name, (a, b) in pairs.items()}


if __name__ == "__main__":
    found = {name: value for family in FILES for name, value in differences(family).items()}
    sys.stdout.write("\n" + json.dumps(found) + "\n")
