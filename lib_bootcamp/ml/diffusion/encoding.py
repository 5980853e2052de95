"""Chunks of tokens through a checkpoint's text encoders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from lib_bootcamp.core.text.prompt_chunks import Chunk
from lib_bootcamp.ports import Components

from .words import looked_up

PARTS = ("text_encoder", "text_encoder_2")


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Rows of tokens as the UNet attends to them.

    Args:
        states: [N, T, width].
        pooled: [N, width] of an encoder with a projection; None of others.
    """

    states: torch.Tensor
    pooled: torch.Tensor | None = None


def encoders_of(components: Components) -> list[tuple[str, Any, Any]]:
    """The checkpoint's text encoders: part, encoder, tokenizer."""
    both = ((PARTS[0], components.tokenizer), (PARTS[1], components.tokenizer_2))
    found = [(part, getattr(components, part), tokenizer) for part, tokenizer in both]
    return [each for each in found if each[1] is not None]


def row_of(chunk: Chunk, tokenizer: Any) -> list[int]:
    """A chunk with its beginning and its end, filled up to the encoder's length."""
    length = tokenizer.model_max_length - 2
    first, last = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else last
    return [first, *chunk.tokens, last, *[pad] * (length - len(chunk.tokens))]


def encoded(
    components: Components,
    part: str,
    rows: Sequence[Sequence[int]],
    vectors: torch.Tensor | None,
    layer: int,
) -> Encoded:
    """Encode rows of tokens.

    Args:
        components: the checkpoint.
        part: of its text encoders.
        rows: of one length; tokens below zero are places in `vectors`.
        vectors: as `words.looked_up`.
        layer: which of the hidden states is taken, -1 for the last; the last norm is put on it but for SDXL.
    """
    encoder = getattr(components, part)
    ids = torch.tensor([list(each) for each in rows], device=components.device)
    with looked_up(encoder, ids, vectors) as given:
        found = encoder(given, output_hidden_states=True)
    states = found.hidden_states[layer]
    if components.family != "sdxl":
        inner = encoder.text_model if hasattr(encoder, "text_model") else encoder
        states = inner.final_layer_norm(states)
    return Encoded(states=states, pooled=getattr(found, "text_embeds", None))
