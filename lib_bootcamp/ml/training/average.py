"""The exponential moving average of what is learned, which draws better than the last step alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch


class Average:
    """The average of some values.

    Args:
        decay: of the past, 0 to below 1; it begins lower and grows, (1 + n) / (10 + n), so that the beginning is
            forgotten.
        values: as they are now.
    """

    def __init__(self, decay: float, values: Iterable[torch.Tensor]) -> None:
        self.decay, self.taken = decay, 0
        self.values = [each.detach().clone() for each in values]

    def take(self, values: Iterable[torch.Tensor]) -> None:
        """Take in the values after a step."""
        self.taken += 1
        decay = min(self.decay, (1 + self.taken) / (10 + self.taken))
        for mean, value in zip(self.values, values, strict=True):
            mean.lerp_(value.detach(), 1 - decay)

    @contextmanager
    def in_place_of(self, values: Sequence[torch.Tensor]) -> Iterator[None]:
        """The average stands in the values for the length of a block."""
        kept = [each.data for each in values]
        try:
            for value, mean in zip(values, self.values, strict=True):
                value.data = mean
            yield
        finally:
            for value, own in zip(values, kept, strict=True):
                value.data = own

    def tensors(self) -> dict[str, torch.Tensor]:
        """What it needs to go on, by name."""
        return {f"average.{at}": each for at, each in enumerate(self.values)}

    def load(self, tensors: Mapping[str, torch.Tensor], taken: int) -> None:
        """Go on from what `tensors` gave, after so many steps."""
        self.taken = taken
        for at, mean in enumerate(self.values):
            mean.copy_(tensors[f"average.{at}"])
