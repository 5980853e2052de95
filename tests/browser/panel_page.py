"""txt2img of a WebUI in plain Gradio, with the section, a script and what the tab receives: `python -m ... PORT`."""

from __future__ import annotations

import html
import json
import sys
from contextlib import contextmanager
from typing import Any

import numpy as np

from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.webui.forms.routes import form_router
from lib_bootcamp.surfaces.webui.panel.always_visible import SectionUi
from lib_bootcamp.surfaces.webui.panel.routes import panel_router
from lib_bootcamp.surfaces.webui.scripts.declared import UNTIL_IT_SCANS
from lib_bootcamp.surfaces.webui.scripts.page import Around, build_script
from lib_bootcamp.surfaces.webui.scripts.preview import preview_script
from lib_bootcamp.surfaces.webui.tab import SectionsOfPage, build_tab
from tests.surfaces.webui.generations import MONSTER, FakeControlNet, FakeWebUi, Generation, from_page, run, runner

SIDE = 296
NUMBERS = {"width": 256, "height": 256, "steps": 20, "cfg_scale": 5, "seed": 7, "batch_count": 1}
CODE = {"qr.content": "https://example.com", "qr.grid_px": 1}


class PageWebUi(FakeWebUi):
    """What building the section and the tab asks, with plain Gradio parts."""

    pasted: tuple[Any, ...] = ()

    @contextmanager
    def accordion(self, label: str, elem_id: str, *, value: bool) -> Any:
        import gradio as gr

        box = gr.Checkbox(value=value, label=label, elem_id=f"{elem_id}-checkbox")
        with gr.Accordion(label, open=True, elem_id=elem_id, elem_classes=["input-accordion"]):
            yield box

    def bind_send(self, *_: Any) -> None:
        """Nothing is sent."""

    bind_paste = bind_send

    def paste_components(self, tab: str) -> Any:
        return self.pasted if tab == "txt2img" else ()


def shown_picture() -> tuple[str, str]:
    """A picture that does not scan, as a data URI, and its infotext."""
    p = run(Generation(width=SIDE, height=SIDE), from_page(**CODE))
    grain = np.random.default_rng(0).normal(0, 4, (SIDE, SIDE))[..., None]
    pale = np.clip(150 + (p.units()[0]["image"].astype(float) - 128) / 40 + grain, 0, 255).astype(np.uint8)
    made_with = p.extra_generation_params["Bootcamp"]
    text = f"a star\nSteps: 20, Seed: 11, Size: {SIDE}x{SIDE}, Bootcamp: {made_with}, Bootcamp scan: read by no reader"
    return "data:image/png;base64," + encode_base64(pale), text


def page() -> Any:
    """The page; "Generate" tells what it would draw with."""
    import gradio as gr

    webui, net = PageWebUi(), FakeControlNet(MONSTER)
    source, text = shown_picture()
    with gr.Blocks(analytics_enabled=False) as blocks:
        with gr.Column(elem_id="tab_txt2img"):
            numbers = [gr.Number(value=value, label=name, elem_id=f"txt2img_{name}") for name, value in NUMBERS.items()]
            sampler = gr.Dropdown(["Euler a", "DPM++ 2M"], value="Euler a", label="Sampler", elem_id="txt2img_sampling")
            schedule = gr.Dropdown(
                ["Automatic", "Karras"], value="Automatic", label="Type", elem_id="txt2img_scheduler"
            )
            section = SectionUi(StandaloneHost(), webui, lambda: net).build(img2img=False)
            with gr.Accordion("Details", open=False, elem_id="bootcamp_details"):
                gr.Textbox(label="Detail")
            titles = ["None", UNTIL_IT_SCANS.title]
            script = gr.Dropdown(titles, value="None", type="index", label="Script", elem_id="script_list")
            with gr.Group(visible=False) as group:
                built = build_script(
                    UNTIL_IT_SCANS.name,
                    UNTIL_IT_SCANS.title,
                    Around(StandaloneHost(), webui, lambda: net),
                    img2img=False,
                )
            script.change(lambda at: gr.update(visible=at == 1), [script], [group])
            gr.HTML(f'<div id="txt2img_gallery"><img src="{source}"></div>')
            gr.HTML(f'<div id="html_info_txt2img"><p>{html.escape(text)}</p></div>')
            told = gr.Textbox(label="Told", elem_id="told")
            gr.Button("Generate", elem_id="txt2img_generate").click(
                lambda *given: json.dumps(given),
                [script, *built.inputs, *section.inputs, sampler, schedule, *numbers],
                told,
            )
        webui.pasted = ((script, "Script"), (sampler, lambda params: None), (schedule, lambda params: None))
        tab = build_tab(webui, SectionsOfPage({"txt2img": section}))
        with gr.Column():
            tab.render()
    return blocks


def main(port: int) -> None:
    """Serve the page."""
    import gradio as gr
    import uvicorn
    from fastapi import FastAPI

    app = FastAPI()
    app.include_router(form_router())
    app.include_router(panel_router(runner(MONSTER), preview_script))
    blocks = page()
    blocks.queue()
    uvicorn.run(gr.mount_gradio_app(app, blocks, path="/"), port=port, log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]))
