"""Switches: one of several inputs, by a number, by yes or no, or the first that is there."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.core.png_info.readers.comfy.rules.rule import Nothing, Of, Switch, table

UNKNOWN = Nothing(None)


def yes_no(by: str, yes: str, no: str) -> Switch:
    """One of two by a switch."""
    return Switch(by, {"true": yes, "1": yes, "1.0": yes, "yes": yes, "on": yes,
                       "false": no, "0": no, "0.0": no, "no": no, "off": no, "none": no})  # fmt: skip


_CR = Switch("Input", pattern="image{}|latent{}|conditioning{}|clip{}|model{}|control_net{}|text{}|VAE{}|pipe{}")
_WAS = yes_no(
    "boolean",
    "text_a|latent_a|conditioning_a|model_a|image_a|number_a|clip_a|vae_a|upscale_model_a",
    "text_b|latent_b|conditioning_b|model_b|image_b|number_b|clip_b|vae_b|upscale_model_b",
)
_TRUE_FALSE = yes_no(
    "boolean|switch|condition|evaluate|cond|value|bool|flag|if",
    "on_true|tt_value|if_true|true_value|IF_TRUE|true",
    "on_false|ff_value|if_false|false_value|IF_FALSE|else|false",
)
NODES: dict[str, Any] = table(
    {
        "Any Switch (rgthree)": Of("any_*"),
        "ImpactSwitch; GeneralSwitch": (Switch("select", pattern="input{}"), UNKNOWN, Of("select")),
        "LatentSwitch; SEGSSwitch": (Switch("select", pattern="latent{}|input{}|segs{}"), UNKNOWN, Of("select")),
        "ImageMaskSwitch": (Switch("select", pattern="images{}|images{}_opt"), UNKNOWN),
        (
            "ImpactConditionalBranch; ImpactConditionalBranchSelMode; easy ifElse; ComfySwitchNode; "
            "SimpleCondition+; LazySwitchKJ; Switch any [Crystools]; Switch string [Crystools]; "
            "Switch conditioning [Crystools]; Switch latent [Crystools]; Switch image [Crystools]; "
            "Switch mask [Crystools]; ComfyLazySwitch; ComfySoftSwitchNode"
        ): _TRUE_FALSE,
        "If ANY return A else B": yes_no("ANY", "IF_TRUE|A", "IF_FALSE|B"),
        "easy if": yes_no("any", "if", "else"),
        "easy imageSwitch": yes_no("boolean", "image_a", "image_b"),
        "easy textSwitch": Switch("input", pattern="text{}"),
        "easy anythingIndexSwitch; easy textIndexSwitch; easy conditioningIndexSwitch; easy imageIndexSwitch": Switch(
            "index", pattern="value{}|text{}|cond{}|image{}"
        ),
        "easy ab": Of("in"),
        "easy anythingInversedSwitch": Of("in"),
        "ImpactInversedSwitch": Of("input"),
        (
            "CR Image Input Switch; CR Latent Input Switch; CR Conditioning Input Switch; CR Clip Input Switch; "
            "CR Model Input Switch; CR ControlNet Input Switch; CR Text Input Switch; CR VAE Input Switch; "
            "CR Image Input Switch (4 way); CR Text Input Switch (4 way); CR Pipe Switch"
        ): (_CR, UNKNOWN),
        "CR Switch Model and CLIP": (Switch("Input", pattern="model{}"), Switch("Input", pattern="clip{}"), UNKNOWN),
        "CR Img2Img Process Switch": (
            Switch("Input", {"txt2img": "latent_t2i|txt2img|latent1", "img2img": "latent_i2i|img2img|latent2"}),
            UNKNOWN,
        ),
        "CR Hires Fix Process Switch": (
            Switch("Input", {"latent upscale": "latent_upscale", "image upscale": "image_upscale"}),
            UNKNOWN,
        ),
        (
            "Text Input Switch; Latent Input Switch; Conditioning Input Switch; Model Input Switch; "
            "Image Input Switch; Number Input Switch; CLIP Input Switch; VAE Input Switch; Upscale Model Switch"
        ): _WAS,
        "Lora Input Switch": (yes_no("boolean", "model_a", "model_b"), yes_no("boolean", "clip_a", "clip_b")),
    }
)
