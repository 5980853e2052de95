"""A script's part of the page: a form that the browser draws, and what pasting an infotext puts into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.webui.forms.fields import FormFields, read_values, register_form, values_text
from lib_bootcamp.surfaces.webui.infotext import Pasted

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


def build_script(form: ScriptForm, *, img2img: bool) -> BuiltScript:
    """Put a script's form where the caller stands."""
    from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form

    prefix = f"bootcamp_{'img2img' if img2img else 'txt2img'}_{form.name}"
    register_form(form.name, lambda: form_fields_of(form))
    inputs = drawn_form(form.name, prefix, label=form.title, note=NOTE)
    key = Pasted(f"{KEY} {form.name}", _reader(form))
    return BuiltScript(inputs, [(inputs[0], key)], [str(key)])


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
