"""What a pipeline is given for its prompts: the texts, or what the UNet attends to, made as the WebUI makes it.

The latter where they have weights, words of one's own or more than 75 tokens; and with clip skip, which diffusers
leaves out of the negative prompt, and 0.42 does not find with transformers 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from lib_bootcamp.core.text.clip_tokens import MAX_TOKENS
from lib_bootcamp.core.text.prompt_chunks import Chunk, Unit, chunks_of
from lib_bootcamp.core.text.prompt_weights import Part, weighted_parts
from lib_bootcamp.errors import InvalidParamError, ModelError
from lib_bootcamp.ports import Components

from .encoding import Encoded, encoded, encoders_of, row_of
from .words import Lexicon, Word, on_one_line, tokens_of

MOST_CHUNKS = 64
"""Of a prompt: 4,800 tokens."""


def prompts_for(
    components: Components, prompt: str, negative_prompt: str, clip_skip: int, words: Sequence[Word] = ()
) -> dict[str, Any]:
    """Arguments of a pipeline of diffusers.

    Args:
        components: the checkpoint.
        prompt: with weights as the WebUI reads them.
        negative_prompt: likewise.
        clip_skip: which of the encoder's last layers is used, from 1; with SDXL counted from the one before the last.
        words: which the prompts may hold; each with vectors for every text encoder.
    Raises:
        InvalidParamError: a prompt has more than `MOST_CHUNKS` chunks.
        ModelError: with the words a text encoder makes no numbers.
    """
    if clip_skip == 1 and all(_is_plain(components, text, words) for text in (prompt, negative_prompt)):
        return {"prompt": on_one_line(prompt), "negative_prompt": on_one_line(negative_prompt) or None}
    with torch.inference_mode():
        wanted, unwanted = _both(components, prompt, negative_prompt, clip_skip, words)
        is_finite = all(bool(torch.isfinite(each.states).all()) for each in (wanted, unwanted))
    if words and not is_finite:
        names = ", ".join(each.name for each in words)
        raise ModelError(f"With {names} the text encoder makes no numbers (NaN)", hint="leave it out of the prompt")
    made = {"prompt_embeds": wanted.states, "negative_prompt_embeds": unwanted.states}
    if wanted.pooled is not None:
        made |= {"pooled_prompt_embeds": wanted.pooled, "negative_pooled_prompt_embeds": unwanted.pooled}
    return made


def _is_plain(components: Components, text: str, words: Sequence[Word]) -> bool:
    """Whether diffusers makes the same of a text."""
    parts = weighted_parts(text)
    if parts not in ([], [Part(text)]):
        return False
    _, __, tokenizer = encoders_of(components)[0]
    units = Lexicon(words, tokenizer, "text_encoder").units(text)
    return len(units) <= MAX_TOKENS and not any(each[0] < 0 for each in units)


def _both(
    components: Components, prompt: str, negative_prompt: str, clip_skip: int, words: Sequence[Word]
) -> tuple[Encoded, Encoded]:
    """Of both prompts, as long as each other: empty chunks after the shorter one."""
    found: list[list[Encoded]] = [[], []]
    layer = -clip_skip - 1 if components.family == "sdxl" else -clip_skip
    for part, _, tokenizer in encoders_of(components):
        lexicon = Lexicon(words, tokenizer, part)
        texts = {"prompt": prompt, "negative_prompt": negative_prompt}
        chunks = [_chunks_within(name, text, lexicon, tokenizer) for name, text in texts.items()]
        longest = max(map(len, chunks))
        for each, into in zip(chunks, found, strict=True):
            each += [Chunk() for _ in range(longest - len(each))]
            into.append(_weighted(components, part, each, tokenizer, lexicon, layer))
    wanted, unwanted = (_joined(each) for each in found)
    if components.family == "sdxl" and not negative_prompt:
        # as SDXL was trained: without a negative prompt it is zeros
        pooled = None if unwanted.pooled is None else torch.zeros_like(unwanted.pooled)
        unwanted = Encoded(states=torch.zeros_like(unwanted.states), pooled=pooled)
    return wanted, unwanted


def _chunks(text: str, lexicon: Lexicon, tokenizer: Any) -> list[Chunk]:
    comma = tokens_of(tokenizer, ",")
    return chunks_of(_units(text, lexicon), comma=comma[0] if len(comma) == 1 else None)


def _chunks_within(name: str, text: str, lexicon: Lexicon, tokenizer: Any) -> list[Chunk]:
    """As `_chunks`; each costs time in the text encoder and in every step.

    Raises:
        InvalidParamError: there are too many.
    """
    made = _chunks(text, lexicon, tokenizer)
    if len(made) > MOST_CHUNKS:
        raise InvalidParamError(
            name,
            f"makes {len(made):,} chunks of {MAX_TOKENS} tokens; at most {MOST_CHUNKS} are drawn",
            hint="leave out words, or signs that begin a chunk (BREAK)",
        )
    return made


def _units(text: str, lexicon: Lexicon) -> Iterator[tuple[Unit, float] | None]:
    for part in weighted_parts(text):
        if part is None:
            yield None
        else:
            yield from ((unit, part.weight) for unit in lexicon.units(part.text))


def _weighted(  # noqa: PLR0913 - one encoder and what it is given
    components: Components, part: str, chunks: Sequence[Chunk], tokenizer: Any, lexicon: Lexicon, layer: int
) -> Encoded:
    """A prompt's chunks one after the other: states [1, 77 * chunks, width]; pooled is the first chunk's.

    Weights multiply the states, whose mean is then what it was, chunk by chunk: A1111's "Original" emphasis.
    """
    made, pooled = [], None
    for chunk in chunks:
        found = encoded(components, part, [row_of(chunk, tokenizer)], lexicon.vectors, layer)
        states = found.states
        if any(each != 1 for each in chunk.weights):
            around = [1.0, *chunk.weights, *[1.0] * (states.shape[1] - 1 - len(chunk.weights))]
            weights = torch.tensor(around, device=states.device, dtype=states.dtype)
            changed = states * weights[None, :, None]
            states = changed * (states.mean() / changed.mean())
        made.append(states)
        pooled = found.pooled if pooled is None else pooled
    return Encoded(states=torch.cat(made, 1), pooled=pooled)


def _joined(each: Sequence[Encoded]) -> Encoded:
    """Both encoders' states beside each other; pooled of the last that has one."""
    pooled = [one.pooled for one in each if one.pooled is not None]
    return Encoded(states=torch.cat([one.states for one in each], -1), pooled=pooled[-1] if pooled else None)
