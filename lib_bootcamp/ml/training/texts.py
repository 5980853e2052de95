"""Captions as what the UNet attends to, as the WebUI makes it: pieces of 75 tokens, with clip skip."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

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


def pieces_of(tokenizer: Any, text: str) -> list[list[int]]:
    """The tokens of a text in pieces of 77, each with a beginning and an end."""
    length = tokenizer.model_max_length - 2
    tokens = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False).input_ids
    tokens = tokens[: length * MOST_PIECES]
    first, last = tokenizer.bos_token_id, tokenizer.eos_token_id
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else last
    made = []
    for at in range(0, max(1, len(tokens)), length):
        piece = tokens[at : at + length]
        made.append([first, *piece, last, *[pad] * (length - len(piece))])
    return made


def prompted(components: Components, texts: list[str], clip_skip: int) -> Prompted:
    """What the UNet attends to.

    Args:
        components: the checkpoint.
        texts: of a batch.
        clip_skip: which of the encoder's last layers is used, from 1; SDXL has its own.
    """
    states, pooled = [], None
    for encoder, tokenizer in (
        (components.text_encoder, components.tokenizer),
        (components.text_encoder_2, components.tokenizer_2),
    ):
        if encoder is None:
            continue
        pieces = [pieces_of(tokenizer, text) for text in texts]
        count = max(map(len, pieces))
        empty = pieces_of(tokenizer, "")
        rows = [[*each, *empty * (count - len(each))] for each in pieces]
        flat = torch.tensor([piece for row in rows for piece in row], device=components.device)
        found = encoder(flat, output_hidden_states=True)
        last = found.hidden_states[-2 if components.family == "sdxl" else -clip_skip]
        if components.family != "sdxl":
            last = (
                encoder.text_model.final_layer_norm(last)
                if hasattr(encoder, "text_model")
                else encoder.final_layer_norm(last)
            )
        states.append(last.view(len(texts), -1, last.shape[-1]))
        if hasattr(found, "text_embeds") and found.text_embeds is not None:
            pooled = found.text_embeds.view(len(texts), count, -1)[:, 0]
    return Prompted(states=torch.cat(states, -1), pooled=pooled)
