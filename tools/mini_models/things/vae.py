"""Train the VAE of the things: that of the drawn shapes, which already carries colors, taught to draw icons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from tools.mini_models.loop import Recipe, train
from tools.mini_models.shapes.vae import as_batch, rescale, slopes, textures

from .kept import begun
from .pictures import draw_scene
from .scenes import Scene, sample_scene
from .sets import STYLES, Thing, things

START = Path(__file__).resolve().parents[3] / "models" / "mini-sd" / "vae"
BATCH, SEED, SIDES = 8, 21, (128, 128, 256)
# side of the crops, steps, highest learning rate: many cheap steps first
ROUNDS = ((32, 2_400, 5e-4), (64, 600, 3e-4))
# the last round is the decoder's alone: latents stay what they are, so that the UNet can be trained meanwhile
LAST = (64, 4_000, 3e-4)
KL_WEIGHT = 3e-5
HELD_OUT = 256  # pictures that the figures are measured on


def all_pairs(work: Path) -> list[tuple[Thing, str]]:
    """Every thing in every style: the VAE sees them all."""
    return [(each, style) for each in things(work) for style in STYLES if style in each.icons]


def held_out(work: Path, number: int = HELD_OUT) -> NDArray[np.uint8]:
    """Renderings that no training has seen: uint8 [number, 128, 128, 3]."""
    rng, pairs = np.random.default_rng(SEED + 1), all_pairs(work)
    return np.stack([draw_scene(sample_scene(pairs, rng), 128, work) for _ in range(number)])


@torch.no_grad()
def psnr(vae: Any, pictures: NDArray[np.uint8]) -> float:
    """The mean over pictures of the PSNR after encoding and decoding, in dB."""
    found = []
    for at in range(0, len(pictures), 16):
        batch = as_batch(pictures[at : at + 16])
        again = vae.decode(vae.encode(batch).latent_dist.mean).sample.clamp(-1, 1)
        found += (-10 * torch.log10((((again - batch) / 2) ** 2).mean((1, 2, 3)))).tolist()
    return float(np.mean(found))


def _crop(scene: Scene, crop: int, chance: np.random.Generator, work: Path) -> NDArray[np.uint8]:
    """A part of the scene; where it shows the ground alone, another is tried."""
    side = int(chance.choice(SIDES))
    whole = draw_scene(scene, side, work)
    part = whole
    for _ in range(4):
        y, x = chance.integers(side - crop + 1, size=2)
        part = whole[y : y + crop, x : x + crop]
        if part.std((0, 1)).max() > 12:
            break
    return part


def main(work: Path, out: Path) -> None:
    """Train for all rounds; writes `out`/mini-sd/vae, once before the decoder's own round and once after it."""
    import_torchvision()
    from diffusers import AutoencoderKL

    torch.manual_seed(SEED)
    vae = AutoencoderKL.from_pretrained(START).float()
    before = begun("vae", work)
    if before is not None:
        vae.load_state_dict(before.values)
    vae.to(memory_format=torch.channels_last)
    shown = held_out(work)
    print(f"before: {psnr(vae, shown[:64]):.2f} dB", flush=True)
    for number, (crop, steps, rate) in enumerate((*ROUNDS, LAST)):
        if before is not None and number < before.number:
            continue
        step = before.step_of(number) if before is not None else 0
        if number == len(ROUNDS):
            if not step:
                rescale(vae, as_batch(shown))
            vae.half().save_pretrained(out / "mini-sd" / "vae")
            vae.float()  # what follows is trained on the latents as they are stored
            vae.encoder.requires_grad_(False)  # noqa: FBT003
            vae.quant_conv.requires_grad_(False)  # noqa: FBT003
        recipe = Recipe(steps=steps, rate=rate, seed=SEED + 100 * number, keep=0.99)
        vae.load_state_dict(_round(vae, recipe, work / f"vae-{number}.pt", crop, step))
        print(f"round {number}: {psnr(vae, shown):.2f} dB", flush=True)
    vae.half().save_pretrained(out / "mini-sd" / "vae")


def _round(vae: Any, recipe: Recipe, state: Path, crop: int, begun: int) -> dict[str, torch.Tensor]:
    work = state.parent
    pairs = all_pairs(work)

    def loss_of(chance: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        chosen = [_crop(sample_scene(pairs, chance), crop, chance, work) for _ in range(BATCH - 1)]
        if chance.random() < 0.5:
            chosen.append(textures(1, crop, chance)[0])
        batch = as_batch(np.stack(chosen))
        found = vae.encode(batch).latent_dist
        again = vae.decode(found.sample()).sample
        difference = (again - batch).abs().mean()
        edges = (slopes(again) - slopes(batch)).abs().mean()
        loss = difference + 2 * ((again - batch) ** 2).mean() + edges + KL_WEIGHT * found.kl().mean() / (crop / 8) ** 2
        return loss, {"psnr": -10 * float(np.log10((((again.detach() - batch) / 2) ** 2).mean().item()))}

    return train(vae, loss_of, state, recipe, begun)
