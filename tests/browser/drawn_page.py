"""A page of plain Gradio with a drawn form in a closed accordion: `python -m tests.browser.drawn_page PORT`."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np

from lib_bootcamp.params import Params, Spec
from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form
from lib_bootcamp.surfaces.webui.forms.fields import FormFields, keyed_text, read_values
from lib_bootcamp.surfaces.webui.forms.known import register_form
from lib_bootcamp.surfaces.webui.forms.routes import form_router


@dataclass(frozen=True, kw_only=True)
class Own(Params):
    """What is always there."""

    what: Annotated[Literal["code", "light"], Spec("What", "What is drawn.", titles={"code": "A code"})] = "code"
    preset: Annotated[Literal["none", "strong"], Spec("Preset")] = "none"
    effect: Annotated[float, Spec("Effect", "How much.", ge=0, le=1, step=0.05)] = 0.5
    weight: Annotated[float | None, Spec("Weight", ge=0, le=2, group="Unit")] = None
    model: Annotated[str, Spec("Model", group="Unit")] = ""


@dataclass(frozen=True, kw_only=True)
class Code(Params):
    """A code."""

    text: Annotated[str, Spec("Text", "What it says.", example="https://example.com")]
    dots: Annotated[bool, Spec("Dots", group="Look")] = False
    fill: Annotated[float, Spec("Fill", ge=0.5, le=1, group="Look", when={"dots": (True,)})] = 0.8
    color: Annotated[str, Spec("Color", format="color", group="Look")] = "#000000"
    password: Annotated[str, Spec("Password", format="secret", group="Look")] = ""


@dataclass(frozen=True, kw_only=True)
class Light(Params):
    """A light."""

    image: Annotated[np.ndarray | None, Spec("Picture")] = None
    levels: Annotated[int | None, Spec("Levels", ge=2, le=256)] = None
    words: Annotated[tuple[str, ...], Spec("Words")] = ()
    heights: Annotated[tuple[float, ...], Spec("Heights")] = (1.0, 2.0)


FIELDS = FormFields(
    own=Own.fields(),
    chooser="what",
    parts={"code": Code.fields(), "light": Light.fields()},
    front={"what", "effect", "code.text", "light.image", "light.levels", "light.words", "light.heights"},
    presets={"code": {"Dotted": {"dots": True, "fill": 0.9}}},
    suggestions={"model": [("", "the preset's"), ("one", "one"), ("two", "two")]},
    defaults_by={"preset": {"strong": {"weight": 1.5, "code.dots": True}}},
)
PLAIN = FormFields(own=Light.fields(), front={"image"}, presets={"": {"Few": {"levels": 4, "words": ["one"]}}})


def page() -> Any:
    """The page: the form, a button that tells its values, one that sets them."""
    import gradio as gr

    with gr.Blocks(analytics_enabled=False) as blocks:
        with gr.Accordion("Form", open=False, elem_id="accordion"):
            values, unsaved = drawn_form("test", "test")
            values.value = keyed_text({"effect": 0.75})
            drawn_form("plain", "plain")
        with gr.Row():
            told = gr.Textbox(label="Told", elem_id="told")
            gr.Button("Read", elem_id="read_button").click(
                lambda one, two: json.dumps(read_values(FIELDS, one, two)), [values, unsaved], told
            )
            gr.Button("Paste", elem_id="paste_button").click(
                lambda: json.dumps({"what": "code", "code.text": "pasted"}), None, [values]
            )
    return blocks


def main(port: int) -> None:
    """Serve the page."""
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    register_form("test", lambda: FIELDS)
    register_form("plain", lambda: PLAIN)
    app = FastAPI()
    app.include_router(form_router())
    blocks = page()
    blocks.queue()
    uvicorn.run(gr.mount_gradio_app(app, blocks, path="/"), port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
