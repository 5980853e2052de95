"""Vectors that a text encoder learns as a new word, while it and its table of tokens stay as they are.

Source: textual inversion, arXiv 2208.01618; what they begin with is as in A1111 1.10.1 (`create_embedding`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ml.diffusion.encoding import encoders_of
from lib_bootcamp.ml.diffusion.words import Word, tokens_of
from lib_bootcamp.ports import Components


class Vectors(nn.Module):  # type: ignore[misc] # torch is not there for it
    """The vectors of one text encoder, in single precision.

    Args:
        components: the checkpoint.
        part: `text_encoder` or `text_encoder_2`.
        tokenizer: of that encoder.
        count: how many.
        init_text: words they begin as; fewer tokens than vectors are repeated, more are left out.
        begun: what they begin as in place of words, [count, width].
    Raises:
        InvalidParamError: there is no token in the words.
    """

    paths: Sequence[str] = ("token_embedding",)

    def __init__(  # noqa: PLR0913 - what vectors begin as
        self,
        components: Components,
        part: str,
        tokenizer: Any,
        count: int,
        init_text: str,
        begun: torch.Tensor | None = None,
    ) -> None:
        super().__init__()
        self.part = part
        table = getattr(components, part).get_input_embeddings()
        if begun is None:
            tokens = tokens_of(tokenizer, init_text)[:count]
            if not tokens:
                raise InvalidParamError(
                    "init_text", "has no word that the vectors could begin as", hint="write * or one"
                )
            chosen = [tokens[at * len(tokens) // count] for at in range(count)]
            with torch.no_grad():
                begun = table(torch.tensor(chosen, device=components.device))
        with torch.no_grad():
            self.usual_norm = float(table.weight.detach().float().norm(dim=1).median())
        self.vectors = nn.Parameter(begun.detach().float().cpu().clone())

    @contextmanager
    def attached(self, module: nn.Module) -> Iterator[None]:
        """Nothing is put on the module: the vectors are words of what encodes (`ml.diffusion.words`)."""
        del module
        yield

    def keep_norm(self) -> None:
        """Give each vector the median length of the checkpoint's own, as OneTrainer's preserved norm does."""
        with torch.no_grad():
            self.vectors.mul_(self.usual_norm / self.vectors.norm(dim=1, keepdim=True).clamp(min=1e-12))


def vectors_of(
    components: Components, count: int, init_text: str, begun: Mapping[str, torch.Tensor] | None = None
) -> list[Vectors]:
    """New vectors for each of the checkpoint's text encoders; arguments as `Vectors`, `begun` by encoder."""
    return [
        Vectors(components, part, tokenizer, count, init_text, begun[part] if begun else None)
        for part, _, tokenizer in encoders_of(components)
    ]


def word_of(name: str, learned: Sequence[Vectors]) -> Word:
    """The word that some vectors are; what they learn changes it."""
    return Word(name, {each.part: each.vectors for each in learned})
