"""A picture from a prompt, with diffusers' own pipelines on the modules that a host lends."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.arrays import Image
from lib_bootcamp.errors import CancelledError, ModelError
from lib_bootcamp.ports import Components, Progress

# the WebUI's names; class and arguments in diffusers
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "DPM++ 2M": ("DPMSolverMultistepScheduler", {}),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "DPM++ 2M SDE": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "Euler": ("EulerDiscreteScheduler", {}),
    "Euler a": ("EulerAncestralDiscreteScheduler", {}),
    "Heun": ("HeunDiscreteScheduler", {}),
    "DDIM": ("DDIMScheduler", {"clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
    "UniPC": ("UniPCMultistepScheduler", {}),
}


def native_side(components: Components) -> int:
    """The side in pixels that the checkpoint was made for."""
    size, levels = components.unet.config.sample_size, len(components.vae.config.block_out_channels)
    return int((size if isinstance(size, int) else size[0]) * 2 ** (levels - 1))


def draw(components: Components, progress: Progress, **asked: Any) -> Image:
    """Draw one picture.

    Args:
        components: the checkpoint.
        progress: shows the steps and may stop the work between two of them.
        **asked: `prompt`, `negative_prompt`, `width`, `height`, `steps`, `cfg_scale`, `sampler`, `seed`, `clip_skip`
            as `Txt2ImgParams` declares them.

    Returns:
        uint8 [H, W, 3] RGB.

    Raises:
        CancelledError: the person asked to stop.
        ModelError: the picture is not a number: the checkpoint does not bear 16 bits.
    """
    pipeline = _pipeline(components, asked["sampler"])
    steps = asked["steps"]
    progress.start("txt2img", steps, "step")

    def after(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        if progress.cancelled():
            raise CancelledError(step)
        progress.step(min(step + 1, steps))
        return kept

    with torch.inference_mode():
        made = pipeline(
            prompt=asked["prompt"],
            negative_prompt=asked["negative_prompt"] or None,
            width=asked["width"],
            height=asked["height"],
            num_inference_steps=steps,
            guidance_scale=asked["cfg_scale"],
            clip_skip=asked["clip_skip"] - 1 or None,
            # chance on the CPU gives the same picture on every device
            generator=torch.Generator("cpu").manual_seed(asked["seed"]),
            callback_on_step_end=after,
            output_type="np",
        )
    picture = np.asarray(made.images[0])
    if not np.isfinite(picture).all():
        raise ModelError("The picture is not a number: the VAE of this checkpoint needs 32 bits; try --device cpu.")
    return np.asarray((picture * 255).round().clip(0, 255), dtype=np.uint8)


def _pipeline(components: Components, sampler: str) -> Any:
    import diffusers

    kind, settings = SAMPLERS[sampler]
    scheduler_type = getattr(diffusers, kind)
    known = scheduler_type.__init__.__wrapped__ if hasattr(scheduler_type.__init__, "__wrapped__") else None
    given = {**components.scheduler, **settings}
    if known is not None:
        names = known.__code__.co_varnames[: known.__code__.co_argcount]
        given = {name: value for name, value in given.items() if name in names}
    modules = {
        "unet": components.unet,
        "vae": components.vae,
        "text_encoder": components.text_encoder,
        "tokenizer": components.tokenizer,
        "scheduler": scheduler_type(**given),
    }
    if components.family == "sdxl":
        modules |= {"text_encoder_2": components.text_encoder_2, "tokenizer_2": components.tokenizer_2}
        pipeline = diffusers.StableDiffusionXLPipeline(**modules)
    else:
        pipeline = diffusers.StableDiffusionPipeline(
            **modules, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
