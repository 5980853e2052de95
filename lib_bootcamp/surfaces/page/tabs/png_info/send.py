"""An infotext's fields as values of the form that draws; what has no counterpart there is named."""

from __future__ import annotations

from typing import Any

import gradio as gr

from lib_bootcamp.core.png_info import infotext
from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.samplers import webui_sampler
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.fields import Form
from lib_bootcamp.surfaces.page.values import is_typed_number, show


def drawing_values(text: str, form: Form) -> tuple[list[Any], str]:
    """The form's values for an infotext.

    Args:
        text: an infotext; from another tool's fields it has the WebUI's names already.
        form: whose declared names are looked for among the fields.
    Returns:
        an update for each of the form's components, and what a person should know.
    """
    made = infotext.read(text)
    updates, refused = [], []
    for param in form.fields:
        value = _value(param, made)
        if value in (None, ""):
            updates.append(gr.update())
            continue
        try:
            checked = param.check(value, param.name)
        except InvalidParamError:
            refused.append(f"{param.spec.title} {str(value)[:60]}")
            updates.append(gr.update())
            continue
        shown = show(param, checked, form.style)
        updates.append(gr.update(value=str(shown) if is_typed_number(param) else shown))
    names = [each.name for each in form.fields]
    more = [title for name, title in _BESIDE.items() if name not in names and getattr(made, name) is not None]
    more += list(made.extras)[:20]
    parts = ["Taken from the picture's parameters."]
    parts += [f"Not possible here: {', '.join(refused)}."] if refused else []
    parts += [f"Not taken over: {', '.join(more)}."] if more else []
    return updates, " ".join(parts)


_BESIDE = {"model": "Model", "vae": "VAE", "hires_upscale": "Hires upscale", "denoising_strength": "Denoising strength"}


def _value(param: Param, made: Generation) -> Any:
    """A field of the same name; a sampler may have its schedule in its name."""
    value = getattr(made, param.name, None)
    if param.name != "sampler" or not value:
        return value
    name, schedule = webui_sampler(value, made.scheduler)
    together = f"{name} {schedule}".strip()
    return together if together in param.choices else name
