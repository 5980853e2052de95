"""How much the loss counts at each time step, and what is added to the noise.

Sources: min-SNR, arXiv 2303.09556; debiased estimation, arXiv 2310.08442; zero-terminal SNR, arXiv 2305.08891.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Weighting: TypeAlias = Literal["min-snr", "debiased", "none"]
TITLES: dict[Weighting, str] = {"min-snr": "Min-SNR", "debiased": "Debiased", "none": "None"}
_MOST_SNR = 1000.0


def alphas_of(scheduler: dict[str, Any], *, zero_terminal: bool = False) -> NDArray[np.float64]:
    """The cumulative product of 1 - beta of each time step, float64 [T], falling.

    Args:
        scheduler: `num_train_timesteps`, `beta_start`, `beta_end`, `beta_schedule`, `trained_betas`, as diffusers'
            schedulers take them.
        zero_terminal: whether the last step is noise alone, for models that predict v.
    Raises:
        ValueError: the schedule of betas is none that Stable Diffusion has.
    """
    steps = int(scheduler.get("num_train_timesteps", 1000))
    first, last = float(scheduler.get("beta_start", 0.00085)), float(scheduler.get("beta_end", 0.012))
    given, kind = scheduler.get("trained_betas"), scheduler.get("beta_schedule", "scaled_linear")
    if given is not None:
        betas = np.asarray(given, np.float64)
    elif kind == "scaled_linear":
        betas = np.asarray(np.linspace(first**0.5, last**0.5, steps) ** 2, np.float64)
    elif kind == "linear":
        betas = np.asarray(np.linspace(first, last, steps), np.float64)
    else:
        raise ValueError(f"the schedule of betas {kind} is not known")
    alphas = np.asarray(np.cumprod(1 - betas), np.float64)
    return _zero_terminal(alphas) if zero_terminal else alphas


def _zero_terminal(alphas: NDArray[np.float64]) -> NDArray[np.float64]:
    roots = np.sqrt(alphas)
    moved: NDArray[np.float64] = ((roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])) ** 2
    return moved


def weights_of(alphas: NDArray[np.float64], weighting: Weighting, *, gamma: float, predicts_v: bool) -> Any:
    """The factor on the squared error of each time step, float64 [T].

    Args:
        alphas: as `alphas_of`.
        weighting: which rule.
        gamma: of min-SNR, above 0.
        predicts_v: whether the model predicts v; else the noise.
    """
    ratio = np.minimum(alphas / np.maximum(1 - alphas, 1e-12), 1e12)
    if weighting == "none":
        return np.ones_like(ratio)
    if weighting == "debiased":
        ratio = np.minimum(ratio, _MOST_SNR)
        return 1 / (ratio + 1) if predicts_v else 1 / np.sqrt(np.maximum(ratio, 1e-8))
    least = np.minimum(ratio, gamma)
    return least / (ratio + 1) if predicts_v else least / np.maximum(ratio, 1e-8)
