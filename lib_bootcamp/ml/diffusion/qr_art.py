"""One try at QR art: a drawing whose brightness is steered towards a code, whole or over its wrong modules only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib_bootcamp.core.images.arrays import Bits, Floats
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.target import module_mask
from lib_bootcamp.ports import Components, Progress

from .guidance import Guidance, LuminanceGuide, code_target
from .luminance import LuminanceFit, luminance_fit, measure_of
from .preview import Preview
from .text_to_image import Drawn, Start, draw_guided

EXACT_FROM = 0.7
REPAIR_STRENGTH = 0.6


class CodeDrawer:
    """Draws with one checkpoint and one layout.

    Args:
        components: the checkpoint.
        layout: where the code lies on the picture.
        guidance: how strongly; None draws without any.
        data: the host's data folder, where the VAE's fit is kept.
        exact: whether the last steps go through the VAE's gradient.
        preview: looks at the drawing while it is made.
    """

    def __init__(  # noqa: PLR0913 - what all tries have in common
        self,
        components: Components,
        layout: QrLayout,
        guidance: Guidance | None,
        data: Path,
        *,
        exact: bool = False,
        preview: Preview | None = None,
    ) -> None:
        self.components, self.layout, self.guidance, self.preview = components, layout, guidance, preview
        self.fit: LuminanceFit | None = luminance_fit(components.vae, data) if guidance is not None else None
        self.measure = measure_of(components.vae, self.fit.factor) if self.fit is not None and exact else None

    def draw(self, progress: Progress, modules: Floats, title: str, asked: Mapping[str, Any]) -> Drawn:
        """Draw from noise.

        Args:
            progress: shows the steps.
            modules: float32 [N, N], the weight of each module.
            title: of the progress.
            asked: as `draw_guided` takes it.
        """
        return self._drawn(progress, self._guide(modules), title, asked)

    def repair(  # noqa: PLR0913 - a drawing, and what of it is drawn anew
        self, progress: Progress, modules: Floats, drawn: Drawn, weak: Bits, title: str, asked: Mapping[str, Any]
    ) -> Drawn:
        """Draw the blocks of some modules anew over a picture, and leave all others as they are.

        Args:
            progress: shows the steps.
            modules: float32 [N, N], the weight of each module.
            drawn: the picture.
            weak: bool [N, N], the modules to mend.
            title: of the progress.
            asked: as `draw_guided` takes it.
        """
        guide = self._guide(modules)
        if guide is not None:
            guide.keep, guide.mask = drawn.latents, module_mask(weak, self.layout, guide.fit.factor)
        start = Start(drawn.latents, REPAIR_STRENGTH)
        return self._drawn(progress, guide, title, asked, start)

    def _drawn(
        self,
        progress: Progress,
        guide: LuminanceGuide | None,
        title: str,
        asked: Mapping[str, Any],
        start: Start | None = None,
    ) -> Drawn:
        around: dict[str, Any] = {"hook": guide, "start": start, "preview": self.preview, "title": title}
        return draw_guided(self.components, progress, **around, **asked)

    def _guide(self, modules: Floats) -> LuminanceGuide | None:
        if self.guidance is None or self.fit is None:
            return None
        target = code_target(self.layout, self.fit.factor, modules)
        return LuminanceGuide(
            fit=self.fit, target=target, guidance=self.guidance, measure=self.measure, exact_from=EXACT_FROM
        )
