"""Pictures that a training does not learn from, so that its loss on them tells when it learns them by heart."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from .examples import Example, Found

TIMES = (200, 400, 600, 800)
"""The time steps of the noise, of 1,000, as sd-scripts and OneTrainer validate."""
LEAST = 2
"""Pictures that are left to learn from."""


def split(examples: Sequence[Example], share: float, seed: int) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """What is learned from, and what is held out; chosen by the seed and the pictures themselves, not by their names.

    A picture that is there twice is held out in both places.

    Args:
        examples: in their order, which both keep.
        share: 0 to below 1.
        seed: of the training.
    """
    if not share:
        return tuple(examples), ()
    wanted = min(max(1, round(share * len(examples))), len(examples) - LEAST)
    if wanted < 1:
        return tuple(examples), ()
    drawn = sorted(examples, key=lambda each: hashlib.sha256(f"{seed}.{each.identity}".encode()).digest())
    held = {each.identity for each in drawn[:wanted]}
    if sum(each.identity not in held for each in examples) < LEAST:
        return tuple(examples), ()
    return (
        tuple(each for each in examples if each.identity not in held),
        tuple(each for each in examples if each.identity in held),
    )


def parted(found: Found, share: float, seed: int) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """As `split`, of all that a training has: class pictures are learned from, none of them is held out."""
    learned, held = split(found.own, share, seed)
    return (*learned, *found.of_class), held
