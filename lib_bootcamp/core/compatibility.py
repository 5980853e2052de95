"""Which ControlNet models a map is for, which checkpoint each needs, and whether the loaded one is that.

The table is the only list: the page in the docs, the command, the route and the tab are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .model_files import BASE_TITLES, KIND_TITLES, Base, ModelFacts, model_facts
from .unit_presets import (
    BRIGHTNESS_SD15,
    CANNY_SD15,
    CANNY_SD21,
    CANNY_SDXL,
    ILLUMINATION_SD15,
    LINEART_SD15,
    LINEART_SD21,
    LINEART_SDXL,
    MONSTER_SD15,
    MONSTER_SDXL,
    RECOLOR_SD15,
    RECOLOR_SDXL,
    SCRIBBLE_SD15,
    SCRIBBLE_SD21,
    SCRIBBLE_SDXL,
    SOFTEDGE_SD15,
    SOFTEDGE_SD21,
    SOFTEDGE_SDXL,
    TILE_SD15,
    UNIT_PRESETS,
    ModelFamily,
    UnitSetting,
)

LATENT_PX = 8
_V11 = "https://huggingface.co/lllyasviel/ControlNet-v1-1"
_COLLECTION = "https://huggingface.co/lllyasviel/sd_control_collection"
_SD21 = "https://huggingface.co/thibaud/controlnet-sd21"
_XINSIR = "https://huggingface.co/xinsir/controlnet-{}-sdxl-1.0"
_XLABS = "https://huggingface.co/XLabs-AI/flux-controlnet-{}-v3"
_UNION = "https://huggingface.co/Shakker-Labs/FLUX.1-dev-ControlNet-Union-Pro"
_SD35 = "https://huggingface.co/stabilityai/stable-diffusion-3.5-controlnets"


@dataclass(frozen=True)
class MapKind:
    """A kind of control map and the models that were trained on it.

    Args:
        name: the key.
        title: for a person.
        made_by: the command that makes the map; empty where a detector's network is needed.
        families: models by base, with the names their files go by.
        advice: what the map must be like.
    """

    name: str
    title: str
    made_by: str
    families: tuple[ModelFamily, ...]
    advice: str = ""

    def matches(self, file_name: str) -> bool:
        """Whether a file of this name holds a model for this map."""
        return any(
            re.search(pattern, file_name, re.IGNORECASE) for family in self.families for pattern in family.patterns
        )

    def family(self, base: Base) -> ModelFamily | None:
        """The models for a base."""
        return next((each for each in self.families if each.base == base), None)

    def unit(self, base: Base | None) -> UnitSetting:
        """Weight, start and end to begin with: the first preset's for these models, else ControlNet's own."""
        families = [each for each in self.families if base in (None, each.base)] or list(self.families)
        settings = (unit for preset in UNIT_PRESETS for unit in preset.units if unit.family in families)
        return next(settings, UnitSetting(families[0], 1.0))


def _v11(title: str, pattern: str, file: str) -> ModelFamily:
    return ModelFamily(title, "sd15", (pattern,), file, _V11)


def _edges(name: str, title: str, *families: ModelFamily) -> MapKind:
    return MapKind(name, title, f"edges --preset {name}", families, "White lines on black.")


MAP_KINDS: tuple[MapKind, ...] = (
    MapKind(
        "qr",
        "QR code",
        "qr",
        (MONSTER_SD15, MONSTER_SDXL),
        "Modules of 16 px on the latent's grid of 8, grey around the code.",
    ),
    MapKind("brightness", "Brightness", "brightness", (BRIGHTNESS_SD15,), "Grey."),
    MapKind("illumination", "Illumination", "lighting", (ILLUMINATION_SD15,), "Grey and soft."),
    MapKind("recolor", "Recolor", "recolor", (RECOLOR_SD15, RECOLOR_SDXL), "Grey, at the size that is drawn."),
    _edges(
        "canny",
        "Canny",
        CANNY_SD15,
        CANNY_SD21,
        CANNY_SDXL,
        ModelFamily("Canny SD3.5", "sd3", (r"canny",), "sd3.5_large_controlnet_canny.safetensors", _SD35),
        ModelFamily("Canny Flux", "flux", (r"canny",), "flux-canny-controlnet-v3.safetensors", _XLABS.format("canny")),
    ),
    _edges("softedge", "Soft edge", SOFTEDGE_SD15, SOFTEDGE_SD21, SOFTEDGE_SDXL),
    _edges("lineart", "Line art", LINEART_SD15, LINEART_SD21, LINEART_SDXL),
    _edges("scribble", "Scribble", SCRIBBLE_SD15, SCRIBBLE_SD21, SCRIBBLE_SDXL),
    MapKind(
        "tile",
        "Tile",
        "",
        (
            TILE_SD15,
            ModelFamily(
                "Tile SDXL", "sdxl", (r"tile",), "controlnet-tile-sdxl-1.0.safetensors", _XINSIR.format("tile")
            ),
        ),
        "The picture itself.",
    ),
    MapKind(
        "depth",
        "Depth",
        "detect --detector depth_midas",
        (
            _v11("Depth", r"depth|zoe|midas", "control_v11f1p_sd15_depth.pth"),
            ModelFamily("Depth SD2.1", "sd2", (r"depth",), "control_v11p_sd21_depth.safetensors", _SD21),
            ModelFamily("Depth SDXL", "sdxl", (r"depth",), "diffusers_xl_depth_full.safetensors", _COLLECTION),
            ModelFamily("Depth SD3.5", "sd3", (r"depth",), "sd3.5_large_controlnet_depth.safetensors", _SD35),
            ModelFamily(
                "Depth Flux", "flux", (r"depth",), "flux-depth-controlnet-v3.safetensors", _XLABS.format("depth")
            ),
        ),
        "Near is white.",
    ),
    MapKind(
        "normal",
        "Normal map",
        "detect --detector normal_bae",
        (
            _v11("Normal map", r"normal", "control_v11p_sd15_normalbae.pth"),
            ModelFamily("Normal map SD2.1", "sd2", (r"normal",), "control_v11p_sd21_normalbae.safetensors", _SD21),
        ),
    ),
    MapKind(
        "openpose",
        "Pose",
        "detect --detector openpose",
        (
            _v11("Pose", r"openpose|dw_?pose", "control_v11p_sd15_openpose.pth"),
            ModelFamily("Pose SD2.1", "sd2", (r"openpose",), "control_v11p_sd21_openpose.safetensors", _SD21),
            ModelFamily(
                "Pose SDXL",
                "sdxl",
                (r"openpose",),
                "controlnet-openpose-sdxl-1.0.safetensors",
                _XINSIR.format("openpose"),
            ),
        ),
    ),
    MapKind("mlsd", "Straight lines", "detect --detector mlsd", (_v11("MLSD", r"mlsd", "control_v11p_sd15_mlsd.pth"),)),
    MapKind(
        "seg",
        "Segmentation",
        "detect --detector segment_ade20k",
        (
            _v11("Segmentation", r"_seg(?:[._-]|$)|segmentation", "control_v11p_sd15_seg.pth"),
            ModelFamily("Segmentation SD2.1", "sd2", (r"_ade20k",), "control_v11p_sd21_ade20k.safetensors", _SD21),
        ),
        "ADE20K's colours.",
    ),
    MapKind("inpaint", "Inpainting", "", (_v11("Inpaint", r"inpaint", "control_v11p_sd15_inpaint.pth"),)),
    MapKind("shuffle", "Shuffle", "", (_v11("Shuffle", r"shuffle", "control_v11e_sd15_shuffle.pth"),)),
    MapKind("ip2p", "Instruct pix2pix", "", (_v11("Instruct pix2pix", r"ip2p", "control_v11e_sd15_ip2p.pth"),)),
    MapKind(
        "union",
        "All of a kind (union)",
        "",
        (
            ModelFamily(
                "Union SDXL",
                "sdxl",
                (r"union|promax",),
                "controlnet-union-sdxl-1.0.safetensors",
                _XINSIR.format("union"),
            ),
            ModelFamily("Union Flux", "flux", (r"union",), "FLUX.1-dev-ControlNet-Union-Pro.safetensors", _UNION),
        ),
        "Choose the map's kind in the unit.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An installed model held against the checkpoint.

    Args:
        name: as a unit is given it.
        facts: what its file tells.
        maps: names of the kinds of maps it is for.
        fits: whether it works with the checkpoint; None where one of the two is not known.
        reason: one sentence for a person.
        unit: to begin with.
    """

    name: str
    facts: ModelFacts
    maps: tuple[str, ...]
    fits: bool | None
    reason: str
    unit: UnitSetting


def judge(name: str, path: Path, checkpoint_base: Base | None) -> Installed:
    """Hold an installed model against the checkpoint's base.

    Args:
        name: as a unit is given it, with or without a hash.
        path: its file; a .safetensors file's header is read, nothing is loaded.
        checkpoint_base: None where it is not known.
    """
    facts = model_facts(path)
    kinds = [each for each in MAP_KINDS if each.matches(path.name)]
    shown = name.split(" [")[0]
    fits, reason = _verdict(shown, facts, checkpoint_base)
    unit = kinds[0].unit(facts.base) if kinds else UnitSetting(CANNY_SD15, 1.0)
    return Installed(
        name=name, facts=facts, maps=tuple(each.name for each in kinds), fits=fits, reason=reason, unit=unit
    )


def _verdict(shown: str, facts: ModelFacts, checkpoint: Base | None) -> tuple[bool | None, str]:
    if facts.kind in {"checkpoint", "lora"}:
        return False, f"{shown} is a {KIND_TITLES[facts.kind]} and not for a ControlNet unit"
    if facts.base is None:
        return None, f"{shown} tells neither by its tensors nor by its name which checkpoint it needs"
    needed = f"{_article(facts.base)} {BASE_TITLES[facts.base]} checkpoint"
    doubt = ""
    if facts.contradicts and facts.name_base is not None:
        doubt = f" (by its tensors; its name says {BASE_TITLES[facts.name_base]})"
    elif facts.told_by == "name":
        doubt = " (by its name; its tensors do not tell)"
    if checkpoint is None:
        return None, f"{shown} needs {needed}{doubt}; which one is loaded is not known"
    if checkpoint == facts.base:
        return True, f"{shown} is for {BASE_TITLES[facts.base]}{doubt}, as is the loaded checkpoint"
    return False, f"{shown} needs {needed}{doubt}; the loaded one is {BASE_TITLES[checkpoint]}"


def _article(base: Base) -> str:
    return "a" if base == "flux" else "an"


NATIVE_PX: dict[Base, int] = {"sd15": 512, "sd2": 768, "sdxl": 1024, "sd3": 1024, "flux": 1024}
"""Side of the square that a base was trained on."""
GRID_PX: dict[Base, int] = {"sd15": 8, "sd2": 8, "sdxl": 8, "sd3": 16, "flux": 16}
"""What the sides of a picture must be multiples of: the VAE's 8, and 2 x 2 patches of the latent in SD3 and Flux."""


def resolution_advice(base: Base | None, width: int | None, height: int | None) -> Iterator[str]:
    """What to know of sizes for a base, and of a size that is asked for; sentences.

    Args:
        base: the checkpoint's; None gives only what holds for all.
        width: of the picture, or None.
        height: of the picture, or None.
    """
    grid = GRID_PX[base] if base else LATENT_PX
    if base is not None:
        side = NATIVE_PX[base]
        yield (
            f"{BASE_TITLES[base]} was trained on about {side} x {side} pixels; the first pass is best near that area, "
            "what is larger by hires fix."
        )
    yield (
        f"The map is best at the size that is drawn, both sides multiples of {grid}: ControlNet would resize it, and "
        "lines and modules would lie between the latent's pixels."
    )
    for name, value in (("width", width), ("height", height)):
        if value is not None and value % grid:
            near = max(grid, round(value / grid) * grid)
            yield f"{name} {value} is not a multiple of {grid}: take {near}."
    if base is None or width is None or height is None:
        return
    share = width * height / NATIVE_PX[base] ** 2
    if share < 0.5 or share > 2.3:
        yield (
            f"{width} x {height} is {share:.2g} times the area that {BASE_TITLES[base]} was trained on: expect "
            f"{'doubled subjects' if share > 1 else 'coarse pictures'}; take about {NATIVE_PX[base]} px a side"
            f"{' and hires fix' if share > 1 else ''}."
        )
