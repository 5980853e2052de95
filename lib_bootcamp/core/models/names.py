"""What a model file is called: by its own name, by its folder's where its own is everybody's, by its config.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lib_bootcamp.core.files.regular import read_regular
from lib_bootcamp.params import read_json

from .bases import Base

# Names that say it in full; the first that is found counts. They go before version numbers and a lone "xl".
_EXPLICIT: tuple[tuple[str, Base], ...] = (
    (r"(?<![a-z])(?:sd|stable[-_ ]?diffusion)[-_ .]?v?1[._-]?[0-5](?!\d)|(?<![a-z])sd[-_ ]?v?1(?!\.?\d)", "sd15"),
    (r"(?<![a-z])(?:sd|stable[-_ ]?diffusion)[-_ .]?v?2(?:[._-]?[01])?(?!\.?\d)", "sd2"),
    (r"(?<![a-z])(?:sd|stable[-_ ]?diffusion)[-_ ]?xl", "sdxl"),
    (r"(?<![a-z])(?:sd|stable[-_ ]?diffusion)[-_ .]?v?3(?:[._-]?5)?(?!\d)", "sd3"),
    (r"flux[-_. ]?2(?!\d)", "flux2"),
    (r"flux", "flux"),
    (r"kolors", "kolors"),
    (r"qwen", "qwen"),
    (r"pixart", "pixart"),
    (r"hunyuan[-_ ]?dit|hydit", "hunyuandit"),
    (r"z[-_ ]?image(?![a-z])", "zimage"),
)
# Numbers and words that may mean something else; they count where they agree.
_HINTS: tuple[tuple[str, Base], ...] = (
    (r"(?:^|[-_. ])xl(?:[-_. ]|$)|pony|illustrious|noobai", "sdxl"),
    (r"(?<![\d.])v?2[-.]1(?!\.?\d)", "sd2"),
    (r"(?<![\d.])v?1[-.]5(?!\.?\d)", "sd15"),
)
_EVERYBODYS = re.compile(
    r"(?:diffusion_pytorch_model|pytorch_model|model|controlnet|ip[-_]?adapter|adapter_model|adapter)"
    r"(?:[._-](?:fp16|fp32|f16|bf16|fp8|ema|non_ema|sdxl_union|\d{5}-of-\d{5}))*",
    re.IGNORECASE,
)
_EVERYBODYS_FOLDER = re.compile(
    r"controlnets?|controlnetmodel|unet|transformer|snapshots|fp16|bf16|models?|ip[-_]?adapters?|main|[0-9a-f]{40}",
    re.IGNORECASE,
)
_FOLDERS_UP = 4
_MAX_CONFIG_BYTES = 1024 * 1024
_BY_CLASS: dict[str, Base] = {
    "SD3ControlNetModel": "sd3",
    "SD3Transformer2DModel": "sd3",
    "FluxControlNetModel": "flux",
    "FluxTransformer2DModel": "flux",
    "Flux2Transformer2DModel": "flux2",
    "ChromaTransformer2DModel": "chroma",
    "HunyuanDiT2DControlNetModel": "hunyuandit",
    "HunyuanDiT2DModel": "hunyuandit",
    "QwenImageControlNetModel": "qwen",
    "QwenImageTransformer2DModel": "qwen",
    "PixArtTransformer2DModel": "pixart",
    "PixArtControlNetAdapterModel": "pixart",
    "ZImageControlNetModel": "zimage",
    "ZImageTransformer2DModel": "zimage",
}
_BY_CONTEXT: dict[Any, Base] = {768: "sd15", 1024: "sd2", 2048: "sdxl"}


def base_of_name(name: str) -> Base | None:
    """The base a file's name speaks of (`control_v1p_sd15_...`), or None."""
    for pattern, base in _EXPLICIT:
        if re.search(pattern, name, re.IGNORECASE):
            return base
    hinted = {base for pattern, base in _HINTS if re.search(pattern, name, re.IGNORECASE)}
    return hinted.pop() if len(hinted) == 1 else None


def telling_name(path: Path) -> str:
    """A model's name where its file is called what many are called (`diffusion_pytorch_model`): its folder's.

    Args:
        path: the file; nothing is opened.
    """
    if not _EVERYBODYS.fullmatch(path.stem):
        return path.name
    for folder in list(path.parents)[:_FOLDERS_UP]:
        if folder.name and not _EVERYBODYS_FOLDER.fullmatch(folder.name):
            return folder.name.split("--")[-1]  # a hub's cache joins owner and name by it
    return path.name


def base_of_config(path: Path) -> Base | None:
    """What the config.json beside a diffusers model says.

    Args:
        path: the model's file; others than diffusers' have no config of their own.
    """
    if not _EVERYBODYS.fullmatch(path.stem):
        return None
    beside = path.with_name("config.json")
    try:
        config = read_json(read_regular(beside, _MAX_CONFIG_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    kind = str(config.get("_class_name", ""))
    if kind == "T2IAdapter":
        return "sdxl" if "xl" in str(config.get("adapter_type", "")) else "sd15"
    if kind.startswith(("ControlNet", "UNet2DCondition")):
        if config.get("encoder_hid_dim") == 4096:
            return "kolors"
        width = config.get("cross_attention_dim")
        return _BY_CONTEXT.get(width) if isinstance(width, int) else None
    return _BY_CLASS.get(kind)
