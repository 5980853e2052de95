"""diffusers' schedulers with a hook on the clean latents that each step predicts, as WebUI samplers have one.

A scheduler is given the UNet's output after classifier-free guidance. It is turned into the clean latents, these
are changed, and the change is carried back into the output, so that every scheduler goes on as it is.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from lib_bootcamp.errors import ModelError

from .preview import Preview

Hook = Callable[[torch.Tensor, float], torch.Tensor]
"""Denoised latents [N, C, h, w] and the share of the steps that are done, to the latents as they should be."""

_KINDS = frozenset({"epsilon", "v_prediction"})

# Schedulers whose sample is clean + sigma * noise; the sample of all others keeps its variance.
_EXPLODING = ("EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler")


def with_hook(scheduler: Any, hook: Hook) -> Any:
    """Put a hook on a scheduler's steps; returns the scheduler.

    Raises:
        ModelError: the model predicts neither noise nor velocity.
    """
    kind = scheduler.config.prediction_type
    if kind not in _KINDS:
        raise ModelError(f"This checkpoint predicts {kind}", hint="guidance needs one that predicts epsilon or v.")
    step = scheduler.step

    @functools.wraps(step)  # pipelines look at its parameters
    def guided(model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *rest: Any, **named: Any) -> Any:
        clean, sigma, place = _predicted(scheduler, model_output, timestep, sample)
        output = model_output.float()
        moved = hook(clean, place / len(scheduler.timesteps)).float() - clean
        # With x = clean + sigma * noise: noise falls by moved / sigma; v = (noise - sigma * clean) / sqrt(1 + sigma^2).
        times = 1 / sigma if kind == "epsilon" else (1 + sigma**2) ** 0.5 / sigma
        return step((output - moved * times).to(model_output.dtype), timestep, sample, *rest, **named)

    scheduler.step = guided
    return scheduler


def watched(scheduler: Any, preview: Preview) -> None:
    """Show a scheduler's clean latents whenever a preview is due; its steps stay as they are."""
    step = scheduler.step

    @functools.wraps(step)
    def seen(model_output: torch.Tensor, timestep: Any, sample: torch.Tensor, *rest: Any, **named: Any) -> Any:
        if preview.is_due() and scheduler.config.prediction_type in _KINDS:
            preview.look(_predicted(scheduler, model_output, timestep, sample)[0])
        return step(model_output, timestep, sample, *rest, **named)

    scheduler.step = seen


def _predicted(
    scheduler: Any, model_output: torch.Tensor, timestep: Any, sample: torch.Tensor
) -> tuple[torch.Tensor, float, int]:
    """The clean latents that a step predicts, its noise, and its number."""
    sigma, place = _sigma(scheduler, timestep)
    scale = 1.0 if type(scheduler).__name__ in _EXPLODING else (1 + sigma**2) ** -0.5
    kind = scheduler.config.prediction_type
    return clean_latents(sample.float() / scale, model_output.float(), sigma, kind), sigma, place


def clean_latents(sample: torch.Tensor, output: torch.Tensor, sigma: float, kind: str) -> torch.Tensor:
    """The clean latents that a model's output speaks of.

    Args:
        sample: clean + sigma * noise.
        output: noise (`epsilon`) or velocity (`v_prediction`).
        sigma: of the noise.
        kind: which of the two.
    Source: Karras et al. 2022 (scaling); Salimans and Ho 2022 (velocity).
    """
    if kind == "epsilon":
        return sample - sigma * output
    return sample / (sigma**2 + 1) - output * (sigma / (sigma**2 + 1) ** 0.5)


def _sigma(scheduler: Any, timestep: Any) -> tuple[float, int]:
    """The noise of this step in units of the clean latents, and the step's number."""
    if hasattr(scheduler, "sigmas"):
        if scheduler.step_index is None:
            scheduler._init_step_index(timestep)
        return float(scheduler.sigmas[scheduler.step_index]), int(scheduler.step_index)
    number = int(timestep)
    kept = float(scheduler.alphas_cumprod[number])
    found = (scheduler.timesteps == number).nonzero()
    return ((1 - kept) / kept) ** 0.5, int(found[0, 0]) if len(found) else 0
