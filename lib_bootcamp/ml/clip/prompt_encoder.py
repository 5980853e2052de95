"""Thousands of texts and prompts through a CLIP model, each once, in batches of the host's queue.

`continued` is what makes a chain of flavors quick: what all candidates begin with is computed once. Trap: a text may be
split only where its tokens can be, and a comma is merged with punctuation before it. So the prompt is taken with its
comma, and wherever cleaning could look across the split (anything but printable ASCII without `&` and `<`) the tokens
of the whole text are compared and texts that differ are computed as a whole.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.ml.runtime.batches import Surroundings, Within, in_batches, is_out_of_memory
from lib_bootcamp.ports import Progress

from .model import ClipModel
from .text_tower import Prefix, Row

TEXTS_ON_THE_PROCESSOR, TEXTS_ON_A_DEVICE = 256, 2048
TOKENS_AT_ONCE = 4096
_digests: weakref.WeakKeyDictionary[ClipModel, str] = weakref.WeakKeyDictionary()
_PROBES = ("Hello, World!! it's <b>5</b> o'clock & co. -- naïve", "many words " * 60)


@dataclass(frozen=True)
class Additions:
    """What a prompt may be continued with.

    Args:
        texts: each without the comma before it.
        rows: what their tokens are after a prompt: without a start, with an end-of-text.
    """

    texts: tuple[str, ...]
    rows: tuple[Row, ...]


class PromptEncoder:
    """Texts to vectors, for one run.

    Args:
        model: a CLIP model.
        context: the operation's.
    """

    def __init__(self, model: ClipModel, context: Surroundings) -> None:
        self.model, self._context = model, context
        self._tower = model.text_tower
        self._size = TEXTS_ON_THE_PROCESSOR if model.device == "cpu" else TEXTS_ON_A_DEVICE
        self._prefix: Prefix | None = None
        self._splits = self._tower is not None and _is_clips_own(model)

    def rows(self, texts: Sequence[str]) -> list[Row]:
        """The tokens of each text from start-of-text to end-of-text, cut off where open_clip does it."""
        rows: list[Row] = []
        for at in range(0, len(texts), TOKENS_AT_ONCE):
            tokens = self.model.tokenizer(list(texts[at : at + TOKENS_AT_ONCE]))
            ends = (tokens.argmax(1) + 1).tolist()
            rows += [tuple(row[:end]) for row, end in zip(tokens.tolist(), ends, strict=True)]
        return rows

    def is_full(self, text: str) -> bool:
        """Whether a text takes the last of the model's places for tokens."""
        return bool(self.model.tokenizer([text])[0][-1] != 0)

    def additions(self, texts: Sequence[str]) -> Additions:
        """Tokenize what prompts will be continued with."""
        return Additions(tuple(texts), tuple(row[1:] for row in self.rows(texts)))

    def features(  # noqa: PLR0913 - what is computed, and what a person is shown
        self,
        texts: Sequence[str],
        progress: Progress,
        *,
        title: str = "Prompts",
        unit: str = "text",
        known: Sequence[Floats] = (),
        keep: Callable[[list[Floats]], None] | None = None,
    ) -> Floats:
        """Texts to vectors.

        Args:
            texts: those with the same tokens are computed once.
            progress: shows how far it is, and stops it.
            title: what the host shows.
            unit: what the texts are.
            known: vectors that an earlier, stopped call gave to `keep`.
            keep: is given what was finished when the work is stopped.
        Returns:
            float32 [N, D], unit length.
        Raises:
            CancelledError, OutOfMemoryError: as `in_batches`.
        """
        if not texts:
            return np.zeros((0, self.model.width), np.float32)
        rows = self.rows(texts)
        first: dict[Row, str] = {}
        for row, text in zip(rows, texts, strict=True):
            first.setdefault(row, text)
        ordered = sorted(first)  # those that begin alike stand together
        made = list(known)
        try:
            made.extend(self._encoded(ordered[len(known) :], first, None, progress, title, unit))
        except BaseException:
            if keep is not None:
                keep(made)
            raise
        place = {row: at for at, row in enumerate(ordered)}
        found: Floats = np.stack(made)[[place[row] for row in rows]]
        return found

    def continued(self, prompt: str, additions: Additions, chosen: Sequence[int], progress: Progress) -> Floats:
        """The vectors of `prompt, addition`.

        Args:
            prompt: the beginning of all.
            additions: what may follow.
            chosen: which of them.
            progress: shows how far it is, and stops it.
        Returns:
            float32 [chosen, D], unit length.
        Raises:
            CancelledError, OutOfMemoryError: as `in_batches`.
        """
        head, tails = self._split(prompt, additions, chosen)
        apart = [at for at, tail in enumerate(tails) if tail is not None]
        whole = [at for at, tail in enumerate(tails) if tail is None]
        found = np.empty((len(chosen), self.model.width), np.float32)
        if apart and head is not None and self._tower is not None:
            rows = [tail for tail in tails if tail is not None]
            ordered = sorted(set(rows))
            encoded = self._encoded(ordered, {}, head, progress, "Prompts", "prompt")
            made = dict(zip(ordered, encoded, strict=True))
            found[apart] = np.stack([made[row] for row in rows])
        if whole:
            texts = [f"{prompt}, {additions.texts[chosen[at]]}" for at in whole]
            found[whole] = self.features(texts, progress)
        return found

    def _split(self, prompt: str, additions: Additions, chosen: Sequence[int]) -> tuple[Row | None, list[Row | None]]:
        """The tokens of the beginning, and what follows it in each text; None where a text has to stay whole."""
        if not self._splits or self._tower is None:
            return None, [None] * len(chosen)
        length = self._tower.context_length
        row = self.rows([prompt + ","])[0]
        if len(row) >= length:  # it may be cut off already
            return None, [None] * len(chosen)
        head, end = row[:-1], row[-1]
        room = length - len(head)
        tails: list[Row | None] = []
        doubtful = []
        sure = _is_simple(prompt)
        for at, number in enumerate(chosen):
            tail = additions.rows[number]
            tails.append(tail if len(tail) <= room else (*tail[: room - 1], end))
            if not sure or not _is_simple(additions.texts[number]):
                doubtful.append(at)
        texts = [f"{prompt}, {additions.texts[chosen[at]]}" for at in doubtful]
        for at, whole in zip(doubtful, self.rows(texts), strict=True):
            if head + (tails[at] or ()) != whole:
                tails[at] = None
        return head, tails

    def _encoded(  # noqa: PLR0913 - what is computed, and what a person is shown
        self,
        rows: Sequence[Row],
        texts: dict[Row, str],
        head: Row | None,
        progress: Progress,
        title: str,
        unit: str,
    ) -> Iterator[Floats]:
        return in_batches(
            Within(self._context.host, progress),
            rows,
            lambda batch: self._batch(batch, texts, head),
            size=self._size,
            title=title,
            unit=unit,
        )

    def _batch(self, rows: list[Row], texts: dict[Row, str], head: Row | None) -> list[Floats]:
        try:
            if self._tower is None:
                return list(self.model.encode_texts([texts[row] for row in rows]))
            if head is not None and (self._prefix is None or self._prefix.tokens != head):
                self._prefix = self._tower.prefix(head)
            return list(self._tower.encode(rows, self._prefix if head is not None else None).numpy())
        except (RuntimeError, MemoryError) as error:
            if is_out_of_memory(error):
                self._size = max(1, len(rows) // 2)  # later steps need not run into it again
            raise


def text_digest(model: ClipModel) -> str:
    """Names a model's text tower: the same for the same weights, precision and length of texts."""
    if model not in _digests:
        _digests[model] = _digest(model)
    return _digests[model]


def _digest(model: ClipModel) -> str:
    digest = hashlib.sha256(f"{model.dtype} {model.tokenizer(['A, b']).tolist()}".encode())
    for name, value in model.module.state_dict().items():
        if not name.startswith("visual."):
            digest.update(f"{name} {tuple(value.shape)} {value.dtype}".encode())
            digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def _is_simple(text: str) -> bool:
    """Whether cleaning leaves it as it is, whatever stands beside it."""
    return text.isascii() and text.isprintable() and "&" not in text and "<" not in text


def _is_clips_own(model: ClipModel) -> bool:
    """Whether the tokenizer is CLIP's own, which takes words apart one by one."""
    import open_clip

    given = model.tokenizer(list(_PROBES))
    own = open_clip.tokenize(list(_PROBES), context_length=given.shape[1])
    return bool((given == own).all())
