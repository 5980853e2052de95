"""The Bootcamp tab in the WebUI's page: an empty frame, and the components that receive what its page sends.

The page in the frame is `frame_page`; javascript/bootcamp_frame.js opens the frame and hands over what is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ports import Host
from lib_bootcamp.surfaces.page.events import quiet_event, script_argument
from lib_bootcamp.surfaces.page.mistakes import WrongValuesError, shown_errors
from lib_bootcamp.surfaces.page.uploads import check_uploads

from .forms.built import BuiltSection
from .ports import WebUi

if TYPE_CHECKING:
    from lib_bootcamp.operation import Operation
    from lib_bootcamp.params import Param

DRAWING_TABS = ("txt2img", "img2img")
PICTURE_TABS = ("img2img", "inpaint", "extras")
INBOX = "bootcamp_sent"
"""Head of the `elem_id` of what receives."""
SIZE_KEYS = ("Size-1", "Size-2")
"""Under which the WebUI pastes width and height."""
CHOOSERS = {"script": "script_list", "sampler": "{tab}_sampling", "scheduler": "{tab}_scheduler"}
"""The WebUI's own fields that are set by choosing, which no script in the page can do: their `elem_id`."""


@dataclass
class SectionsOfPage:
    """The sections a page was built with, by tab, for the Bootcamp tab that is built after them."""

    built: dict[str, BuiltSection] = field(default_factory=dict)


def build_tab(webui: WebUi, sections: SectionsOfPage) -> Any:
    """The tab's content.

    Returns:
        a `gradio.Blocks`.
    """
    with gr.Blocks(analytics_enabled=False) as page:
        gr.HTML('<div class="bootcamp-frame"><p>Loading …</p></div>', elem_id="bootcamp_frame")
        with gr.Column(elem_classes=["bootcamp-inbox"]):
            text = gr.Textbox(label="Text", elem_id=f"{INBOX}_text")
            picture = _uploaded(gr.Textbox(label="Picture", elem_id=f"{INBOX}_picture"))
            for name in PICTURE_TABS:
                button = gr.Button(name, elem_id=f"{INBOX}_picture_{name}")
                if webui.bind_send(button, name, picture):
                    button.click(None, None, None, **script_argument(button.click, f"() => switch_to_{name}()"))
            for name in ("txt2img", *PICTURE_TABS[:-1]):
                webui.bind_paste(gr.Button(name, elem_id=f"{INBOX}_paste_{name}"), name, text, picture)
            for name, section in sections.built.items():
                _receive_settings(gr.Button(name, elem_id=f"{INBOX}_settings_{name}"), webui, text, name, section)
    for each in page.blocks.values():
        each.do_not_save_to_config = True  # the WebUI's ui-config.json
    return page


def takes_picture(operation: Operation[Any, Any]) -> str:
    """The field that a picture from the WebUI's gallery goes into; empty where an operation takes none."""
    taken = (each for each in operation.params.fields() if each.kind == "image" or _takes_files(each))
    takes = (each.name for each in taken if each.name != "logo")  # nobody looks for a picture there
    return next(takes, "")


def _takes_files(param: Param) -> bool:
    from lib_bootcamp.surfaces.page.values import is_upload

    return param.name == "files" and is_upload(param)


def taking(host: Host) -> list[list[str]]:
    """The tabs of the frame that a picture can be sent to: name, section, title and the field's `elem_id`."""
    from lib_bootcamp.catalog import offered
    from lib_bootcamp.surfaces.page.tabs.own import HOSTED_BY

    return [
        [each.name, each.place, each.title, f"bootcamp_{each.name.replace('-', '_')}_{takes_picture(each)}"]
        for each in offered(host.name)
        if each.name not in HOSTED_BY and takes_picture(each)
    ]


def _uploaded(made: Any) -> Any:
    """A field that names a picture by its path, of those that were uploaded."""
    preprocess = made.preprocess

    @shown_errors(WrongValuesError)
    def checked(payload: Any) -> Any:
        if payload:
            check_uploads({"path": payload})
        return preprocess(payload)

    made.preprocess = checked
    return made


def _receive_settings(button: Any, webui: WebUi, text: Any, name: str, section: BuiltSection) -> None:
    """Fill the section of a tab with a map's settings, its size too; or choose in the WebUI's own fields there."""
    pasted = webui.paste_components(name)
    keys = {str(key): made for made, key in pasted if isinstance(key, str)}
    size = [keys[key] for key in SIZE_KEYS if key in keys]
    size = size if len(size) == len(SIZE_KEYS) else []
    by_id = {getattr(made, "elem_id", None): made for made, _ in pasted}
    found = {what: by_id.get(elem_id.format(tab=name)) for what, elem_id in CHOOSERS.items()}
    choosers = {what: made for what, made in found.items() if made is not None}
    count = 2 + len(size)

    @shown_errors(WrongValuesError)
    def receive(sent: str) -> Sequence[Any]:
        wanted = choices_of(sent)
        if wanted is not None:
            return [*[gr.update()] * count, *(chosen(made, wanted.get(what)) for what, made in choosers.items())]
        from .section import SIZE, control_maps
        from .section_values import text_of_map

        control, raw = settings_of(sent)
        operation = next(each for each in control_maps() if each.name == control)
        updates = [gr.update(value=True), gr.update(value=text_of_map(operation, raw))]
        if size:
            sides = [raw.get(each) for each in SIZE]
            updates += [gr.update(value=side) if side else gr.update() for side in sides]
        # a script that is on leaves the section aside
        return [
            *updates,
            *(chosen(made, "None") if what == "script" else gr.update() for what, made in choosers.items()),
        ]

    targets = [section.enabled, section.values, *size, *choosers.values()]
    button.click(receive, [text], targets, **quiet_event(button.click))


def choices_of(sent: str) -> dict[str, Any] | None:
    """What is to be chosen in the WebUI's own fields, by their names in `CHOOSERS`; None where settings are sent."""
    from lib_bootcamp.params import read_json

    given = read_json(sent)
    wanted = given.get("choose") if isinstance(given, dict) else None
    return wanted if isinstance(wanted, dict) else None


def chosen(component: Any, wanted: Any) -> Any:
    """Choose what is offered; of several names the first that is. What this WebUI does not offer changes nothing."""
    names = wanted if isinstance(wanted, list) else [wanted]
    offered = [each[1] if isinstance(each, (list, tuple)) else each for each in component.choices or ()]
    return next((gr.update(value=each) for each in names if each in offered), gr.update())


def settings_of(sent: str) -> tuple[str, dict[str, Any]]:
    """A control map's name and values, from the text that the frame's page sends.

    Raises:
        InvalidParamError: the text is none.
    """
    from lib_bootcamp.params import read_json

    from .section import control_maps

    given, known = read_json(sent), [each.name for each in control_maps()]
    if not isinstance(given, dict) or not isinstance(given.get("values"), dict):
        raise InvalidParamError("settings", "must be an object with control and values")
    if given.get("control") not in known:
        raise InvalidParamError("control", f"must be one of {', '.join(known)}")
    return str(given["control"]), given["values"]
