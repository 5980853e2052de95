"""What a script's form is drawn from, what pasting an infotext puts into it, and its values on the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import usable
from lib_bootcamp.surfaces.webui.forms.fields import FormFields, read_values, values_text
from lib_bootcamp.surfaces.webui.panel.installed import (
    DEFAULTS_UNLESS,
    detector_marks,
    map_presets,
    model_choices,
    models_here,
    preset_choices,
    preset_defaults,
    usable_fields,
)
from lib_bootcamp.surfaces.webui.ports import ControlNet
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields

from .declared import ScriptForm
from .page import PLACES, Around
from .written import pasted

_FRONT = ("apply_by", "preset", "weight")


def offered_fields(form: ScriptForm, around: Around, *, img2img: bool) -> FormFields:
    """The form for what is installed now, with the presets of its map."""
    fields, net = form_fields_of(form), around.controlnet()
    maps = [each for each in control_maps() if form.control in {"", each.name}]
    return replace(
        fields,
        own=usable_fields(fields.own, net),
        presets={"": map_presets(maps[0])} if form.control else {},
        suggestions={
            "model": model_choices(net),
            "preset": preset_choices(around.webui, net, [each.name for each in maps], img2img=img2img),
        },
        marks={"controls": _map_marks(around, net, img2img=img2img)},
        defaults_by={
            "preset": preset_defaults(around.webui, net, [each.name for each in maps], form.control, img2img=img2img)
        },
        extra={
            "defaultsUnless": DEFAULTS_UNLESS,
            "tab": "img2img" if img2img else "txt2img",
            "script": form.name,
            "controls": {},
        },
    )


def _map_marks(around: Around, net: ControlNet | None, *, img2img: bool) -> dict[str, str]:
    """What stands in the way of each map here."""
    base, missing, marks = around.webui.checkpoint_base(), detector_marks(around.host), {}
    here = models_here(around.webui, net)
    for each in control_maps():
        detector = next((field.default for field in map_fields(each) if field.name == "detector"), None)
        if not each.luminance and net is None:
            marks[each.name] = "needs ControlNet"
        elif not each.luminance and not usable(each.name, base, here.models, img2img=img2img):
            marks[each.name] = "no ControlNet for this checkpoint" if here.note else "no ControlNet model installed"
        elif detector in missing:
            marks[each.name] = missing[detector]
    return marks


def form_fields_of(form: ScriptForm) -> FormFields:
    """The fields, with the script's own in front."""
    front = [each.name for each in form.fields if each.spec.positional]
    return FormFields(own=form.fields, front=(*front, *(each.name for each in form.params.fields()), *_FRONT))


def pasted_text(form: ScriptForm, params: Mapping[str, Any]) -> str | None:
    """The form's text for pasted parameters; None where they are not this script's.

    Raises:
        BootcampError: they cannot be read.
    """
    raw = pasted(form, params)
    return None if raw is None else values_text(form_fields_of(form), raw)


def page_values(form: ScriptForm, texts: Sequence[Any]) -> dict[str, Any]:
    """Values by name of the page's texts.

    Raises:
        InvalidParamError: a text is no JSON object.
    """
    return read_values(form_fields_of(form), *texts[:PLACES])
