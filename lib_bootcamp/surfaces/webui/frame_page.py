"""The page in the frame: the same tabs as the standalone page, each with buttons that send to the WebUI around it.

The buttons call javascript/bootcamp_frame.js in the page around, which hands over to the components of `tab`.
"""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event, script_argument, supported
from lib_bootcamp.surfaces.page.notice import notice
from lib_bootcamp.surfaces.page.tab import Tab
from lib_bootcamp.surfaces.page.tabs.page import build_tabs
from lib_bootcamp.surfaces.page.values import read

from .ports import WebUi
from .tab import DRAWING_TABS, INBOX, PICTURE_TABS

UNITS = 10
SAVED_AS = "bootcamp"
"""How the keys of these fields in ui-config.json begin."""


def build_frame_page(host: Host, webui: WebUi) -> Any:
    """The page.

    Returns:
        a `gradio.Blocks`.
    """
    with gr.Blocks(title="Bootcamp", analytics_enabled=False, **supported(gr.Blocks, theme=webui.theme())) as page:
        text = gr.Textbox(visible=False)
        text.do_not_save_to_config = True

        def below(tab: Tab) -> None:
            if tab.operation.kind == "control-map":
                _map_row(tab, webui, text)
            if tab.operation.kind == "generation":
                with gr.Row(elem_classes=["bootcamp-send"]):
                    _picture_buttons(tab)
            if tab.prompts:
                _prompt_row(tab, webui)
            if tab.pasted is not None:
                _infotext_row(tab, webui, *tab.pasted)

        build_tabs(host, below=below)
        _defaults_row(page, webui)
    return page


def _map_row(tab: Tab, webui: WebUi, text: Any) -> None:
    """The buttons below a map."""
    prefix, picture = f"{tab.prefix}_send", f"{tab.prefix}_image_out"
    with gr.Row(elem_classes=["bootcamp-send"]):
        for name in DRAWING_TABS:
            if webui.paste_components(name):
                button = gr.Button(f"Send settings to {name}", elem_id=f"{prefix}_{name}_section")
                _send_settings(tab, button, text, name)
        _picture_buttons(tab)
    with gr.Row(elem_classes=["bootcamp-send"]):
        unit = gr.Dropdown(
            label="ControlNet unit", choices=[str(n) for n in range(UNITS)], value="0", elem_id=f"{prefix}_unit"
        )
        for name in DRAWING_TABS:
            button = gr.Button(f"Send to ControlNet in {name}", elem_id=f"{prefix}_{name}_controlnet")
            script = f"(number) => parent.bootcampSendToControlNet('{picture}', '{name}', number)"
            _press(button, script, unit)


def _picture_buttons(tab: Tab) -> None:
    """A button for each of the WebUI's tabs that takes the tab's picture."""
    for name in PICTURE_TABS:
        button = gr.Button(f"Send to {name}", elem_id=f"{tab.prefix}_send_{name}")
        _press(button, f"() => parent.bootcampSend('{INBOX}_picture_{name}', '', '{tab.prefix}_image_out')")


def _send_settings(tab: Tab, button: Any, text: Any, name: str) -> None:
    """Send a map's values, as JSON of its name and of its parameters."""
    fields = tab.form.fields

    def settings(*values: Any) -> str:
        raw = {
            each.name: read(each, value, tab.form.style)
            for each, value in zip(fields, values, strict=True)
            if each.kind != "image"
        }
        return json.dumps({"control": tab.operation.name, "values": raw})

    script = f"(text) => parent.bootcampSend('{INBOX}_settings_{name}', text, '')"
    pressed = button.click(settings, tab.form.inputs, [text], **quiet_event(button.click))
    pressed.then(None, [text], None, **script_argument(pressed.then, script))


def _prompt_row(tab: Tab, webui: WebUi) -> None:
    """The buttons below texts to draw with; a text that is empty leaves the WebUI's field as it is."""
    with gr.Row(elem_classes=["bootcamp-send"]):
        for name in DRAWING_TABS:
            places = {str(key): made.elem_id for made, key in webui.paste_components(name) if isinstance(key, str)}
            fields = [each for each in tab.prompts if each in places]
            if fields:
                button = gr.Button(f"Send to {name}", elem_id=f"{tab.prefix}_send_{name}")
                targets = json.dumps([places[each] for each in fields])
                script = f"(...texts) => parent.bootcampFill('{name}', {targets}, texts)"
                _press(button, script, *[tab.prompts[each] for each in fields])


def _infotext_row(tab: Tab, webui: WebUi, text: Any, picture: Any) -> None:
    """The buttons below an infotext and its picture; there is nothing to press while there is neither.

    With an empty text the WebUI's paste would fill in the last picture that was drawn.
    """
    prefix = f"{tab.prefix}_send"
    with gr.Row(elem_classes=["bootcamp-send"]):
        buttons = [
            gr.Button(f"Send to {name}", elem_id=f"{prefix}_{name}", interactive=False)
            for name in ("txt2img", *PICTURE_TABS)
        ]
    pastes, extras = buttons[:-1], buttons[-1]
    for name, button in zip(("txt2img", *PICTURE_TABS), pastes, strict=False):
        _press(button, f"(text) => parent.bootcampSend('{INBOX}_paste_{name}', text, '{picture.elem_id}')", text)
    _press(extras, f"() => parent.bootcampSend('{INBOX}_picture_{PICTURE_TABS[-1]}', '', '{picture.elem_id}')")

    def enabled(value: str) -> Any:
        return [gr.update(interactive=bool((value or "").strip())) for _ in pastes]

    text.change(enabled, [text], pastes, **quiet_event(text.change))
    picture.change(lambda value: gr.update(interactive=bool(value)), [picture], [extras], **quiet_event(picture.change))


def _defaults_row(page: Any, webui: WebUi) -> None:
    """What the Defaults of the WebUI's Settings do for its own page."""
    fields, keep = webui.saved_values(page, SAVED_AS)
    with gr.Row(elem_classes=["bootcamp-defaults"]):
        button = gr.Button("Save these values as defaults", size="sm", elem_id="bootcamp_save_defaults")
        reported = gr.HTML(elem_id="bootcamp_save_defaults_message")
    button.click(
        lambda *values: notice(f"{keep(*values)} New defaults apply after Reload UI.", kind="done"),
        fields,
        [reported],
        **quiet_event(button.click),
    )


def _press(button: Any, script: str, *inputs: Any) -> None:
    """Call a script of the page around."""
    button.click(None, list(inputs) or None, None, **script_argument(button.click, script))
