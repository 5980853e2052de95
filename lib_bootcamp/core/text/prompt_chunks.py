"""A prompt's tokens in chunks of 75, which the text encoder takes one by one, as the WebUI divides them.

Source: A1111 1.10.1, `modules/sd_hijack_clip.py` (`tokenize_line`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from .clip_tokens import MAX_TOKENS

BACKTRACK = 20
"""What follows a comma by so many tokens at most goes into the next chunk as a whole: the WebUI's default."""
Unit: TypeAlias = tuple[int, ...]
"""Tokens that stay together: one, or all vectors of an embedding."""


@dataclass
class Chunk:
    """Tokens without a beginning and an end, and the weight of each."""

    tokens: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)


def chunks_of(
    units: Iterable[tuple[Unit, float] | None],
    *,
    comma: int | None = None,
    backtrack: int = BACKTRACK,
    length: int = MAX_TOKENS,
) -> list[Chunk]:
    """Divide tokens into chunks; there is always one.

    Args:
        units: what stays together, and its weight; None begins a new chunk. None is longer than `length`.
        comma: the token of a comma that stands by itself.
        backtrack: how many tokens may follow the last comma of a chunk to be moved to the next; 0: none are moved.
        length: tokens in a chunk.
    """
    made: list[Chunk] = []
    now, last_comma = Chunk(), -1
    for each in units:
        if each is None:
            made.append(now)
            now, last_comma = Chunk(), -1
            continue
        unit, weight = each
        if unit == (comma,):
            last_comma = len(now.tokens)
        elif len(now.tokens) == length and last_comma >= 0 and length - last_comma <= backtrack:
            cut = last_comma + 1
            made.append(Chunk(now.tokens[:cut], now.weights[:cut]))
            now, last_comma = Chunk(now.tokens[cut:], now.weights[cut:]), -1
        if len(now.tokens) + len(unit) > length:
            made.append(now)
            now, last_comma = Chunk(), -1
        now.tokens += unit
        now.weights += [weight] * len(unit)
    return [*made, now] if now.tokens or not made else made
