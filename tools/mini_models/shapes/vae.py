"""Train mini-sd's VAE: AutoencoderKL in Stable Diffusion 1's layout, 8 pixels to a latent pixel, 4 channels."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from tools.mini_models.loop import Recipe, train
from tools.mini_models.shapes.scenes import draw_scene, sample_scene

# The layout's norms have 32 groups. Two numbers that are normed together are always -1 and 1, so that a flat picture
# would lose its color in groups of two channels: three are the least that keep it.
CONFIG: dict[str, Any] = {
    "in_channels": 3,
    "out_channels": 3,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [96, 96, 96, 96],
    "layers_per_block": 0,
    "latent_channels": 4,
    "sample_size": 128,
    "scaling_factor": 0.18215,
}
SCENES, SIDE, SMALL, BATCH, SEED = 4_000, 128, 64, 8, 2
# side of the crops, steps, highest learning rate: many cheap steps first
ROUNDS = ((32, 1_000, 4e-4), (64, 200, 2e-4))
# the last round is the decoder's alone: latents stay what they are, so that the UNet can be trained meanwhile
LAST = (64, 300, 2e-4)
KL_WEIGHT = 3e-5
ANCHOR = 3.0


def textures(number: int, side: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Smooth colored noise of random fineness: what no scene shows. uint8 [number, side, side, 3]."""
    made = np.zeros((number, 3, side, side), dtype=np.float32)
    for cells in (2, 4, 8, 16):
        grid = torch.from_numpy(rng.normal(0, 1, (number, 3, cells, cells)).astype(np.float32))
        smooth = torch.nn.functional.interpolate(grid, size=(side, side), mode="bicubic")
        made += smooth.numpy() * rng.uniform(10, 70, (number, 1, 1, 1)).astype(np.float32) / cells**0.5
    made += rng.uniform(40, 215, (number, 3, 1, 1)).astype(np.float32)
    return np.asarray(np.clip(made, 0, 255).astype(np.uint8).transpose(0, 2, 3, 1))


def as_batch(pictures: NDArray[np.uint8]) -> torch.Tensor:
    """uint8 [N, H, W, 3] to what the encoder takes: float [N, 3, H, W] in -1..1."""
    batch = torch.from_numpy(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)))
    return batch.float() / 127.5 - 1


@torch.no_grad()
def build() -> Any:
    """An untrained VAE that already averages colors down and carries them up again.

    Two of the three channels of each group of the last norms are held far from zero, on both sides, so that the norm
    begins almost as the identity for the third.
    """
    import_torchvision()
    from diffusers import AutoencoderKL

    vae = AutoencoderKL(**CONFIG)
    for name, module in vae.named_modules():
        if name.endswith("downsamplers.0.conv"):
            module.weight *= 0.1
            module.weight += torch.eye(len(module.weight))[..., None, None] / 9
        elif name.endswith("upsamplers.0.conv"):
            module.weight *= 0.1
            module.weight[..., 1, 1] += torch.eye(len(module.weight))
        elif name.endswith("conv2"):
            module.weight *= 0.2
    for before, norm in (
        (vae.encoder.mid_block.resnets[-1].conv2, vae.encoder.conv_norm_out),
        (vae.decoder.up_blocks[-1].resnets[-1].conv2, vae.decoder.conv_norm_out),
    ):
        before.bias[1::3], before.bias[2::3] = ANCHOR, -ANCHOR
        norm.weight.fill_(ANCHOR * (2 / 3) ** 0.5)
        norm.bias[1::3], norm.bias[2::3] = -ANCHOR, ANCHOR  # back to zero, where steps of a layer after it stay small
    return vae


@torch.no_grad()
def _fit(conv: Any, taken: torch.Tensor, wanted: torch.Tensor) -> None:
    """Set a 3 x 3 convolution to what brings `taken` nearest to `wanted` (least squares, a little ridge)."""
    columns = torch.nn.functional.unfold(taken, 3, padding=1).transpose(1, 2).flatten(0, 1).double()
    columns = torch.cat([columns, torch.ones(len(columns), 1, dtype=torch.float64)], dim=1)
    goal = wanted.flatten(2).transpose(1, 2).flatten(0, 1).double()
    square = columns.T @ columns + 1e-3 * len(columns) * torch.eye(columns.shape[1], dtype=torch.float64)
    found = torch.linalg.solve(square, columns.T @ goal).float()
    count = wanted.shape[1]
    conv.weight[:count] = found[:-1].T.reshape(count, *conv.weight.shape[1:])
    conv.bias[:count] = found[-1]


@torch.no_grad()
def begin(vae: Any, pictures: torch.Tensor) -> None:
    """Fit the two output convolutions: latents begin as mean color and contrast, pictures as what those tell.

    The noise on the latents begins small: as much as the signal would hide it for a long time.

    Args:
        vae: as `build` makes it.
        pictures: float [N, 3, H, W] in -1..1.
    """
    channels = vae.config.latent_channels
    seen: dict[str, torch.Tensor] = {}
    hooks = [
        part.conv_out.register_forward_pre_hook(lambda _, given, name=name: seen.update({name: given[0]}))
        for name, part in (("encoder", vae.encoder), ("decoder", vae.decoder))
    ]
    pool = torch.nn.functional.avg_pool2d
    gray = pictures.mean(1, keepdim=True)
    across = torch.linspace(-2, 2, 8).repeat(gray.shape[-1] // 8)
    goal = torch.cat([pool(pictures, 8), pool(gray * across, 8)], dim=1)
    for conv, size in ((vae.quant_conv, 2 * channels), (vae.post_quant_conv, channels)):
        conv.weight.copy_(torch.eye(size)[..., None, None])
        conv.bias.zero_()
    vae.encoder.conv_out.weight[channels:] *= 0.1
    vae.encode(pictures)
    _fit(vae.encoder.conv_out, seen["encoder"], goal)
    vae.encoder.conv_out.bias[channels:] = -7
    torch.nn.init.orthogonal_(vae.decoder.conv_in.weight.flatten(1))
    vae.decode(vae.encode(pictures).latent_dist.mean)
    _fit(vae.decoder.conv_out, seen["decoder"], pictures)
    for hook in hooks:
        hook.remove()


def slopes(batch: torch.Tensor) -> torch.Tensor:
    """The differences to the right and lower neighbors: [N, 2 C, H, W]."""
    across = torch.nn.functional.pad(batch[..., :, 1:] - batch[..., :, :-1], (0, 1))
    down = torch.nn.functional.pad(batch[..., 1:, :] - batch[..., :-1, :], (0, 0, 0, 1))
    return torch.cat([across, down], dim=1)


@torch.no_grad()
def rescale(vae: Any, pictures: torch.Tensor) -> float:
    """Make latents of `pictures` as wide as Stable Diffusion 1's, so that its 0.18215 gives unit variance.

    Returns:
        The factor put into `quant_conv` and taken out of `post_quant_conv`.
    """
    factor = float(1 / (vae.config.scaling_factor * vae.encode(pictures).latent_dist.mean.std()))
    channels = vae.config.latent_channels
    vae.quant_conv.weight[:channels] *= factor
    vae.quant_conv.bias[:channels] *= factor
    vae.quant_conv.bias[channels:] += 2 * float(np.log(factor))
    vae.post_quant_conv.weight /= factor
    return factor


def main(work: Path, out: Path) -> None:
    """Train for all rounds; writes `out`/mini-sd/vae, once before the decoder's own round and once after it."""
    torch.manual_seed(SEED)
    vae = build()
    rng = np.random.default_rng(SEED)
    scenes = [sample_scene(rng) for _ in range(SCENES)]
    sides = {
        side: np.stack([draw_scene(each, side) for each in tqdm(scenes, desc=f"scenes of {side} px", mininterval=5)])
        for side in (SIDE, SMALL)
    }
    begin(vae, as_batch(sides[SMALL][:48]))
    for number, (crop, steps, rate) in enumerate((*ROUNDS, LAST)):
        if number == len(ROUNDS):
            rescale(vae, as_batch(sides[SIDE][:256]))
            vae.half().save_pretrained(out / "mini-sd" / "vae")
            vae.float()  # what follows is trained on the latents as they are stored
            vae.encoder.requires_grad_(False)  # noqa: FBT003
            vae.quant_conv.requires_grad_(False)  # noqa: FBT003
        recipe = Recipe(steps=steps, rate=rate, seed=SEED + 100 * number, keep=0.99)
        vae.load_state_dict(_round(vae, recipe, work / f"mini-vae-{number}.pt", sides, crop))
    vae.half().save_pretrained(out / "mini-sd" / "vae")


def _round(
    vae: Any, recipe: Recipe, state: Path, sides: Mapping[int, NDArray[np.uint8]], crop: int
) -> dict[str, torch.Tensor]:
    def loss_of(chance: np.random.Generator) -> tuple[torch.Tensor, dict[str, float]]:
        chosen = []
        for at in range(BATCH - 1):
            whole = sides[SMALL if at % 3 == 0 else SIDE]
            y, x = chance.integers(whole.shape[1] - crop + 1, size=2)
            chosen.append(whole[chance.integers(len(whole)), y : y + crop, x : x + crop])
        batch = as_batch(np.stack([*chosen, *textures(1, crop, chance)]))
        found = vae.encode(batch).latent_dist
        again = vae.decode(found.sample()).sample
        difference = (again - batch).abs().mean()
        edges = (slopes(again) - slopes(batch)).abs().mean()
        loss = difference + 2 * ((again - batch) ** 2).mean() + edges + KL_WEIGHT * found.kl().mean() / (crop / 8) ** 2
        return loss, {"psnr": -10 * float(np.log10((((again.detach() - batch) / 2) ** 2).mean().item()))}

    return train(vae, loss_of, state, recipe)
