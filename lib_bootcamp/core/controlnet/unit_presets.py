"""How people set ControlNet units for these maps, as data: which model, how strong, from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lib_bootcamp.core.maps.edge_presets import EDGE_FAMILIES
from lib_bootcamp.core.models.files import BASE_TITLES, NATIVE_PX, Base

from .detectors import DETECTORS
from .families import (
    BRIGHTNESS_SD15,
    CANNY_SD15,
    CANNY_SD21,
    CANNY_SDXL,
    DEPTH,
    ILLUMINATION_SD15,
    LINEART,
    LINEART_ANIME_SD15,
    MLSD,
    MONSTER_SD15,
    MONSTER_SDXL,
    NORMAL,
    POSE,
    RECOLOR_SD15,
    RECOLOR_SDXL,
    SCRIBBLE,
    SEGMENTATION,
    SOFTEDGE,
    TILE_SD15,
    ModelFamily,
)


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
        only: the map is for this preset where each of these parameters has one of these values; else it is not.
    """

    name: str
    title: str
    controls: tuple[str, ...]
    units: tuple[UnitSetting, ...]
    values: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    advice: str = ""
    img2img_only: bool = False
    telling: tuple[str, ...] = ()
    only: Mapping[str, tuple[object, ...]] = field(default_factory=dict)

    def disagreements(self, control: str, given: Mapping[str, object]) -> int:
        """How many of the telling values were given otherwise."""
        own = self.values.get(control, {})
        return sum(given.get(name, own.get(name)) != own.get(name) for name in self.telling)

    def takes(self, given: Mapping[str, object]) -> bool:
        """Whether a map of these values, every one of them, can be for it."""
        return all(given.get(name) in values for name, values in self.only.items())

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


_SCRIBBLERS = tuple(name for name, each in DETECTORS.items() if "scribble" in each.options)


def _detected(
    kind: str, title: str, families: tuple[ModelFamily, ...], advice: str = "", **only: tuple[object, ...]
) -> Iterator[UnitPreset]:
    """A detector's maps are used as ControlNet sets its units, looked at as large as the checkpoint draws.

    Args:
        kind: of map; the presets' key.
        title: for a person.
        families: the models.
        advice: for the person.
        only: as `UnitPreset.only`; the first value of each is what the preset sets.
    """
    only = {"detector": tuple(name for name, each in DETECTORS.items() if each.map_kind == kind), **only}
    for family in families:
        values = {name: allowed[0] for name, allowed in only.items()}
        yield UnitPreset(
            f"detect-{kind}{'' if family.base == 'sd15' else '-' + family.base}",
            f"{title} ({BASE_TITLES[family.base]})",
            ("detect",),
            (UnitSetting(family, 1.0),),
            {"detect": {**values, "resolution": NATIVE_PX[family.base]}},
            advice,
            only=only,
        )


_FREER = "Weight 0.5 to 1; end at 0.6 to 0.8 to leave details to the prompt."

# 16 px modules and gray around the code are what the model was trained on (its card, version 2); a link of usual length
# has no room for them at 512 px, and is drawn with 8.
_MONSTER_MAP = {"qr": {"grid_px": 0, "surround": "gray"}}

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
    # The brightness model, weak and late, straightens what Monster left too gray to read.
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
    # The course's exercise: tile_resample at its rate of 1 leaves the map as it is.
    UnitPreset(
        "course",
        "Course exercise: Brightness 0.85 (SD1.5)",
        ("qr",),
        (UnitSetting(BRIGHTNESS_SD15, 0.85, 0.2, 0.9),),
        advice="img2img at 512 x 512: Denoising strength 0.75, DPM++ 2M Karras, 50 steps, CFG scale 7.",
    ),
    *(_edges("canny", "Canny", each, _FREER) for each in (CANNY_SD15, CANNY_SD21, CANNY_SDXL)),
    *(_edges("softedge", "Soft edge", each, _FREER) for each in SOFTEDGE),
    *(_edges("lineart", "Line art", each, _FREER) for each in LINEART),
    *(_edges("scribble", "Scribble", each, _FREER) for each in SCRIBBLE),
    # The collection's cards name no other numbers than ControlNet's own.
    *(
        UnitPreset(
            f"recolor{'' if family.base == 'sd15' else '-' + family.base}",
            f"Recolor ({BASE_TITLES[family.base]})",
            ("recolor",),
            (UnitSetting(family, 1.0),),
            {"recolor": {"conditioning": "luminance"}},
            "Name the colors in the prompt.",
        )
        for family in (RECOLOR_SD15, RECOLOR_SDXL)
    ),
    *_detected("depth", "Depth", DEPTH, _FREER),
    *_detected("normal", "Normals", NORMAL, _FREER),
    *_detected("openpose", "Pose", POSE, "Weight 1; the pose is set in the first half of the steps."),
    *_detected("mlsd", "Straight lines", MLSD, _FREER),
    *_detected("seg", "Segmentation", SEGMENTATION, "ADE20K's colors are what the model knows."),
    *_detected("softedge", "Soft edges of a detector", SOFTEDGE, _FREER, scribble=(False,)),
    *_detected("lineart", "Line art of a detector", LINEART, _FREER, detector=("lineart", "lineart_anime")),
    *_detected("lineart_anime", "Line art of anime", (LINEART_ANIME_SD15,), _FREER),
    *_detected("scribble", "Scribble of a detector", SCRIBBLE, _FREER, detector=_SCRIBBLERS, scribble=(True,)),
)


def find_preset(name: str) -> UnitPreset:
    """The preset of this name.

    Raises:
        KeyError: there is none.
    """
    return {each.name: each for each in UNIT_PRESETS}[name]


def usable(
    control: str,
    base: Base | None,
    models: Mapping[str, Path | None],
    *,
    img2img: bool,
    given: Mapping[str, object] | None = None,
) -> tuple[UnitPreset, ...]:
    """The presets for this map whose models are installed and whose base is the checkpoint's.

    Args:
        control: the operation's name.
        base: the checkpoint's; None (it is not known) leaves all bases in.
        models: installed ControlNet models, name to file.
        img2img: whether a picture is there.
        given: all of the map's values; None: not known yet.
    """
    return tuple(each for each in _candidates(control, base, img2img=img2img, given=given) if not each.missing(models))


def how_to_install(family: ModelFamily, folder: Path) -> str:
    """`put x.safetensors into models/ControlNet (https://...)`: the folder as users know it, not where it lies."""
    return f"put {family.file} into {Path(*folder.parts[-2:]).as_posix()} ({family.source})"


def advice(  # noqa: PLR0913 - what presets are chosen by, and where their models go
    control: str,
    base: Base | None,
    models: Mapping[str, Path | None],
    folder: Path,
    *,
    img2img: bool,
    given: Mapping[str, object] | None = None,
) -> str:
    """Which files are missing for more presets and where they go; empty when nothing is missing."""
    families: dict[ModelFamily, list[str]] = {}
    candidates = tuple(_candidates(control, base, img2img=img2img, given=given))
    for preset in candidates:
        for family in preset.missing(models):
            families.setdefault(family, []).append(preset.title)
    lines = [f"{', '.join(titles)}: {how_to_install(family, folder)}." for family, titles in families.items()]
    if not candidates:
        what = control if base is None else f"{control} with a checkpoint for {BASE_TITLES[base]}"
        lines = [f"No preset is known for {what}; choose a model by hand."]
    return "\n".join(lines)


def _candidates(
    control: str, base: Base | None, *, img2img: bool, given: Mapping[str, object] | None
) -> Iterator[UnitPreset]:
    for preset in UNIT_PRESETS:
        fits = control in preset.controls and base in (None, preset.base) and (img2img or not preset.img2img_only)
        if fits and (given is None or preset.takes(given)):
            yield preset
