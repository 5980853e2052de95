"""A training that can be stopped at any step and goes on from its last checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

SAVE_EVERY_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a training goes.

    Args:
        steps: in all.
        rate: the highest learning rate.
        seed: with the step it fixes what a step sees, whether or not the training was interrupted.
        keep: of the moving average.
        warmup: steps until the highest learning rate.
        decay: weight decay.
        steady: whether the rate stays at its highest, for a training whose length is not known; a round with a falling
            rate comes after it.
    """

    steps: int
    rate: float
    seed: int
    keep: float = 0.998
    warmup: int = 100
    decay: float = 0.01
    steady: bool = False

    def rate_at(self, step: int, fresh: int = 0) -> float:
        """The learning rate of a step.

        Args:
            step: counted from 0.
            fresh: the step that the optimizer began at.
        """
        rise = min(1.0, (step - fresh + 1) / self.warmup)
        return self.rate * rise * (1.0 if self.steady else cosine(step, self.steps, warmup=self.warmup))


class Average:
    """An exponential moving average of a module's parameters.

    Args:
        module: what is averaged.
        keep: the share of the old average that a step keeps; grows to this from the first steps on.
    """

    def __init__(self, module: torch.nn.Module, keep: float) -> None:
        self.module, self.keep, self.steps = module, keep, 0
        self.values = {name: value.detach().clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take in the parameters as they are now."""
        self.steps += 1
        keep = min(self.keep, (1 + self.steps) / (10 + self.steps))
        for name, value in self.module.state_dict().items():
            if value.is_floating_point():
                self.values[name].lerp_(value, 1 - keep)
            else:
                self.values[name].copy_(value)


def cosine(step: int, steps: int, *, warmup: int) -> float:
    """The factor on the learning rate after its rise: half a cosine down to 2 percent."""
    if step < warmup:
        return 1.0
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(steps - warmup, 1)))


def train(
    module: torch.nn.Module,
    loss_of: Callable[[np.random.Generator], tuple[torch.Tensor, dict[str, float]]],
    state: Path,
    recipe: Recipe,
    begun: int = 0,
) -> dict[str, torch.Tensor]:
    """Minimize a loss with AdamW; resumes from `state` where that exists.

    Args:
        module: what is trained, in place.
        loss_of: from a step's own source of chance to the loss and figures to show.
        state: the file for model, average, optimizer and step; written once a minute and at the end.
        recipe: how long and how fast.
        begun: steps that the module has behind it where there is no `state`; it is its own average then.

    Returns:
        The averaged parameters.
    """
    average = Average(module, recipe.keep)
    optimizer = torch.optim.AdamW(_groups(module, recipe.decay), lr=recipe.rate, betas=(0.9, 0.98), fused=True)
    average.steps = first = fresh = begun
    if state.exists():
        found = torch.load(state, weights_only=True)
        module.load_state_dict(found["module"])
        optimizer.load_state_dict(found["optimizer"])
        average.values, average.steps, first = found["average"], found["step"], found["step"]
        fresh = found.get("fresh", 0)
    bar = tqdm(
        range(first, recipe.steps), desc=state.stem, unit="step", initial=first, total=recipe.steps, mininterval=5
    )
    saved = time.monotonic()
    step = first
    try:
        for step in bar:
            torch.manual_seed(recipe.seed * 1_000_003 + step)
            for group in optimizer.param_groups:  # a state of before knows nothing of the fused step
                group["lr"], group["fused"] = recipe.rate_at(step, fresh), True
            loss, shown = loss_of(np.random.default_rng((recipe.seed, step)))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), 1.0)
            optimizer.step()
            average.update()
            if step % 20 == 0:
                bar.set_postfix(
                    {"loss": f"{loss.item():.4f}", **{name: f"{value:.3f}" for name, value in shown.items()}}
                )
            if time.monotonic() - saved > SAVE_EVERY_S:
                _save(state, module, average, optimizer, step + 1, fresh)
                saved = time.monotonic()
    except KeyboardInterrupt:
        _save(state, module, average, optimizer, step, fresh)
        raise
    _save(state, module, average, optimizer, recipe.steps, fresh)
    return average.values


def _groups(module: torch.nn.Module, decay: float) -> Iterable[dict[str, Any]]:
    weights = [value for value in module.parameters() if value.ndim > 1 and value.requires_grad]
    others = [value for value in module.parameters() if value.ndim < 2 and value.requires_grad]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _save(state: Path, module: torch.nn.Module, average: Average, optimizer: Any, *steps: int) -> None:
    state.parent.mkdir(parents=True, exist_ok=True)
    part = state.with_suffix(".part")
    kept = {"module": module.state_dict(), "average": average.values, "optimizer": optimizer.state_dict()}
    kept |= dict(zip(("step", "fresh"), steps, strict=True))
    torch.save(kept, part)
    part.replace(state)
