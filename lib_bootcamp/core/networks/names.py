"""What a module's tensors are called in a LoRA file, and which spelling the hosts load.

Sources: kohya-ss/sd-scripts `networks/lora.py`; diffusers 0.31 `loaders/lora_pipeline.py`; peft 0.13
`utils/save_and_load.py`; A1111 1.10.1 `extensions-builtin/Lora/networks.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, NamedTuple

from lib_bootcamp.errors import ModelError

from .ldm_unet import UNetShape, ldm_path

Part = Literal["unet", "text_encoder", "text_encoder_2"]
PARTS: tuple[Part, ...] = ("unet", "text_encoder", "text_encoder_2")
Spelling = Literal["kohya", "ldm", "diffusers", "peft"]
"""`kohya`: `lora_unet_down_blocks_…`; `ldm`: `lora_unet_input_blocks_…`; `diffusers`: `unet.down_blocks.….lora_A`;
`peft`: `base_model.model.down_blocks.….lora_A`, a file for each part."""
Factor = Literal["down", "up", "mid", "alpha", "scale", "dora_scale", "diff"]
_KOHYA_FACTORS: dict[str, str] = {
    "down": "lora_down.weight",
    "up": "lora_up.weight",
    "mid": "lora_mid.weight",
    "alpha": "alpha",
    "dora_scale": "dora_scale",
    "diff": "diff",
}
_PEFT_FACTORS: dict[str, str] = {"down": "lora_A.weight", "up": "lora_B.weight"}
_TEXT_PREFIX = "text_model."
_NOT_BELOW_IT = ("text_model.", "text_projection")


class Module(NamedTuple):
    """A module of a checkpoint: the pipeline's part, and its dotted diffusers or transformers name in it.

    Text encoders' names begin with `text_model.`, whichever transformers is installed (`canonical`).
    """

    part: Part
    path: str


def canonical(part: Part, path: str) -> Module:
    """A module under the name that files know: transformers 5 leaves `text_model.` out.

    Args:
        part: of the pipeline.
        path: as `named_modules` of the part gives it.
    """
    if part == "unet" or path.startswith(_NOT_BELOW_IT):
        return Module(part, path)
    return Module(part, _TEXT_PREFIX + path)


def spelling_for(config: Mapping[str, Any]) -> Literal["kohya", "ldm"]:
    """The spelling to write for a UNet: what A1111, Forge, reForge and ComfyUI all load.

    kohya's own for Stable Diffusion 1 and 2; LDM's for SDXL, as kohya writes it, and for every UNet of another shape,
    whose blocks A1111 would count wrongly.

    Args:
        config: the UNet's, as diffusers has it.
    """
    return "kohya" if UNetShape.of(config).is_usual else "ldm"


def file_stem(module: Module, config: Mapping[str, Any], spelling: Spelling | None = None) -> str:
    """What a module's tensors begin with in a file.

    Args:
        module: which.
        config: the UNet's, as diffusers has it.
        spelling: None for the one that `spelling_for` chooses.
    Raises:
        ModelError: LDM's UNet has no such module.
    """
    shape = UNetShape.of(config)
    chosen = spelling or spelling_for(config)
    if chosen == "diffusers":
        return f"{module.part}.{module.path}"
    if chosen == "peft":
        return f"base_model.model.{module.path}"
    if module.part != "unet":
        prefix = "lora_te2_" if module.part == "text_encoder_2" else "lora_te1_" if shape.is_xl else "lora_te_"
        return prefix + module.path.replace(".", "_")
    path = ldm_path(shape, module.path) if chosen == "ldm" else module.path
    if path is None:
        raise ModelError(f"The module {module.path} has no name in a LoRA file")
    return "lora_unet_" + path.replace(".", "_")


def file_stems(
    modules: Iterable[Module], config: Mapping[str, Any], spelling: Spelling | None = None
) -> dict[Module, str]:
    """`file_stem` of many modules, in their order.

    Raises:
        ModelError: LDM's UNet has no such module.
    """
    return {each: file_stem(each, config, spelling) for each in modules}


def tensor_name(stem: str, factor: Factor, spelling: Spelling) -> str:
    """The name of one tensor of a module.

    Args:
        stem: by `file_stem`.
        factor: which; diffusers and peft keep only `down` and `up` in the file.
        spelling: that of the stem.
    Raises:
        ModelError: the spelling has no name for the factor.
    """
    known = _KOHYA_FACTORS if spelling in {"kohya", "ldm"} else _PEFT_FACTORS
    if factor not in known:
        raise ModelError(f"A LoRA file in {spelling}'s spelling cannot hold {factor}")
    return f"{stem}.{known[factor]}"
