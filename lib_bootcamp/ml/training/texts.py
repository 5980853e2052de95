"""Captions as what the UNet attends to, as the WebUI makes it: pieces of 75 tokens, with clip skip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lib_bootcamp.core.text.prompt_chunks import chunks_of
from lib_bootcamp.ml.diffusion.encoding import PARTS, encoded, encoders_of, row_of
from lib_bootcamp.ml.diffusion.words import Lexicon, Word
from lib_bootcamp.ports import Components

MOST_PIECES = 3
"""Of a caption; what is longer is cut off, as trainers do."""


@dataclass(frozen=True, kw_only=True)
class Prompted:
    """What one batch of captions is to the UNet.

    Args:
        states: [N, 77 * pieces, width].
        pooled: [N, width] of SDXL's second encoder; None for other families.
    """

    states: torch.Tensor
    pooled: torch.Tensor | None = None


def pieces_of(tokenizer: Any, text: str, lexicon: Lexicon) -> list[list[int]]:
    """The tokens of a text in pieces of 77, each with a beginning and an end; vectors are below zero."""
    chunks = chunks_of(((unit, 1.0) for unit in lexicon.units(text)), backtrack=0)
    return [row_of(each, tokenizer) for each in chunks[:MOST_PIECES]]


def prompted(components: Components, texts: list[str], clip_skip: int, words: Sequence[Word] = ()) -> Prompted:
    """What the UNet attends to.

    Args:
        components: the checkpoint.
        texts: of a batch.
        clip_skip: which of the encoder's last layers is used, from 1; SDXL has its own.
        words: which the texts may hold, each with vectors for every text encoder; gradients reach these.
    """
    states, pooled = [], None
    for part, _, tokenizer in encoders_of(components):
        lexicon = Lexicon(words, tokenizer, part)
        pieces = [pieces_of(tokenizer, text, lexicon) for text in texts]
        count = max(map(len, pieces))
        empty = pieces_of(tokenizer, "", lexicon)
        rows = [piece for each in pieces for piece in (*each, *empty * (count - len(each)))]
        layer = -2 if components.family == "sdxl" else -clip_skip
        found = encoded(components, part, rows, lexicon.vectors, layer)
        states.append(found.states.reshape(len(texts), -1, found.states.shape[-1]))
        if found.pooled is not None:
            pooled = found.pooled.view(len(texts), count, -1)[:, 0]
    return Prompted(states=torch.cat(states, -1), pooled=pooled)


def is_heard(word: Word, text: str, tokenizer: Any) -> bool:
    """Whether a word stands in a text where `prompted` does not cut it off.

    Args:
        word: with vectors for `text_encoder`.
        text: a caption.
        tokenizer: of that encoder.
    """
    pieces = pieces_of(tokenizer, text, Lexicon([word], tokenizer, PARTS[0]))
    return any(token < 0 for piece in pieces for token in piece)
