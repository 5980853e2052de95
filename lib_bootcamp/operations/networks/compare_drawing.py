"""The drawings of a comparison: each prompt with each file at the same seeds, as vectors and as small pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.named_grid import fitted
from lib_bootcamp.errors import BootcampError, CancelledError, ModelError
from lib_bootcamp.ports import Components, SilentProgress, Turns

from .time_left import TimeLeft

if TYPE_CHECKING:
    from lib_bootcamp.ml.clip.classifier import Model

SHOWN_PX = 128
_SAMPLER = "DPM++ 2M"


class SwitchedError(BootcampError):
    """The host has another checkpoint loaded than at the beginning."""

    status = 409


@dataclass(frozen=True)
class Network:
    """What is drawn with.

    Args:
        kind: `lora` or `embedding`.
        file: `ml.networks`' file of it.
        word: by which prompts call an embedding.
    """

    kind: str
    file: Any
    word: str


@dataclass(frozen=True)
class Drawings:
    """What was drawn with one file, or with the checkpoint alone.

    Args:
        vectors: float32 [prompts, pictures, D], unit length.
        shown: for each prompt its pictures, small.
    """

    vectors: Floats
    shown: list[list[Image]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is drawn with each file.

    Args:
        prompts: without tags of LoRAs.
        seeds: of each prompt's pictures.
        size: of their sides, in px; None: the checkpoint's own.
        steps, cfg_scale, clip_skip: as of text to image; clip_skip is at most what the text encoder has.
        weight: of LoRAs.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    size: int | None
    steps: int
    cfg_scale: float
    clip_skip: int
    weight: float


class Drawer:
    """Draws with one file after the other; others have their turn between two prompts.

    Args:
        asked: what is drawn.
        clip: sees the pictures.
        context: of who asks.
        files: how many there are, beside the checkpoint alone.
    """

    def __init__(self, asked: Asked, clip: Model, context: Context, files: int) -> None:
        self.asked, self._clip, self._context = asked, clip, context
        self._each = len(asked.prompts) * len(asked.seeds)
        total = (files + 1) * self._each
        self._turns = Turns(context.host, TimeLeft(context.progress), "Compare", total, "picture")
        self._begun = 0
        self._checkpoint: str | None = None
        self.notes: list[str] = []

    def begin(self) -> None:
        """A file, or the checkpoint alone, comes next."""
        self._begun += 1

    def drawn(self, network: Network | None) -> Drawings:
        """The pictures of all prompts with the file that was begun; None: with the checkpoint alone.

        Raises:
            ModelError: the file does not fit the checkpoint, or makes no numbers with it; or there is no checkpoint.
            SwitchedError: there is another one now.
            CancelledError: the person stopped it.
        """
        vectors, shown = [], []
        for prompt in self.asked.prompts:
            seen, small = self._of_prompt(prompt, network)
            vectors.append(seen)
            shown.append(small)
            self._turns.reach((self._begun - 1) * self._each + len(vectors) * len(self.asked.seeds))
        return Drawings(np.stack(vectors), shown)

    def skip(self) -> None:
        """The file that was begun is left out: its pictures count as done."""
        self._turns.done = self._begun * self._each

    def _of_prompt(self, prompt: str, network: Network | None) -> tuple[Floats, list[Image]]:
        """Its pictures' vectors, float32 [N, D], and the pictures, small."""
        try:
            with self._turns.turn(), self._context.host.components() as components:
                self._check_checkpoint()
                images = self._images(prompt, network, components)
                prepared = [self._clip.prepare(each) for each in images]
                return self._clip.encode_prepared(prepared), [fitted(each, SHOWN_PX) for each in images]
        except CancelledError:  # in the midst of a picture it counts that picture's steps
            raise CancelledError(self._turns.done) from None

    def _images(self, prompt: str, network: Network | None, components: Components) -> list[Image]:
        from lib_bootcamp.ml.diffusion.text_to_image import draw, native_side
        from lib_bootcamp.ml.diffusion.words import Word
        from lib_bootcamp.ml.networks.applied import LoraUse, loras_applied

        asked = self.asked
        side = asked.size or native_side(components)
        words: Sequence[Word] = ()
        with ExitStack() as stack:
            if network is not None and network.kind == "embedding":
                why = network.file.why_unfit(components)
                if why:
                    raise ModelError(f"It {why}")
                words = [Word(network.word, dict(network.file.vectors))]
            elif network is not None:
                use = LoraUse(network.file, unet=asked.weight, text=asked.weight)
                self.notes += [
                    each for each in stack.enter_context(loras_applied(components, [use])) if each not in self.notes
                ]
            return [
                draw(
                    components,
                    SilentProgress(self._context.progress),
                    prompt=prompt,
                    negative_prompt="",
                    width=side,
                    height=side,
                    steps=asked.steps,
                    cfg_scale=asked.cfg_scale,
                    sampler=_SAMPLER,
                    seed=seed,
                    clip_skip=min(asked.clip_skip, components.text_encoder.config.num_hidden_layers - 1),
                    words=words,
                )
                for seed in asked.seeds
            ]

    def _check_checkpoint(self) -> None:
        """All files are drawn with the same checkpoint."""
        name = self._context.host.checkpoint() or ""
        if self._checkpoint is None:
            self._checkpoint = name
        if name != self._checkpoint:
            raise SwitchedError(
                f"The comparison began on {self._checkpoint}, and {name} is loaded", hint="load it and begin again."
            )
