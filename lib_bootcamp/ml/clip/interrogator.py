"""A picture to the prompt that could have made it: CLIP chooses among labels, the way clip-interrogator does.

For the same model, tables and caption the texts are those of clip-interrogator 0.6.0 (MIT), whose `interrogate`,
`interrogate_fast`, `interrogate_classic`, `interrogate_negative`, `chain` and `rank` are followed step by step. Two
things it leaves to chance or does not know are decided here: of labels with the same tokens the better ranked one is
taken (there a set's order decides, another one in each process), and without a caption a chain begins with the best
label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.codec import decode_image
from lib_bootcamp.core.text.prompt_texts import SEPARATOR, classic_prompt, joined, truncated
from lib_bootcamp.errors import BootcampError, CancelledError
from lib_bootcamp.ml.captioners.registry import Captioner
from lib_bootcamp.ml.runtime.batches import Surroundings, Within, in_batches, prepared_in_batches
from lib_bootcamp.ports import Progress, Relay

from .label_features import CHUNK, LabelFeatures
from .prompt_encoder import PromptEncoder
from .text_tower import Row

T = TypeVar("T")
Mode: TypeAlias = Literal["best", "fast", "classic", "negative", "caption"]
Order: TypeAlias = Callable[[Sequence[str]], Iterable[str]]
PICTURES_AT_ONCE = 32
INTERMEDIATE = 2048
"""clip-interrogator's `flavor_intermediate_count`: how many labels a chain chooses among."""
LONGEST, LONGEST_CLASSIC = 32, 3
"""Its `max_flavors`, and that of its classic mode."""
_ROUNDING = 1e-3
"""How far apart a cosine with a label in half precision and its true value can be, twice: 2 * 2**-11."""


@dataclass(frozen=True, kw_only=True)
class InterrogateOptions:
    """What is asked of a picture.

    Args:
        mode: how the prompt is made.
        min_flavors: links of a chain that are taken even if they fit less than what is there.
        max_flavors: labels at most; None for clip-interrogator's 32, in classic mode 3.
        intermediate: labels that a chain chooses among.
        chunk: labels that are ranked at once.
        with_negative: whether the negative prompt is made too.
        top: labels of each table in the analysis.
    """

    mode: Mode = "best"
    min_flavors: int = 8
    max_flavors: int | None = None
    intermediate: int = INTERMEDIATE
    chunk: int = CHUNK
    with_negative: bool = False
    top: int = 5

    @property
    def chains(self) -> int:
        """How many chains a picture needs."""
        return (self.mode in ("best", "negative")) + (self.with_negative and self.mode != "negative")

    def longest(self, mode: Mode) -> int:
        """Labels at most."""
        if self.max_flavors is not None:
            return self.max_flavors
        return LONGEST_CLASSIC if mode == "classic" else LONGEST


@dataclass(frozen=True, kw_only=True)
class Interrogation:
    """What was found in a picture.

    Args:
        prompt: the text of the mode; empty in mode negative.
        negative: the negative prompt, where it was asked for.
        caption: the sentence that the prompt begins with; empty where there was none.
        similarity: cosine of picture and prompt; None where it was not computed.
        analysis: labels and cosines by table, best first.
    """

    prompt: str
    negative: str | None
    caption: str
    similarity: float | None = None
    analysis: dict[str, list[tuple[str, float]]] = field(default_factory=dict)


class Steps(Relay):
    """One bar for a whole run, over pieces of work that each have one of their own.

    Args:
        shown: the display.
        title: what it shows.
        total: steps of the run.
        unit: what a step is.
    """

    def __init__(self, shown: Progress, title: str, total: int, unit: str) -> None:
        super().__init__(shown)
        self._title, self._total, self._unit = title, total, unit
        self._begun = False
        self._of = self.done = 0

    def start(self, title: str, total: int, unit: str) -> None:
        """A piece begins; the first one begins the bar."""
        if not self._begun:
            super().start(self._title, self._total, self._unit)
            self._begun = True
        self._of = total

    def step(self, done: int, note: str = "") -> None:
        """A part of a piece is done: the bar stays, its note moves."""
        super().step(min(self.done, self._total), note or f"{done} of {self._of}")

    def reach(self, done: int) -> None:
        """So many steps of the run are done."""
        self.done = done
        if self._begun:
            super().step(min(done, self._total))


class Interrogator:
    """One question about many pictures.

    Args:
        encoder: texts and pictures of the model; None in caption mode, which needs no CLIP.
        labels: the tables' vectors; None likewise.
        context: the operation's.
        options: what is asked.
        captioner: makes the sentence a prompt begins with; None: there is none.
        caption: a sentence that the person gave, for all pictures.
        order: how a chain goes through labels that fit equally well; a `set` gives clip-interrogator's own order.
    """

    def __init__(  # noqa: PLR0913 - the question in full
        self,
        encoder: PromptEncoder | None,
        labels: LabelFeatures | None,
        context: Surroundings,
        options: InterrogateOptions,
        *,
        captioner: Captioner | None = None,
        caption: str | None = None,
        order: Order = dict.fromkeys,
    ) -> None:
        self._encoder, self._labels, self._context, self._wish = encoder, labels, context, options
        self._captioner = captioner if not caption and options.mode != "negative" else None
        self._caption, self._order = caption or "", order
        self._steps = Steps(context.progress, "Interrogate", 1, "picture")

    def answers(
        self, items: Sequence[T], read: Callable[[T], Image | bytes]
    ) -> Iterator[Interrogation | BootcampError]:
        """For each item, in order, what was found in its picture, or the mistake about it.

        Args:
            items: what `read` makes pictures of.
            read: gives a picture or a picture file's bytes.
        Raises:
            CancelledError: the person stopped it; carries how many pictures were finished.
            OutOfMemoryError: as `in_batches`.
        """
        per_item = 1 + self._wish.chains * self._wish.longest("best")
        unit = "picture" if per_item == 1 else "step"
        self._steps = Steps(self._context.progress, "Interrogate", len(items) * per_item, unit)
        at_once = PICTURES_AT_ONCE if self._captioner is None else min(self._captioner.at_once, PICTURES_AT_ONCE)
        finished = 0
        try:
            for start in range(0, len(items), at_once):
                group = self._group(items[start : start + at_once], read)
                for made in self._answered(group, per_item):
                    yield made
                    finished += 1
                    self._steps.reach(finished * per_item)
        except CancelledError:
            raise CancelledError(finished) from None

    def _group(
        self, items: Sequence[T], read: Callable[[T], Image | bytes]
    ) -> list[tuple[Floats | None, Image | None] | BootcampError]:
        """Pictures' vectors, and the pictures where a captioner wants them."""
        encoder, wanted = self._encoder, self._captioner is not None

        def prepare(item: T) -> tuple[Any, Image | None]:
            given = read(item)
            picture = (decode_image(given) if isinstance(given, bytes) else given) if wanted else None
            source = given if picture is None else picture
            return (encoder.model.preprocessing.prepare_exactly(source) if encoder else None), picture

        def work(batch: list[tuple[Any, Image | None]]) -> list[tuple[Floats | None, Image | None]]:
            if encoder is None:
                return [(None, picture) for _, picture in batch]
            vectors = encoder.model.encode_exactly([prepared for prepared, _ in batch])
            return [(vector, picture) for vector, (_, picture) in zip(vectors, batch, strict=True)]

        return list(
            prepared_in_batches(
                Within(self._context.host, self._steps),
                items,
                prepare,
                work,
                size=len(items),
                title="Interrogate",
                unit="picture",
            )
        )

    def _answered(
        self, group: Sequence[tuple[Floats | None, Image | None] | BootcampError], per_item: int
    ) -> Iterator[Interrogation | BootcampError]:
        good = [each for each in group if not isinstance(each, BootcampError)]
        captions = iter(self._captions([picture for _, picture in good]))
        vectors = [vector for vector, _ in good if vector is not None]
        weighed = iter(self._labels.similarities(np.stack(vectors)) if vectors and self._labels else ())
        base = self._steps.done
        for at, each in enumerate(group):
            self._steps.done = base + at * per_item
            if isinstance(each, BootcampError):
                yield each
                continue
            caption, vector = next(captions), each[0]
            if vector is None or self._encoder is None or self._labels is None:
                yield Interrogation(prompt=caption, negative=None, caption=caption)
            else:
                picture = _Picture(self._encoder, self._labels, self._wish, vector, next(weighed), self._steps)
                yield picture.interrogated(caption, self._order)

    def _captions(self, pictures: Sequence[Image | None]) -> list[str]:
        captioner = self._captioner
        if captioner is None:
            return [self._caption] * len(pictures)
        return list(
            in_batches(
                Within(self._context.host, self._steps),
                [each for each in pictures if each is not None],
                captioner.caption,
                size=captioner.at_once,
                title="Interrogate",
                unit="caption",
            )
        )


def _of_equals(winner: int, rows: Sequence[Row], ranks: Sequence[int]) -> int:
    """The best ranked of the labels that have the winner's tokens.

    Their vectors are equal, but a product of a matrix and a vector may give equal rows sums that differ by a last bit.
    """
    return min((at for at, row in enumerate(rows) if row == rows[winner]), key=lambda at: ranks[at])


class _Picture:
    """One picture against the labels.

    Args:
        vector: float32 [D], the picture's.
        weighed: float32 [labels], the cosines with all labels.
        steps: the bar.
    """

    def __init__(  # noqa: PLR0913 - what a picture is weighed with
        self,
        encoder: PromptEncoder,
        labels: LabelFeatures,
        options: InterrogateOptions,
        vector: Floats,
        weighed: torch.Tensor,
        steps: Steps,
    ) -> None:
        self._encoder, self._labels, self._wish = encoder, labels, options
        self._vector, self._weighed, self._steps = vector, weighed, steps
        self._known: dict[str, float] = {}

    def interrogated(self, caption: str, order: Order) -> Interrogation:
        """The texts that are wished for, and the analysis."""
        mode = self._wish.mode
        made = ""
        if mode == "best":
            made = self._best(caption, order)
        elif mode != "negative":
            made = self._fast(caption) if mode == "fast" else self._classic(caption) if mode == "classic" else caption
        negative = self._negative(order) if mode == "negative" or self._wish.with_negative else None
        return Interrogation(
            prompt=made,
            negative=negative,
            caption=caption,
            similarity=self._known.get(made),
            analysis=self._analysis(),
        )

    def _analysis(self) -> dict[str, list[tuple[str, float]]]:
        if not self._wish.top:
            return {}
        tables = ("mediums", "artists", "movements", "trendings", "flavors")
        found = {table: self._labels.best(table, self._weighed, self._wish.top) for table in tables}
        return {table: each for table, each in found.items() if each}

    def _ranked(self, table: str, count: int, *, reverse: bool = False) -> list[str]:
        (places,) = self._labels.rank(table, self._weighed[None], count, chunk=self._wish.chunk, reverse=reverse)
        return [self._labels.labels[place] for place in places]

    def _fast(self, caption: str) -> str:
        tops = self._ranked("merged", self._wish.longest("fast"))
        return truncated(joined(caption, tops), self._encoder.is_full)

    def _classic(self, caption: str, mode: Mode = "classic") -> str:
        medium, artist, trending, movement = (
            next(iter(self._ranked(table, 1)), "") for table in ("mediums", "artists", "trendings", "movements")
        )
        flavors = self._ranked("flavors", self._wish.longest(mode))
        others = [*(each for each in (trending, movement) if each), *flavors]
        return truncated(classic_prompt(caption, medium, artist, others), self._encoder.is_full)

    def _best(self, caption: str, order: Order) -> str:
        flavors = self._ranked("merged", self._wish.intermediate)
        chained = self._chain(caption, flavors, order, longest=self._wish.longest("best"))
        fast, classic = self._fast(caption), self._classic(caption, "best")
        candidates = [each for each in (caption, classic, fast, chained) if each]
        if not candidates:
            return ""
        winner = int(np.argmax(self._similarities(candidates)))
        return candidates[_of_equals(winner, self._encoder.rows(candidates), range(len(candidates)))]

    def _negative(self, order: Order) -> str:
        flavors = self._ranked("flavors", self._wish.intermediate, reverse=True)
        flavors += self._labels.table("negative")
        return self._chain("", flavors, order, longest=self._wish.longest("negative"), reverse=True)

    def _chain(self, prompt: str, flavors: Sequence[str], order: Order, *, longest: int, reverse: bool = False) -> str:
        """Add what fits best to the prompt, again and again, and return the best prompt of all.

        Source: `Interrogator.chain` of clip-interrogator 0.6.0; of a reversed chain the first similarity is not
        negated there, and so it is here.
        """
        remaining = list(order(list(dict.fromkeys(flavors))))
        if not remaining:
            return prompt
        start = self._steps.done
        if prompt:
            (similarity,) = self._similarities([prompt])
        else:
            prompt, similarity = self._first(remaining, reverse=reverse)
            remaining.remove(prompt)
        best, best_similarity = prompt, similarity
        sign = -1.0 if reverse else 1.0
        additions = self._encoder.additions(remaining)
        left = list(range(len(remaining)))
        places = {label: at for at, label in reversed(list(enumerate(flavors)))}
        ranks = [places[label] for label in remaining]
        for number in range(longest):
            if not left:
                break
            weighed = sign * (self._encoder.continued(prompt, additions, left, self._steps) @ self._vector)
            winner = _of_equals(
                int(np.argmax(weighed)), [additions.rows[at] for at in left], [ranks[at] for at in left]
            )
            longer, found = prompt + SEPARATOR + additions.texts[left[winner]], float(weighed[winner])
            self._known[longer] = sign * found
            if found > best_similarity:
                best, best_similarity = longer, found
            if found <= similarity and number >= self._wish.min_flavors:
                break
            prompt, similarity = longer, found
            if self._encoder.is_full(prompt):
                break
            del left[winner]
            self._steps.reach(start + number + 1)
        self._steps.reach(start + longest)
        return best

    def _first(self, labels: Sequence[str], *, reverse: bool) -> tuple[str, float]:
        """The label that fits best, or worst, and its true similarity.

        The tables hold the vectors rounded, so those that may be the best are computed once more, and no others.
        """
        sign = -1.0 if reverse else 1.0
        rough = sign * self._weighed[[self._labels.place(each) for each in labels]].numpy()
        near = [each for each, value in zip(labels, rough, strict=True) if value >= rough.max() - _ROUNDING]
        exact = self._similarities(near)
        winner = int(np.argmax([sign * each for each in exact]))
        return near[winner], exact[winner]

    def _similarities(self, texts: Sequence[str]) -> list[float]:
        """Cosines of the picture and texts; what was computed before is not computed again."""
        new = [each for each in dict.fromkeys(texts) if each not in self._known]
        for text, vector in zip(new, self._encoder.features(new, self._steps), strict=True):
            self._known[text] = float(vector @ self._vector)
        return [self._known[each] for each in texts]
