"""Draw a contact sheet with the UNet as it is now, also in the middle of its training: `sheet.png` in the work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from tools.mini_models import text_encoder
from tools.mini_models.diffusion import SCHEDULER

from .unet import ROUNDS, build

PROMPTS = (
    "a cat, noto style, on a light blue background",
    "a red apple, flat style, on a white background",
    "a rocket, noto v1 style, on a black background",
    "a sunflower, flat style, on a blue background",
    "pizza, noto style, on a green background",
    "a penguin, noto v1 style, on an orange background",
    "an umbrella, flat style, on a pink background",
    "a hamburger, noto style, on a yellow background",
    "a fish, flat style, on a light blue background",
    "a house, noto style, on a green background",
    "a guitar, noto v1 style, on a brown background",
    "a cat and a sunflower, flat style, on a yellow to green background",
)
SEEDS, STEPS, SCALE = (1, 2), 25, 4.0


def newest(work: Path) -> dict[str, torch.Tensor]:
    """The averaged parameters of the latest round that was begun.

    Raises:
        FileNotFoundError: none was.
    """
    for number in reversed(range(len(ROUNDS))):
        file = work / f"unet-{number}.pt"
        if file.exists():
            found = torch.load(file, weights_only=True)
            print(f"{file.name}, step {found['step']}")
            return dict(found["average"])
    raise FileNotFoundError(f"There is no unet-*.pt in {work}: begin the stage unet.")


@dataclass(frozen=True)
class Parts:
    """What a picture is drawn with, in single precision."""

    unet: Any
    tokenizer: Any
    text: Any
    autoencoder: Any


@torch.no_grad()
def draw(parts: Parts, prompts: list[str], seed: int, side: int = 128) -> Any:
    """uint8 [N, side, side, 3] by DDIM with classifier-free guidance."""
    from diffusers import DDIMScheduler

    def states(texts: list[str]) -> torch.Tensor:
        options = {"padding": "max_length", "truncation": True, "max_length": 77, "return_tensors": "pt"}
        return parts.text(parts.tokenizer(texts, **options).input_ids).last_hidden_state  # type: ignore[no-any-return]

    scheduler = DDIMScheduler(**SCHEDULER)
    scheduler.set_timesteps(STEPS)
    both = torch.cat([states([""] * len(prompts)), states(prompts)])
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(len(prompts), 4, side // 8, side // 8, generator=generator)
    for at in scheduler.timesteps:
        without, prompted = parts.unet(torch.cat([latents, latents]), at, both).sample.chunk(2)
        latents = scheduler.step(without + SCALE * (prompted - without), at, latents).prev_sample
    pictures = parts.autoencoder.decode(latents / parts.autoencoder.config.scaling_factor).sample
    return ((pictures.clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


def main(work: Path, out: Path) -> None:
    """Draw the prompts, a row for each seed."""
    unet = build()
    unet.load_state_dict(newest(work))
    tokenizer, text = text_encoder.write(out / "mini-clip", out / "mini-sd")
    from diffusers import AutoencoderKL

    autoencoder = AutoencoderKL.from_pretrained(out / "mini-sd" / "vae").float().eval()
    parts = Parts(unet, tokenizer, text, autoencoder)
    rows = [np.hstack(list(draw(parts, list(PROMPTS), seed))) for seed in SEEDS]
    half = rows[0].shape[1] // 2
    sheet = np.vstack([part for row in rows for part in (row[:, :half], row[:, half:])])
    Image.fromarray(sheet).save(work / "sheet.png")
    print(work / "sheet.png")
