"""Draws QR art with the WebUI's pipeline, as `ml.diffusion.qr_art.CodeDrawer` does with a checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.core.images.arrays import Bits, Floats, Image
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.target import module_mask, module_weights
from lib_bootcamp.errors import CancelledError
from lib_bootcamp.surfaces.webui.plan import DRIVEN, Driven

from .ports import Pipeline

REPAIR_STRENGTH = 0.6
_BLOCK_PX = 8


@dataclass
class DrawnPicture:
    """One picture of a generation.

    Args:
        image: uint8 [H, W, 3] RGB.
        p: the generation that drew it first; a repaired picture's infotext is still that one's.
        processed: what the WebUI gave for it.
        at: its place in the batch.
        cut_short: what ended it before its last step: `skipped`, `interrupted`; empty: nothing did.
        layout: where the code lies; None where there is none.
        prompt: of this picture.
    """

    image: Image
    p: Any
    processed: Any
    at: int
    cut_short: str
    layout: Any
    prompt: str


def pictures_of(pipeline: Pipeline, p: Any, processed: Any, count: int, layout: Any = None) -> list[DrawnPicture]:
    """The pictures of a generation that was drawn; what the WebUI or ControlNet shows beside them is left out.

    Raises:
        CancelledError: there are none.
    """
    if not processed.images:
        raise CancelledError
    return [
        DrawnPicture(
            image=np.asarray(each.convert("RGB"), dtype=np.uint8),
            p=p,
            processed=processed,
            at=at,
            cut_short=pipeline.cut_short(),
            layout=layout,
            prompt=str(processed.all_prompts[at]),
        )
        for at, each in enumerate(processed.images[:count])
    ]


class PipelineDrawer:
    """Draws the pictures of some seeds at one strength.

    Args:
        pipeline: draws.
        p: the generation that the person asked for.
        driven: what is drawn, and how strongly; takes the plan and the map of the first picture.
        begin: called with a title before each generation.
    """

    def __init__(self, pipeline: Pipeline, p: Any, driven: Driven, begin: Callable[[str], None]) -> None:
        self.pipeline, self.p, self.driven, self._begin = pipeline, p, driven, begin
        self.processed: Any = None
        self._ahead: dict[int, DrawnPicture] = {}

    @property
    def layout(self) -> QrLayout:
        """Where the code lies; known once something is drawn."""
        layout: QrLayout = self.driven.first.layout  # type: ignore[union-attr]
        return layout

    def ahead(self, first: int, count: int, title: str) -> None:
        """Draw the first pictures of so many seeds in one batch.

        Raises:
            CancelledError: Interrupt was pressed before anything was drawn.
        """
        p = self.pipeline.copy(self.p, first, count)
        self._ahead = dict(enumerate(self._run(p, self.driven, title, count), first))

    def draw(self, progress: Any, modules: Floats, title: str, asked: Any) -> DrawnPicture:
        """Draw seed `asked["number"]` from noise, with a weight for each module, float32 [N, N]."""
        number = asked["number"]
        if number in self._ahead:
            return self._ahead.pop(number)
        return self._run(self.pipeline.copy(self.p, number), self._weighted(modules), title, 1)[0]

    def repair(  # noqa: PLR0913 - as `CodeDrawer.repair`
        self, progress: Any, modules: Floats, drawn: DrawnPicture, weak: Bits, title: str, asked: Any
    ) -> DrawnPicture:
        """Inpaint the blocks of some modules alone, bool [N, N]."""
        picture = Pil.fromarray(drawn.image)
        blocks = Pil.fromarray((module_mask(weak, self.layout, _BLOCK_PX) * 255).astype(np.uint8))
        mask = blocks.resize(picture.size, Pil.Resampling.NEAREST)
        p = self.pipeline.over(self.pipeline.copy(self.p, asked["number"]), picture, mask, REPAIR_STRENGTH)
        made = self._run(p, self._weighted(modules), title, 1)[0]
        return replace(made, p=drawn.p, processed=drawn.processed, at=drawn.at)

    def _weighted(self, modules: Floats) -> Driven:
        """Guidance weighs each module; a ControlNet unit has one weight, which grows half as fast as their mean."""
        grown = float(modules.mean() / module_weights(self.layout).mean()) ** 0.5
        plan = self.driven.plan
        if plan is not None and plan.is_guided:
            return replace(self.driven, modules=modules)
        return replace(self.driven, strength=self.driven.strength * grown)

    def _run(self, p: Any, driven: Driven, title: str, count: int) -> list[DrawnPicture]:
        p.do_not_save_samples = True  # the loop saves what is worth it, once it is scanned
        setattr(p, DRIVEN, driven)
        self._begin(title)
        self.processed = self.pipeline.draw(p)
        return pictures_of(self.pipeline, p, self.processed, count, getattr(driven.first, "layout", None))
