"""A picture from a prompt, with diffusers' own pipelines on the modules that a host lends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import CancelledError, NoNumbersError
from lib_bootcamp.ports import Components, Progress

from .guided_scheduler import Hook, watched, with_hook
from .preview import Preview
from .prompts import prompts_for
from .words import Word

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


@dataclass(frozen=True)
class Start:
    """Latents to begin from instead of noise (img2img), and the share of the steps that are drawn anew, (0, 1]."""

    latents: torch.Tensor
    strength: float


@dataclass(frozen=True)
class Drawn:
    """A picture, uint8 [H, W, 3] RGB, and its latents [1, C, h, w], scaled."""

    image: Image
    latents: torch.Tensor


def draw(components: Components, progress: Progress, **asked: Any) -> Image:
    """Draw one picture; arguments, picture and errors are those of `draw_guided`."""
    return draw_guided(components, progress, **asked).image


def draw_guided(  # noqa: PLR0913 - a drawing, and who looks at it
    components: Components,
    progress: Progress,
    *,
    hook: Hook | None = None,
    start: Start | None = None,
    preview: Preview | None = None,
    words: Sequence[Word] = (),
    title: str = "txt2img",
    **asked: Any,
) -> Drawn:
    """Draw one picture.

    Args:
        components: the checkpoint.
        progress: shows the steps and may stop the work between two of them.
        hook: changes the clean latents that each step predicts, after classifier-free guidance.
        start: latents to begin from; width and height are theirs then.
        preview: looks at what the steps predict; changes nothing.
        words: which the prompts may hold, each with vectors for every text encoder.
        title: what the progress is called.
        **asked: `prompt`, `negative_prompt`, `width`, `height`, `steps`, `cfg_scale`, `sampler`, `seed`, `clip_skip`
            as `Txt2ImgParams` declares them.

    Raises:
        CancelledError: the person asked to stop.
        NoNumbersError: the picture is NaN, as of checkpoints that do not work in 16 bits.
    """
    pipeline = _pipeline(components, asked["sampler"], again=start is not None)
    if preview is not None:
        watched(pipeline.scheduler, preview)
    if hook is not None:  # around it: what is looked at is what the hook made of it
        with_hook(pipeline.scheduler, hook)
    steps = asked["steps"]
    progress.start(title, steps, "step")
    last: list[torch.Tensor] = []

    def after(_: Any, step: int, __: Any, kept: dict[str, Any]) -> dict[str, Any]:
        if progress.cancelled():
            raise CancelledError(step)
        progress.step(min(step + 1, steps))
        last[:] = [kept["latents"]]
        return kept

    if start is None:
        place = {"width": asked["width"], "height": asked["height"]}
    else:
        place = {"image": start.latents, "strength": start.strength}

    with torch.inference_mode():
        texts = prompts_for(components, asked["prompt"], asked["negative_prompt"], asked["clip_skip"], words)
        made = pipeline(
            **texts,
            **place,
            num_inference_steps=steps,
            guidance_scale=asked["cfg_scale"],
            # chance on the CPU gives the same picture on every device
            generator=torch.Generator("cpu").manual_seed(asked["seed"]),
            callback_on_step_end=after,
            output_type="np",
        )
    picture = np.asarray(made.images[0])
    if not np.isfinite(picture).all():
        kinds = {next(each.parameters()).dtype for each in (components.unet, components.vae)}
        raise NoNumbersError(
            "The checkpoint",
            min(kinds, key=lambda each: each.itemsize),
            hint="retry in float32 (--device cpu)",
            otherwise="it may be damaged: choose another one",
        )
    return Drawn(np.asarray((picture * 255).round().clip(0, 255), dtype=np.uint8), last[0])


def _pipeline(components: Components, sampler: str, *, again: bool = False) -> Any:
    import diffusers

    kind, settings = SAMPLERS[sampler]
    scheduler_type = getattr(diffusers, kind)
    known = scheduler_type.__init__.__wrapped__ if hasattr(scheduler_type.__init__, "__wrapped__") else None
    given = {"steps_offset": 1, **components.scheduler, **settings}  # as in Stable Diffusion's own configuration
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
        of_xl = diffusers.StableDiffusionXLImg2ImgPipeline if again else diffusers.StableDiffusionXLPipeline
        pipeline = of_xl(**modules)
    else:
        of_sd = diffusers.StableDiffusionImg2ImgPipeline if again else diffusers.StableDiffusionPipeline
        pipeline = of_sd(**modules, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
