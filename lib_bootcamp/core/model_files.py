"""Which Stable Diffusion a model file belongs to, told from its header; nothing is loaded."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import Any, Literal

Base = Literal["sd15", "sd2", "sdxl"]

MODELS = Path(__file__).resolve().parents[2] / "models"
EMBEDDED = "mini"
"""What the project's own small models in `MODELS` are called where a model is asked for."""
BANNER = (
    "The small checkpoint that comes along draws flat shapes in ten colours and nothing else; "
    "give a real one with --checkpoint."
)
"""What a person is told where nothing else was chosen to draw with."""

BASE_TITLES: dict[str, str] = {"sd15": "SD1.5", "sd2": "SD2", "sdxl": "SDXL"}
MAX_HEADER_BYTES = 64 * 1024 * 1024
# The cross-attention's width is the text encoder's: CLIP ViT-L/14, OpenCLIP ViT-H/14, and both joined in SDXL.
_BY_CONTEXT_WIDTH: dict[int, Base] = {768: "sd15", 1024: "sd2", 2048: "sdxl"}
# Checkpoints and ControlNets, LoRAs, Control-LoRAs: the last number of the shape is the width.
_CROSS_ATTENTION = ("attn2.to_k.weight", "attn2_to_k.lora_down.weight", "attn2.to_k.down")
_BY_NAME: tuple[tuple[str, Base], ...] = (
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


@functools.lru_cache(maxsize=1024)
def _base_of_version(path: Path, changed_ns: int, size: int) -> Base | None:
    header = read_header(path) if path.suffix.lower() in {".safetensors", ".sft"} else {}
    for name, tensor in header.items():
        if name.endswith(_CROSS_ATTENTION) and isinstance(tensor, dict):
            shape = tensor.get("shape")
            if isinstance(shape, list) and len(shape) == 2 and shape[1] in _BY_CONTEXT_WIDTH:
                return _BY_CONTEXT_WIDTH[shape[1]]
    return base_of_name(path.name)


def read_header(path: Path) -> dict[str, Any]:
    """The JSON header of a safetensors file: tensor name to dtype, shape and offsets; empty for any other file.

    Source: safetensors format, 8 bytes little-endian length, then JSON.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= MAX_HEADER_BYTES:
                return {}
            header = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError):
        return {}
    return header if isinstance(header, dict) else {}
