"""A script's part of the page: a form that the browser draws, and what pasting an infotext puts into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lib_bootcamp.core.controlnet.unit_presets import usable
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.forms.fields import FormFields, read_values, register_form, values_text
from lib_bootcamp.surfaces.webui.infotext import Pasted
from lib_bootcamp.surfaces.webui.panel.installed import (
    DEFAULTS_UNLESS,
    detector_marks,
    map_presets,
    model_choices,
    preset_choices,
    preset_defaults,
    usable_fields,
)
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields

from .declared import ScriptForm
from .written import KEY, pasted

PLACES = 2
"""Components of a script: what a request's `script_args` must be as many as."""
NOTE = "While this script runs, the settings of the Bootcamp section are left aside."
_FRONT = ("apply_by", "preset", "weight")


@dataclass(frozen=True)
class BuiltScript:
    """What the WebUI wants to know of a script, as of the section."""

    inputs: list[Any]
    infotext_fields: list[tuple[Any, Pasted]]
    paste_field_names: list[str]


@dataclass(frozen=True)
class Around:
    """What is asked for what is installed, each time a form is drawn.

    Args:
        host: where detectors' files lie.
        webui: the WebUI.
        controlnet: finds its ControlNet late.
    """

    host: Host
    webui: WebUi
    controlnet: Callable[[], ControlNet | None]


def build_script(form: ScriptForm, around: Around, *, img2img: bool) -> BuiltScript:
    """Put a script's form where the caller stands."""
    from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form

    tab = "img2img" if img2img else "txt2img"
    name = f"{form.name}-{tab}"
    register_form(name, lambda: offered_fields(form, around, img2img=img2img))
    inputs = drawn_form(name, f"bootcamp_{tab}_{form.name}", label=form.title, note=NOTE)
    key = Pasted(f"{KEY} {form.name}", _reader(form))
    return BuiltScript(inputs, [(inputs[0], key)], [str(key)])


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
    for each in control_maps():
        detector = next((field.default for field in map_fields(each) if field.name == "detector"), None)
        if not each.luminance and net is None:
            marks[each.name] = "needs ControlNet"
        elif not each.luminance and not usable(each.name, base, net.models() if net else {}, img2img=img2img):
            marks[each.name] = "no ControlNet model installed"
        elif detector in missing:
            marks[each.name] = missing[detector]
    return marks


def form_fields_of(form: ScriptForm) -> FormFields:
    """The fields, with the script's own in front."""
    front = [each.name for each in form.fields if each.spec.positional]
    return FormFields(own=form.fields, front=(*front, *(each.name for each in form.params.fields()), *_FRONT))


def _reader(form: ScriptForm) -> Callable[[Mapping[str, Any]], Any]:
    def reads(params: Mapping[str, Any]) -> Any:
        import gradio as gr

        try:
            raw = pasted(form, params)
        except BootcampError as error:
            gr.Warning(str(error))
            return None
        return None if raw is None else gr.update(value=values_text(form_fields_of(form), raw))

    return reads


def page_values(form: ScriptForm, texts: Sequence[Any]) -> dict[str, Any]:
    """Values by name of the page's texts.

    Raises:
        InvalidParamError: a text is no JSON object.
    """
    return read_values(form_fields_of(form), *texts[:PLACES])
