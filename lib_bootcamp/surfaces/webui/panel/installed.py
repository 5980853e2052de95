"""What is installed here, as the forms of the section and of the scripts offer and mark it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.core.controlnet.fitting import Fitting, fitting
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, UnitPreset, usable
from lib_bootcamp.core.models.files import BASE_TITLES, Base
from lib_bootcamp.ml.detectors.files import folders, locate
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi
from lib_bootcamp.surfaces.webui.section import AUTOMATIC, CUSTOM, GUIDANCE, control_maps, map_fields

DEFAULTS_UNLESS = {"preset": {"apply_by": [GUIDANCE]}}
"""With guidance alone no unit preset says what fields begin with."""
NEEDS_CONTROLNET = ("weight", "guidance_start", "model", "control_mode", "preset")


def usable_fields(fields: Sequence[Param], net: ControlNet | None) -> tuple[Param, ...]:
    """The fields without those that need ControlNet, where there is none."""
    return tuple(each for each in fields if net is not None or each.name not in NEEDS_CONTROLNET)


def model_choices(net: ControlNet | None) -> list[tuple[str, str]]:
    """What "Control model" suggests."""
    models = sorted(net.models()) if net is not None else []
    return [("", "the preset's"), *((each, each) for each in models)]


def models_here(webui: WebUi, net: ControlNet | None) -> Fitting:
    """The installed ControlNet models, and which of them the chosen checkpoint can use."""
    return fitting(net.models() if net is not None else {}, webui.checkpoint_file())


def detector_marks(host: Host) -> dict[str, str]:
    """The mark of each detector whose files are not here."""
    places = folders(host)
    missing = [name for name, each in DETECTORS.items() if not all(locate(file, places) for file in each.weights)]
    return {name: _download(DETECTORS[name].mb) for name in missing}


def _download(mb: float) -> str:
    return f"downloads {mb:.0f} MB" if round(mb) else "needs a small download"


def map_presets(operation: Operation[Any, Any], base: Base | None = None) -> dict[str, dict[str, Any]]:
    """An operation's presets by their titles, without the picture's size.

    Args:
        operation: the map.
        base: the checkpoint's; presets for another are left out. None: it is not known.
    """
    known = {each.name for each in map_fields(operation)}
    others = [title for each, title in BASE_TITLES.items() if base not in (None, each)]
    presets = {_preset_title(operation, name): given for name, given in operation.presets.items()}
    return {
        title: {name: value for name, value in given.items() if name in known}
        for title, given in presets.items()
        if not any(title == other or title.endswith(f"({other})") for other in others)
    }


def _preset_title(operation: Operation[Any, Any], name: str) -> str:
    """The title of a preset that has a name of code: that of the unit preset it is for, else its words."""
    if not re.fullmatch(r"[a-z0-9_-]+", name):
        return name
    units = {each.name: each.title for each in UNIT_PRESETS if operation.name in each.controls}
    if f"{operation.name}-{name}" in units:
        return units[f"{operation.name}-{name}"]
    if name in units:
        return units[name].split(" (")[0]
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def preset_values(preset: UnitPreset, own: str = "") -> dict[str, Any]:
    """What fields begin with under a unit preset, by key.

    Args:
        preset: the preset.
        own: the map whose fields are the form's own, without the map's name before theirs.
    """
    first = preset.units[0]
    numbers = {"weight": first.weight, "guidance_start": first.start, "guidance_end": first.end}
    maps = {
        name if control == own else f"{control}.{name}": value
        for control, given in preset.values.items()
        for name, value in given.items()
    }
    return {**numbers, **maps}


def preset_defaults(
    webui: WebUi, net: ControlNet | None, controls: Collection[str], own: str = "", *, img2img: bool
) -> dict[str, Any]:
    """What fields begin with under each unit preset, and under those that automatic takes here.

    Args:
        webui: knows the checkpoint.
        net: knows the models.
        controls: the maps.
        own: the map whose fields are the form's own.
        img2img: whether a picture is there.
    """
    chosen: dict[str, Any] = {}
    models = models_here(webui, net).models
    for operation in control_maps():
        declared = {each.name: each.default for each in map_fields(operation)}
        ready = usable(operation.name, webui.checkpoint_base(), models, img2img=img2img, given=declared)
        # where a value of the map decides between presets, none is shown as if it were chosen
        decided = [each for each in ready if each.telling]
        if ready and operation.name in controls and not (decided and len(ready) > 1):
            head = "" if operation.name == own else f"{operation.name}."
            chosen |= {f"{head}{name}": value for name, value in ready[0].values.get(operation.name, {}).items()}
    return {AUTOMATIC: chosen, **{each.name: preset_values(each, own) for each in UNIT_PRESETS}}


def preset_choices(
    webui: WebUi, net: ControlNet | None, controls: Collection[str], *, img2img: bool
) -> list[tuple[str, str]]:
    """The unit presets for some maps that can be used here, as the section offers them for one.

    Args:
        webui: knows the checkpoint.
        net: knows the models.
        controls: the maps.
        img2img: whether a picture is there.
    """
    models = models_here(webui, net).models
    base = webui.checkpoint_base()
    fit = {each.name: each.title for name in controls for each in usable(name, base, models, img2img=img2img)}
    return [(AUTOMATIC, AUTOMATIC), *fit.items(), (CUSTOM, CUSTOM)]
