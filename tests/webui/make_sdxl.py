"""Write a tiny checkpoint of SDXL's kind: a random UNet and text encoders, and the small checkpoint's VAE.

Run with the WebUI's Python: `make_sdxl.py --webui DIR --mini FILE --out FILE`. What it predicts means nothing, but its
latents are a VAE's that draws: what steers their brightness can be seen in the picture.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

CHANNELS, TEXT, POOLED = 32, 768, 512
OPEN_CLIP = "ViT-B-32"


def _settle(unet: Any) -> None:
    """Random but for the last convolution, which is fitted to give back what the network is given.

    So the noise that it predicts is about the noise there is, and what it draws lies where the VAE can draw it.
    """
    import torch

    with torch.no_grad():
        for value in unet.parameters():
            if value.ndim > 1 and not value.any():  # layers that begin at zero would say nothing
                value.normal_(0, 0.1 / value[0].numel() ** 0.5)
        seen: list[Any] = []
        last = unet.out[-1]
        hook = last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        noise, steps = torch.randn(8, 4, 32, 32), torch.linspace(1, 999, 8)
        unet(noise, steps, context=torch.randn(8, 77, TEXT + POOLED), y=torch.randn(8, POOLED + 3 * 512))
        hook.remove()
        near = torch.nn.functional.unfold(seen[0], 3, padding=1).transpose(1, 2).flatten(0, 1)
        near = torch.cat([near, torch.ones(len(near), 1)], 1)
        found = torch.linalg.lstsq(near, noise.flatten(2).transpose(1, 2).flatten(0, 1)).solution
        last.weight.copy_(found[:-1].T.reshape(last.weight.shape))
        last.bias.copy_(found[-1])


def main() -> None:
    """Write the checkpoint, and its configuration beside it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--webui", type=Path, required=True)
    parser.add_argument("--mini", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    sys.path.insert(0, str(given.webui / "repositories" / "generative-models"))
    import open_clip
    import torch
    import transformers
    from omegaconf import OmegaConf
    from safetensors.torch import load_file, save_file

    torch.manual_seed(0)
    text = transformers.CLIPTextModel
    with_weights, text.from_pretrained = (
        text.from_pretrained,
        lambda name: text(text.config_class.from_pretrained(name)),
    )
    whole = open_clip.create_model_and_transforms
    open_clip.create_model_and_transforms = lambda *args, pretrained=None, **more: whole(*args, pretrained=None, **more)
    settings = OmegaConf.load(given.webui / "repositories/generative-models/configs/inference/sd_xl_base.yaml")
    mini = OmegaConf.load(given.mini.with_suffix(".yaml")).model.params
    params = settings.model.params
    params.scale_factor = mini.scale_factor
    unet = params.network_config.params
    unet.model_channels, unet.num_head_channels, unet.transformer_depth = CHANNELS, 32, [1, 1, 1]
    unet.context_dim, unet.adm_in_channels = TEXT + POOLED, POOLED + 3 * 512
    unet.spatial_transformer_attn_type = "softmax"
    encoders = params.conditioner_config.params.emb_models
    encoders[1].params.arch = OPEN_CLIP
    vae = params.first_stage_config.params
    vae.ddconfig = {**mini.first_stage_config.params.ddconfig, "attn_type": "vanilla"}
    from sgm.util import instantiate_from_config

    made = instantiate_from_config(settings.model)
    text.from_pretrained, open_clip.create_model_and_transforms = with_weights, whole
    drawn = {
        name.removeprefix("first_stage_model."): value
        for name, value in load_file(given.mini).items()
        if name.startswith("first_stage_model.")
    }
    made.first_stage_model.load_state_dict(drawn)
    _settle(made.model.diffusion_model)
    tensors = {
        name: (value.half() if value.is_floating_point() else value).clone().contiguous()
        for name, value in made.state_dict().items()
    }
    save_file(tensors, given.out)
    OmegaConf.save(settings, given.out.with_suffix(".yaml"))


if __name__ == "__main__":
    main()
