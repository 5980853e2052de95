"""Which file of a training is best: three cosines of each, made comparable and averaged.

What a training learns and what it forgets go in opposite ways. Ranks would lose how much: where likeness only rises and
the others only fall, the first file has the best mean rank, however little it learned. Raw cosines cannot be added
either: of drawings with each other they differ by tenths, of drawings and texts by hundredths. So each number is stated
in spreads above or below the mean of all files (z-scores), and the three have the same weight.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

LEAST_SPREAD = 0.005
"""Of cosines: files that differ by less are apart by chance, and a division by their spread would decide by it."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was measured of a file, higher is better.

    Args:
        likeness: the mean cosine of its drawings to the training pictures; None: there are none.
        prompt: the mean cosine of its drawings to their prompt's text, less that of the checkpoint alone.
        others: the mean cosine of its drawings of other prompts to those of the checkpoint alone.
    """

    likeness: float | None
    prompt: float
    others: float


def scores_of(files: Sequence[Measured]) -> list[float]:
    """A score of each file: the mean of the z-scores of its numbers, of which all files have each.

    The spread that a number is divided by is at least `LEAST_SPREAD`. A number that a file lacks counts for none.

    Returns:
        as many scores, rounded to 6 digits; their mean is about 0.
    """
    numbers = [[each.likeness, each.prompt, each.others] for each in files]
    columns = [_z_scores(column) for column in zip(*numbers, strict=True) if None not in column]
    return [round(statistics.fmean(row), 6) for row in zip(*columns, strict=True)]


def ranked(scores: Sequence[float]) -> list[int]:
    """The places of scores, best first; of equal ones the first stays first."""
    return sorted(range(len(scores)), key=lambda at: -scores[at])


def _z_scores(column: Sequence[float | None]) -> list[float]:
    values = [each for each in column if each is not None]
    mean, spread = statistics.fmean(values), max(LEAST_SPREAD, statistics.pstdev(values))
    return [(each - mean) / spread for each in values]
