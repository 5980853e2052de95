"""One record of how a picture was made, whatever tool made it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from lib_bootcamp.params import Spec

MAX_SEED = 2**64


@dataclass(frozen=True, kw_only=True)
class Lora:
    """One LoRA of a picture."""

    name: Annotated[str, Spec("Name")]
    weight: Annotated[float | None, Spec("Weight")] = None
    hash: Annotated[str | None, Spec("Hash")] = None


@dataclass(frozen=True, kw_only=True)
class Generation:
    """How a picture was made; None where the file does not say."""

    tool: Annotated[str, Spec("Tool", "The program that made the picture.")] = ""
    prompt: Annotated[str, Spec("Prompt")] = ""
    negative_prompt: Annotated[str, Spec("Negative prompt")] = ""
    steps: Annotated[int | None, Spec("Steps")] = None
    sampler: Annotated[str | None, Spec("Sampler", "By the tool's own name.")] = None
    scheduler: Annotated[str | None, Spec("Schedule type", "By the tool's own name.")] = None
    cfg_scale: Annotated[float | None, Spec("CFG scale")] = None
    seed: Annotated[int | None, Spec("Seed")] = None
    width: Annotated[int | None, Spec("Width", "Before hires fix.", unit="px")] = None
    height: Annotated[int | None, Spec("Height", "Before hires fix.", unit="px")] = None
    model: Annotated[str | None, Spec("Model")] = None
    model_hash: Annotated[str | None, Spec("Model hash")] = None
    vae: Annotated[str | None, Spec("VAE")] = None
    loras: Annotated[tuple[Lora, ...], Spec("LoRAs")] = ()
    clip_skip: Annotated[int | None, Spec("Clip skip")] = None
    denoising_strength: Annotated[float | None, Spec("Denoising strength")] = None
    hires_upscale: Annotated[float | None, Spec("Hires upscale")] = None
    hires_steps: Annotated[int | None, Spec("Hires steps")] = None
    hires_upscaler: Annotated[str | None, Spec("Hires upscaler")] = None
    hires_width: Annotated[int | None, Spec("Hires width", unit="px")] = None
    hires_height: Annotated[int | None, Spec("Hires height", unit="px")] = None
    extras: Annotated[dict[str, Any], Spec("More", "What has no field of its own, by the tool's names.")] = field(
        default_factory=dict
    )

    def known_fields(self) -> dict[str, Any]:
        """The fields that the file gives, in declared order; `extras` as the last of them."""
        values = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if value not in (None, "", (), {})}


NUMBERS = {
    "steps": int,
    "cfg_scale": float,
    "seed": int,
    "width": int,
    "height": int,
    "clip_skip": int,
    "denoising_strength": float,
    "hires_upscale": float,
    "hires_steps": int,
    "hires_width": int,
    "hires_height": int,
}
TEXTS = ("sampler", "scheduler", "model", "model_hash", "vae", "hires_upscaler")


def make(tool: str, values: Mapping[str, Any], extras: Mapping[str, Any] | None = None) -> Generation:
    """A record of raw values; what is no number where one belongs goes to the extras.

    Args:
        tool: the program's name.
        values: by the record's field names, of any type.
        extras: what has no field.
    """
    fields: dict[str, Any] = {"tool": tool}
    more = dict(extras or {})
    for name, value in values.items():
        if name in NUMBERS:
            read = number(value, whole=NUMBERS[name] is int)
            if read is None and value not in (None, ""):
                more[name] = value
            fields[name] = read
        elif name in TEXTS:
            fields[name] = text(value) or None
        elif name == "loras":
            fields[name] = tuple(value)
        else:
            fields[name] = text(value)
    return Generation(**fields, extras={str(key): plain_value(each) for key, each in more.items() if each is not None})


def number(value: Any, *, whole: bool) -> Any:
    """A number that is there or in a text; None where there is none, or one beyond 64 bits."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str):
        value = value.strip()
        if not 0 < len(value) <= 40 or "_" in value:
            return None
    try:
        if whole:
            read: Any = int(value) if not isinstance(value, float) else int(value) if value == int(value) else None
        else:
            read = float(value)
    except (ValueError, OverflowError):
        return None
    if read is None or not math.isfinite(read) or abs(read) >= MAX_SEED:
        return None
    return read


def text(value: Any) -> str:
    """A text of a text or a number; of a list of texts its lines. Empty for all else."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "\n".join(each for each in value if isinstance(each, str))
    return ""


def plain_value(value: Any, depth: int = 0) -> Any:
    """A value of JSON as JSON that every reader takes: at most 20 deep, whole numbers of at most 64 bits."""
    if isinstance(value, Mapping):
        return {str(key): plain_value(each, depth + 1) for key, each in value.items()} if depth < 20 else "..."
    if isinstance(value, (list, tuple)):
        return [plain_value(each, depth + 1) for each in value] if depth < 20 else "..."
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= MAX_SEED:
        return str(value) if value.bit_length() < 4096 else "..."
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    return value if value is None or isinstance(value, (int, float, bool)) else str(value)


def file_name(value: Any) -> str:
    """A model's name without its folders."""
    return text(value).replace("\\", "/").rsplit("/", 1)[-1]


def without_ending(value: Any) -> str:
    """A model's name without its folders and its file's ending."""
    name = file_name(value)
    for ending in (".safetensors", ".ckpt", ".pt", ".pth", ".bin", ".sft", ".gguf"):
        name = name.removesuffix(ending)
    return name
