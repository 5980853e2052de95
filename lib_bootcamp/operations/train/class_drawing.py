"""The class pictures that a training draws before its first step: where they are kept, and how each is drawn."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.atomic import PRIVATE, private_folder, write_atomically
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.training.class_pictures import file_of, key_of, missing_of, seed_of
from lib_bootcamp.errors import ModelError
from lib_bootcamp.job import Event, Step
from lib_bootcamp.ports import Components, SilentProgress

from .concept_settings import Concept
from .train_settings import TrainParams

DRAWN_WITH: dict[str, Any] = {"negative_prompt": "", "steps": 20, "cfg_scale": 5.0, "sampler": "DPM++ 2M"}
_MEASURED = (2, 4)
"""Steps of the two drawings by which it is known how long one takes."""


@dataclass
class Drawing:
    """What class pictures are drawn with.

    Args:
        folder: below which they are kept, private: by prompt, checkpoint and settings.
        context: of who asks.
        weights: the hash of the checkpoint's; empty: no class picture is drawn from a prompt.
        asked: sampler, steps, size and the like.
        checkpoint: its name.
    """

    folder: Path
    context: Context
    weights: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    checkpoint: str = ""

    @classmethod
    def of(cls, params: TrainParams, context: Context, components: Components, side: int) -> Drawing:
        """For a training on a checkpoint; where no concept has a class prompt nothing is computed.

        Args:
            params: of the training.
            context: of who asks.
            components: the checkpoint.
            side: of the pictures, in px.
        """
        folder = context.host.data_dir() / "training" / "class"
        if not any(each.class_prompt.strip() for each in params.concepts):
            return cls(folder, context)
        from lib_bootcamp.ml.training.latents import weights_hash

        parts = (components.unet, components.text_encoder, components.text_encoder_2, components.vae)
        weights = "".join(weights_hash(each) for each in parts if each is not None)
        asked = {**DRAWN_WITH, "width": side, "height": side, "clip_skip": params.clip_skip}
        return cls(folder, context, weights, asked, context.host.checkpoint() or "")

    @property
    def side(self) -> int:
        """Of each picture, in px."""
        return int(self.asked["width"])

    def place_of(self, concept: Concept) -> Path:
        """Where a concept's drawn class pictures lie."""
        return self.folder / key_of(concept.class_prompt.strip(), self.weights, self.asked)

    def draw_missing(self, concept: Concept, count: int) -> Iterator[Step]:
        """Draw those of a concept that are not there, each within a turn of its own; a step of nothing after each.

        Raises:
            CancelledError: the person stopped it; those that are drawn are kept.
            NoNumbersError: the checkpoint makes no numbers.
        """
        place = self.place_of(concept)
        missing = missing_of(place, count)
        for at, number in enumerate(missing, 1):
            self.context.progress.start("Class pictures", len(missing), "picture")
            self.context.progress.step(at - 1)
            self._draw(concept, place, number)
            sentence = f'Class picture {at:,} of {len(missing):,} is drawn: "{concept.class_prompt.strip()[:100]}".'
            yield Step(events=(Event(kind="progress", facts={"sentence": sentence}),), again=True)

    def _draw(self, concept: Concept, place: Path, number: int) -> None:
        from lib_bootcamp.ml.diffusion.text_to_image import draw

        with self.context.host.components() as components:
            name = self.context.host.checkpoint() or ""
            if name != self.checkpoint:
                raise ModelError(
                    f"Class pictures of {self.checkpoint} are drawn, and {name} is loaded",
                    hint="load it again and resume.",
                )
            image = draw(
                components,
                SilentProgress(self.context.progress),
                prompt=concept.class_prompt.strip(),
                seed=seed_of(place.name, number),
                **self.asked,
            )
        write_atomically(private_folder(place) / file_of(number), encode_png(image), PRIVATE)

    def seconds(self, components: Components, count: int) -> float:
        """About how long so many take: two short drawings are measured.

        Raises:
            CancelledError: the person stopped it.
        """
        from lib_bootcamp.ml.diffusion.text_to_image import draw

        took = []
        for steps in _MEASURED:
            begun = time.perf_counter()
            asked = {**self.asked, "steps": steps}
            draw(components, SilentProgress(self.context.progress), prompt="", seed=0, **asked)
            took.append(time.perf_counter() - begun)
        a_step = max(0.0, (took[1] - took[0]) / (_MEASURED[1] - _MEASURED[0]))
        return round(count * (took[0] + a_step * (int(self.asked["steps"]) - _MEASURED[0])), 1)
