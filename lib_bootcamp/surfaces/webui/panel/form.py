"""The form of the section: what stands in front, what each unit preset sets, and what is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, advice, usable
from lib_bootcamp.core.models.files import BASE_TITLES
from lib_bootcamp.ml.detectors.files import folders, locate
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.forms.fields import FormFields
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi
from lib_bootcamp.surfaces.webui.section import AUTOMATIC, CUSTOM, control_maps, map_fields
from lib_bootcamp.surfaces.webui.section_values import panel_fields

NEEDS_CONTROLNET = ("weight", "guidance_start", "model", "control_mode", "preset")
NO_CONTROLNET = "This map needs ControlNet: install the extension sd-webui-controlnet."
NO_CONTROLNET_GUIDED = "Without ControlNet this map is applied by luminance guidance, which needs no download."
NO_MODEL_GUIDED = (
    "No ControlNet model for this map is installed: it is applied by luminance guidance, which needs no download."
)
FRONT = {
    "lighting": ("mode", "gradient", "lights"),
    "edges": ("method",),
    "detect": ("detector",),
}
"""Fields of a map that stand in front beside the picture it is made from; of a code, all of its content."""


def panel_form(host: Host, webui: WebUi, net: ControlNet | None, *, img2img: bool) -> FormFields:
    """The section's form for what is installed now."""
    fields = panel_fields()
    own = fields.own if net is not None else tuple(each for each in fields.own if each.name not in NEEDS_CONTROLNET)
    models = sorted(net.models()) if net is not None else []
    return replace(
        fields,
        own=own,
        front={"control", "effect", *(f"{each.name}.{name}" for each in control_maps() for name in _front(each))},
        presets={each.name: _map_presets(each) for each in control_maps()},
        suggestions={"model": [("", "the preset's"), *((each, each) for each in models)]},
        marks={"detect.detector": _downloads(host)},
        defaults_by={"preset": {each.name: _preset_values(each) for each in UNIT_PRESETS}},
        extra={
            "tab": "img2img" if img2img else "txt2img",
            "controls": {each.name: _offer(webui, net, each, img2img=img2img) for each in control_maps()},
            "advice": {each.name: each.advice for each in UNIT_PRESETS if each.advice},
        },
    )


def _front(operation: Operation[Any, Any]) -> list[str]:
    more = FRONT.get(operation.name, ())
    content = next((each.spec.group for each in map_fields(operation) if each.name == "content"), None)
    return [
        each.name
        for each in map_fields(operation)
        if each.required or each.name in more or (content is not None and each.spec.group == content)
    ]


def _downloads(host: Host) -> dict[str, str]:
    """The mark of each detector whose files are not here."""
    places = folders(host)
    missing = [name for name, each in DETECTORS.items() if not all(locate(file, places) for file in each.weights)]
    return {name: f"downloads {DETECTORS[name].mb:.0f} MB" for name in missing}


def _map_presets(operation: Operation[Any, Any]) -> dict[str, dict[str, Any]]:
    """An operation's presets without the picture's size."""
    known = {each.name for each in map_fields(operation)}
    return {
        title: {name: value for name, value in given.items() if name in known}
        for title, given in operation.presets.items()
    }


def _preset_values(preset: Any) -> dict[str, Any]:
    """What fields begin with under a unit preset, by key."""
    first = preset.units[0]
    numbers = {"weight": first.weight, "guidance_start": first.start, "guidance_end": first.end}
    maps = {f"{control}.{name}": value for control, given in preset.values.items() for name, value in given.items()}
    return {**numbers, **maps}


def _offer(webui: WebUi, net: ControlNet | None, operation: Operation[Any, Any], *, img2img: bool) -> Mapping[str, Any]:
    """What can be chosen for a map here: the presets whose models are installed, a line, and what files are missing."""
    guided = operation.luminance
    if net is None:
        return {"presets": [], "note": NO_CONTROLNET_GUIDED if guided else NO_CONTROLNET, "ready": guided}
    base, models = webui.checkpoint_base(), net.models()
    names = [each.name for each in usable(operation.name, base, models, img2img=img2img)]
    missing = advice(operation.name, base, models, net.folder(), img2img=img2img)
    return {
        "presets": [AUTOMATIC, *names, CUSTOM],
        "note": "" if names or not guided else NO_MODEL_GUIDED,
        "missing": missing.splitlines(),
        "ready": bool(names) or guided,
        "base": BASE_TITLES[base] if base is not None else "",
    }
