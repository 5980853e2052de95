"""Which ControlNet models a map is for, which checkpoint each needs, and whether the loaded one is that.

The table is the only list: the page in the docs, the command, the route and the tab are made from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lib_bootcamp.core.models.bases import BASE_TITLES, GRID_PX, NATIVE_PX, Base
from lib_bootcamp.core.models.files import KIND_TITLES, ModelFacts, model_facts
from lib_bootcamp.core.models.names import telling_name

from .detectors import Name
from .families import (
    BRIGHTNESS_SD15,
    CANNY,
    CANNY_SD15,
    DEPTH,
    ILLUMINATION_SD15,
    INPAINT,
    LINEART,
    LINEART_ANIME_SD15,
    MLSD,
    MONSTER_SD15,
    MONSTER_SDXL,
    NORMAL,
    PIX2PIX,
    POSE,
    RECOLOR_SD15,
    RECOLOR_SDXL,
    SCRIBBLE,
    SEGMENTATION,
    SHUFFLE,
    SOFTEDGE,
    TILE,
    ModelFamily,
)
from .families import UNION as UNION_MODELS
from .unit_presets import UNIT_PRESETS, UnitSetting

LATENT_PX = 8
UNION = "union"
OF_UNIONS = frozenset(
    {"canny", "softedge", "lineart", "lineart_anime", "scribble", "tile", "depth", "normal", "openpose", "mlsd", "seg"}
)
"""The kinds of maps that the published unions were trained on."""


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


def _edges(name: str, title: str, *families: ModelFamily) -> MapKind:
    return MapKind(name, title, f"edges --preset {name}", families, "White lines on black.")


def _detected(name: str, title: str, detector: Name, families: tuple[ModelFamily, ...], advice: str = "") -> MapKind:
    return MapKind(name, title, f"detect --detector {detector}", families, advice)


MAP_KINDS: tuple[MapKind, ...] = (
    MapKind(
        "qr",
        "QR code",
        "qr",
        (MONSTER_SD15, MONSTER_SDXL),
        "Modules of 16 px on the latent's grid of 8, gray around the code.",
    ),
    MapKind("brightness", "Brightness", "brightness", (BRIGHTNESS_SD15,), "Gray."),
    MapKind("illumination", "Illumination", "lighting", (ILLUMINATION_SD15,), "Gray and soft."),
    MapKind("recolor", "Recolor", "recolor", (RECOLOR_SD15, RECOLOR_SDXL), "Gray, at the size that is drawn."),
    _edges("canny", "Canny", *CANNY),
    _edges("softedge", "Soft edge", *SOFTEDGE),
    _edges("lineart", "Line art", *LINEART),
    _detected("lineart_anime", "Line art of anime", "lineart_anime", (LINEART_ANIME_SD15,), "White lines on black."),
    _edges("scribble", "Scribble", *SCRIBBLE),
    MapKind("tile", "Tile", "", TILE, "The picture itself."),
    _detected("depth", "Depth", "depth_midas", DEPTH, "Near is white."),
    _detected("normal", "Normal map", "normal_bae", NORMAL),
    _detected("openpose", "Pose", "openpose", POSE),
    _detected("mlsd", "Straight lines", "mlsd", MLSD),
    _detected("seg", "Segmentation", "segment_ade20k", SEGMENTATION, "ADE20K's colors."),
    MapKind("inpaint", "Inpainting", "", INPAINT),
    MapKind("shuffle", "Shuffle", "", SHUFFLE),
    MapKind("ip2p", "Instruct pix2pix", "", PIX2PIX),
    MapKind(UNION, "All of a kind (union)", "", UNION_MODELS, "Choose the map's kind in the unit."),
)


@dataclass(frozen=True, kw_only=True)
class Installed:
    """An installed model held against the checkpoint.

    Args:
        name: as a unit is given it.
        facts: what its file states.
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
    called = telling_name(path)
    kinds = [
        each
        for each in MAP_KINDS
        if each.matches(called)
        or (called != path.name and each.matches(path.name))
        or (each.name == UNION and facts.is_union)
    ]
    shown = name.split(" [")[0]
    fits, reason = _verdict(shown, facts, checkpoint_base)
    unit = kinds[0].unit(facts.base) if kinds else UnitSetting(CANNY_SD15, 1.0)
    return Installed(
        name=name, facts=facts, maps=tuple(each.name for each in kinds), fits=fits, reason=reason, unit=unit
    )


def _verdict(shown: str, facts: ModelFacts, checkpoint: Base | None) -> tuple[bool | None, str]:
    if facts.problem:
        return False, f"{shown} is damaged: it {facts.problem}"
    title = KIND_TITLES[facts.kind]
    if facts.kind in {"checkpoint", "lora", "vae", "text-encoder"}:
        return False, f"{shown} is a {title} and not for a ControlNet unit"
    if facts.kind == "unknown" and facts.has_tensors:
        return None, f"{shown} holds the tensors of no ControlNet or adapter that is known here"
    if facts.base is None and facts.detected_from:
        return False, f"{shown} is for a model that is none of {', '.join(BASE_TITLES.values())} (by its tensors)"
    if facts.base is None:
        return None, f"{shown} shows neither by its tensors nor by its name which checkpoint it needs"
    needed = f"{_article(facts.base)} {BASE_TITLES[facts.base]} checkpoint"
    doubt = ""
    if facts.contradicts and facts.name_base is not None:
        doubt = f" (by its tensors; its name says {BASE_TITLES[facts.name_base]})"
    elif facts.detected_from in {"name", "config"}:
        source = "its config.json" if facts.detected_from == "config" else "its name"
        doubt = f" (by {source}; its tensors do not show it)"
    if checkpoint is None:
        return None, f"{shown} needs {needed}{doubt}; which one is loaded is not known"
    if checkpoint == facts.base:
        kind = f"{'an' if facts.kind == 'ip-adapter' else 'a'} {title} " if facts.kind in _SAID else ""
        return True, f"{shown} is {kind}for {BASE_TITLES[facts.base]}{doubt}, as is the loaded checkpoint"
    return False, f"{shown} needs {needed}{doubt}; the loaded one is {BASE_TITLES[checkpoint]}"


_SAID = frozenset({"ip-adapter", "t2i-adapter", "control-lora", "controlnet-lllite"})


def _article(base: Base) -> str:
    return "an" if BASE_TITLES[base].startswith("SD") else "a"


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
