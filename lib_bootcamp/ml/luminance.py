"""How bright a latent pixel is: a linear fit for the VAE that is loaded, measured on pictures drawn by code.

Brightness here is luma, Rec. 601 on the encoded values, in [0, 1]. It is what QR readers threshold
(`core.scan_ladder.grey_of`), and the luma of a grey map is the map's own value, so that maps need no translation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lib_bootcamp.core.images import write_atomically
from lib_bootcamp.core.probes import probe_pictures

LUMA = (0.299, 0.587, 0.114)
PROBES, HELD_OUT, SIDE, SEED = 48, 16, 128, 20
AT_ONCE = 4
_VERSION = 1
_RIDGE = 1e-6

Encode = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class LuminanceFit:
    """Luma of a block from its latents as the UNet sees them (scaled).

    Args:
        channels: weight of each of the C channels of the block's own latent pixel.
        bias: luma where all channels are 0.
        kernel: weights [C][3][3] of the block's latent pixel and its eight neighbours.
        kernel_bias: luma where all of them are 0.
        r2: share of the variance of held-out blocks that `channels` explain.
        kernel_r2: share that `kernel` explains.
        factor: pixels of a block's side.
        vae: the hash of the weights it was measured on.
    """

    channels: tuple[float, ...]
    bias: float
    kernel: tuple[tuple[tuple[float, ...], ...], ...]
    kernel_bias: float
    r2: float
    kernel_r2: float
    factor: int
    vae: str = ""

    def weights(self, like: torch.Tensor, *, neighbours: bool = True) -> tuple[torch.Tensor, float]:
        """The fit as a convolution: [1, C, 3, 3] or [1, C, 1, 1], on this tensor's device in 32 bits, and its bias."""
        if neighbours:
            return torch.tensor(self.kernel, device=like.device, dtype=torch.float32)[None], self.kernel_bias
        return torch.tensor(self.channels, device=like.device, dtype=torch.float32)[None, :, None, None], self.bias

    def luma(self, latents: torch.Tensor, *, neighbours: bool = True) -> torch.Tensor:
        """Luma of each block, float32 [N, h, w], from scaled latents [N, C, h, w]."""
        kernel, bias = self.weights(latents, neighbours=neighbours)
        return convolved(latents.float(), kernel)[:, 0] + bias


def convolved(values: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """A convolution that repeats the outermost values around where the kernel is 3 x 3."""
    if kernel.shape[-1] == 3:
        values = torch.nn.functional.pad(values, (1, 1, 1, 1), mode="replicate")
    return torch.nn.functional.conv2d(values, kernel)


def block_luma(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.float32]:
    """Mean luma of each block: float32 [N, h, w] in [0, 1] of uint8 [N, H, W, 3] RGB or [N, H, W]."""
    grey = pictures if pictures.ndim == 3 else pictures.astype(np.float32) @ np.asarray(LUMA, dtype=np.float32)
    number, height, width = grey.shape
    blocks = grey.reshape(number, height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean((2, 4), dtype=np.float32) / 255, dtype=np.float32)


def fit(encode: Encode, factor: int = 8, *, vae: str = "", probes: int = PROBES, side: int = SIDE) -> LuminanceFit:
    """Least squares from latents to luma on drawn probes; R2 is that of probes which it has not seen.

    Args:
        encode: pictures, float32 [N, 3, H, W] in [-1, 1], to scaled latents [N, C, H / factor, W / factor].
        factor: pixels of a block's side.
        vae: the hash that is kept with the fit.
        probes: how many are drawn; a quarter of them is held out, at least one of each kind.
        side: of the probes, in px.
    """
    pictures = probe_pictures(probes, side, SEED)
    held_out = max(4, probes * HELD_OUT // (PROBES + HELD_OUT))
    latents = []
    with torch.inference_mode():
        for at in range(0, probes, AT_ONCE):
            batch = torch.from_numpy(pictures[at : at + AT_ONCE]).permute(0, 3, 1, 2).float() / 127.5 - 1
            latents.append(encode(batch).float().cpu())
    values, wanted = torch.cat(latents), block_luma(pictures, factor)
    near = torch.nn.functional.unfold(torch.nn.functional.pad(values, (1, 1, 1, 1), mode="replicate"), 3)
    seen, unseen = slice(0, probes - held_out), slice(probes - held_out, None)
    count = values.shape[1]
    rows = near.reshape(probes, count * 9, -1).permute(0, 2, 1).numpy().astype(np.float64)
    flat = wanted.reshape(probes, -1).astype(np.float64)
    own = rows[:, :, 4::9]
    alone, wide = (_least_squares(each[seen], flat[seen]) for each in (own, rows))
    return LuminanceFit(
        channels=tuple(float(each) for each in alone[:-1]),
        bias=float(alone[-1]),
        kernel=_nested(wide[:-1].reshape(count, 3, 3)),
        kernel_bias=float(wide[-1]),
        r2=_r2(alone, own[unseen], flat[unseen]),
        kernel_r2=_r2(wide, rows[unseen], flat[unseen]),
        factor=factor,
        vae=vae,
    )


def _nested(weights: NDArray[np.float64]) -> tuple[tuple[tuple[float, ...], ...], ...]:
    return tuple(tuple(tuple(float(each) for each in row) for row in channel) for channel in weights)


def _least_squares(rows: NDArray[np.float64], wanted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights and bias; a ridge far below the values keeps channels that never change at 0."""
    flat = rows.reshape(-1, rows.shape[-1])
    design = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    square = design.T @ design / len(flat)
    square[np.diag_indices(len(square) - 1)] += _RIDGE
    return np.asarray(np.linalg.solve(square, design.T @ wanted.reshape(-1) / len(flat)))


def _r2(weights: NDArray[np.float64], rows: NDArray[np.float64], wanted: NDArray[np.float64]) -> float:
    found = rows @ weights[:-1] + weights[-1]
    return float(1 - ((found - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum())


def scaled_encoder(vae: Any, scale: float | None = None) -> tuple[Encode, int]:
    """How a VAE encodes, to latents as the UNet sees them, and the pixels of a latent pixel's side.

    Args:
        vae: diffusers' `AutoencoderKL` or an LDM one: `encode` gives a distribution with `mode()`, one in
            `latent_dist`, or the latents themselves.
        scale: of the latents where the VAE's configuration does not tell (LDM keeps it in the whole model).
    """
    factor, shift = _scaling(vae, scale)
    first = next(iter(vae.parameters()))

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        made = vae.encode(pictures.to(device=first.device, dtype=first.dtype))
        made = getattr(made, "latent_dist", made)
        latents: torch.Tensor = made if isinstance(made, torch.Tensor) else made.mode()
        return (latents.float() - shift) * factor

    with torch.inference_mode():
        side = encode(torch.zeros(1, 3, 64, 64)).shape[-1]
    return encode, 64 // int(side)


def _scaling(vae: Any, scale: float | None) -> tuple[float, float]:
    config = getattr(vae, "config", None)
    factor = float(scale if scale is not None else getattr(config, "scaling_factor", 0.18215))
    return factor, float(getattr(config, "shift_factor", None) or 0.0)


def measure_of(vae: Any, factor: int, scale: float | None = None) -> Callable[[torch.Tensor], torch.Tensor]:
    """How bright the VAE itself makes each block: from scaled latents [N, C, h, w] to luma [N, h, w], differentiable.

    Args:
        vae: as `scaled_encoder` takes it.
        factor: pixels of a block's side.
        scale: as `scaled_encoder` takes it.
    """
    scaling, shift = _scaling(vae, scale)
    first = next(iter(vae.parameters()))

    def measure(latents: torch.Tensor) -> torch.Tensor:
        made = vae.decode((latents / scaling + shift).to(first.device, first.dtype))
        picture = getattr(made, "sample", made).float().clamp(-1, 1) / 2 + 0.5
        weights = torch.tensor(LUMA, device=picture.device).view(1, 3, 1, 1)
        return torch.nn.functional.avg_pool2d((picture * weights).sum(1, keepdim=True), factor)[:, 0].to(latents.device)

    return measure


def weights_hash(vae: Any) -> str:
    """SHA-256 of all weights, their names and types: a VAE chosen beside the checkpoint is another one."""
    digest = hashlib.sha256()
    for name, value in sorted(vae.state_dict().items()):
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes() if value.numel() else b"")
    return digest.hexdigest()


def luminance_fit(vae: Any, folder: Path, *, scale: float | None = None) -> LuminanceFit:
    """The fit of a VAE: from `folder` where it was measured before, else measured now and kept there.

    A kept file that is damaged or of another version is measured and written anew.
    """
    name = weights_hash(vae)
    path = folder / f"luminance-{name[:32]}.json"
    kept = _read(path, name)
    if kept is not None:
        return kept
    encode, factor = scaled_encoder(vae, scale)
    made = fit(encode, factor, vae=name)
    write_atomically(path, json.dumps({"format": _VERSION, **asdict(made)}).encode())
    return made


def _read(path: Path, name: str) -> LuminanceFit | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.pop("format") != _VERSION or data["vae"] != name:
            return None
        kernel = np.asarray(data.pop("kernel"), dtype=np.float64)
        channels = np.asarray(data.pop("channels"), dtype=np.float64)
        if kernel.shape != (len(channels), 3, 3) or not (np.isfinite(kernel).all() and np.isfinite(channels).all()):
            return None
        return LuminanceFit(kernel=_nested(kernel), channels=tuple(float(each) for each in channels), **data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
