"""Words that a checkpoint's text encoders are given as vectors of their own: textual inversion, arXiv 2208.01618.

The encoder's table of tokens is never written to: while it encodes, what it looks up at the places of such a word is
replaced. Tokens below zero stand for vectors: -1 is the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from lib_bootcamp.core.text.prompt_chunks import Unit
from lib_bootcamp.core.text.word_finder import WordFinder

_AT_ONCE = 4_096
"""Letters of names that are given to a tokenizer: a fast one lets no other thread work meanwhile."""
_LINE_ENDS = re.compile(r"[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, eq=False)
class Word:
    """A word and its vectors.

    Args:
        name: as it stands in a prompt.
        vectors: for each text encoder (`text_encoder`, of SDXL `text_encoder_2` too) float [N, width]; as many for
            both.
    """

    name: str
    vectors: Mapping[str, torch.Tensor]


class Lexicon:
    """Some words as one text encoder and its tokenizer see them.

    Args:
        words: each with vectors for `part`.
        tokenizer: the encoder's.
        part: `text_encoder` or `text_encoder_2`.
    """

    def __init__(self, words: Sequence[Word], tokenizer: Any, part: str) -> None:
        self._tokenizer = tokenizer
        self._finder = WordFinder(tokens_of_names([each.name for each in words], tokenizer))
        self._units: dict[str, Unit] = {}
        first = 0
        for each in words:
            count = len(each.vectors[part])
            self._units.setdefault(each.name, tuple(-1 - at for at in range(first, first + count)))
            first += count
        self.vectors = torch.cat([each.vectors[part] for each in words]) if words else None

    def units(self, text: str) -> list[Unit]:
        """The tokens of a text, each by itself, and the vectors of each word together."""
        return [
            self._units[each] if isinstance(each, str) else (each,)
            for each in self._finder.split(tokens_of(self._tokenizer, text))
        ]


def on_one_line(text: str) -> str:
    """A text with blanks in place of its ends of lines: the same to a tokenizer, and some look at each line alone."""
    return _LINE_ENDS.sub(" ", text)


def tokens_of(tokenizer: Any, text: str) -> list[int]:
    """All tokens of a text, without those for its beginning and its end."""
    given = on_one_line(text)
    found: list[int] = tokenizer(given, add_special_tokens=False, truncation=False, verbose=False).input_ids
    return found


def tokens_of_names(names: Sequence[str], tokenizer: Any) -> dict[str, list[int]]:
    """The tokens of each name."""
    made: dict[str, list[int]] = {}
    first = 0
    while first < len(names):
        last, letters = first, 0
        while last < len(names) and letters < _AT_ONCE:
            letters += len(names[last]) + 1
            last += 1
        some = list(names[first:last])
        found = tokenizer(some, add_special_tokens=False, truncation=False, verbose=False).input_ids
        made |= dict(zip(some, found, strict=True))
        first = last
    return made


def names_in(
    texts: Sequence[Sequence[int]], names: WordFinder, fits: Callable[[str], bool] = lambda _: True
) -> list[str]:
    """Which of some names stand in texts as words, each once, in their order.

    Args:
        texts: the tokens of each part of a prompt.
        names: made of `tokens_of_names`.
        fits: whether a name counts (`WordFinder.split`).
    """
    found = (each for text in texts for each in names.split(text, fits))
    return list(dict.fromkeys(each for each in found if isinstance(each, str)))


@contextmanager
def looked_up(encoder: Any, ids: torch.Tensor, vectors: torch.Tensor | None) -> Iterator[torch.Tensor]:
    """The encoder finds vectors at the places of tokens below zero, for the length of a block.

    Args:
        encoder: a text encoder of transformers.
        ids: int64 [N, T], which it is about to encode.
        vectors: float [V, width]; gradients reach them. None: there are none.
    Yields:
        the ids to give it, none of them below zero.
    """
    if vectors is None:
        yield ids
        return
    is_vector, places = (ids < 0).unsqueeze(-1), (-1 - ids).clamp(min=0)

    def replaced(_: Any, __: Any, found: torch.Tensor) -> torch.Tensor:
        own = functional.embedding(places, vectors.to(ids.device)).to(found.dtype)
        return torch.where(is_vector, own, found)

    hook = encoder.get_input_embeddings().register_forward_hook(replaced)
    try:
        yield ids.clamp(min=0)
    finally:
        hook.remove()
