"""The losses of a step: what is minimized, and apart those of the concepts' pictures and of class pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from lib_bootcamp.core.training.examples import Folder


@dataclass
class Losses:
    """The losses of a step's parts.

    Args:
        total: what is minimized, weights counted.
        own: of each of the concepts' pictures, without its weight.
        of_class: of each class picture, without its weight.
    """

    total: float = 0.0
    own: list[float] = field(default_factory=list)
    of_class: list[float] = field(default_factory=list)

    def weighted(self, losses: torch.Tensor, folders: Sequence[Folder]) -> torch.Tensor:
        """What is minimized of a part, float32 []; its losses are kept.

        Args:
            losses: of each example, float32 [N].
            folders: of each.
        """
        for folder, loss in zip(folders, losses.tolist(), strict=True):
            (self.of_class if folder.is_class else self.own).append(loss)
        return (losses * losses.new_tensor([each.weight for each in folders])).mean()


def mean_of(losses: Sequence[float]) -> float | None:
    """Their mean; None where there are none."""
    return float(np.mean(losses)) if losses else None


def smoothed(before: float | None, loss: float | None, share: float) -> float | None:
    """A loss smoothed over the steps: what it was before where this step has none.

    Args:
        before: None: there was none.
        loss: of this step.
        share: of what was before, 0 to 1.
    """
    if loss is None:
        return before
    return loss if before is None else share * before + (1 - share) * loss
