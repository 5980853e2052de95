"""Pipes, contexts and buses: several values in one link, and what puts them in, takes them out and changes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Bundle, Nothing, Of, Pick, Sized, table
from lib_bootcamp.core.png_info.readers.comfy.rules.sampling import Sample
from lib_bootcamp.core.png_info.readers.comfy.rules.text_rules import Says
from lib_bootcamp.core.png_info.readers.comfy.rules.with_facts import WithFacts

UNKNOWN = Nothing(None)
SAMPLE = Sample()


def outputs(names: str, bundle: Bundle, renamed: Mapping[str, str] | None = None) -> tuple[Any, ...]:
    """The outputs of a node that has a pipe first and then its fields, parted by blanks; a dash is the pipe itself."""
    renamed = renamed or {}
    return tuple(
        bundle if name == "-" else Pick(renamed.get(name, name), bundle) if name != "?" else UNKNOWN
        for name in names.split()
    )


# rgthree's contexts; source: `context_utils.py` of rgthree-comfy
SMALL = {name: name for name in ("model", "clip", "vae", "positive", "negative", "latent", "seed")} | {
    "image": "images"
}
BIG = SMALL | {
    name: name
    for name in (
        "steps",
        "step_refiner",
        "cfg",
        "ckpt_name",
        "sampler",
        "scheduler",
        "clip_width",
        "clip_height",
        "text_pos_g",
        "text_pos_l",
        "text_neg_g",
        "text_neg_l",
        "mask",
        "control_net",
    )
}
_SMALL = "- model clip vae positive negative latent image seed"
_BIG = (
    f"{_SMALL} steps step_refiner cfg ckpt_name sampler scheduler clip_width clip_height text_pos_g text_pos_l "
    "text_neg_g text_neg_l mask control_net"
)

# pipes of TinyTerra and Easy Use
_PIPE = {
    "model": "model|optional_model",
    "positive": "pos|positive|optional_positive",
    "negative": "neg|negative|optional_negative",
    "latent": "latent|optional_latent",
    "vae": "vae|optional_vae",
    "clip": "clip|optional_clip",
    "image": "image|images",
    "seed": "seed",
}
_SETTINGS = {
    "steps": "steps",
    "cfg": "cfg",
    "sampler": "sampler_name",
    "scheduler": "scheduler",
    "denoise": "denoise",
    "seed": "seed|noise_seed",
    "latent": "latent|image_to_latent|optional_latent|latent_c|image_to_latent_c",
}
_MADE = {"latent": SAMPLE, "image": SAMPLE}
_TTN_MADE = Bundle({**_PIPE, **_MADE}, base="pipe|sdxl_pipe")
_TTN_SAMPLED = (
    _TTN_MADE,
    Pick("model", _TTN_MADE),
    Pick("positive", _TTN_MADE),
    Pick("negative", _TTN_MADE),
    SAMPLE,
    Pick("vae", _TTN_MADE),
    Pick("clip", _TTN_MADE),
    SAMPLE,
    Pick("seed", _TTN_MADE),
    SAMPLE,
)
_STACK = "stack:optional_lora_stack|lora_stack"
_SIZE = Sized("empty_latent_width", "empty_latent_height")
_CLIP = {"clip_skip": "clip_skip|base_clip_skip"}


def loader(
    model: str = "ckpt_name",
    loras: str = f"names {_STACK}",
    positive: str = "positive",
    negative: str = "negative",
    preset: str = "",
) -> Bundle:
    """What a loader of everything puts into its pipe."""
    return Bundle(
        {
            "model": WithFacts(Of("model_override|optional_model"), {"model": model}, loras=loras),
            "clip": WithFacts(Of("clip_override"), _CLIP),
            "vae": WithFacts(Of("vae_override"), {"vae": "vae_name"}),
            "positive": Says(positive, clip="clip_override", facts=_CLIP),
            "negative": Says(negative, clip="clip_override", facts=_CLIP),
            "latent": Sized("empty_latent_width", "empty_latent_height", preset),
            "seed": "seed",
            "width": "empty_latent_width",
            "height": "empty_latent_height",
            "text_positive": positive.partition("|")[0],
            "text_negative": negative.partition("|")[0],
        }
    )


_TTN = loader(
    loras=f"tags:loras names {_STACK}", positive="prepend_positive|positive", negative="prepend_negative|negative"
)
_TTN_OLD = loader()
_TTN_SDXL = loader(
    loras=f"tags:loras names {_STACK}",
    positive="positive|positive_g|positive_l",
    negative="negative|negative_g|negative_l",
)
_EASY = loader(preset="resolution")
_SETTING = Bundle(_SETTINGS, base="pipe")
_EASY_MADE = Bundle({"model": "model", **_MADE}, base="pipe")
_EASY_FULL = Bundle({**_PIPE, **_MADE}, base="pipe")
_EDIT = Bundle(_PIPE, base="pipe")
_BASIC = {name: name for name in ("model", "clip", "vae", "positive", "negative")}
_DETAILER = _BASIC | {f"refiner_{name}": f"refiner_{name}" for name in ("model", "clip", "positive", "negative")}
_BASICS = "basic_pipe|detailer_pipe|any_pipe|base_basic_pipe|pipe|bus"
_FROM_DETAILER = "model clip vae positive negative ? ? ? ? refiner_model refiner_clip refiner_positive refiner_negative"
_EFFICIENT = loader(loras="names stack:lora_stack")
_EFFICIENT_SDXL = loader("base_ckpt_name", loras="stack:lora_stack")
_MODULE = Bundle(_PIPE, base="pipe")

NODES: dict[str, Any] = table(
    {
        "Context (rgthree)": outputs(_SMALL, Bundle(SMALL, base="base_ctx")),
        "Context Big (rgthree)": outputs(_BIG, Bundle(BIG, base="base_ctx")),
        "Context Switch (rgthree)": outputs(_SMALL, Bundle(base="ctx_*", switch=True)),
        "Context Switch Big (rgthree)": outputs(_BIG, Bundle(base="ctx_*", switch=True)),
        "Context Merge (rgthree)": outputs(_SMALL, Bundle(base="ctx_*", last=True)),
        "Context Merge Big (rgthree)": outputs(_BIG, Bundle(base="ctx_*", last=True)),
        "ttN pipeLoader": outputs("- model positive negative latent vae clip seed", _TTN_OLD),
        "ttN pipeLoader_v2": outputs(
            "- model positive negative latent vae clip seed width height text_positive text_negative", _TTN
        ),
        "ttN pipeLoaderSDXL; ttN pipeLoaderSDXL_v2": outputs(
            "- model positive negative vae clip ? ? ? ? latent seed width height text_positive text_negative", _TTN_SDXL
        ),
        "ttN pipeKSampler; ttN pipeKSamplerAdvanced; ttN pipeKSampler_v2; ttN pipeKSamplerAdvanced_v2": _TTN_SAMPLED,
        "ttN pipeKSamplerSDXL": (
            _TTN_MADE,
            *outputs("model positive negative vae", _TTN_MADE),
            *(UNKNOWN,) * 4,
            SAMPLE,
            Pick("clip", _TTN_MADE),
            SAMPLE,
            Pick("seed", _TTN_MADE),
        ),
        "ttN pipeKSamplerSDXL_v2": (
            _TTN_MADE,
            _TTN_MADE,
            *outputs("model positive negative", _TTN_MADE),
            *(UNKNOWN,) * 3,
            SAMPLE,
            *outputs("vae clip", _TTN_MADE),
            SAMPLE,
            Pick("seed", _TTN_MADE),
            SAMPLE,
        ),
        "ttN KSampler_v2": (
            Of("model"),
            Of("positive"),
            Of("negative"),
            SAMPLE,
            Of("vae"),
            Of("clip"),
            SAMPLE,
            Of("seed"),
            SAMPLE,
        ),
        "ttN pipeIN": (Bundle(_PIPE),),
        "ttN pipeOUT": outputs("model positive negative latent vae clip image seed -", Bundle(base="pipe")),
        "ttN pipeEDIT": outputs("- model positive negative latent vae clip image seed", _EDIT),
        "ttN pipe2BASIC": (Bundle(base="pipe"), Bundle(base="pipe")),
        "ttN pipe2DETAILER": (Bundle(base="pipe"), Bundle(base="pipe")),
        "ttN pipeLoraStack": (
            Bundle({"model": WithFacts(Pick("model", "optional_pipe"), loras="names")}, base="optional_pipe"),
            WithFacts(None, loras=f"{_STACK} names"),
        ),
        "ttN tinyLoader": (*outputs("model latent vae clip width height", _TTN_OLD),),
        "ttN conditioning": (
            WithFacts(Of("model"), loras=f"tags:loras {_STACK}"),
            Says("prepend_positive|positive"),
            Says("prepend_negative|negative"),
            Of("clip"),
            Of("positive"),
            Of("negative"),
        ),
        "easy fullLoader": outputs("- model vae clip positive negative latent", _EASY),
        (
            "easy a1111Loader; easy comfyLoader; easy hunyuanDiTLoader; easy fluxLoader; easy pixArtLoader; "
            "easy mochiLoader; easy zero123Loader"
        ): outputs("- model vae", _EASY),
        "easy kolorsLoader": outputs("- model vae", loader("unet_name", preset="resolution")),
        "easy cascadeLoader": outputs("- model latent vae", loader("stage_c", preset="resolution")),
        "easy svdLoader": outputs(
            "- model vae", loader(positive="optional_positive", negative="optional_negative", preset="resolution")
        ),
        (
            "easy preSampling; easy preSamplingAdvanced; easy preSamplingNoiseIn; easy preSamplingCustom; "
            "easy preSamplingSdTurbo; easy preSamplingCascade; easy preSamplingLayerDiffusion; "
            "easy preSamplingDynamicCFG"
        ): (_SETTING,),
        "easy preSamplingLayerDiffusionADDTL": (Bundle(base="pipe"),),
        (
            "easy kSampler; easy kSamplerTiled; easy kSamplerDownscaleUnet; easy kSamplerInpainting; "
            "easy kSamplerSDTurbo; easy cascadeKSampler; easy kSamplerLayerDiffusion"
        ): (_EASY_MADE, SAMPLE, SAMPLE, UNKNOWN),
        "easy kSamplerCustom": (_EASY_MADE, SAMPLE, SAMPLE, SAMPLE),
        "easy fullkSampler": (
            _EASY_FULL,
            SAMPLE,
            *outputs("model positive negative", _EASY_FULL),
            SAMPLE,
            *outputs("vae clip seed", _EASY_FULL),
        ),
        "easy fullCascadeKSampler": (_EASY_FULL, Pick("model", _EASY_FULL), SAMPLE),
        "easy pipeIn": (Bundle(_PIPE, base="pipe"),),
        "easy pipeOut": outputs("- model positive negative latent vae clip image seed", Bundle(base="pipe")),
        "easy pipeEdit": outputs(
            "- model positive negative latent vae clip image",
            Bundle({**_PIPE, "positive": "pos", "negative": "neg"}, base="pipe"),
        ),
        "easy pipeEditPrompt": (Bundle({"positive": Says("positive"), "negative": Says("negative")}, base="pipe"),),
        (
            "easy pipeToBasicPipe; easy pipeBatchIndex; easy XYPlot; easy XYPlotAdvanced; easy controlnetStackApply; "
            "easy applyInpaint; easy applyBrushNet; easy applyPowerPaint"
        ): (Bundle(base="pipe"),),
        "easy controlnetLoader; easy controlnetLoaderADV; easy controlnetLoader++": outputs(
            "- positive negative", Bundle(base="pipe")
        ),
        "easy instantIDApply; easy instantIDApplyADV": outputs(
            "- model positive negative", Bundle({"positive": "positive", "negative": "negative"}, base="pipe")
        ),
        "easy hiresFix": (
            Bundle(
                {
                    "latent": WithFacts(Pick("latent", "pipe"), {"upscale_model": "model_name"}, {"scaled": True}),
                    "image": WithFacts(Of("image"), {"upscale_model": "model_name"}, {"scaled": True}),
                },
                base="pipe",
            ),
            WithFacts(Of("image"), {"upscale_model": "model_name"}, {"scaled": True}),
            WithFacts(Pick("latent", "pipe"), {"upscale_model": "model_name"}, {"scaled": True}),
        ),
        "easy preDetailerFix; easy preMaskDetailerFix": (Bundle(base="pipe"),),
        "easy detailerFix": (Bundle(base="pipe"), Pick("image", "pipe"), UNKNOWN, UNKNOWN),
        "ToBasicPipe": (Bundle(_BASIC),),
        "EditBasicPipe": (Bundle(_BASIC, base="basic_pipe"),),
        "FromBasicPipe": outputs("model clip vae positive negative", Bundle(base="basic_pipe")),
        "FromBasicPipe_v2": outputs("- model clip vae positive negative", Bundle(base="basic_pipe")),
        "ToDetailerPipe; ToDetailerPipeSDXL": (Bundle(_DETAILER),),
        "EditDetailerPipe": (Bundle(_DETAILER, base="detailer_pipe"),),
        "EditDetailerPipeSDXL": (Bundle(_DETAILER, base="detailer_pipe"),),
        "BasicPipeToDetailerPipe; BasicPipeToDetailerPipeSDXL; AnyPipeToBasic": (Bundle(base=_BASICS),),
        "DetailerPipeToBasicPipe": (Bundle(base="detailer_pipe"), UNKNOWN),
        "FromDetailerPipe": outputs(_FROM_DETAILER, Bundle(base="detailer_pipe")),
        "FromDetailerPipe_v2; FromDetailerPipeSDXL": outputs(f"- {_FROM_DETAILER}", Bundle(base="detailer_pipe")),
        "Efficient Loader": (*outputs("model positive negative latent vae clip", _EFFICIENT), UNKNOWN),
        "Eff. Loader SDXL": (_EFFICIENT_SDXL, Pick("latent", _EFFICIENT_SDXL), Pick("vae", _EFFICIENT_SDXL), UNKNOWN),
        "Pack SDXL Tuple": (
            Bundle(
                {"model": "base_model", "clip": "base_clip", "positive": "base_positive", "negative": "base_negative"}
            ),
        ),
        "Unpack SDXL Tuple": (*outputs("model clip positive negative", Bundle(base="sdxl_tuple")), *(UNKNOWN,) * 4),
        "Bus Node": outputs("- model clip vae positive negative", Bundle(_BASIC, base="bus")),
        "CR Module Pipe Loader": (Bundle(_PIPE), UNKNOWN),
        "CR Module Input": (
            *outputs("- model positive negative latent vae clip ? image seed", Bundle(base="pipe")),
            UNKNOWN,
        ),
        "CR Module Output": (_MODULE, UNKNOWN),
        "CR Data Bus In; CR 8 Channel In": (
            Bundle(
                {name: name for name in ("any1", "any2", "any3", "any4", *(f"ch{n}" for n in range(1, 9)))}, base="pipe"
            ),
            UNKNOWN,
        ),
        "CR Data Bus Out": outputs("- any1 any2 any3 any4 ?", Bundle(base="pipe")),
        "CR 8 Channel Out": outputs("- ch1 ch2 ch3 ch4 ch5 ch6 ch7 ch8 ?", Bundle(base="pipe")),
    }
)
