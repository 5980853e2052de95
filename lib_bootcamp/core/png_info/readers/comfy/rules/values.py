"""What comes out of a node's output, as far as the graph shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from lib_bootcamp.core.png_info.generation import Lora

MAX_WORDS = 50
MAX_LORAS = 100
MAX_PASSES = 20


class Want(NamedTuple):
    """What is asked for: its kind, and for words and texts the side that they are for.

    Kinds: model, clip, vae, words (conditioning), latent, image, text, pipe (several under names), lora; or a number or
    name by the field that it fills (seed, steps, cfg, sampler, scheduler, denoise, width, ...).
    """

    kind: str
    side: str = ""


class Ask(NamedTuple):
    """A question: what comes out of a node's output."""

    node: str
    slot: int
    want: Want


MADE = -1
"""The slot of the picture or latents that a sampler makes, whichever output they are."""


@dataclass(frozen=True)
class Value:
    """What is known about what an output gives.

    Args:
        plain: a text, a number, a switch.
        words: what conditioning says; () where it says nothing on purpose.
        loras: of a model or a stack of LoRAs, the first loaded first.
        facts: found on the way: model, vae, clip_skip, guidance, shift, width, height, scale_by, ...
        passes: the samplings behind a picture or latents, the first one first.
        fields: of a pipe.
        partial: a part of the text is not known.
    """

    plain: Any = None
    words: tuple[str, ...] | None = None
    loras: tuple[Lora, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    passes: tuple[Pass, ...] = ()
    fields: Mapping[str, Value] = field(default_factory=dict)
    partial: bool = False

    def with_facts(self, facts: Mapping[str, Any], loras: tuple[Lora, ...] = ()) -> Value:
        """The same with further facts and LoRAs."""
        if not facts and not loras:
            return self
        return replace(self, facts={**self.facts, **facts}, loras=(*self.loras, *loras)[:MAX_LORAS])


@dataclass(frozen=True)
class Pass:
    """One sampling.

    Args:
        kind: the sampler's class.
        values: steps, cfg, seed, sampler, scheduler, denoise.
        positive, negative, model: what it was given.
        before: facts of the latents or the picture it began from, since the sampling before.
        detail: works on parts of a finished picture (faces, tiles).
        fresh: denoises in full, so that of what it began from only the size is left.
    """

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)
    positive: Value | None = None
    negative: Value | None = None
    model: Value | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    detail: bool = False
    fresh: bool = False


def as_text(value: Value | None) -> str | None:
    """A text, or a number as one."""
    if value is None or isinstance(value.plain, bool):
        return None
    if isinstance(value.plain, (int, float)):
        return str(value.plain)
    return value.plain if isinstance(value.plain, str) else None


def mixed(values: list[Value | None]) -> Value | None:
    """Several conditionings as one: the words of each once, in their order; the first one's facts go first."""
    there = [each for each in values if each is not None]
    if not there:
        return None
    words: dict[str, None] = {}
    facts: dict[str, Any] = {}
    for each in there:
        words.update(dict.fromkeys(each.words or ()))
        facts = {**each.facts, **facts}
    all_words = None if all(each.words is None for each in there) else tuple(words)[:MAX_WORDS]
    return Value(words=all_words, facts=facts, partial=len(there) < len(values) or any(each.partial for each in there))
