"""Class pictures: what the checkpoint draws of a class before it is taught one of it, so that it does not forget it.

They are learned from beside the concept's own pictures (prior preservation, arXiv 2208.12242, 3.3). Each is known by
what it is drawn with, so that it is drawn once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lib_bootcamp.core.datasets.buckets import Size
from lib_bootcamp.core.datasets.pictures import examine

from .chance import MAX_SEED
from .examples import Example, bucket_of

MOST = 200
"""Where no number is given; there are never more of them than the concept's pictures come in an epoch."""
SOURCE = "drawn"


def key_of(prompt: str, weights: str, drawn_with: Mapping[str, Any]) -> str:
    """What class pictures are kept by: 32 hexadecimal digits.

    Args:
        prompt: they are drawn from.
        weights: the hash of the checkpoint's.
        drawn_with: sampler, steps, size and whatever else decides what they look like.
    """
    of = json.dumps([prompt, weights, dict(drawn_with)], sort_keys=True)
    return hashlib.sha256(of.encode()).hexdigest()[:32]


def seed_of(key: str, number: int) -> int:
    """The seed of a class picture, whatever training it is for: 0 to `MAX_SEED`."""
    return int.from_bytes(hashlib.sha256(f"{key}.{number}".encode()).digest()[:4], "big") % (MAX_SEED + 1)


def file_of(number: int) -> str:
    """A class picture in its folder, counted from 0."""
    return f"{number:05}.png"


def missing_of(folder: Path, count: int) -> list[int]:
    """The numbers of those of the first `count` that are not there yet, or cannot be read any more."""
    return [at for at in range(count) if examine(folder / file_of(at)).problem]


def drawn_examples(  # noqa: PLR0913 - what they are drawn with
    folder: Path, count: int, prompt: str, side: int, sizes: Sequence[Size], *, planned: bool
) -> list[Example]:
    """The class pictures that are there.

    Args:
        folder: of them.
        count: so many are wanted.
        prompt: their caption.
        side: of each, in px.
        sizes: of buckets.
        planned: whether those that are not there yet are among them, for a plan.
    """
    found = []
    for at in range(count):
        path = folder / file_of(at)
        seen = examine(path)
        if seen.problem and not planned:
            continue
        found.append(
            Example(
                path=path,
                caption=prompt,
                source=SOURCE,
                repeats=1,
                width=side,
                height=side,
                identity=seen.identity or f"{folder.name}.{at}",
                placed=bucket_of(side, side, sizes, enlarge=True),
            )
        )
    return found


def repeats_for(total: int, count: int) -> list[int]:
    """How often each of the class pictures comes in an epoch, so that together they come as often as the concept's.

    Of more class pictures than that the last ones come 0 times.

    Args:
        total: the concept's pictures in an epoch, repeats counted.
        count: class pictures.
    Source: kohya-ss/sd-scripts, library/train_util.py `DreamBoothDataset` (regularization images).
    """
    if not count:
        return []
    each, more = divmod(total, count)
    return [each + (at < more) for at in range(count)]
