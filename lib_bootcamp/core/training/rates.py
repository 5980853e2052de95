"""How a training's learning rate goes, as a factor on the highest one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

Schedule: TypeAlias = Literal["cosine", "constant", "linear", "cosine-restarts", "polynomial", "rex", "wsd"]
TITLES: dict[Schedule, str] = {
    "cosine": "Cosine",
    "constant": "Constant",
    "linear": "Linear",
    "cosine-restarts": "Cosine with restarts",
    "polynomial": "Polynomial",
    "rex": "REX",
    "wsd": "Warmup, stable, decay",
}
_FLOOR = 0.02
_REX_D = 0.9
_STABLE = 0.8  # the share of the steps after the warmup that WSD stays at the highest rate


@dataclass(frozen=True, kw_only=True)
class Rates:
    """The rate of each step of a training.

    Args:
        schedule: its shape.
        steps: in all.
        warmup: the share of the steps in which it rises, 0 to below 1.
        cycles: of `cosine-restarts`.
        power: of `polynomial`.
        floor: the smallest share of the highest rate.

    Source: REX, arXiv 2107.04197; warmup, stable, decay, arXiv 2404.06395; the others as diffusers/optimization.py.
    """

    schedule: Schedule = "cosine"
    steps: int
    warmup: float = 0.05
    cycles: int = 1
    power: float = 2.0
    floor: float = _FLOOR

    def at(self, step: int) -> float:
        """The factor of a step counted from 0: above 0, at most 1."""
        rise = int(self.steps * self.warmup)
        if step < rise:
            return (step + 1) / (rise + 1)
        share = min(1.0, (step - rise) / max(1, self.steps - rise))
        return self.floor + (1 - self.floor) * self._shape(share)

    def _shape(self, share: float) -> float:
        if self.schedule == "constant":
            return 1.0
        if self.schedule == "linear":
            return 1 - share
        if self.schedule == "polynomial":
            return float((1 - share) ** self.power)
        if self.schedule == "rex":
            return (1 - share) / (1 - _REX_D + _REX_D * (1 - share))
        if self.schedule == "wsd":
            return 1.0 if share < _STABLE else (1 - share) / (1 - _STABLE)
        turn = share * self.cycles % 1.0 if self.schedule == "cosine-restarts" and share < 1 else share
        return 0.5 * (1 + math.cos(math.pi * turn))
