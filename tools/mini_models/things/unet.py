"""Train mini-sd 2's UNet on latents of things, and write the whole of mini-sd 2 as a diffusers folder."""

from __future__ import annotations

from collections.abc import Callable
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
from tools.mini_models.shapes.vae import as_batch

from .clip import CONFIG as CLIP
from .kept import begun
from .pictures import draw_scene
from .scenes import Scene, sample_scene, write_caption
from .sets import taught_pairs

CONFIG: dict[str, Any] = {
    "sample_size": 16,
    "in_channels": 4,
    "out_channels": 4,
    "layers_per_block": 1,
    "block_out_channels": [64, 128, 160],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "cross_attention_dim": CLIP["text_cfg"]["width"],
    "attention_head_dim": 4,  # the number of heads, by an old mistake of diffusers that checkpoints rely on
}
SEED, CHUNK = 41, 774  # scenes whose latents are written at once
NO_CAPTION, FULL = 0.1, 0.6  # shares of empty prompts, for classifier-free guidance, and of captions that tell all
# side in pixels, scenes of each taught pair, batch
SIDES = {128: (14, 32), 256: (2, 8)}
# steps, learning rate, whether it stays, share of steps at 256 px
ROUNDS = ((24_000, 4e-4, True, 0.0), (5_000, 3e-4, False, 0.15))


def scenes_of(side: int, work: Path) -> list[Scene]:
    """The scenes of one size, the same every time."""
    pairs, (each, _) = taught_pairs(work), SIDES[side]
    return [
        sample_scene(pairs, np.random.default_rng((SEED, side, at)), at=at % len(pairs))
        for at in range(each * len(pairs))
    ]


def latents_of(autoencoder: Any, side: int, work: Path) -> torch.Tensor:
    """The latents of `scenes_of`, float16 [N, 4, side / 8, side / 8]; made in chunks, so that it can be stopped."""
    scenes, folder = scenes_of(side, work), work / f"latents-{side}"
    folder.mkdir(exist_ok=True)
    found = []
    for first in tqdm(range(0, len(scenes), CHUNK), desc=f"latents of {side} px", mininterval=5):
        kept = folder / f"{first}.pt"
        if not kept.exists():
            part = kept.with_suffix(".part")
            torch.save(_encoded(autoencoder, scenes[first : first + CHUNK], side, work), part)
            part.replace(kept)
        found.append(torch.load(kept, weights_only=True))
    return torch.cat(found)


@torch.no_grad()
def _encoded(autoencoder: Any, scenes: list[Scene], side: int, work: Path) -> torch.Tensor:
    found = []
    for at in range(0, len(scenes), 16):
        batch = as_batch(np.stack([draw_scene(each, side, work) for each in scenes[at : at + 16]]))
        latents = autoencoder.encode(batch).latent_dist.mean * autoencoder.config.scaling_factor
        found.append(latents.half())
    return torch.cat(found)


def build() -> Any:
    """An untrained UNet, and what fills it in a work folder."""
    import_torchvision()
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**CONFIG)


def main(work: Path, out: Path) -> None:
    """Train, then write `out`/mini-sd; `out` must hold mini-clip and the VAE."""
    import_torchvision()
    from diffusers import AutoencoderKL
    from diffusers.models.attention_processor import AttnProcessor

    torch.manual_seed(SEED)
    folder = out / "mini-sd"
    tokenizer, text = text_encoder.write(out / "mini-clip", folder)
    autoencoder = AutoencoderKL.from_pretrained(folder / "vae").float().eval()
    unet = build()
    unet.set_attn_processor(AttnProcessor())  # on a CPU the fused attention's backward is slow in bfloat16
    before = begun("unet", work)
    if before is not None:
        unet.load_state_dict(before.values)
    loss_of = _loss(unet, tokenizer, text, autoencoder, work)
    for number, (steps, rate, steady, large) in enumerate(ROUNDS):
        if before is not None and number < before.number:
            continue
        recipe = Recipe(steps=steps, rate=rate, seed=SEED + 100 * number, keep=0.9995, steady=steady)
        step = before.step_of(number) if before is not None else 0
        state = work / f"unet-{number}.pt"
        unet.load_state_dict(train(unet, partial(loss_of, large=large), state, recipe, step))
    write_pipeline(unet, folder)


def _loss(unet: Any, tokenizer: Any, text: Any, autoencoder: Any, work: Path) -> Callable[..., Any]:
    sets: dict[int, tuple[list[Scene], torch.Tensor]] = {}

    def loss_of(chance: np.random.Generator, large: float) -> tuple[torch.Tensor, dict[str, float]]:
        side = 256 if chance.random() < large else 128
        if side not in sets:  # the large ones are made when they are first wanted
            sets[side] = (scenes_of(side, work), latents_of(autoencoder, side, work))
        scenes, latents = sets[side]
        chosen = chance.integers(len(scenes), size=SIDES[side][1])
        prompts = [
            "" if chance.random() < NO_CAPTION else write_caption(scenes[at], chance, full=chance.random() < FULL).text
            for at in chosen
        ]
        tokens = tokenizer(prompts, padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids
        with torch.no_grad():
            states = text(tokens).last_hidden_state
        with torch.autocast("cpu", torch.bfloat16, enabled=torch.ops.mkldnn._is_mkldnn_bf16_supported()):
            return noise_loss(unet, latents[chosen].float(), states)

    return loss_of
