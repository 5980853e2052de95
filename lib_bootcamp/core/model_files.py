"""Which Stable Diffusion a model file belongs to, told from its header; nothing is loaded."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from .regular_files import open_regular

Base = Literal["sd15", "sd2", "sdxl", "sd3", "flux"]

MODELS = Path(__file__).resolve().parents[2] / "models"
EMBEDDED = "mini"
"""What the project's own small models in `MODELS` are called where a model is asked for."""
BANNER = (
    "The small checkpoint that comes along draws flat shapes in ten colours and nothing else; "
    "give a real one with --checkpoint."
)
"""What a person is told where nothing else was chosen to draw with."""

BASE_TITLES: dict[str, str] = {"sd15": "SD1.5", "sd2": "SD2.1", "sdxl": "SDXL", "sd3": "SD3", "flux": "Flux"}
NATIVE_PX: dict[Base, int] = {"sd15": 512, "sd2": 768, "sdxl": 1024, "sd3": 1024, "flux": 1024}
"""Side of the square that a base was trained on."""
MAX_HEADER_BYTES = 64 * 1024 * 1024
# The cross-attention's width is the text encoder's: CLIP ViT-L/14, OpenCLIP ViT-H/14, and both joined in SDXL.
_BY_CONTEXT_WIDTH: dict[int, Base] = {768: "sd15", 1024: "sd2", 2048: "sdxl"}
# Checkpoints and ControlNets, LoRAs, Control-LoRAs, IP-Adapters: the last number of the shape is the width.
_CROSS_ATTENTION = ("attn2.to_k.weight", "attn2_to_k.lora_down.weight", "attn2.to_k.down", "to_k_ip.weight")
Kind = Literal[
    "controlnet", "control-lora", "t2i-adapter", "controlnet-lllite", "ip-adapter", "checkpoint", "lora", "unknown"
]
# Parts of tensors' names; the first kind that has one is it.
_KIND_MARKS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    ("control-lora", ("lora_controlnet",)),
    ("ip-adapter", ("to_k_ip.weight", "ip_adapter.")),
    ("controlnet-lllite", ("lllite_unet",)),
    ("controlnet", ("input_hint_block.", "controlnet_cond_embedding.", "controlnet_blocks.", "controlnet_x_embedder")),
    ("t2i-adapter", ("body.0.block1.", "adapter.body.", "body.0.resnets.")),
    ("lora", ("lora_down", "lora_A")),
    ("checkpoint", ("model.diffusion_model.", "double_blocks.", "joint_blocks.", "down_blocks.")),
)
KIND_TITLES: dict[str, str] = {
    "controlnet": "ControlNet",
    "control-lora": "Control-LoRA",
    "t2i-adapter": "T2I-Adapter",
    "controlnet-lllite": "ControlNet-LLLite",
    "ip-adapter": "IP-Adapter",
    "checkpoint": "checkpoint",
    "lora": "LoRA",
    "unknown": "model",
}
_BY_NAME: tuple[tuple[str, Base], ...] = (
    (r"flux", "flux"),
    (r"sd[-_ ]?3(?:[._]?5)?(?!\d)|stable-diffusion-3", "sd3"),
    (r"sd[-_ ]?xl|(?:^|[-_. ])xl(?:[-_. ]|$)", "sdxl"),
    (r"sd[-_ ]?(?:v?2[01]?)(?!\d)|v2-1|2\.1", "sd2"),
    (r"sd[-_ ]?(?:v?1[._]?[456])(?!\d)|v1-5", "sd15"),
)


def base_of_name(name: str) -> Base | None:
    """The base a file's name speaks of (`control_v1p_sd15_...`), or None."""
    return next((base for pattern, base in _BY_NAME if re.search(pattern, name, re.IGNORECASE)), None)


def base_of_file(path: Path) -> Base | None:
    """The base of a checkpoint or a ControlNet: from the shapes in its safetensors header, else from its name.

    Args:
        path: .safetensors files are looked into (their header only); of others the name is all that counts.
    Returns:
        None where neither tells.
    """
    try:
        stat = path.stat()
    except OSError:
        return base_of_name(path.name)
    return _base_of_version(path, stat.st_mtime_ns, stat.st_size)


def _base_of_version(path: Path, changed_ns: int, size: int) -> Base | None:
    return _facts_of_version(path, changed_ns, size).base


@dataclass(frozen=True)
class ModelFacts:
    """What a model file tells of itself.

    Args:
        kind: what it is, from its tensors; `unknown` where its header cannot be read or is of another kind.
        base: the Stable Diffusion it belongs to, or None.
        told_by: what told the base: `header`, `name`, or nothing.
        name_base: what the name alone says.
    """

    kind: Kind
    base: Base | None
    told_by: Literal["header", "name", ""]
    name_base: Base | None

    @property
    def contradicts(self) -> bool:
        """Whether the name says another base than the tensors."""
        return self.told_by == "header" and self.name_base not in {None, self.base}


def model_facts(path: Path) -> ModelFacts:
    """What a model file is and which base it needs, from the shapes in its header, else from its name.

    Args:
        path: .safetensors files are looked into (their header only); of others the name is all that counts.
    """
    try:
        stat = path.stat()
    except OSError:
        return _facts(path, {})
    return _facts_of_version(path, stat.st_mtime_ns, stat.st_size)


@functools.lru_cache(maxsize=1024)
def _facts_of_version(path: Path, changed_ns: int, size: int) -> ModelFacts:
    return _facts(path, read_header(path) if path.suffix.lower() in {".safetensors", ".sft"} else {})


def _facts(path: Path, header: Mapping[str, Any]) -> ModelFacts:
    shapes = {
        name: tuple(tensor["shape"])
        for name, tensor in header.items()
        if isinstance(tensor, dict) and _is_shape(tensor.get("shape"))
    }
    by_name = base_of_name(path.name)
    base = _base_of_shapes(shapes)
    told_by: Literal["header", "name", ""] = "header" if base else "name" if by_name else ""
    return ModelFacts(_kind_of_shapes(shapes), base or by_name, told_by, by_name)


def _is_shape(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, int) for each in value)


Shapes = Mapping[str, "tuple[Any, ...]"]


def _kind_of_shapes(shapes: Shapes) -> Kind:
    for kind, marks in _KIND_MARKS:
        if any(mark in name for name in shapes for mark in marks):
            return kind
    return "unknown"


def _base_of_shapes(shapes: Shapes) -> Base | None:
    """The first rule that knows: cross-attention's width, then what kinds without one have instead."""
    for find in (_by_cross_attention, _by_transformer, _by_adapter, _by_lllite):
        base = find(shapes)
        if base is not None:
            return base
    return None


def _by_cross_attention(shapes: Shapes) -> Base | None:
    for name, shape in shapes.items():
        if name.endswith(_CROSS_ATTENTION) and len(shape) == 2 and shape[1] in _BY_CONTEXT_WIDTH:
            return _BY_CONTEXT_WIDTH[shape[1]]
    return None


def _by_transformer(shapes: Shapes) -> Base | None:
    """SD3 and Flux have no cross-attention: their blocks' names tell, or the width of a ControlNet's outputs."""
    for name, shape in shapes.items():
        if "joint_blocks." in name:
            return "sd3"
        if "double_blocks." in name or "single_transformer_blocks." in name:
            return "flux"
        if name.endswith("controlnet_blocks.0.weight") and len(shape) == 2:
            return {3072: "flux", 1536: "sd3", 2432: "sd3"}.get(shape[0])  # type: ignore[return-value]
    return None


def _by_adapter(shapes: Shapes) -> Base | None:
    """A T2I-Adapter's first layer takes blocks of 8 x 8 pixels, or of 16 x 16 for SDXL, of one or three channels."""
    for name, shape in shapes.items():
        if name.endswith("conv_in.weight") and "controlnet_cond" not in name and len(shape) == 4:
            return {64: "sd15", 192: "sd15", 256: "sdxl", 768: "sdxl"}.get(shape[1])  # type: ignore[return-value]
    return None


def _by_lllite(shapes: Shapes) -> Base | None:
    """ControlNet-LLLite names blocks of the UNet: only SDXL's have more than one transformer layer."""
    blocks = [name for name in shapes if name.startswith("lllite_unet")]
    if not blocks:
        return None
    return "sdxl" if any(re.search(r"transformer_blocks_[1-9]", name) for name in blocks) else "sd15"


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file: tensor name to dtype, shape and offsets; empty for any other file.

    Source: safetensors format, 8 bytes little-endian length, then JSON.
    """
    try:
        with open_regular(path) as opened, io.BufferedReader(opened) as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= MAX_HEADER_BYTES:
                return {}
            header = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
