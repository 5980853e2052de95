"""Luminance guidance: the smallest change of the predicted clean latent that brings each block to its brightness.

Training-free and independent of host, sampler and model: it is a function of the denoised latents (as the UNet sees
them, scaled) and of how far the drawing is. No gradient runs through the UNet or the VAE.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray

from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.target import block_target, module_weights

from .luminance import LuminanceFit, block_luma, convolved

ROUNDS, EXACT_ROUNDS = 4, 4
# modules whose mean readers take as the threshold, as in core.scan_errors
READER_WINDOW = 5
_LEAST_ROOM = 0.02

Measure = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is wanted of each block of latent pixels.

    Args:
        level: float32 [h, w] luma in [0, 1]: the threshold of blocks that have a side, the wanted value of the others.
        side: int8 [h, w]: -1 where the block must be darker than its level, 1 where lighter, 0 where equal to it.
        weight: float32 [h, w]: 0 leaves a block alone; it multiplies the strength, up to 1, and over 1 the margin.
        window: side in blocks of the surroundings whose mean a reader takes as its threshold.
    """

    level: NDArray[np.float32]
    side: NDArray[np.int8]
    weight: NDArray[np.float32]
    window: int = 5

    def at(self, height: int, width: int) -> Target:
        """The same for latents of another height and width, as of a second pass: each block is the nearest one's."""
        old = self.level.shape
        rows, columns = (np.arange(new) * was // new for new, was in zip((height, width), old, strict=True))
        level, side, weight = (each[rows][:, columns] for each in (self.level, self.side, self.weight))
        return Target(level=level, side=side, weight=weight, window=max(3, round(self.window * height / old[0])))

    def weighted(self, factors: NDArray[np.float32]) -> Target:
        """The same with other weights: these times the old ones."""
        return replace(self, weight=np.asarray(self.weight * factors, dtype=np.float32))


def map_target(wanted: NDArray[np.uint8], factor: int = 8) -> Target:
    """A picture follows the brightness of a map, uint8 [H, W, 3] RGB or [H, W]; sides are multiples of `factor`."""
    level = block_luma(wanted[None], factor)[0]
    return Target(level=level, side=np.zeros(level.shape, np.int8), weight=np.ones(level.shape, np.float32))


def code_target(layout: QrLayout, factor: int = 8, modules: NDArray[np.float32] | None = None) -> Target:
    """A picture shows a QR code.

    Args:
        layout: where the code lies.
        factor: pixels of a block's side.
        modules: float32 [N, N], the weight of each module; None: that of its pattern.
    """
    blocks = block_target(layout, module_weights(layout) if modules is None else modules, factor=factor)
    window = max(3, READER_WINDOW * layout.module_px // factor)
    level = np.full(blocks.side.shape, 0.5, np.float32)
    return Target(level=level, side=blocks.side, weight=blocks.weight, window=window)


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How strongly, how far and when.

    Args:
        strength: share of the missing brightness that one step makes good, [0, 1].
        margin: how far beyond its level a block with a side is brought; how far from it the others may lie. Luma.
        dead_zone: a block that is right by this much is left alone. Luma; not over `margin`.
        local: 0 takes the levels as they are, 1 the mean of the surroundings instead, as readers threshold.
        start, end: the first and last share of the steps in which it acts.
        neighbors: measure and change through the fit of 3 x 3 latent pixels instead of one.
        keep_color: how much a change of color counts beside the change's length; 0 is the shortest change.
    """

    strength: float = 1.0
    margin: float = 0.12
    dead_zone: float = 0.12
    local: float = 0.0
    start: float = 0.0
    end: float = 1.0
    neighbors: bool = True
    keep_color: float = 0.0

    def acts(self, share: float) -> bool:
        """Whether it acts when this share of the steps is done."""
        return self.start <= share < self.end or (self.end >= 1.0 <= share)


def missing_luma(luma: torch.Tensor, target: Target, guidance: Guidance) -> torch.Tensor:
    """What each block lacks: float32 [N, h, w], positive where it must become lighter, 0 inside of the dead zone.

    Args:
        luma: float32 [N, h, w] of the blocks now.
        target: what is wanted.
        guidance: margin, dead zone and threshold; the strength is not in it.
    """
    level, side, weight = (
        torch.from_numpy(np.ascontiguousarray(each)).to(luma.device, torch.float32)
        for each in (target.level, target.side, target.weight)
    )
    far = guidance.margin * weight.clamp(min=1.0)
    near = torch.minimum(guidance.dead_zone * weight.clamp(min=1.0), far)
    level = level.expand_as(luma)
    if guidance.local:
        level = torch.where(side != 0, _thresholds(luma, level, far, target.window, guidance.local), level)
    beyond = side * (luma - level)
    sided = torch.where(beyond < near, (far - beyond) * side, torch.zeros_like(luma))
    off = level - luma
    even = torch.sign(off) * (off.abs() - guidance.margin).clamp(min=0)
    return torch.where(side != 0, sided, even)


def _thresholds(luma: torch.Tensor, level: torch.Tensor, far: torch.Tensor, window: int, local: float) -> torch.Tensor:
    """Levels moved towards the surroundings' mean, with room for the margin on both sides."""
    near = torch.nn.functional.avg_pool2d(
        luma[:, None].clamp(0, 1), window | 1, 1, (window | 1) // 2, count_include_pad=False
    )[:, 0]
    moved = level + local * (near - level)
    room = (far + _LEAST_ROOM).clamp(max=0.5)
    return torch.minimum(torch.maximum(moved, room), 1 - room)


def guide(
    latents: torch.Tensor,
    fit: LuminanceFit,
    target: Target,
    guidance: Guidance,
) -> torch.Tensor:
    """Change predicted clean latents by the least that brings each block to its brightness.

    For one latent pixel with the fit's weights w this is missing * w / |w|^2, the shortest step. Through 3 x 3
    latent pixels it is the same step along the kernel's transpose, repeated since neighbors share pixels
    (Landweber's iteration, which stays in the span of the shortest solution).

    Args:
        latents: [N, C, h, w] of any floating type on any device, scaled as the UNet sees them.
        fit: of the VAE that will decode them.
        target: of this height and width.
        guidance: how strongly.
    Returns:
        The same shape, type and device.
    Raises:
        ValueError: target and latents have different sizes.
    """
    if latents.shape[-2:] != target.level.shape:
        raise ValueError(f"the target is of {target.level.shape} blocks, the latents of {tuple(latents.shape[-2:])}")
    wide = latents.float()
    wanted = _wanted(fit.luma(wide, neighbors=guidance.neighbors), target, guidance)
    change = shortest_change(wanted, fit, neighbors=guidance.neighbors, keep_color=guidance.keep_color)
    return (wide + change).to(latents.dtype)


def _wanted(luma: torch.Tensor, target: Target, guidance: Guidance) -> torch.Tensor:
    weight = torch.from_numpy(np.ascontiguousarray(target.weight)).to(luma.device, torch.float32)
    return missing_luma(luma, target, guidance) * (guidance.strength * weight).clamp(0, 1)


def guide_exactly(
    latents: torch.Tensor, measure: Measure, target: Target, guidance: Guidance, rounds: int = EXACT_ROUNDS
) -> torch.Tensor:
    """As `guide`, with the VAE itself instead of the fit: each round is one decoding and its gradient.

    A round is the Gauss-Newton step along the gradient of half the squared missing luma, for all blocks at once;
    it is the shortest change where the VAE is linear.

    Args:
        latents: [N, C, h, w].
        measure: the blocks' true luma [N, h, w] of latents, differentiable.
        target: of this height and width.
        guidance: how strongly.
        rounds: how often.
    """
    with torch.inference_mode(mode=False), torch.enable_grad():
        moved = latents.detach().clone().float()
        for _ in range(rounds):
            moved.requires_grad_()
            luma = measure(moved)
            wanted = _wanted(luma.detach(), target, guidance)
            left = 0.5 * ((wanted + luma.detach() - luma) ** 2).sum((1, 2))
            (slope,) = torch.autograd.grad(left.sum(), moved)
            length = slope.square().sum((1, 2, 3)).clamp(min=1e-12)
            moved = (moved - (left.detach() / length).view(-1, 1, 1, 1) * slope).detach()
    return moved.to(latents.dtype)


def shortest_change(
    wanted: torch.Tensor, fit: LuminanceFit, *, neighbors: bool, keep_color: float = 0.0
) -> torch.Tensor:
    """The shortest change of latents [N, C, h, w] that changes blocks by this much luma where it is not 0.

    Blocks where it is 0 may change a little through their neighbors' pixels; a step that is not wanted is never
    made for their sake.

    Args:
        wanted: float32 [N, h, w].
        fit: of the VAE.
        neighbors: through the kernel of 3 x 3 latent pixels.
        keep_color: as `LuminanceFit.mixing` takes it.
    """
    kernel, _ = fit.weights(wanted, neighbors=neighbors)
    step = torch.einsum("ij,ojhw->oihw", fit.mixing(wanted, keep_color), kernel) if keep_color else kernel
    length = (kernel * step).sum()
    if not length > 0:
        return wanted.new_zeros(len(wanted), kernel.shape[1], *wanted.shape[1:])
    back = step.flip((2, 3)).transpose(0, 1)
    moved = wanted != 0
    change = _spread(wanted, back) / length
    for _ in range(ROUNDS - 1 if neighbors else 0):
        still = torch.where(moved, wanted - convolved(change, kernel)[:, 0], torch.zeros_like(wanted))
        change = change + _spread(still, back) / length
    return change


def _spread(luma: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.conv2d(luma[:, None], back, padding=back.shape[-1] // 2)


@dataclass(kw_only=True)
class LuminanceGuide:
    """What a sampler calls after classifier-free guidance: the one implementation for every host.

    Args:
        fit: of the VAE.
        target: what is wanted; its size is that of the latents.
        guidance: how strongly, when.
        keep: latents [1, C, h, w] that stay as they are where `mask` is 0, for a repair.
        mask: float32 [h, w], 1 where the picture may change.
        measure, exact_from: the blocks' true luma, and the share of the steps from which on `guide_exactly` follows.
    """

    fit: LuminanceFit
    target: Target
    guidance: Guidance
    keep: torch.Tensor | None = None
    mask: NDArray[np.float32] | None = None
    measure: Measure | None = None
    exact_from: float = 1.0
    calls: int = field(default=0, init=False)

    def __call__(self, denoised: torch.Tensor, share: float) -> torch.Tensor:
        """The denoised latents as they should be.

        Args:
            denoised: [N, C, h, w], the clean latents that the model predicts, after classifier-free guidance.
            share: of the steps that are done, [0, 1).
        """
        if self.guidance.acts(share) and denoised.shape[-2:] == self.target.level.shape:
            self.calls += 1
            denoised = guide(denoised, self.fit, self.target, self.guidance)
            if self.measure is not None and share >= self.exact_from:
                denoised = guide_exactly(denoised, self.measure, self.target, self.guidance)
        if self.keep is not None and self.mask is not None:
            mask = torch.from_numpy(self.mask).to(denoised.device, denoised.dtype)
            denoised = denoised * mask + self.keep.to(denoised.device, denoised.dtype) * (1 - mask)
        return denoised
