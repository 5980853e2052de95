"""LoRAs and loaders of node packs: one, several, stacks, tags in a text; aspect ratios and sizes by name."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Nothing, Of, Sized, Switch, table
from lib_bootcamp.core.png_info.readers.comfy.rules.text_rules import Says
from lib_bootcamp.core.png_info.readers.comfy.rules.values import Value
from lib_bootcamp.core.png_info.readers.comfy.rules.with_facts import WithFacts

from .texts import LoraTags

UNKNOWN = Nothing(None)
NOTHING = Nothing(Value())
STACKS = "stack:lora_stack|optional_lora_stack|prev_lora|lora|LORA_STACK"
ONE = (WithFacts(Of("model"), loras="names"), Of("clip"), Of("lora_name", "text"))
APPLY = (WithFacts(Of("model"), loras=STACKS), Of("clip|optional_clip"), UNKNOWN)
OBJECTS = (WithFacts(Of("model"), loras="objects"), Of("clip"), UNKNOWN)
TAGGED = "text|prompt"
RATIO = (Of("width"), Of("height"))

NODES: dict[str, Any] = table(
    {
        (
            "LoraLoader; LoraLoaderModelOnly; LoraLoader|pysssss; Lora Loader; CR Load LoRA; LoraLoaderBypass; "
            "LoraLoaderBypassModelOnly; NunchakuFluxLoraLoader; NunchakuQwenImageLoraLoader; HunyuanVideoLoraLoader; "
            "DoubleBlocksLoraLoader; Lora Loader Stack (rgthree); LoraLoaderStackedAdvanced; LoraLoaderAdvanced; "
            "LoRALoaderCustomComfy; Load LoRA (LoraInfo); NunchakuFluxLoraStack; Multi LoRA Loader; FluxLoraLoader"
        ): ONE,
        "LoraLoaderBlockWeight //Inspire": ONE,
        "Power Lora Loader (rgthree)": OBJECTS,
        "LoraTagLoader": (WithFacts(Of("model"), loras="tags:text"), Of("clip"), LoraTags),
        "PCLazyLoraLoader; PCLazyLoraLoaderAdvanced": (WithFacts(Of("model"), loras="tags:text"), Of("clip")),
        "PCLazyTextEncode; PCLazyTextEncodeAdvanced": Says("text", tags=False),
        "Load Lora Tag": (WithFacts(Of("model"), loras="tags:text"), Of("clip"), LoraTags),
        "Lora Loader (LoraManager); LoRA Text Loader (LoraManager)": (
            WithFacts(Of("model"), loras="stack:lora_stack objects:loras tags:lora_syntax"),
            Of("clip"),
            UNKNOWN,
            UNKNOWN,
        ),
        "Lora Stacker (LoraManager)": (WithFacts(None, loras="stack:lora_stack objects:loras"), UNKNOWN, UNKNOWN),
        "CR LoRA Stack; easy loraStack; Lora Stacker": (WithFacts(None, loras=f"{STACKS} names"), UNKNOWN),
        "LoRA Stacker; LoRA Stacker (Efficient)": WithFacts(None, loras=f"names {STACKS}"),
        "CR Random Weight LoRA; CR Random LoRA Stack": WithFacts(None, loras="stack:lora_stack"),
        (
            "CR Apply LoRA Stack; easy loraStackApply; Apply LoRA Stack; ApplyLoraStack; Load LoRA Stack; "
            "LoraStackApply"
        ): APPLY,
        "easy loraPromptApply": (
            WithFacts(Of("model"), loras="tags:positive"),
            Of("clip"),
            Of("positive"),
            Of("negative"),
        ),
        (
            "WanVideoLoraSelect; WanVideoLoraSelectMulti; WanVideoLoraSelectByName; HyVideoLoraSelect; "
            "HyVideoLoraSelectMulti"
        ): WithFacts(None, loras=f"{STACKS} names"),
        "WanVideoModelLoader; HyVideoModelLoader": WithFacts(None, {"model": "model"}, loras="stack:lora"),
        "WanVideoSetLoRAs": WithFacts(Of("model"), loras="stack:lora"),
        "WanVideoSetBlockSwap; WanVideoSetLoRA": Of("model"),
        "Power Prompt (rgthree)": (
            Says("prompt", tags=False),
            WithFacts(Of("opt_model"), loras="tags:prompt"),
            Of("opt_clip"),
            LoraTags,
        ),
        "Power Prompt - Simple (rgthree)": (Says("prompt"), Of("prompt", "text")),
        "SDXL Power Prompt - Positive (rgthree)": (
            Says("prompt_g|prompt_l", tags=False),
            WithFacts(Of("opt_model"), loras="tags:prompt_g tags:prompt_l"),
            Of("opt_clip"),
            Of("prompt_g", "text"),
            Of("prompt_l", "text"),
        ),
        "SDXL Power Prompt - Simple / Negative (rgthree)": (
            Says("prompt_g|prompt_l"),
            Of("prompt_g", "text"),
            Of("prompt_l", "text"),
        ),
        "ImpactWildcardEncode": (
            WithFacts(Of("model"), loras="tags:populated_text"),
            Of("clip"),
            Says("populated_text", tags=False),
            Of("populated_text", "text"),
        ),
        "WildcardEncode //Inspire": (
            WithFacts(Of("model"), loras="tags:populated_text"),
            Of("clip"),
            Says("populated_text", tags=False),
            Of("populated_text", "text"),
        ),
        "CR Select Model": (
            WithFacts(None, {"model": Switch("select_model", pattern="ckpt_name{}")}),
            NOTHING,
            NOTHING,
            Switch("select_model", pattern="ckpt_name{}"),
            UNKNOWN,
        ),
        "CR Image Size": (Of("width"), Of("height"), UNKNOWN),
        "CR SDXL Aspect Ratio; CR SD1.5 Aspect Ratio": (
            Sized(preset="aspect_ratio"),
            Sized(preset="aspect_ratio"),
            UNKNOWN,
            UNKNOWN,
            Sized(preset="aspect_ratio"),
            UNKNOWN,
        ),
        "CR Aspect Ratio; CR Aspect Ratio Banners; CR Aspect Ratio Social Media; CR Aspect Ratio For Print": (
            Sized(preset="aspect_ratio"),
            Sized(preset="aspect_ratio"),
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
            Sized(preset="aspect_ratio"),
            UNKNOWN,
        ),
        "CR Aspect Ratio SDXL": (
            Sized(preset="aspect_ratio"),
            Sized(preset="aspect_ratio"),
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
            UNKNOWN,
        ),
        (
            "GetImageSize; GetImageSize+; easy imageSize; ImpactImageInfo; Image or Latent Size (rgthree); "
            "GetLatentSize"
        ): UNKNOWN,
    }
)
