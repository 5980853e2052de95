"""The Bootcamp tab of the WebUI: the same tabs as the standalone page, each map with its send-to buttons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.fields import quiet_event
from lib_bootcamp.surfaces.page.tab import Tab, filled
from lib_bootcamp.surfaces.page.tabs.page import build_tabs
from lib_bootcamp.surfaces.page.values import read, show

from .ports import WebUi
from .section import AUTOMATIC, SECTION_STYLE, SIZE, component_param, map_fields, section_fields

PICTURE_TABS = ("img2img", "inpaint", "extras")
UNITS = 10


@dataclass
class SectionsOfPage:
    """The sections a page was built with, by tab, for the Bootcamp tab that is built after them."""

    fields: dict[str, dict[tuple[str, str], Any]] = field(default_factory=dict)


def build_tab(host: Host, webui: WebUi, sections: SectionsOfPage) -> Any:
    """The tab's content.

    Returns:
        a `gradio.Blocks`.
    """

    def below(tab: Tab) -> None:
        if tab.operation.kind == "control-map":
            send_row(tab, webui, sections)
        if tab.prompts:
            prompt_row(tab, webui)
        if tab.pasted is not None:
            infotext_row(tab.pasted, f"{tab.prefix}_send", webui)

    with gr.Blocks(analytics_enabled=False) as page:
        build_tabs(host, below=below)
    return page


def send_row(tab: Tab, webui: WebUi, sections: SectionsOfPage) -> None:
    """The buttons below a map."""
    picture = tab.pictures["image"]
    prefix = f"{tab.prefix}_send"
    with gr.Row(elem_classes=["bootcamp-send"]):
        for name in ("txt2img", "img2img"):
            fields = sections.fields.get(name)
            if fields is not None:
                button = gr.Button(f"Send settings to {name}", elem_id=f"{prefix}_{name}_section")
                _send_settings(tab, webui, button, name, fields)
        for name in PICTURE_TABS:
            button = gr.Button(f"Send to {name}", elem_id=f"{prefix}_{name}")
            webui.bind_send(button, name, picture)
    with gr.Row(elem_classes=["bootcamp-send"]):
        unit = gr.Dropdown(
            label="ControlNet unit", choices=[str(n) for n in range(UNITS)], value="0", elem_id=f"{prefix}_unit"
        )
        for name in ("txt2img", "img2img"):
            button = gr.Button(f"Send to ControlNet in {name}", elem_id=f"{prefix}_{name}_controlnet")
            script = f"(number) => bootcampSendToControlNet('{tab.prefix}_image_out', '{name}', number)"
            button.click(None, [unit], None, **{_js_argument(button): script})


def prompt_row(tab: Tab, webui: WebUi) -> None:
    """The buttons below texts to draw with; a text that is empty leaves the WebUI's field as it is."""
    with gr.Row(elem_classes=["bootcamp-send"]):
        for name in ("txt2img", "img2img"):
            keys = {str(key): made for made, key in webui.paste_components(name) if isinstance(key, str)}
            fields = [each for each in tab.prompts if each in keys]
            if fields:
                button = gr.Button(f"Send to {name}", elem_id=f"{tab.prefix}_send_{name}")
                button.click(
                    filled,
                    [tab.prompts[each] for each in fields],
                    [keys[each] for each in fields],
                    **quiet_event(button.click),
                ).then(None, None, None, **{_js_argument(button): f"() => switch_to_{name}()"})


def infotext_row(pasted: tuple[Any, Any], prefix: str, webui: WebUi) -> None:
    """The buttons below an infotext and its picture; there is nothing to press while there is neither.

    With an empty text the WebUI's paste would fill in the last picture that was drawn.
    """
    text, picture = pasted
    with gr.Row(elem_classes=["bootcamp-send"]):
        buttons = [
            gr.Button(f"Send to {name}", elem_id=f"{prefix}_{name}", interactive=False)
            for name in ("txt2img", *PICTURE_TABS)
        ]
    pastes, extras = buttons[:-1], buttons[-1]
    for name, button in zip(("txt2img", *PICTURE_TABS), pastes, strict=False):
        webui.bind_paste(button, name, text, picture)
    webui.bind_send(extras, PICTURE_TABS[-1], picture)

    def enabled(value: str) -> Any:
        return [gr.update(interactive=bool(value.strip())) for _ in pastes]

    text.change(enabled, [text], pastes, **quiet_event(text.change))
    picture.change(lambda value: gr.update(interactive=bool(value)), [picture], [extras], **quiet_event(picture.change))


def _send_settings(tab: Tab, webui: WebUi, button: Any, name: str, fields: dict[tuple[str, str], Any]) -> None:
    """Fill the section of a tab with this map's settings, its size too, and show that tab."""
    own = {each.name: component_param(each) for each in section_fields()}
    given = {each.name: each for each in tab.form.fields}
    params = [each for each in map_fields(tab.operation) if each.kind != "image"]
    targets = [fields["", "enabled"], fields["", "control"], fields["", "preset"]]
    targets += [fields[tab.operation.name, each.name] for each in params]
    keys = {str(key): made for made, key in webui.paste_components(name) if isinstance(key, str)}
    size = [keys[key] for key in ("Size-1", "Size-2") if key in keys]
    size = size if len(size) == len(SIZE) else []

    def send(*values: Any) -> Sequence[Any]:
        raw = {
            each: read(given[each], value, tab.form.style)
            for each, value in zip(given, values, strict=True)
            if given[each].kind != "image"
        }
        updates = [
            gr.update(value=True),
            gr.update(value=show(own["control"], tab.operation.name, SECTION_STYLE)),
            gr.update(value=show(own["preset"], AUTOMATIC, SECTION_STYLE)),
        ]
        updates += [gr.update(value=show(each, raw[each.name], SECTION_STYLE)) for each in params]
        if size:
            sides = [raw.get(each) for each in SIZE]
            updates += [gr.update(value=side) if side else gr.update() for side in sides]
        return updates

    button.click(send, tab.form.inputs, [*targets, *size], **quiet_event(button.click)).then(
        None, None, None, **{_js_argument(button): f"() => switch_to_{name}()"}
    )


def _js_argument(button: Any) -> str:
    """Gradio 3 calls the argument for a script `_js`, later ones `js`."""
    import inspect

    return "_js" if "_js" in inspect.signature(button.click).parameters else "js"
