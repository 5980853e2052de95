"""The WebUI's sampler callbacks, joined to a hook on the clean latents that each step predicts.

A1111's and Forge's samplers call `cfg_denoiser` before the UNet and `cfg_after_cfg` after classifier-free guidance.
What the second is given is the clean latents, but in A1111's samplers of DDIM's kind it is the predicted noise.
"""

from __future__ import annotations

import threading
from typing import Any

from lib_bootcamp.ports import STEER


class GuidedSteps:
    """Steers the steps of generation objects that carry a `Steer`; costs one look at all others.

    What a step is known by is kept from the one callback to the other for each thread.
    """

    def __init__(self) -> None:
        self._thread = threading.local()

    def before(self, params: Any) -> None:
        """As `script_callbacks.on_cfg_denoiser` calls it."""
        denoiser = getattr(params, "denoiser", None)
        steer = getattr(getattr(denoiser, "p", None), STEER, None)
        self._thread.step = None if steer is None else (steer, denoiser, params.x, params.sigma)

    def after(self, params: Any) -> None:
        """As `script_callbacks.on_cfg_after_cfg` calls it."""
        step, self._thread.step = getattr(self._thread, "step", None), None
        if step is None:
            return
        steer, denoiser, noisy, sigma = step
        given = params.x
        count = len(given)  # the last of the UNet's inputs are the unconditional ones: one for each picture
        share = params.sampling_step / max(1, params.total_sampling_steps)
        kept = _kept_share(denoiser, sigma[-count:])
        if kept is None:
            params.x = given + _inside(denoiser, steer(given, share) - given)
            return
        clean = (noisy[-count:] - (1 - kept).sqrt() * given) / kept.sqrt()
        moved = _inside(denoiser, steer(clean, share) - clean)
        params.x = given - moved * (kept / (1 - kept)).sqrt()


def _kept_share(denoiser: Any, timesteps: Any) -> Any:
    """How much of the clean latents' variance is in the noisy ones, [N, 1, 1, 1], where the UNet's answer is noise.

    None where it is the clean latents: in k-diffusion's samplers, and in all of Forge's.
    """
    alphas = getattr(denoiser, "alphas", None)
    if alphas is None or hasattr(denoiser, "classic_ddim_eps_estimation"):
        return None
    return alphas[timesteps.long()].view(-1, 1, 1, 1)


def _inside(denoiser: Any, change: Any) -> Any:
    """An inpainted picture changes under its mask only."""
    mask = getattr(denoiser, "nmask", None)
    return change if mask is None else change * mask
