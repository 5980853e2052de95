"""Write a tiny random checkpoint in the LDM layout of SD1.5, and a ControlNet that goes with it.

Run with the WebUI's Python: `make_models.py --webui DIR --out DIR`. The pictures mean nothing; that they are
computed, steered and saved as real ones is what the tests need. The text encoder's sizes are those of the
configuration the WebUI itself loads, which must be in the Hugging Face cache.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import sys
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHANNELS = 32
LEVELS = (1, 2, 4, 4)
BLOCKS = 2

# sd-webui-controlnet builds every ControlNet 320 channels wide; a tiny one needs its width read from the file.
SHIM = """
import sys
from modules import script_callbacks


def narrow(demo, app):
    guess = sys.modules.get("scripts.controlnet_model_guess")
    if guess is None or hasattr(guess, "bootcamp_wide"):
        return
    guess.bootcamp_wide = guess.PlugableControlModel

    def build(config, state_dict=None):
        if state_dict is not None:
            config["model_channels"] = int(state_dict["input_blocks.0.0.weight"].shape[0])
        return guess.bootcamp_wide(config, state_dict)

    guess.PlugableControlModel = build


script_callbacks.on_app_started(narrow)
"""


def _settings(webui: Path, width: int) -> Any:
    from omegaconf import OmegaConf

    made = OmegaConf.load(webui / "configs" / "v1-inference.yaml")
    params = made.model.params
    params.unet_config.params.model_channels = CHANNELS
    params.unet_config.params.context_dim = width
    vae = params.first_stage_config.params.ddconfig
    vae.ch, vae.ch_mult, vae.num_res_blocks = 32, [1, 2, 2, 2], 1
    return made


def _weights(node: Any) -> dict[str, Any]:
    import torch
    from omegaconf import OmegaConf

    module_name, class_name = node.target.rsplit(".", 1)
    module = getattr(importlib.import_module(module_name), class_name)(**OmegaConf.to_container(node.params))
    with torch.no_grad():
        for value in module.parameters():
            if value.ndim > 1 and not value.any():  # layers that begin at zero would say nothing
                value.normal_(0, 0.5 / value[0].numel() ** 0.5)
    return dict(module.state_dict())


def _conv(tensors: dict[str, Any], name: str, shape: tuple[int, int, int], gain: float) -> None:
    import torch

    out, inner, size = shape
    tensors[f"{name}.weight"] = torch.randn(out, inner, size, size) * gain / (inner * size * size) ** 0.5
    tensors[f"{name}.bias"] = torch.zeros(out)


def controlnet(unet: Mapping[str, Any]) -> dict[str, Any]:
    """The UNet's own encoder, an encoder for the map, and output convolutions that are not zero."""
    encoder = ("time_embed.", "input_blocks.", "middle_block.")
    tensors = {name: value for name, value in unet.items() if name.startswith(encoder)}
    widths = [3, 16, 16, 32, 32, 96, 96, 256, CHANNELS]
    for at, (inner, out) in enumerate(itertools.pairwise(widths)):
        _conv(tensors, f"input_hint_block.{at * 2}", (out, inner, 3), 1.4)
    widths = [CHANNELS]
    for level, factor in enumerate(LEVELS):
        widths += [CHANNELS * factor] * (BLOCKS + (level < len(LEVELS) - 1))
    for at, width in enumerate(widths):
        _conv(tensors, f"zero_convs.{at}.0", (width, width, 1), 0.5)
    _conv(tensors, "middle_block_out.0", (widths[-1], widths[-1], 1), 0.5)
    return {f"control_model.{name}": value for name, value in tensors.items()}


def _save(path: Path, tensors: Mapping[str, Any]) -> None:
    from safetensors.torch import save_file

    path.parent.mkdir(parents=True, exist_ok=True)
    halved = {name: value.half() if value.is_floating_point() else value for name, value in tensors.items()}
    save_file({name: value.contiguous().clone() for name, value in halved.items()}, str(path))


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--webui", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.webui / "repositories" / "stable-diffusion-stability-ai"))
    sys.modules["taming.modules.losses.lpips"] = types.SimpleNamespace(LPIPS=None)  # type: ignore[assignment]
    import torch
    from omegaconf import OmegaConf
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(0)
    text_settings = CLIPTextConfig.from_pretrained("openai/clip-vit-large-patch14")
    settings = _settings(given.webui, text_settings.hidden_size)
    params = settings.model.params
    unet, vae = _weights(params.unet_config), _weights(params.first_stage_config)
    betas = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
    tensors = {f"model.diffusion_model.{name}": value for name, value in unet.items()}
    tensors |= {f"first_stage_model.{name}": value for name, value in vae.items() if not name.startswith("loss")}
    text = CLIPTextModel(text_settings).state_dict()
    tensors |= {f"cond_stage_model.transformer.{name}": value for name, value in text.items()}
    tensors |= {"betas": betas, "alphas_cumprod": torch.cumprod(1 - betas, 0)}
    checkpoint = given.out / "checkpoints" / "tiny-sd15.safetensors"
    _save(checkpoint, tensors)
    OmegaConf.save(settings, checkpoint.with_suffix(".yaml"))
    paler = {name: value * 0.5 if name.startswith("decoder.conv_out") else value for name, value in vae.items()}
    _save(checkpoint.with_name("paler.vae.safetensors"), paler)
    _save(given.out / "controlnet" / "control_v1p_sd15_qrcode_monster.safetensors", controlnet(unet))
    _save(given.out / "controlnet" / "control_v1p_sd15_illumination.safetensors", controlnet(unet))
    _save(given.out / "controlnet" / "control_v11p_sd15_softedge.safetensors", controlnet(unet))
    from controlnet_aux.hed import ControlNetHED_Apache2

    detector = given.out / "annotator" / "hed" / "ControlNetHED.pth"
    detector.parent.mkdir(parents=True)
    torch.save(ControlNetHED_Apache2().state_dict(), detector)
    (given.out / "narrow_controlnet.py").write_text(SHIM, encoding="utf-8")


if __name__ == "__main__":
    main()
