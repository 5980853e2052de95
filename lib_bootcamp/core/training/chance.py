"""The chance of a training: what a step or an epoch draws depends on the seed and its number, and on nothing before.

So a training that was stopped at any step goes on as if it had not been.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MAX_SEED = 2**32 - 1
_OF_STEP, _OF_EPOCH, _OF_SAMPLE = 1, 2, 3


@dataclass(frozen=True)
class Chance:
    """The sources of chance of one training.

    Args:
        seed: 0 to `MAX_SEED`.
    """

    seed: int

    def of_step(self, step: int, part: int = 0) -> np.random.Generator:
        """What a step draws its captions, crops and noise from.

        Args:
            step: counted from 0.
            part: of the step, where several batches are accumulated.
        """
        return np.random.default_rng((self.seed, _OF_STEP, step, part))

    def of_epoch(self, epoch: int) -> np.random.Generator:
        """What an epoch is shuffled with."""
        return np.random.default_rng((self.seed, _OF_EPOCH, epoch))

    def of_sample(self, number: int) -> int:
        """The seed of a sample, the same at every step: 0 to `MAX_SEED`."""
        return int(np.random.default_rng((self.seed, _OF_SAMPLE, number)).integers(MAX_SEED + 1))


def torch_seed(source: np.random.Generator) -> int:
    """A seed for torch's generators, drawn from numpy's: 0 to 2^63 - 1."""
    return int(source.integers(2**63))


class Batches:
    """The order in which examples are trained: each epoch all of them, in batches of one size of pictures.

    A bucket's last batch is filled with examples of the same bucket, so that none is left out and none is smaller.

    Args:
        buckets: of each example, anything that can be compared.
        repeats: how often each comes in an epoch.
        size: of a batch.
        chance: of the training.
    """

    def __init__(self, buckets: Sequence[object], repeats: Sequence[int], size: int, chance: Chance) -> None:
        self._chance, self._size = chance, size
        self._members: dict[object, list[int]] = {}
        for at, (bucket, often) in enumerate(zip(buckets, repeats, strict=True)):
            self._members.setdefault(bucket, []).extend([at] * often)
        self.per_epoch = sum(-(-len(each) // size) for each in self._members.values())
        self._made: tuple[int, list[list[int]]] = (-1, [])

    def at(self, number: int) -> list[int]:
        """The examples of a batch.

        Args:
            number: of the batch, counted from 0 over all epochs.
        Raises:
            ValueError: there are no examples.
        """
        if not self.per_epoch:
            raise ValueError("there is nothing to train on")
        epoch, place = divmod(number, self.per_epoch)
        if self._made[0] != epoch:
            self._made = (epoch, self._order(epoch))
        return self._made[1][place]

    def _order(self, epoch: int) -> list[list[int]]:
        source, found = self._chance.of_epoch(epoch), []
        for members in self._members.values():
            order = source.permutation(members).tolist()
            short = -len(order) % self._size
            order += source.choice(members, short).tolist() if short else []
            found += [order[first : first + self._size] for first in range(0, len(order), self._size)]
        return [found[at] for at in source.permutation(len(found))]
