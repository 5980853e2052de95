"""A script's part of the page, and what it says."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.params import plain, read_json
from lib_bootcamp.surfaces.webui.infotext import Pasted

from .declared import ScriptForm
from .written import KEY, pasted

PLACES = 1
"""Components of a script: what a request's `script_args` must be as many as."""
NOTE = "While this script runs, the settings of the Bootcamp section are left aside."


@dataclass(frozen=True)
class BuiltScript:
    """What the WebUI wants to know of a script, as of the section."""

    inputs: list[Any]
    infotext_fields: list[tuple[Any, Pasted]]
    paste_field_names: list[str]


def build_script(form: ScriptForm, *, img2img: bool) -> BuiltScript:
    """Put a script's form where the caller stands."""
    import gradio as gr

    prefix = f"bootcamp_{'img2img' if img2img else 'txt2img'}_{form.name}"
    gr.HTML(f'<p class="bootcamp-note">{NOTE}</p>', elem_id=f"{prefix}_note")
    values = gr.Textbox(value="", label=f"{form.title} values", lines=3, elem_id=f"{prefix}_values")
    key = Pasted(f"{KEY} {form.name}", _reader(form))
    return BuiltScript([values], [(values, key)], [str(key)])


def _reader(form: ScriptForm) -> Callable[[Mapping[str, Any]], Any]:
    def reads(params: Mapping[str, Any]) -> Any:
        import gradio as gr

        try:
            raw = pasted(form, params)
        except BootcampError as error:
            gr.Warning(str(error))
            return None
        return None if raw is None else gr.update(value=values_text(raw))

    return reads


def values_text(raw: Mapping[str, Any]) -> str:
    """Values by name as the page's text has them."""
    return json.dumps(plain(raw), ensure_ascii=False, separators=(",", ":")) if raw else ""


def page_values(form: ScriptForm, texts: Sequence[Any]) -> dict[str, Any]:
    """Values by name of the page's texts.

    Raises:
        InvalidParamError: a text is no JSON object.
    """
    raw: dict[str, Any] = {}
    for text in filter(None, texts):
        try:
            given = read_json(text)
        except (TypeError, ValueError):
            given = None
        if not isinstance(given, dict):
            raise InvalidParamError(f"{form.title} values", "must be a JSON object", hint="reload the page")
        raw |= given
    return raw
