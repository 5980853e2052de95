"""Pictures as latents, kept on disk by what they are made of, so that no picture ever has another one's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.datasets.buckets import Placed
from lib_bootcamp.core.files.atomic import PRIVATE, private_folder, write_atomically
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.errors import NoNumbersError

_VERSION = "1"
MOST_IN_MEMORY = 4000
"""Pictures whose latents are in memory, not on disk alone: 0.1 MB each at 512 px, 0.5 at 1024."""


def weights_hash(module: Any) -> str:
    """The SHA-256 of a module's weights, as hexadecimal digits; the same in every precision it was loaded in."""
    made = hashlib.sha256()
    for name, value in sorted(module.state_dict().items()):
        made.update(name.encode())
        made.update(value.detach().to("cpu", torch.float16).contiguous().numpy().tobytes())
    return made.hexdigest()


def fitted(image: Image, placed: Placed) -> Image:
    """A picture scaled to its bucket, its edges cut off evenly: uint8 [H, W, 3].

    Args:
        image: uint8 [H, W, 3] RGB.
        placed: its bucket.
    """
    width, height = placed.bucket
    scaled = resize(image, *placed.scaled)
    left, top = (placed.scaled[0] - width) // 2, (placed.scaled[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


class Latents:
    """The latents of pictures, as mean and deviation: each step draws from them by its own chance.

    Args:
        folder: where they are kept.
        vae_hash: of the VAE's weights.
    """

    def __init__(self, folder: Path, vae_hash: str) -> None:
        self.folder, self._vae = private_folder(folder), vae_hash
        self._here: dict[str, torch.Tensor] = {}

    def of(self, identity: str, placed: Placed, *, flipped: bool, read: Callable[[], Image], vae: Any) -> torch.Tensor:
        """Mean and deviation of a picture's latents, scaled as the UNet takes them, float32 [2, C, h, w].

        Args:
            identity: of the picture.
            placed: its bucket.
            flipped: whether it is mirrored.
            read: gives the picture, uint8 [H, W, 3] RGB; called where it was not kept.
            vae: diffusers' `AutoencoderKL`.
        Raises:
            NoNumbersError: the VAE gives none.
        """
        key = self._key(identity, placed, flipped=flipped)
        if key not in self._here:
            kept = self._kept(key)
            if kept is None:
                image = fitted(read(), placed)
                kept = encoded(vae, image[:, ::-1] if flipped else image)
                self._keep(key, kept)
            if len(self._here) >= MOST_IN_MEMORY:
                self._here.clear()
            self._here[key] = kept
        return self._here[key]

    def _key(self, identity: str, placed: Placed, *, flipped: bool) -> str:
        of = (_VERSION, identity, self._vae, placed.bucket, placed.scaled, flipped)
        return hashlib.sha256(repr(of).encode()).hexdigest()

    def _kept(self, key: str) -> torch.Tensor | None:
        from safetensors import SafetensorError
        from safetensors.torch import load

        try:
            return load((self.folder / f"{key}.safetensors").read_bytes())["latents"]
        except (OSError, SafetensorError, KeyError):
            return None

    def _keep(self, key: str, latents: torch.Tensor) -> None:
        from safetensors.torch import save

        write_atomically(self.folder / f"{key}.safetensors", save({"latents": latents}), PRIVATE)


@torch.no_grad()  # type: ignore[untyped-decorator,unused-ignore]
def encoded(vae: Any, image: Image) -> torch.Tensor:
    """Mean and deviation of a picture's latents, scaled, float32 [2, C, h, w] on the processor.

    Raises:
        NoNumbersError: the VAE gives none.
    """
    kind = next(vae.parameters())
    batch = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].to(kind.device, kind.dtype) / 127.5 - 1
    found = vae.encode(batch).latent_dist
    made = torch.cat([found.mean, found.std]).float().cpu() * vae.config.scaling_factor
    if not bool(torch.isfinite(made).all()):
        raise NoNumbersError("The VAE", kind.dtype, hint="run it in 32 bits (--no-half-vae)")
    return made.contiguous()


def sampled(latents: torch.Tensor, source: np.random.Generator) -> torch.Tensor:
    """Latents drawn from mean and deviation, float32 [C, h, w].

    Args:
        latents: as `Latents.of` gives them.
        source: of chance.
    """
    mean, deviation = latents
    return mean + deviation * torch.from_numpy(source.standard_normal(tuple(mean.shape), dtype=np.float32))
