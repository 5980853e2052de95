"""A script's part of the page: a form that the browser draws. Nothing that it is drawn from is imported here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.forms.built import SCRIPTS_KEY, BuiltForm, Pasted
from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form
from lib_bootcamp.surfaces.webui.forms.known import register_form
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi

PLACES = 2
"""Components of a script: what a request's `script_args` must be as many as."""
NOTE = "While this script runs, the settings of the Bootcamp section are left aside."


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


def build_script(name: str, title: str, around: Around, *, img2img: bool) -> BuiltForm:
    """Put the form of a script, which `declared` has under this name and title, where the caller stands."""
    tab = "img2img" if img2img else "txt2img"

    def fields() -> Any:
        from .declared import form_named
        from .form import offered_fields

        return offered_fields(form_named(name), around, img2img=img2img)

    register_form(f"{name}-{tab}", fields)
    inputs = drawn_form(f"{name}-{tab}", f"bootcamp_{tab}_{name}", label=title, note=NOTE)
    key = Pasted(f"{SCRIPTS_KEY} {name}", lambda params: _pasted(name, params))
    return BuiltForm(inputs, [(inputs[0], key)], [str(key)])


def _pasted(name: str, params: Mapping[str, Any]) -> Any:
    import gradio as gr

    from .declared import form_named
    from .form import pasted_text

    try:
        text = pasted_text(form_named(name), params)
    except BootcampError as error:
        gr.Warning(str(error))
        return None
    return None if text is None else gr.update(value=text)
