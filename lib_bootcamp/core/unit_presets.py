"""How people set ControlNet units for these maps, as data: which model, how strong, from when to when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .edge_presets import EDGE_FAMILIES
from .model_files import BASE_TITLES, Base, base_of_file


@dataclass(frozen=True)
class ModelFamily:
    """ControlNet models that do the same work for the same base.

    Args:
        title: for a person.
        base: the checkpoint's base it works with.
        patterns: of file names, the preferred first.
        file: the file to get where none is installed.
        source: where it is from.
    """

    title: str
    base: Base
    patterns: tuple[str, ...]
    file: str
    source: str

    def find(self, models: Mapping[str, Path | None]) -> str | None:
        """The installed model that fits best, by its name among `models` (name to file), or None."""
        for pattern in self.patterns:
            for name, path in models.items():
                file = path or Path(name)
                # files whose name and header tell no base are from the days when there was but one
                if re.search(pattern, file.name, re.IGNORECASE) and (base_of_file(file) or "sd15") == self.base:
                    return name
        return None


MONSTER_SD15 = ModelFamily(
    "QR Code Monster",
    "sd15",
    (r"qr[-_ ]?code[-_ ]?monster.*v2", r"qr[-_ ]?code[-_ ]?monster"),
    "control_v1p_sd15_qrcode_monster_v2.safetensors",
    "https://huggingface.co/monster-labs/control_v1p_sd15_qrcode_monster",
)
MONSTER_SDXL = ModelFamily(
    "QR Code Monster SDXL",
    "sdxl",
    (r"qr[-_ ]?code[-_ ]?monster",),
    "control_v1p_sdxl_qrcode_monster.safetensors",
    "https://huggingface.co/monster-labs/control_v1p_sdxl_qrcode_monster",
)
BRIGHTNESS_SD15 = ModelFamily(
    "Brightness",
    "sd15",
    (r"brightness",),
    "control_v1p_sd15_brightness.safetensors",
    "https://huggingface.co/ioclab/ioc-controlnet",
)
ILLUMINATION_SD15 = ModelFamily(
    "Illumination or brightness",
    "sd15",
    (r"illumination", r"brightness"),
    "control_v1p_sd15_illumination.safetensors",
    "https://huggingface.co/ioclab/ioc-controlnet",
)
TILE_SD15 = ModelFamily(
    "Tile",
    "sd15",
    (r"v11f1e.*tile", r"tile"),
    "control_v11f1e_sd15_tile.pth",
    "https://huggingface.co/lllyasviel/ControlNet-v1-1",
)

_V11 = "https://huggingface.co/lllyasviel/ControlNet-v1-1"
_COLLECTION = "https://huggingface.co/lllyasviel/sd_control_collection"
_SD21 = "https://huggingface.co/thibaud/controlnet-sd21"
CANNY_SD15 = ModelFamily("Canny", "sd15", (r"v11p.*canny", r"canny"), "control_v11p_sd15_canny.pth", _V11)
CANNY_SD21 = ModelFamily("Canny SD2.1", "sd2", (r"canny",), "control_v11p_sd21_canny.safetensors", _SD21)
CANNY_SDXL = ModelFamily("Canny SDXL", "sdxl", (r"canny",), "diffusers_xl_canny_full.safetensors", _COLLECTION)
SOFTEDGE_SD15 = ModelFamily(
    "Soft edge", "sd15", (r"soft[-_ ]?edge", r"(?:^|_)hed(?:_|\.|-)", r"pidi"), "control_v11p_sd15_softedge.pth", _V11
)
SOFTEDGE_SD21 = ModelFamily(
    "Soft edge SD2.1",
    "sd2",
    (r"soft[-_ ]?edge", r"(?:^|_)hed(?:_|\.|-)"),
    "control_v11p_sd21_hed.safetensors",
    _SD21,
)
SOFTEDGE_SDXL = ModelFamily(
    "Soft edge SDXL", "sdxl", (r"soft[-_ ]?edge", r"mistoline"), "sargezt_xl_softedge.safetensors", _COLLECTION
)
LINEART_SD15 = ModelFamily(
    "Line art", "sd15", (r"lineart(?!.*anime)", r"lineart"), "control_v11p_sd15_lineart.pth", _V11
)
LINEART_SD21 = ModelFamily("Line art SD2.1", "sd2", (r"lineart",), "control_v11p_sd21_lineart.safetensors", _SD21)
LINEART_SDXL = ModelFamily(
    "Line art SDXL",
    "sdxl",
    (r"lineart", r"mistoline"),
    "mistoLine_rank256.safetensors",
    "https://huggingface.co/TheMistoAI/MistoLine",
)
SCRIBBLE_SD15 = ModelFamily(
    "Scribble", "sd15", (r"v11p.*scribble", r"scribble"), "control_v11p_sd15_scribble.pth", _V11
)
SCRIBBLE_SD21 = ModelFamily("Scribble SD2.1", "sd2", (r"scribble",), "control_v11p_sd21_scribble.safetensors", _SD21)
SCRIBBLE_SDXL = ModelFamily(
    "Scribble SDXL",
    "sdxl",
    (r"scribble(?!.*anime)", r"scribble"),
    "controlnet-scribble-sdxl-1.0.safetensors",
    "https://huggingface.co/xinsir/controlnet-scribble-sdxl-1.0",
)
RECOLOR_SD15 = ModelFamily("Recolor", "sd15", (r"recolou?r",), "ioclab_sd15_recolor.safetensors", _COLLECTION)
RECOLOR_SDXL = ModelFamily("Recolor SDXL", "sdxl", (r"recolou?r",), "sai_xl_recolor_256lora.safetensors", _COLLECTION)


@dataclass(frozen=True)
class UnitSetting:
    """One ControlNet unit of a preset; start and end are shares of the sampling steps."""

    family: ModelFamily
    weight: float
    start: float = 0.0
    end: float = 1.0


@dataclass(frozen=True)
class UnitPreset:
    """A way to apply a map.

    Args:
        name: the key in infotext and over the API.
        title: in the section's list.
        controls: operations whose maps it is for.
        units: all are given the same map; the first one's weight, start and end can be changed by hand.
        values: the map's parameters that go with it.
        advice: what else to set, for the person.
        img2img_only: it works on a picture only.
        telling: the names of those values by which it is known that a map is for this preset.
    """

    name: str
    title: str
    controls: tuple[str, ...]
    units: tuple[UnitSetting, ...]
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    advice: str = ""
    img2img_only: bool = False
    telling: tuple[str, ...] = ()

    def disagreements(self, control: str, given: Mapping[str, object]) -> int:
        """How many of the telling values were given otherwise."""
        own = self.values.get(control, {})
        return sum(given.get(name, own.get(name)) != own.get(name) for name in self.telling)

    @property
    def base(self) -> Base:
        """The checkpoint's base it works with."""
        return self.units[0].family.base

    def missing(self, models: Mapping[str, Path | None]) -> tuple[ModelFamily, ...]:
        """The families of which no model is installed."""
        found = [unit.family for unit in self.units if unit.family.find(models) is None]
        return tuple(dict.fromkeys(found))


def _edges(name: str, title: str, family: ModelFamily, advice: str = "") -> UnitPreset:
    """Edge models are used as ControlNet sets its units: whole weight, all steps."""
    return UnitPreset(
        f"{name}{'' if family.base == 'sd15' else '-' + family.base}",
        f"{title} ({BASE_TITLES[family.base]})",
        ("edges",),
        (UnitSetting(family, 1.0),),
        {"edges": EDGE_FAMILIES[name]},
        advice,
        telling=("method", "thickness"),
    )


_FREER = "Weight 0.5 to 1; end at 0.6 to 0.8 to leave details to the prompt."

# 16 px modules and grey around the code are what the model was trained on (its card, version 2).
_MONSTER_MAP = {"qr": {"grid_px": 16, "surround": "grey"}}

UNIT_PRESETS: tuple[UnitPreset, ...] = (
    # Its card asks for high weights, up to 1.5 and above for a code that scans; 1.35 to 1.7 over the whole
    # run is what held in practice.
    UnitPreset(
        "monster",
        "QR Code Monster (SD1.5)",
        ("qr",),
        (UnitSetting(MONSTER_SD15, 1.5),),
        _MONSTER_MAP,
        "Weight 1.35 to 1.7; higher scans better, lower is freer.",
    ),
    # The brightness model, weak and late, straightens what Monster left too grey to read.
    UnitPreset(
        "monster-brightness",
        "Monster 1.0 + Brightness 0.15 (SD1.5)",
        ("qr",),
        (UnitSetting(MONSTER_SD15, 1.0), UnitSetting(BRIGHTNESS_SD15, 0.15, 0.1, 1.0)),
        _MONSTER_MAP,
    ),
    # Anthony Fu, "Stylistic QR Code with Stable Diffusion" and "Refining AI Generated QR Code" (2023).
    UnitPreset(
        "brightness-tile",
        "Brightness 0.35 + Tile 0.5 (SD1.5)",
        ("qr",),
        (UnitSetting(BRIGHTNESS_SD15, 0.35), UnitSetting(TILE_SD15, 0.5, 0.35, 0.70)),
    ),
    # IoC Lab's card: weight 0.4 to 0.9 and an exit between 0.4 and 0.9 of the steps.
    UnitPreset(
        "illumination",
        "Illumination or brightness, early exit (SD1.5)",
        ("brightness", "lighting", "qr"),
        (UnitSetting(ILLUMINATION_SD15, 0.6, 0.0, 0.65),),
        advice="Weight 0.4 to 0.9, end between 0.4 and 0.9.",
    ),
    # Anthony Fu, as above: img2img over a picture, the code through Tile in the middle of the run.
    UnitPreset(
        "tile-img2img",
        "Tile over a picture, img2img (SD1.5)",
        ("qr",),
        (UnitSetting(TILE_SD15, 0.5, 0.35, 0.70),),
        advice="Set Denoising strength to 0.7.",
        img2img_only=True,
    ),
    # Its card; the SDXL model follows the map more closely at the same weight than the one for SD1.5.
    UnitPreset(
        "monster-sdxl",
        "QR Code Monster (SDXL)",
        ("qr",),
        (UnitSetting(MONSTER_SDXL, 1.3),),
        _MONSTER_MAP,
        "Weight 1.0 to 1.5.",
    ),
    *(_edges("canny", "Canny", each, _FREER) for each in (CANNY_SD15, CANNY_SD21, CANNY_SDXL)),
    *(_edges("softedge", "Soft edge", each, _FREER) for each in (SOFTEDGE_SD15, SOFTEDGE_SD21, SOFTEDGE_SDXL)),
    *(_edges("lineart", "Line art", each, _FREER) for each in (LINEART_SD15, LINEART_SD21, LINEART_SDXL)),
    *(_edges("scribble", "Scribble", each, _FREER) for each in (SCRIBBLE_SD15, SCRIBBLE_SD21, SCRIBBLE_SDXL)),
    # The collection's cards name no other numbers than ControlNet's own.
    *(
        UnitPreset(
            f"recolor{'' if family.base == 'sd15' else '-' + family.base}",
            f"Recolor ({BASE_TITLES[family.base]})",
            ("recolor",),
            (UnitSetting(family, 1.0),),
            {"recolor": {"conditioning": "luminance"}},
            "Name the colours in the prompt.",
        )
        for family in (RECOLOR_SD15, RECOLOR_SDXL)
    ),
)


def find_preset(name: str) -> UnitPreset:
    """The preset of this name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in UNIT_PRESETS}[name]


def usable(
    control: str, base: Base | None, models: Mapping[str, Path | None], *, img2img: bool
) -> tuple[UnitPreset, ...]:
    """The presets for this map whose models are installed and whose base is the checkpoint's.

    Args:
        control: the operation's name.
        base: the checkpoint's; None (it does not tell) leaves all bases in.
        models: installed ControlNet models, name to file.
        img2img: whether a picture is there.
    """
    return tuple(each for each in _candidates(control, base, img2img=img2img) if not each.missing(models))


def advice(control: str, base: Base | None, models: Mapping[str, Path | None], folder: Path, *, img2img: bool) -> str:
    """Which files are missing for more presets and where they go; empty when nothing is missing."""
    families: dict[ModelFamily, list[str]] = {}
    for preset in _candidates(control, base, img2img=img2img):
        for family in preset.missing(models):
            families.setdefault(family, []).append(preset.title)
    lines = [
        f"{', '.join(titles)}: put {family.file} into {folder} ({family.source})."
        for family, titles in families.items()
    ]
    if not lines and base is not None and not list(_candidates(control, base, img2img=img2img)):
        lines = [f"No preset is known for {control} with a checkpoint for {BASE_TITLES[base]}; choose a model by hand."]
    return "\n".join(lines)


def _candidates(control: str, base: Base | None, *, img2img: bool) -> Iterable[UnitPreset]:
    for preset in UNIT_PRESETS:
        if control in preset.controls and base in (None, preset.base) and (img2img or not preset.img2img_only):
            yield preset
