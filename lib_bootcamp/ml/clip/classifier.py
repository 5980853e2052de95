"""Labels weighed on pictures by a CLIP model: prompt templates, features of labels, scores batch by batch.

Importing this file does not import torch.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.text.scores import GroupScores
from lib_bootcamp.core.text.zero_shot import Features, LabelSet, Scorer, Scoring, ensemble, fill
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.ml.runtime.batches import Surroundings, in_batches, prepared_in_batches

T = TypeVar("T")
PICTURES_AT_ONCE, TEXTS_AT_ONCE = 32, 64
MAX_TEXTS = 20_000
# What a picture of anything could be called: a sigmoid score of a model without a bias is weighed against these.
NEUTRAL = ("something", "anything", "a picture")
_KEPT_TEXTS = 32
_texts_of: weakref.WeakKeyDictionary[Any, OrderedDict[tuple[str, ...], Features]] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


class Model(Protocol):
    """What is needed of a CLIP model: unit features of pictures and texts in one space."""

    name: str
    logit_scale: float
    logit_bias: float | None

    @property
    def backend(self) -> str:
        """What computes the pictures, and what that costs in accuracy."""

    @property
    def width(self) -> int:
        """The length of a feature."""

    def prepare(self, picture: Image | bytes) -> Any:
        """A picture, or a picture file's bytes, as `encode_prepared` takes it; safe to call from several threads."""

    def encode_prepared(self, prepared: Sequence[Any]) -> Features:
        """float32 [N, D], unit length."""

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """float32 [N, D], unit length."""


def shipped_templates(name: str) -> tuple[str, ...]:
    """The templates that open_clip ships, with `{}` where the label goes.

    Args:
        name: `none` (the label alone), `short` (7) or `openai` (80).
    Source: open_clip/zero_shot_metadata.py; CLIP's Prompt_Engineering_for_ImageNet notebook.
    """
    if name == "none":
        return ("{}",)
    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    from open_clip import OPENAI_IMAGENET_TEMPLATES, SIMPLE_IMAGENET_TEMPLATES

    shipped = {"short": SIMPLE_IMAGENET_TEMPLATES, "openai": OPENAI_IMAGENET_TEMPLATES}[name]
    return tuple(str(template("{}")) for template in shipped)


class Classifier:
    """One model, one question: the labels' features are made once, when the first picture comes.

    Args:
        model: a CLIP model.
        context: the operation's.
        label_sets: labels by the name of their group.
        templates: texts with `{}` where a label goes.
        negatives: labels that take part and are no answers.
        scoring, unknown_below, top_k: as in `Scorer`.
    """

    def __init__(  # noqa: PLR0913 - the question in full
        self,
        model: Model,
        context: Surroundings,
        *,
        label_sets: Mapping[str, Sequence[str]],
        templates: Sequence[str],
        negatives: Sequence[str] = (),
        scoring: Scoring = "softmax",
        unknown_below: float = 0.0,
        top_k: int | None = None,
    ) -> None:
        self.model, self._context = model, context
        self._labels, self._templates = dict(label_sets), tuple(templates)
        self._negatives, self._scoring = tuple(negatives), scoring
        self._unknown_below, self._top_k = unknown_below, top_k

    def answers(
        self, items: Sequence[T], read: Callable[[T], Image | bytes]
    ) -> Iterator[tuple[GroupScores, ...] | BootcampError]:
        """For each item, in order, what each label set says of its picture, or the mistake about it.

        Args:
            items: what `read` makes pictures of; called from several threads, a batch ahead at most.
            read: gives a picture or a picture file's bytes.
        Raises:
            CancelledError, OutOfMemoryError: as `prepared_in_batches`.
        """
        sets, scorer = self._question()
        for made in prepared_in_batches(
            self._context,
            items,
            lambda item: self.model.prepare(read(item)),
            lambda batch: list(self.model.encode_prepared(batch)),
            size=PICTURES_AT_ONCE,
            title="Classify",
            unit="picture",
        ):
            yield made if isinstance(made, BootcampError) else scorer.answers(made[None], sets)[0]

    def _question(self) -> tuple[list[LabelSet], Scorer]:
        neutral = NEUTRAL if self._scoring == "sigmoid" and self.model.logit_bias is None else ()
        every = list(dict.fromkeys([label for each in self._labels.values() for label in each]))
        every += [each for each in (*self._negatives, *neutral) if each not in every]
        features = dict(zip(every, self._features(every), strict=True))

        def those(labels: Sequence[str]) -> Features:
            empty = np.zeros((0, self.model.width), np.float32)
            return np.stack([features[each] for each in labels]) if labels else empty

        sets = [
            LabelSet(name=name, labels=tuple(labels), features=those(labels)) for name, labels in self._labels.items()
        ]
        scorer = Scorer(
            scale=self.model.logit_scale,
            bias=self.model.logit_bias,
            scoring=self._scoring,
            negatives=those(self._negatives),
            neutral=those(neutral),
            unknown_below=self._unknown_below,
            top_k=self._top_k,
        )
        return sets, scorer

    def _features(self, labels: Sequence[str]) -> Features:
        """float32 [labels, D]; the newest questions of a model are remembered with it."""
        texts = tuple(fill(self._templates, labels))
        if len(texts) > MAX_TEXTS:
            raise InvalidParamError(
                "labels",
                f"and templates make {len(texts)} texts",
                hint=f"at most {MAX_TEXTS} are allowed, so give fewer",
            )
        with _lock:
            kept = _texts_of.setdefault(self.model, OrderedDict())
            if texts in kept:
                kept.move_to_end(texts)
                return kept[texts]
        rows = in_batches(
            self._context,
            texts,
            lambda batch: list(self.model.encode_texts(batch)),
            size=TEXTS_AT_ONCE,
            title="Labels",
            unit="text",
        )
        made = ensemble(np.stack(list(rows)), len(self._templates))
        with _lock:
            kept[texts] = made
            while len(kept) > _KEPT_TEXTS:
                kept.popitem(last=False)
        return made
