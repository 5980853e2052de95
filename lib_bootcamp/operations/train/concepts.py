"""The concepts of a training, with their folders and the pictures in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.training.examples import Folder, Found, find_examples
from lib_bootcamp.core.training.joined import joined, names_of, refuse_overlap

from .concept_settings import Concept
from .train_settings import TrainParams

Sizes = Sequence[tuple[int, int]]


def concepts_of(params: TrainParams) -> tuple[Concept, ...]:
    """The concepts that are asked for; a folder by itself is one."""
    return params.concepts or (Concept(folder=params.folder),)


def folders_of(params: TrainParams, context: Context) -> tuple[Folder, ...]:
    """The concepts' folders, each checked.

    Raises:
        NotAllowedError, InvalidParamError: one may not be named, is none, or lies in another.
    """
    concepts = concepts_of(params)
    roots = {
        (f"concepts[{at}].folder" if params.concepts else "folder"): each.folder for at, each in enumerate(concepts)
    }
    checked = {name: Path(context.folder(given, name)) for name, given in roots.items()}
    refuse_overlap(checked)
    return tuple(
        Folder(root=root, inside=None if context.trusted else Inside(root, exact=True), name=name, weight=each.weight)
        for root, name, each in zip(checked.values(), names_of(list(checked.values())), concepts, strict=True)
    )


@dataclass(frozen=True)
class Finder:
    """Finds the pictures of a training's concepts.

    Args:
        params: of the training.
        context: of who asks.
        samples: the folder of its own samples.
        sizes: of buckets.
    """

    params: TrainParams
    context: Context
    samples: Path
    sizes: Sizes

    def found(self) -> Found:
        """The pictures of all concepts.

        Raises:
            NotAllowedError, InvalidParamError: as `folders_of`.
            ImageError: a concept has no picture that can be trained.
        """
        folders = folders_of(self.params, self.context)
        concepts = concepts_of(self.params)
        return joined([self._of(each, folder) for each, folder in zip(concepts, folders, strict=True)], folders)

    def _of(self, concept: Concept, folder: Folder) -> Found:
        return find_examples(
            folder.root,
            self.sizes,
            enlarge=self.params.enlarge,
            fallback=concept.caption or self.params.caption,
            trusted=self.context.trusted,
            samples=self.samples,
            repeats=concept.repeats,
        )
