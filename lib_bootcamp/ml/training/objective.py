"""What a training minimizes: the error of the noise, or of v, that the UNet predicts at a time step drawn by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch

from lib_bootcamp.core.training.chance import torch_seed
from lib_bootcamp.core.training.weights import Weighting, alphas_of, weights_of


@dataclass(frozen=True, kw_only=True)
class Objective:
    """How the error is measured.

    Args:
        weighting: how much each time step counts.
        gamma: of min-SNR.
        loss: `l2`, or `huber` (2c(sqrt(e^2 + c^2) - c)).
        huber_c: its c.
        noise_offset: how much the noise of a whole channel is moved.
        zero_terminal: whether the last step is noise alone, for models that predict v.
    """

    weighting: Weighting = "min-snr"
    gamma: float = 5.0
    loss: Literal["l2", "huber"] = "l2"
    huber_c: float = 0.1
    noise_offset: float = 0.0
    zero_terminal: bool = False


class Noise:
    """The noise of a checkpoint's steps.

    Args:
        scheduler: its scheduler's settings.
        objective: how the error is measured.
    """

    def __init__(self, scheduler: dict[str, Any], objective: Objective) -> None:
        self.objective = objective
        self.predicts_v = scheduler.get("prediction_type") == "v_prediction"
        zero = objective.zero_terminal and self.predicts_v
        self.alphas = alphas_of(scheduler, zero_terminal=zero)
        self._weights = weights_of(self.alphas, objective.weighting, gamma=objective.gamma, predicts_v=self.predicts_v)

    def drawn(self, latents: torch.Tensor, source: np.random.Generator, steps: Any = None) -> Drawn:
        """Noise and time steps for latents; the same source gives the same on every device.

        Args:
            latents: float32 [N, C, h, w].
            source: of chance.
            steps: the time steps [N]; None: drawn too.
        """
        generator = torch.Generator().manual_seed(torch_seed(source))
        shape = tuple(latents.shape)
        noise = torch.randn(shape, generator=generator)
        if self.objective.noise_offset:
            noise = noise + self.objective.noise_offset * torch.randn((*shape[:2], 1, 1), generator=generator)
        if steps is None:
            steps = source.integers(len(self.alphas), size=shape[0])
        times = np.asarray(steps)
        return Drawn(noise.to(latents.device), torch.from_numpy(times).to(latents.device), self._roots(times, latents))

    def _roots(self, times: Any, latents: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        alphas = torch.from_numpy(self.alphas[times]).view(-1, 1, 1, 1)
        return alphas.sqrt().float().to(latents.device), (1 - alphas).sqrt().float().to(latents.device)

    def loss(self, predicted: torch.Tensor, latents: torch.Tensor, drawn: Drawn) -> torch.Tensor:
        """The error of each example, float32 [N].

        Args:
            predicted: by the UNet, [N, C, h, w].
            latents: without noise.
            drawn: what was put on them.
        """
        signal, share = drawn.roots
        goal = signal * drawn.noise - share * latents if self.predicts_v else drawn.noise
        difference = predicted.float() - goal
        if self.objective.loss == "huber":
            c = self.objective.huber_c
            each = 2 * c * ((difference.square() + c * c).sqrt() - c)
        else:
            each = difference.square()
        weights = torch.from_numpy(self._weights).float()[drawn.times.cpu()].to(latents.device)
        return each.mean((1, 2, 3)) * weights


@dataclass(frozen=True)
class Drawn:
    """Noise, the time steps [N], and the roots of the signal's and of the noise's share, [N, 1, 1, 1]."""

    noise: torch.Tensor
    times: torch.Tensor
    roots: tuple[torch.Tensor, torch.Tensor]

    def of(self, some: slice) -> Drawn:
        """That of some of the examples."""
        signal, share = self.roots
        return Drawn(self.noise[some], self.times[some], (signal[some], share[some]))

    def noised(self, latents: torch.Tensor) -> torch.Tensor:
        """Latents with the noise on them."""
        return self.roots[0] * latents + self.roots[1] * self.noise
