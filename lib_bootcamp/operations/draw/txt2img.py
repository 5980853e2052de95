"""A picture from a prompt, where there is no WebUI to draw it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.infotext import write as write_infotext
from lib_bootcamp.errors import InvalidParamError, MissingPackageError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.ports import Components
from lib_bootcamp.results import Result

from .embeddings import EmbeddingsDir, EmbeddingsFolder
from .guidance_fields import TOLERANCE
from .loras import LoraDir, loras_of_prompt

MAX_PROMPT = 10_000
MAX_SIDE = 2048

Sampler = Literal["DPM++ 2M", "DPM++ 2M Karras", "DPM++ 2M SDE", "Euler", "Euler a", "Heun", "DDIM", "UniPC"]


@dataclass(frozen=True, kw_only=True)
class DrawingParams(Params):
    """What is drawn, and how."""

    prompt: Annotated[
        str, Spec("Prompt", "What the picture shows.", positional=True, max_length=MAX_PROMPT, example="a red circle")
    ] = ""
    negative_prompt: Annotated[str, Spec("Negative prompt", "What it must not show.", max_length=MAX_PROMPT)] = ""
    width: Annotated[
        int | None,
        Spec("Width", "Empty for the checkpoint's own.", ge=64, le=MAX_SIDE, multiple_of=8, unit="px", group="Size"),
    ] = None
    height: Annotated[
        int | None,
        Spec("Height", "Empty for the checkpoint's own.", ge=64, le=MAX_SIDE, multiple_of=8, unit="px", group="Size"),
    ] = None
    steps: Annotated[int, Spec("Steps", "More take longer.", ge=1, le=150, group="Sampling")] = 20
    cfg_scale: Annotated[
        float, Spec("CFG scale", "How closely the prompt is followed; 1 is not guided.", ge=1, le=30, group="Sampling")
    ] = 5.0
    sampler: Annotated[Sampler, Spec("Sampler", "The WebUI's names.", group="Sampling")] = "DPM++ 2M"
    seed: Annotated[
        int,
        Spec("Seed", "The same seed gives the same picture; -1 chooses one.", ge=-1, le=2**32 - 1, group="Sampling"),
    ] = -1
    clip_skip: Annotated[
        int, Spec("Clip skip", "Which of the text encoder's last layers is used.", ge=1, le=12, group="Sampling")
    ] = 1
    lora_dir: LoraDir = None
    embeddings_dir: EmbeddingsDir = None


@dataclass(frozen=True, kw_only=True)
class Txt2ImgParams(DrawingParams):
    """A drawing, and a map that its brightness follows."""

    guide_map: Annotated[
        Image | None,
        Spec(
            "Guide map",
            "A brightness or lighting map that the picture's brightness follows.",
            group="Map",
            renamed_titles=("Guide by map",),
        ),
    ] = None
    guide_strength: Annotated[
        float, Spec("Strength", "Of the map.", ge=0, le=1, step=0.05, unit="0 to 1", group="Map")
    ] = 0.5
    guide_tolerance: Annotated[
        float,
        Spec("Tolerance", "How far the brightness may differ from the map.", ge=0, le=0.5, step=0.01, group="Map"),
    ] = TOLERANCE
    guide_end: Annotated[
        float, Spec("Until", "The share of the steps that follow the map.", ge=0, le=1, step=0.05, group="Map")
    ] = 1.0


@dataclass(frozen=True, kw_only=True)
class Txt2ImgResult(Result):
    """The picture, and what is needed to draw it again."""

    image: Annotated[Image, Spec("Picture", "uint8 [H, W, 3] RGB.")]
    seed: Annotated[int, Spec("Seed", "The one that was used.")]
    width: Annotated[int, Spec("Width", unit="px")]
    height: Annotated[int, Spec("Height", unit="px")]
    checkpoint: Annotated[str, Spec("Checkpoint", "What it was drawn with.")]
    lora_hashes: Annotated[str, Spec("Lora hashes", "`name: 12 digits` of each LoRA, as the WebUI writes them.")] = ""
    embedding_hashes: Annotated[str, Spec("TI hashes", "Of each embedding, likewise.")] = ""
    notes: Annotated[tuple[str, ...], Spec("Notes", "What of a LoRA or an embedding does not fit the checkpoint.")] = ()

    def summary(self) -> str:
        """Size, seed and checkpoint."""
        return f"{self.width} x {self.height}, seed {self.seed}, drawn with {self.checkpoint}"

    def cautions(self) -> list[str]:
        """The notes."""
        return list(self.notes)


@dataclass(frozen=True, kw_only=True)
class DrawingPreview(Result):
    """How a drawing looks in one of its steps."""

    image: Annotated[Image, Spec("Preview", "uint8 [H, W, 3] RGB, smaller than the picture.")]


def draw_picture(params: Txt2ImgParams, context: Context) -> Txt2ImgResult:
    """Draw a picture with the host's checkpoint.

    Raises:
        InvalidParamError: clip_skip is more than the text encoder's layers, the prompt's LoRA is not there, or its
            embedding is a pickle.
        ModelError: there is no checkpoint, it cannot be loaded, a LoRA does not fit it, or an embedding is damaged.
        NotAllowedError: lora_dir or embeddings_dir is not for this caller.
        MissingPackageError: torch or diffusers is not installed.
        CancelledError: the person asked to stop.
    """
    try:
        from lib_bootcamp.ml.diffusion.text_to_image import draw_guided, native_side
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Drawing pictures") from error
    seed = chosen_seed(params)
    asked_loras = loras_of_prompt(params.prompt, params.lora_dir, context)
    folder = EmbeddingsFolder(params.embeddings_dir, context)
    with context.host.components() as components, asked_loras.applied(components) as notes:
        check_clip_skip(params, components)
        side = native_side(components)
        width, height = params.width or side, params.height or side
        asked = {**drawing_of(params), "width": width, "height": height, "seed": seed}
        asked["prompt"] = asked_loras.prompt
        named = folder.of_prompts(components, prompt=asked_loras.prompt, negative_prompt=params.negative_prompt)
        asked["words"] = named.words
        hook = _map_hook(params, components, context, (width, height))
        preview = preview_of(components, context)
        image = draw_guided(components, context.progress, hook=hook, preview=preview, **asked).image
    return Txt2ImgResult(
        image=image,
        seed=seed,
        width=width,
        height=height,
        checkpoint=context.host.checkpoint() or "a checkpoint",
        lora_hashes=asked_loras.hashes,
        embedding_hashes=named.hashes,
        notes=(*notes, *named.notes),
    )


def infotext_of(params: Txt2ImgParams, result: Txt2ImgResult) -> str:
    """The infotext that the WebUI's own txt2img would write: its PNG Info reads it."""
    hashes = {"Lora hashes": result.lora_hashes, "TI hashes": result.embedding_hashes}
    extras = {name: each for name, each in hashes.items() if each}
    made = Generation(
        tool="sd-webui-bootcamp",
        prompt=params.prompt,
        negative_prompt=params.negative_prompt,
        steps=params.steps,
        sampler=params.sampler,
        cfg_scale=params.cfg_scale,
        seed=result.seed,
        width=result.width,
        height=result.height,
        model=result.checkpoint,
        clip_skip=params.clip_skip if params.clip_skip > 1 else None,
        extras=extras,
    )
    return write_infotext(made)


def preview_of(components: Components, context: Context) -> Any:
    """What looks at a drawing while it is made (`ml.diffusion.preview.Preview`); None where nobody is shown it."""
    if context.viewer is None:
        return None
    from lib_bootcamp.ml.diffusion.preview import Preview

    return Preview(components, lambda image: context.show(DrawingPreview(image=image)))


def chosen_seed(params: DrawingParams) -> int:
    """The seed that is asked for, or one of chance."""
    return params.seed if params.seed >= 0 else secrets.randbelow(2**32)


def drawing_of(params: DrawingParams) -> dict[str, Any]:
    """The values that drawing takes; the prompt as it was given."""
    own = [each.name for each in DrawingParams.fields() if each.spec.format != "folder"]
    return {name: getattr(params, name) for name in own}


def check_clip_skip(params: DrawingParams, components: Components) -> None:
    """Refuse to skip more layers than there are.

    Raises:
        InvalidParamError: clip_skip is more than the text encoder's layers.
    """
    layers = components.text_encoder.config.num_hidden_layers
    if params.clip_skip >= layers:
        raise InvalidParamError("clip_skip", f"must be under {layers}, the layers of this text encoder")


def _map_hook(params: Txt2ImgParams, components: Components, context: Context, size: tuple[int, int]) -> Any:
    if params.guide_map is None:
        return None
    import numpy as np

    from lib_bootcamp.core.images.resize import resize
    from lib_bootcamp.ml.diffusion.guidance import Guidance, LuminanceGuide, map_target
    from lib_bootcamp.ml.diffusion.luminance import luminance_fit

    fit = luminance_fit(components.vae, context.host.data_dir())
    width, height = (each // fit.factor * fit.factor for each in size)
    wanted = np.ascontiguousarray(resize(params.guide_map, width, height, "just_resize"))
    guidance = Guidance(strength=params.guide_strength, margin=params.guide_tolerance, end=params.guide_end)
    return LuminanceGuide(fit=fit, target=map_target(wanted, fit.factor), guidance=guidance)


TXT2IMG = Operation(
    name="txt2img",
    title="Text to image",
    summary="Draw a picture from a prompt, with your own checkpoint or the built-in demo model.",
    params=Txt2ImgParams,
    result=Txt2ImgResult,
    run=draw_picture,
    path="/txt2img",
    kind="generation",
    needs="models",
    stream=True,
    hosts=("standalone",),
    infotext=infotext_of,
)
