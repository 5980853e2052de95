"""The concepts of a training, with their folders and the pictures in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import list_folder
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.training.class_pictures import MOST, drawn_examples, repeats_for
from lib_bootcamp.core.training.examples import Folder, Found, find_examples
from lib_bootcamp.core.training.joined import joined, names_of, refuse_overlap

from .class_drawing import Drawing
from .concept_settings import Concept
from .train_settings import TrainParams

Sizes = Sequence[tuple[int, int]]


def concepts_of(params: TrainParams) -> tuple[Concept, ...]:
    """The concepts that are asked for; a folder by itself is one."""
    return params.concepts or (Concept(folder=params.folder),)


def refuse_folders(params: TrainParams, context: Context) -> None:
    """Refuse folders that may not be named, are none, or lie in each other.

    Raises:
        NotAllowedError, InvalidParamError: some do.
    """
    _checked(params, context)


def _checked(params: TrainParams, context: Context) -> tuple[list[Path], dict[int, Path]]:
    """The folder of each concept, and the class folders by their concept's number."""
    concepts = concepts_of(params)
    own = {(f"concepts[{at}].folder" if params.concepts else "folder"): each.folder for at, each in enumerate(concepts)}
    roots = {name: Path(context.folder(given, name)) for name, given in own.items()}
    refuse_overlap(roots)
    of_class = {}
    for at, each in enumerate(concepts):
        if each.class_folder:
            name = f"concepts[{at}].class_folder"
            of_class[at] = Path(context.folder(each.class_folder, name))
            for other, root in roots.items():
                refuse_overlap({other: root, name: of_class[at]})
    return list(roots.values()), of_class


def folders_of(params: TrainParams, context: Context, drawing: Drawing) -> tuple[Folder, ...]:
    """The folders of a training: the concepts' own, class folders, then those of drawn class pictures.

    Raises:
        NotAllowedError, InvalidParamError: as `refuse_folders`.
    """
    concepts = concepts_of(params)
    own, of_class = _checked(params, context)
    drawn = {at: drawing.place_of(each) for at, each in enumerate(concepts) if each.class_prompt.strip()}
    roots = [*own, *of_class.values(), *drawn.values()]
    names = names_of(roots)
    made = []
    for number, (root, name) in enumerate(zip(roots, names, strict=True)):
        at = [*range(len(own)), *of_class, *drawn][number]
        is_class, is_drawn = number >= len(own), number >= len(own) + len(of_class)
        guarded = not (context.trusted or is_drawn)
        made.append(
            Folder(
                root=root,
                inside=Inside(root, exact=True) if guarded else None,
                name=f"class pictures of {names[at]}" if is_drawn else name,
                weight=concepts[at].weight * (params.prior_weight if is_class else 1.0),
                concept=at,
                is_class=is_class,
            )
        )
    return tuple(made)


@dataclass(frozen=True)
class Finder:
    """Finds the pictures of a training's concepts.

    Args:
        params: of the training.
        context: of who asks.
        samples: the folder of its own samples.
        sizes: of buckets.
        drawing: of class pictures.
        planned: whether class pictures that are not drawn yet are among them.
        all_there: whether class pictures that are more than are used are among them, to be compared with.
    """

    params: TrainParams
    context: Context
    samples: Path
    sizes: Sizes
    drawing: Drawing
    planned: bool = False
    all_there: bool = False

    def found(self) -> Found:
        """The pictures of all concepts, and their class pictures.

        Raises:
            NotAllowedError, InvalidParamError: as `refuse_folders`.
            ImageError: a folder has no picture that can be trained.
        """
        folders = folders_of(self.params, self.context, self.drawing)
        parts = self._given(folders)
        for at, concept in enumerate(concepts_of(self.params)):
            if concept.class_prompt.strip():
                parts.append(self._drawn(concept, self._to_draw(at, parts, folders)))
        return joined(self._balanced(parts, folders), folders)

    def wanted(self) -> Iterator[tuple[Concept, int]]:
        """Each concept that has class pictures drawn, and how many of them; raises as `found`."""
        folders = folders_of(self.params, self.context, self.drawing)
        parts = self._given(folders)
        for at, concept in enumerate(concepts_of(self.params)):
            if concept.class_prompt.strip():
                yield concept, self._to_draw(at, parts, folders)

    def _given(self, folders: Sequence[Folder]) -> list[Found]:
        """The pictures of the folders that a person named, which come first."""
        drawn = sum(bool(each.class_prompt.strip()) for each in concepts_of(self.params))
        return [self._of_folder(each) for each in folders[: len(folders) - drawn]]

    def _of_folder(self, folder: Folder) -> Found:
        concept, trusted = concepts_of(self.params)[folder.concept], self.context.trusted
        prompt = concept.class_prompt.strip()
        if folder.is_class and prompt and not _has_pictures(folder.root, trusted=trusted):
            return Found(folders=(folder,), examples=(), left_out={})
        fallback = prompt if folder.is_class else concept.caption or self.params.caption
        return find_examples(
            folder.root,
            self.sizes,
            enlarge=self.params.enlarge,
            fallback=fallback,
            trusted=trusted,
            samples=self.samples,
            repeats=None if folder.is_class else concept.repeats,
        )

    def _to_draw(self, at: int, parts: Sequence[Found], folders: Sequence[Folder]) -> int:
        """How many class pictures of a concept are drawn: what its class folder has too few."""
        concept = concepts_of(self.params)[at]
        mine = [part for part, folder in zip(parts, folders, strict=False) if folder.concept == at]
        wanted = min(concept.class_count or MOST, sum(each.repeats for each in parts[at].examples))
        return max(0, wanted - sum(len(part.examples) for part in mine[1:]))

    def _drawn(self, concept: Concept, count: int) -> Found:
        drawing = self.drawing
        place, prompt = drawing.place_of(concept), concept.class_prompt.strip()
        examples = drawn_examples(place, count, prompt, drawing.side, self.sizes, planned=self.planned)
        return Found(folders=(Folder(root=place),), examples=tuple(examples), left_out={})

    def _balanced(self, parts: Sequence[Found], folders: Sequence[Folder]) -> list[Found]:
        """With class pictures that come together as often as their concept's own."""
        made = list(parts)
        for at in range(len(concepts_of(self.params))):
            mine = [number for number, each in enumerate(folders) if each.concept == at and each.is_class]
            total = sum(each.repeats for each in parts[at].examples)
            repeats = iter(repeats_for(total, sum(len(parts[each].examples) for each in mine)))
            for number in mine:
                examples = [dataclasses.replace(each, repeats=next(repeats)) for each in parts[number].examples]
                unused = sum(not each.repeats for each in examples)
                kept = tuple(each for each in examples if each.repeats or self.all_there)
                left_out = dict(parts[number].left_out)
                if unused:
                    what = f"{unused:,} of {len(examples):,} class pictures are not used"
                    left_out[folders[number].root] = f"{what}: its concept's own come {total:,} times in an epoch."
                made[number] = dataclasses.replace(parts[number], examples=kept, left_out=left_out)
        return made


def _has_pictures(root: Path, *, trusted: bool) -> bool:
    return bool(list_folder(root, follow_out=trusted).pictures)
