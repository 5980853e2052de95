"""How well labels fit a picture: the one type of a score, from the arithmetic to the answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from lib_bootcamp.params import Spec


@dataclass(frozen=True, kw_only=True)
class LabelScore:
    """One label and how well it fits."""

    label: Annotated[str, Spec("Label")]
    value: Annotated[float, Spec("Value", "A share from 0 to 1, or a cosine from -1 to 1.")]


@dataclass(frozen=True, kw_only=True)
class GroupScores:
    """What one group of labels says."""

    name: Annotated[str, Spec("Group")]
    label: Annotated[str | None, Spec("Label", "None: unknown.")]
    scores: Annotated[tuple[LabelScore, ...], Spec("Scores", "Best first.")]
