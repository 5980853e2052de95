"""A drawing while it is made: what a step predicts, decoded small, once in a while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.ports import Components

LOG = logging.getLogger(__name__)
SIDE_PX = 256
EVERY_S = 1.0
SHARE = 0.1
"""Of the time, at most so much goes into previews: a large VAE takes seconds on a processor."""


class Preview:
    """Decodes clean latents, at most one in a second and at most a tenth of the time, and shows them.

    Nothing of the drawing is changed. Where a VAE gives NaN, or there is no memory for it, nothing more is shown.

    Args:
        components: the checkpoint.
        show: gets each picture, uint8 [H, W, 3] RGB, its longer side 256 px at most.
        clock: seconds.
    """

    def __init__(
        self, components: Components, show: Callable[[Image], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._vae, self._show, self._clock = components.vae, show, clock
        self._side = max(1, SIDE_PX >> (len(components.vae.config.block_out_channels) - 1))
        self._next: float | None = clock()

    def is_due(self) -> bool:
        """Whether it is time for the next look."""
        return self._next is not None and self._clock() >= self._next

    def look(self, latents: torch.Tensor) -> None:
        """Show clean latents [1, C, h, w], scaled as the UNet sees them."""
        finite = bool(latents.isfinite().all())  # waits for the step itself, whose time is not the preview's
        began = self._clock()
        try:
            picture = self._decoded(latents) if finite else None
        except RuntimeError as error:
            LOG.warning("No more previews: %s", error)
            picture = None
        if picture is None:
            self._next = None
            return
        self._show(picture)
        now = self._clock()
        self._next = now + max(EVERY_S, (now - began) / SHARE)

    def _decoded(self, latents: torch.Tensor) -> Image | None:
        """The picture; None where the VAE waits on another device, or gives what is no number."""
        vae, config = self._vae, self._vae.config
        weight = next(iter(vae.parameters()))
        if weight.device != latents.device:
            return None
        scale = min(1.0, self._side / max(latents.shape[-2:]))
        sides = [max(1, round(each * scale)) for each in latents.shape[-2:]]
        small = torch.nn.functional.interpolate(latents.float(), size=sides, mode="area")
        given = small / config.scaling_factor + (getattr(config, "shift_factor", None) or 0.0)
        # VAEs that overflow in half precision (SDXL's own) have the range that they need in bfloat16
        overflows = weight.dtype == torch.float16 and bool(getattr(config, "force_upcast", False))
        with torch.inference_mode(), torch.autocast(weight.device.type, torch.bfloat16, enabled=overflows):
            made = vae.decode(given.to(weight.dtype)).sample[0].float()
        if not made.isfinite().all():
            return None
        picture = (made.clamp(-1, 1) + 1) * 127.5
        return np.ascontiguousarray(picture.permute(1, 2, 0).round().cpu().numpy().astype(np.uint8))
