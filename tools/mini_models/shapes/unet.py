"""Train mini-sd's UNet on latents of drawn scenes, and write the whole of mini-sd as a diffusers folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from tools.mini_models import text_encoder
from tools.mini_models.diffusion import noise_loss, write_pipeline
from tools.mini_models.loop import Recipe, train
from tools.mini_models.shapes import vae
from tools.mini_models.shapes.clip import CONFIG as CLIP
from tools.mini_models.shapes.scenes import draw_scene, is_plain, sample_scene, write_caption

CONFIG: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    # two levels: what all the small models weigh together is to stay under 20 MB
    "block_out_channels": [64, 64],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": CLIP["text_cfg"]["width"],
    "attention_head_dim": 4,  # the number of heads, by an old mistake of diffusers that checkpoints rely on
}
# side in pixels, scenes, batch
SIZES = ((128, 10_000, 32), (256, 1_600, 8))
# steps, highest learning rate, share of scenes taken from the plain ones only, share of steps at the larger side:
# the first two rounds learn color and ground, the others shape
ROUNDS = ((3_200, 1e-3, 0.5, 0.08), (1_700, 1e-3, 0.5, 0.08), (2_200, 1e-3, 0.75, 0.35), (1_300, 8e-4, 0.8, 0.2))
SEED = 3
FULL = 0.6  # share of captions that tell all
NO_CAPTION = 0.1  # share of empty prompts, for classifier-free guidance


def _latents(autoencoder: Any, side: int, number: int, work: Path) -> tuple[list[Any], torch.Tensor]:
    rng = np.random.default_rng((SEED, side))
    scenes = [sample_scene(rng) for _ in range(number)]
    kept = work / f"latents-{side}.pt"
    if kept.exists():
        return scenes, torch.load(kept, weights_only=True)
    found = []
    for at in tqdm(range(0, number, 16), desc=f"latents of {side} px", mininterval=5):
        batch = vae.as_batch(np.stack([draw_scene(each, side) for each in scenes[at : at + 16]]))
        with torch.no_grad():
            found.append(autoencoder.encode(batch).latent_dist.mean * autoencoder.config.scaling_factor)
    made = torch.cat(found)
    torch.save(made, kept)
    return scenes, made


def main(work: Path, out: Path) -> None:
    """Train, then write `out`/mini-sd; `out` must hold mini-clip and the VAE."""
    import_torchvision()
    from diffusers import AutoencoderKL, UNet2DConditionModel

    torch.manual_seed(SEED)
    folder = out / "mini-sd"
    tokenizer, text = text_encoder.write(out / "mini-clip", folder)
    autoencoder = AutoencoderKL.from_pretrained(folder / "vae").float().eval()
    unet = UNet2DConditionModel(**CONFIG)
    sets = [_latents(autoencoder, side, number, work) for side, number, _ in SIZES]
    plain = [np.flatnonzero([is_plain(scene) for scene in scenes]) for scenes, _ in sets]

    def loss_of(chance: np.random.Generator, only: float, large: float) -> tuple[torch.Tensor, dict[str, float]]:
        which = int(chance.random() >= 1 - large)
        scenes, latents = sets[which]
        size = SIZES[which][2]
        chosen = np.where(
            chance.random(size) < only, chance.choice(plain[which], size), chance.integers(len(scenes), size=size)
        )
        clean = latents[chosen]
        prompts = [
            "" if chance.random() < NO_CAPTION else write_caption(scenes[at], chance, full=chance.random() < FULL).text
            for at in chosen
        ]
        tokens = tokenizer(prompts, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
        with torch.no_grad():
            states = text(tokens).last_hidden_state
        return noise_loss(unet, clean, states)

    for number, (steps, rate, only, large) in enumerate(ROUNDS):
        recipe = Recipe(steps=steps, rate=rate, seed=SEED + 100 * number, keep=0.998)
        unet.load_state_dict(
            train(unet, partial(loss_of, only=only, large=large), work / f"mini-unet-{number}.pt", recipe)
        )
    write_pipeline(unet, folder)
