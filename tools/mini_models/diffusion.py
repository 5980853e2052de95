"""What all diffusion trainings here share: the schedule, the loss, the folder that comes out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

SCHEDULER = {
    "num_train_timesteps": 1000,
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "prediction_type": "epsilon",
    "clip_sample": False,
    "set_alpha_to_one": False,
    "steps_offset": 1,
}
OFFSET = 0.1  # noise on a channel's mean: the schedule's last step still tells the picture's mean color
SNR_CAP = 5.0  # min-SNR weighting, https://arxiv.org/abs/2303.09556
_BETAS = torch.linspace(SCHEDULER["beta_start"] ** 0.5, SCHEDULER["beta_end"] ** 0.5, 1000, dtype=torch.float64) ** 2  # type: ignore[operator]
KEPT = torch.cumprod(1 - _BETAS, 0).float()
WEIGHT = (KEPT / (1 - KEPT)).clamp(max=SNR_CAP) / (KEPT / (1 - KEPT))
PARTS = {
    "scheduler": ["diffusers", "DDIMScheduler"],
    "text_encoder": ["transformers", "CLIPTextModel"],
    "tokenizer": ["transformers", "CLIPTokenizer"],
    "unet": ["diffusers", "UNet2DConditionModel"],
    "vae": ["diffusers", "AutoencoderKL"],
    "safety_checker": [None, None],
    "feature_extractor": [None, None],
    "image_encoder": [None, None],
}


def noise_loss(unet: Any, clean: torch.Tensor, states: torch.Tensor) -> tuple[torch.Tensor, dict[str, float]]:
    """The weighted error of the predicted noise.

    Args:
        unet: diffusers' UNet2DConditionModel.
        clean: latents, float [N, 4, H, W].
        states: of the text encoder, float [N, 77, width].
    """
    noise = torch.randn_like(clean) + OFFSET * torch.randn(len(clean), 4, 1, 1)
    at = torch.randint(0, 1000, (len(clean),))
    share = KEPT[at].view(-1, 1, 1, 1)
    guess = unet(share.sqrt() * clean + (1 - share).sqrt() * noise, at, states).sample
    error = ((guess - noise) ** 2).mean((1, 2, 3))
    return (WEIGHT[at] * error).mean(), {"error": error.mean().item()}


def write_pipeline(unet: Any, folder: Path) -> None:
    """Write the UNet, the scheduler and the index of a diffusers folder that has all else."""
    unet.half().save_pretrained(folder / "unet")
    _write_json(folder / "scheduler" / "scheduler_config.json", {"_class_name": "DDIMScheduler", **SCHEDULER})
    index = {"_class_name": "StableDiffusionPipeline", **PARTS, "requires_safety_checker": False}
    _write_json(folder / "model_index.json", index)


def _write_json(path: Path, value: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
