"""The Bootcamp section of txt2img and img2img: one line, and a form that the browser draws when it is opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.webui.forms.built import KEY, BuiltSection, Pasted
from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form
from lib_bootcamp.surfaces.webui.forms.known import register_form
from lib_bootcamp.surfaces.webui.ports import ControlNet, WebUi

ENABLED, VALUES = f"{KEY} enabled", f"{KEY} values"


class SectionUi:
    """Builds the section.

    Args:
        host: where detectors' files lie.
        webui: the WebUI.
        controlnet: finds its ControlNet late.
    """

    def __init__(self, host: Host, webui: WebUi, controlnet: Callable[[], ControlNet | None]) -> None:
        self.host, self.webui, self.controlnet = host, webui, controlnet

    def build(self, *, img2img: bool) -> BuiltSection:
        """Put the section where the caller stands."""
        tab = "img2img" if img2img else "txt2img"

        def form() -> Any:
            from .form import panel_form  # the declarations, which the WebUI's start has no need of

            return panel_form(self.host, self.webui, self.controlnet(), img2img=img2img)

        register_form(f"panel-{tab}", form)
        with self.webui.accordion("Bootcamp", f"bootcamp_{tab}", value=False) as enabled:
            values, unsaved = drawn_form(f"panel-{tab}", f"bootcamp_{tab}")
        pasted = [(enabled, Pasted(ENABLED, pasted_enabled)), (values, Pasted(VALUES, pasted_text))]
        return BuiltSection([enabled, values, unsaved], pasted, [str(key) for _, key in pasted])


def pasted_enabled(params: Mapping[str, Any]) -> Any:
    """Whether the section is on in pasted parameters."""
    import gradio as gr

    from lib_bootcamp.surfaces.webui.infotext import pasted_values

    try:
        values = pasted_values(params)
    except BootcampError:
        values = None  # the form's text says why
    return gr.update(value=values is not None)


def pasted_text(params: Mapping[str, Any]) -> Any:
    """The form's text for pasted parameters; None leaves it as it is."""
    import gradio as gr

    from lib_bootcamp.surfaces.webui.infotext import pasted_values
    from lib_bootcamp.surfaces.webui.section_values import text_of

    try:
        values = pasted_values(params)
    except BootcampError as error:
        gr.Warning(str(error))
        return None
    return None if values is None else gr.update(value=text_of(values))
