"""What the checkpoint predicts of noised latents and texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from lib_bootcamp.core.training.precision import Precision
from lib_bootcamp.ml.diffusion.words import Word
from lib_bootcamp.ports import Components

from .objective import Drawn
from .precision import dtype_of
from .texts import Prompted, prompted

MOST_TEXTS = 500
"""Texts whose states are in memory: 0.2 MB each with Stable Diffusion 1, 0.6 with SDXL."""


class Predictor:
    """Predicts, and keeps the states of texts that do not change.

    Args:
        clip_skip: which of the text encoder's last layers is used.
        texts_change: whether the text encoder is taught.
        words: which texts may hold, taught too.
        precision: that it computes in.
    """

    def __init__(
        self,
        clip_skip: int,
        *,
        texts_change: bool,
        words: Sequence[Word] = (),
        precision: Precision = "automatic",
    ) -> None:
        self.precision = precision
        self.clip_skip, self.texts_change, self.words = clip_skip, texts_change or bool(words), words
        self._texts: dict[str, Prompted] = {}

    def __call__(self, components: Components, drawn: Drawn, latents: torch.Tensor, texts: list[str]) -> torch.Tensor:
        """The UNet's prediction, [N, C, h, w].

        Args:
            components: the checkpoint.
            drawn: the noise and its time steps.
            latents: float32 [N, C, h, w].
            texts: one for each.
        """
        kind = next(components.unet.parameters()).dtype
        computed = dtype_of(self.precision, components)
        with torch.autocast(torch.device(components.device).type, computed, enabled=computed != torch.float32):
            seen = self._seen(components, texts)
            extra: dict[str, Any] = {}
            if seen.pooled is not None:
                height, width = (side * 8 for side in latents.shape[-2:])
                ids = torch.tensor([[height, width, 0, 0, height, width]], device=latents.device)
                extra = {"added_cond_kwargs": {"text_embeds": seen.pooled, "time_ids": ids.repeat(len(texts), 1)}}
            noised = drawn.noised(latents).to(kind)
            return components.unet(noised, drawn.times, seen.states.to(kind), **extra).sample

    def _seen(self, components: Components, texts: list[str]) -> Prompted:
        if self.texts_change:
            return prompted(components, texts, self.clip_skip, self.words)
        if len(self._texts) >= MOST_TEXTS:  # shuffled tags make a text of their own in each step
            self._texts.clear()
        for text in texts:
            if text not in self._texts:
                with torch.no_grad():
                    self._texts[text] = prompted(components, [text], self.clip_skip)
        found = [self._texts[text] for text in texts]
        longest = max(each.states.shape[1] for each in found)
        states = [
            each.states if each.states.shape[1] == longest else self._longer(components, text, longest)
            for text, each in zip(texts, found, strict=True)
        ]
        pooled = [each.pooled for each in found if each.pooled is not None]
        return Prompted(states=torch.cat(states), pooled=torch.cat(pooled) if pooled else None)

    def _longer(self, components: Components, text: str, length: int) -> torch.Tensor:
        """A text's states with empty pieces after them, as the others of its batch have."""
        with torch.no_grad():
            empty = prompted(components, [""], self.clip_skip).states
        own = self._texts[text].states
        return torch.cat([own, *[empty] * ((length - own.shape[1]) // empty.shape[1])], 1)
