"""The form of the section: what stands in front, what each unit preset sets, and what is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, advice, usable
from lib_bootcamp.core.models.files import BASE_TITLES
from lib_bootcamp.operation import Operation
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.effect import WEIGHT
from lib_bootcamp.surfaces.webui.forms.fields import FormFields
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi
from lib_bootcamp.surfaces.webui.section import AUTOMATIC, CUSTOM, MIDDLE, control_maps, map_fields
from lib_bootcamp.surfaces.webui.section_values import panel_fields

from .installed import detector_marks, map_presets, model_choices, preset_values, usable_fields

NO_CONTROLNET = "This map needs ControlNet: install the extension sd-webui-controlnet."
NO_CONTROLNET_GUIDED = "Without ControlNet this map is applied by luminance guidance, which needs no download."
NO_MODEL_GUIDED = (
    "No ControlNet model for this map is installed: it is applied by luminance guidance, which needs no download."
)
EXAMPLE = {
    "width": 512,
    "height": 512,
    "steps": 50,
    "cfg_scale": 7,
    "denoising_strength": 0.75,
    "choose": {"sampler": ["DPM++ 2M", "DPM++ 2M Karras"], "scheduler": "Karras"},
}
"""The course's exercise beside its unit preset; WebUIs before 1.9 have the sampler with its schedule in its name."""
FRONT = {
    "lighting": ("mode", "gradient", "lights"),
    "edges": ("method",),
    "detect": ("detector",),
}
"""Fields of a map that stand in front beside the picture it is made from; of a code, all of its content."""


def panel_form(host: Host, webui: WebUi, net: ControlNet | None, *, img2img: bool) -> FormFields:
    """The section's form for what is installed now."""
    fields = panel_fields()
    return replace(
        fields,
        own=usable_fields(fields.own, net),
        front={"control", "effect", *(f"{each.name}.{name}" for each in control_maps() for name in _front(each))},
        presets={each.name: map_presets(each) for each in control_maps()},
        suggestions={"model": model_choices(net)},
        marks={"detect.detector": detector_marks(host)},
        defaults_by={"preset": {each.name: preset_values(each) for each in UNIT_PRESETS}},
        extra={
            "tab": "img2img" if img2img else "txt2img",
            "controls": {each.name: _offer(webui, net, each, img2img=img2img) for each in control_maps()},
            "example": EXAMPLE,
            "effect": {"middle": MIDDLE, "weight": WEIGHT},
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
