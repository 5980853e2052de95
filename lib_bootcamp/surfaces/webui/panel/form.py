"""The form of the section: what stands in front, what each unit preset sets, and what is installed here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS, advice, find_preset, how_to_install, usable
from lib_bootcamp.core.models.files import BASE_TITLES
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.effect import WEIGHT
from lib_bootcamp.surfaces.webui.forms.fields import FormFields
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi
from lib_bootcamp.surfaces.webui.section import (
    AUTOMATIC,
    BOTH,
    CONTROL,
    CUSTOM,
    GUIDANCE,
    GUIDANCE_FIELDS,
    MIDDLE,
    control_maps,
    is_code,
    map_fields,
)
from lib_bootcamp.surfaces.webui.section_values import panel_fields

from .installed import (
    DEFAULTS_UNLESS,
    detector_marks,
    map_presets,
    model_choices,
    models_here,
    preset_defaults,
    usable_fields,
)

COURSE = "course"
"""The unit preset of the course's exercise."""
UNTIL_THEN = "Luminance guidance draws the code now, which gives another picture than the exercise."
_GUIDED_BY: tuple[str, ...] = (AUTOMATIC, GUIDANCE, BOTH)
EXAMPLE = {
    "width": 512,
    "height": 512,
    "steps": 50,
    "cfg_scale": 7,
    "denoising_strength": 0.75,
    "choose": {"sampler": ["DPM++ 2M", "DPM++ 2M Karras"], "scheduler": "Karras"},
}
"""The course's exercise beside its unit preset; WebUIs before 1.9 have the sampler with its schedule in its name."""
OF_CODES = ("margin", "dead_zone", "local", "touch_up")
OF_MAPS = ("tolerance",)
"""Fields of guidance that act on codes alone, and on other maps alone."""
PRESETS_IN_FRONT = ("lighting",)
"""Maps that are begun from a ready-made one rather than from nothing."""
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
        own=tuple(_acting(each) for each in usable_fields(fields.own, net)),
        front={"control", "effect", *(f"{each.name}.{name}" for each in control_maps() for name in _front(each))},
        presets={each.name: map_presets(each, webui.checkpoint_base()) for each in control_maps()},
        suggestions={"model": model_choices(net)},
        marks={"detect.detector": detector_marks(host)},
        defaults_by={"preset": preset_defaults(webui, net, [each.name for each in control_maps()], img2img=img2img)},
        extra={
            "defaultsUnless": DEFAULTS_UNLESS,
            "tab": "img2img" if img2img else "txt2img",
            "controls": {each.name: _offer(webui, net, each, img2img=img2img) for each in control_maps()},
            "example": {"missing": _missing_of_exercise(webui, net), "set": EXAMPLE},
            "effect": {"middle": MIDDLE, "weight": WEIGHT},
            "presetsInFront": PRESETS_IN_FRONT,
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


def _acting(param: Param) -> Param:
    """A field that is shown with those controls alone on which it acts."""
    if param.name == CONTROL.name:
        return param
    when: dict[str, tuple[object, ...]] = {
        CONTROL.name: tuple(each.name for each in control_maps() if _acts(param.name, each))
    }
    if param.name in GUIDANCE_FIELDS and param.name != "touch_up":
        when["apply_by"] = _GUIDED_BY
    return replace(param, spec=replace(param.spec, when={**when, **param.spec.when}))


def _acts(name: str, operation: Operation[Any, Any]) -> bool:
    if name in OF_CODES:
        return is_code(operation)
    if name in OF_MAPS:
        return operation.luminance and not is_code(operation)
    return operation.luminance or not (name == "apply_by" or name in GUIDANCE_FIELDS)


def _missing_of_exercise(webui: WebUi, net: ControlNet | None) -> str:
    """What the course's exercise needs and is not here, and what happens without it; empty where all is."""
    preset = find_preset(COURSE)
    base, family = webui.checkpoint_base(), preset.units[0].family
    if net is None:
        what = (
            "The course's exercise needs ControlNet: install the extension sd-webui-controlnet, and put "
            f"{family.file} into its folder of models ({family.source})."
        )
    elif base not in (None, preset.base) or models_here(webui, net).note:
        what = f"The course's exercise is for a checkpoint of {BASE_TITLES[preset.base]}: choose one."
    elif preset.missing(net.models()):
        what = (
            "The course's exercise needs a ControlNet model that is not installed: "
            f"{how_to_install(family, net.folder())}."
        )
    else:
        return ""
    return f"{what} {UNTIL_THEN}"


def _offer(webui: WebUi, net: ControlNet | None, operation: Operation[Any, Any], *, img2img: bool) -> Mapping[str, Any]:
    """What can be chosen for a map here: the presets whose models are installed, and what files are missing."""
    guided = operation.luminance
    fitting = [AUTOMATIC, CUSTOM, *(each.name for each in UNIT_PRESETS if operation.name in each.controls)]
    if net is None:
        return {"presets": [], "fitting": fitting, "guided": guided, "ready": guided}
    base, here = webui.checkpoint_base(), models_here(webui, net)
    names = [each.name for each in usable(operation.name, base, here.models, img2img=img2img)]
    # of a map that guidance does not draw the preview says why
    unfit = here.note if operation.luminance else ""
    missing = unfit if here.note else advice(operation.name, base, here.models, net.folder(), img2img=img2img)
    return {
        "presets": [AUTOMATIC, *names, CUSTOM],
        "fitting": fitting,
        "guided": guided,
        "missing": missing.splitlines(),
        "unfit": bool(here.note),
        "ready": bool(names) or guided,
        "base": BASE_TITLES[base] if base is not None else "",
    }
