"""Luminance guidance for one generation of the section: its targets, and when the VAE is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.operations.draw.guidance_fields import guidance_from

from .effect import guidance_with_effect
from .section import SectionParams


class SectionSteer:
    """A `ports.Steer`: brings the brightness of each pass to the map's, or each module to its side.

    Args:
        section: how strongly and when.
        maps: uint8 [H, W, 3] RGB of each pass, in order.
        layout: of the code in the first map; None where its brightness is followed.
        luminance: measures the VAE that draws; asked once, when the checkpoint is loaded.
        modules: float32 [N, N], the weight of each module of the code; None: that of its pattern.
    """

    def __init__(
        self,
        section: SectionParams,
        maps: Sequence[Image],
        layout: Any,
        luminance: Callable[[], Any],
        modules: Floats | None = None,
    ) -> None:
        self.section, self.maps, self.layout, self._luminance = section, maps, layout, luminance
        self.modules = modules
        self._guides: dict[tuple[int, int], Any] = {}
        self.fit: Any = None
        self.calls = 0

    def prepare(self) -> None:
        """Measure the VAE, unless that was done.

        Raises:
            BootcampError: it cannot be.
        """
        if self.fit is None:
            self.fit = self._luminance()

    def __call__(self, denoised: Any, share: float) -> Any:
        """The clean latents [N, C, h, w] as they should be; of another size than the passes' they stay as they are."""
        self.prepare()
        size = tuple(denoised.shape[-2:])
        if size not in self._guides:
            self._guides[size] = self._guide(size)
        if self._guides[size] is None:
            return denoised
        self.calls += 1
        return self._guides[size](denoised, share)

    def _guide(self, size: tuple[int, int]) -> Any:
        from lib_bootcamp.ml.diffusion.guidance import LuminanceGuide, code_target, map_target

        factor, section = self.fit.factor, guidance_with_effect(self.section)
        wanted = next((each for each in self.maps if each.shape[:2] == (size[0] * factor, size[1] * factor)), None)
        if wanted is None:
            return None
        end = 1.0 if section.guidance_end is None else section.guidance_end
        guidance = guidance_from(section, section.guidance_start or 0.0, end)
        if self.layout is None:
            target = map_target(wanted, factor)
            guidance = replace(guidance, margin=section.tolerance, dead_zone=section.tolerance)
        else:
            target = code_target(self.layout, factor, self.modules).at(*size)
        return LuminanceGuide(fit=self.fit, target=target, guidance=guidance)
