"""The three numbers of a comparison, of CLIP's vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import list_folder, no_pictures
from lib_bootcamp.core.datasets.pictures import read_picture
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.core.training.finished.ranking import Measured
from lib_bootcamp.core.training.finished.run_files import spread_over
from lib_bootcamp.core.training.samples import samples_among
from lib_bootcamp.errors import BootcampError

from .compare_drawing import Drawings
from .compare_run import Run

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.classifier import Model

MOST_PICTURES, PICTURES_AT_ONCE = 200, 16


class Measure:
    """The three numbers of drawings.

    Args:
        run: what was drawn.
        clip: knows the prompts' texts.
        training: float32 [N, D] of the training pictures; None: likeness does not count.
    """

    def __init__(self, run: Run, clip: Model, training: Floats | None) -> None:
        self._own = run.own
        self._texts = clip.encode_texts(run.asked.prompts[: run.own])
        # the mean of cosines to unit vectors is the product with their mean
        self._training = None if training is None else training.mean(0)

    def likeness(self, made: Drawings) -> float | None:
        """The mean cosine of the drawings of what was trained to the training pictures."""
        if self._training is None:
            return None
        return round(float((made.vectors[: self._own] @ self._training).mean()), 6)

    def prompt(self, made: Drawings) -> float:
        """The mean cosine of the drawings of what was trained to their prompts' texts."""
        return round(float(np.einsum("psd,pd->ps", made.vectors[: self._own], self._texts).mean()), 6)

    def of(self, made: Drawings, alone: Drawings) -> Measured:
        """All three of a file's drawings."""
        others = (made.vectors[self._own :] * alone.vectors[self._own :]).sum(-1).mean()
        return Measured(
            likeness=self.likeness(made),
            prompt=round(self.prompt(made) - self.prompt(alone), 6),
            others=round(float(others), 6),
        )


def training_vectors(root: Path, clip: Model, context: Context) -> tuple[Floats, list[str]]:
    """The training pictures' vectors, float32 [N, D], and a sentence where not all are taken.

    Args:
        root: their folder; samples that trainings drew are left out.
        clip: sees them.
        context: of who asks.
    Raises:
        ImageError: there is none that can be read.
    """
    from lib_bootcamp.ml.runtime.batches import prepared_in_batches

    inside = Inside(root, exact=not context.trusted)
    listing = list_folder(root, follow_out=context.trusted)
    samples = samples_among(listing.pictures, inside=inside)
    found = [each for each in listing.pictures if each not in samples]
    if not found:
        raise no_pictures("pictures", listing.left_out())
    taken = spread_over(found, MOST_PICTURES)
    notes = [f"Of {len(found):,} training pictures {MOST_PICTURES} are looked at."] if len(found) > len(taken) else []
    vectors: list[Any] = []
    mistakes: list[BootcampError] = []
    reading = None if context.trusted else inside
    for made in prepared_in_batches(
        context,
        taken,
        lambda path: clip.prepare(read_picture(path, reading)),
        lambda batch: list(clip.encode_prepared(batch)),
        size=PICTURES_AT_ONCE,
        title="Training pictures",
        unit="picture",
    ):
        if isinstance(made, BootcampError):
            mistakes.append(made)
        else:
            vectors.append(made)
    if not vectors:
        raise mistakes[0]
    if mistakes:
        notes.append(f"{len(mistakes):,} training pictures cannot be read: {mistakes[0]}")
    return np.stack(vectors), notes
