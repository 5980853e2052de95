"""How bright a latent pixel is: a linear fit for the VAE that is loaded, measured on pictures drawn by code.

Brightness here is luma, Rec. 601 on the encoded values, in [0, 1]. It is what QR readers threshold
(`core.scan.views.gray_of`), and the luma of a gray map is the map's own value, so that maps need no translation.
"""

from __future__ import annotations

import hashlib
import json
import logging
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.core.images.probes import probe_pictures
from lib_bootcamp.errors import NoNumbersError, OutputError

LUMA = (0.299, 0.587, 0.114)
# Rec. 601 Cb and Cr, in [-0.5, 0.5]
CHROMA = ((-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
PROBES, HELD_OUT, SIDE, SEED = 48, 16, 128, 20
AT_ONCE = 4
LOG = logging.getLogger(__name__)
_VERSION = 3
_RIDGE = 1e-6

Encode = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class LuminanceFit:
    """Luma of a block from its latents as the UNet sees them (scaled).

    Args:
        channels: weight of each of the C channels of the block's own latent pixel.
        bias: luma where all channels are 0.
        kernel: weights [C][3][3] of the block's latent pixel and its eight neighbors.
        kernel_bias: luma where all of them are 0.
        r2: share of the variance of held-out blocks that `channels` explain.
        kernel_r2: share that `kernel` explains.
        factor: pixels of a block's side.
        vae: the hash of the weights it was measured on.
        colors: weights [2][C] of the block's own latent pixel for its Cb and Cr; empty where they were not measured.
    """

    channels: tuple[float, ...]
    bias: float
    kernel: tuple[tuple[tuple[float, ...], ...], ...]
    kernel_bias: float
    r2: float
    kernel_r2: float
    factor: int
    vae: str = ""
    colors: tuple[tuple[float, ...], ...] = ()

    def mixing(self, like: torch.Tensor, keep_color: float) -> torch.Tensor:
        """What a change of brightness is multiplied with, so that it leaves colors alone: [C, C], symmetric.

        The change is the shortest where a change of Cb and Cr counts as `keep_color` times its length: the inverse
        of I + keep_color * K^T K, with K the weights of both in units of luma's.

        Args:
            like: of its device.
            keep_color: 0 is the shortest change whatever its color.
        """
        count = len(self.channels)
        weights = np.asarray(self.colors, dtype=np.float64).reshape(-1, count)
        scale = float(np.square(self.channels).sum()) or 1.0
        mixed = np.linalg.inv(np.eye(count) + keep_color / scale * weights.T @ weights)
        return torch.tensor(mixed, device=like.device, dtype=torch.float32)

    def weights(self, like: torch.Tensor, *, neighbors: bool = True) -> tuple[torch.Tensor, float]:
        """The fit as a convolution: [1, C, 3, 3] or [1, C, 1, 1], on this tensor's device in 32 bits, and its bias."""
        if neighbors:
            return torch.tensor(self.kernel, device=like.device, dtype=torch.float32)[None], self.kernel_bias
        return torch.tensor(self.channels, device=like.device, dtype=torch.float32)[None, :, None, None], self.bias

    def luma(self, latents: torch.Tensor, *, neighbors: bool = True) -> torch.Tensor:
        """Luma of each block, float32 [N, h, w], from scaled latents [N, C, h, w]."""
        kernel, bias = self.weights(latents, neighbors=neighbors)
        return convolved(latents.float(), kernel)[:, 0] + bias


def convolved(values: torch.Tensor, kernel: torch.Tensor) -> torch.Tensor:
    """A convolution that repeats the outermost values around where the kernel is 3 x 3."""
    if kernel.shape[-1] == 3:
        values = torch.nn.functional.pad(values, (1, 1, 1, 1), mode="replicate")
    return torch.nn.functional.conv2d(values, kernel)


def block_luma(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.float32]:
    """Mean luma of each block: float32 [N, h, w] in [0, 1] of uint8 [N, H, W, 3] RGB or [N, H, W]."""
    gray = pictures if pictures.ndim == 3 else pictures.astype(np.float32) @ np.asarray(LUMA, dtype=np.float32)
    number, height, width = gray.shape
    blocks = gray.reshape(number, height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean((2, 4), dtype=np.float32) / 255, dtype=np.float32)


def block_chroma(pictures: NDArray[np.uint8], factor: int) -> NDArray[np.float32]:
    """Mean Cb and Cr of each block: float32 [2, N, h, w] in [-0.5, 0.5] of uint8 [N, H, W, 3] RGB."""
    number, height, width, _ = pictures.shape
    blocks = pictures.reshape(number, height // factor, factor, width // factor, factor, 3).mean((2, 4)) / 255
    return np.asarray(np.moveaxis(blocks @ np.asarray(CHROMA).T, -1, 0), dtype=np.float32)


def fit(encode: Encode, factor: int = 8, *, vae: str = "", probes: int = PROBES, side: int = SIDE) -> LuminanceFit:
    """Least squares from latents to luma on drawn probes; R2 is that of probes which it has not seen.

    Args:
        encode: pictures, float32 [N, 3, H, W] in [-1, 1], to scaled latents [N, C, H / factor, W / factor].
        factor: pixels of a block's side.
        vae: the hash that is kept with the fit.
        probes: how many are drawn; a quarter of them is held out, at least one of each kind.
        side: of the probes, in px.
    Raises:
        NoNumbersError: the VAE gives what is no number, as some do in half precision.
    """
    pictures = probe_pictures(probes, side, SEED)
    held_out = max(4, probes * HELD_OUT // (PROBES + HELD_OUT))
    latents = []
    with torch.inference_mode():
        for at in range(0, probes, AT_ONCE):
            batch = torch.from_numpy(pictures[at : at + AT_ONCE]).permute(0, 3, 1, 2).float() / 127.5 - 1
            made = encode(batch)
            latents.append(made.float().cpu())
    values = torch.cat(latents)
    if not values.isfinite().all():
        raise NoNumbersError("The VAE", made.dtype, hint="start with --no-half-vae, or choose another one")
    luma, chroma = block_luma(pictures, factor), block_chroma(pictures, factor)
    return fit_latents(values, luma, factor, held_out, vae=vae, chroma=chroma)


def fit_latents(  # noqa: PLR0913 - what is measured
    values: torch.Tensor,
    wanted: NDArray[np.float32],
    factor: int,
    held_out: int,
    *,
    vae: str = "",
    chroma: NDArray[np.float32] | None = None,
) -> LuminanceFit:
    """Least squares from latents [N, C, h, w] to luma [N, h, w]; R2 is that of the last `held_out`, which are not seen.

    Args:
        values: scaled latents on the processor.
        wanted: luma of their blocks.
        factor: pixels of a block's side.
        held_out: how many are only measured on.
        vae: the hash that is kept with the fit.
        chroma: float32 [2, N, h, w], Cb and Cr of the blocks.
    """
    probes = len(values)
    near = torch.nn.functional.unfold(torch.nn.functional.pad(values, (1, 1, 1, 1), mode="replicate"), 3)
    seen, unseen = slice(0, probes - held_out), slice(probes - held_out, None)
    count = values.shape[1]
    rows = near.reshape(probes, count * 9, -1).permute(0, 2, 1).numpy().astype(np.float64)
    flat = wanted.reshape(probes, -1).astype(np.float64)
    own = rows[:, :, 4::9]
    alone, wide = (_least_squares(each[seen], flat[seen]) for each in (own, rows))
    layers = [] if chroma is None else [each.reshape(probes, -1).astype(np.float64) for each in chroma]
    hues = [_least_squares(own[seen], each[seen]) for each in layers]
    return LuminanceFit(
        channels=tuple(float(each) for each in alone[:-1]),
        bias=float(alone[-1]),
        kernel=_nested(wide[:-1].reshape(count, 3, 3)),
        kernel_bias=float(wide[-1]),
        r2=_r2(alone, own[unseen], flat[unseen]),
        kernel_r2=_r2(wide, rows[unseen], flat[unseen]),
        factor=factor,
        vae=vae,
        colors=tuple(tuple(map(float, each[:-1])) for each in hues),
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


def scaled_encoder(
    vae: Any, scale: float | None = None, device: torch.device | str | None = None
) -> tuple[Encode, int]:
    """How a VAE encodes, to latents as the UNet sees them, and the pixels of a latent pixel's side.

    Args:
        vae: diffusers' `AutoencoderKL` or an LDM one: `encode` gives a distribution with `mode()`, one in
            `latent_dist`, or the latents themselves.
        scale: of the latents where the VAE's configuration has none (LDM keeps it in the whole model).
        device: where it takes pictures, if its weights are elsewhere until then.
    """
    factor, shift = _scaling(vae, scale)
    first = next(iter(vae.parameters()))

    def encode(pictures: torch.Tensor) -> torch.Tensor:
        pictures = pictures.to(device=device or first.device, dtype=first.dtype)
        with torch.autocast(pictures.device.type, enabled=False):  # a host may have it on
            made = vae.encode(pictures)
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


_HASHES: weakref.WeakKeyDictionary[Any, tuple[tuple[tuple[int, int], ...], str]] = weakref.WeakKeyDictionary()


def weights_hash(vae: Any) -> str:
    """SHA-256 of all weights, whatever their names: the same in each library's layout, another for each VAE.

    Computed again only where a weight was moved or written to since.
    """
    weights = list(vae.state_dict().values())
    state = tuple((each.data_ptr(), 0 if each.is_inference() else each._version) for each in weights)
    known = _HASHES.get(vae)
    if known is not None and known[0] == state:
        return known[1]
    digests = []
    for value in weights:
        if value.numel():
            raw = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
            digests.append(hashlib.sha256(str(value.dtype).encode() + raw.tobytes()).digest())
    made = hashlib.sha256(b"".join(sorted(digests))).hexdigest()
    _HASHES[vae] = (state, made)
    return made


def luminance_fit(
    vae: Any, data: Path, *, scale: float | None = None, device: torch.device | str | None = None
) -> LuminanceFit:
    """The fit of a VAE: from the host's data folder where it was measured before, else measured now and kept there.

    A kept file that is damaged or of another version is measured and written anew.
    """
    name = weights_hash(vae)
    path = data / "luminance" / f"luminance-{name[:32]}.json"
    kept = _read(path, name)
    if kept is not None:
        return kept
    encode, factor = scaled_encoder(vae, scale, device)
    made = fit(encode, factor, vae=name)
    try:
        write_atomically(path, json.dumps({"format": _VERSION, **asdict(made)}).encode())
    except OutputError as error:  # it is measured anew next time
        LOG.warning("The measured brightness of the VAE is not kept: %s", error)
    return made


def _read(path: Path, name: str) -> LuminanceFit | None:
    try:
        data = json.loads(read_regular(path, MAX_TEXT_BYTES))
        if data.pop("format") != _VERSION or data["vae"] != name:
            return None
        kernel = np.asarray(data.pop("kernel"), dtype=np.float64)
        channels = np.asarray(data.pop("channels"), dtype=np.float64)
        colors = tuple(tuple(float(each) for each in row) for row in data.pop("colors"))
        if kernel.shape != (len(channels), 3, 3) or not (np.isfinite(kernel).all() and np.isfinite(channels).all()):
            return None
        return LuminanceFit(
            kernel=_nested(kernel), channels=tuple(float(each) for each in channels), colors=colors, **data
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
