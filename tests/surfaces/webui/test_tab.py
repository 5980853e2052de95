"""The Bootcamp tab in the WebUI's page: an empty frame, and what receives from its page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

gr = pytest.importorskip("gradio")

from lib_bootcamp.catalog import find  # noqa: E402
from lib_bootcamp.errors import BootcampError  # noqa: E402
from lib_bootcamp.surfaces.page.upload_folder import upload_folder  # noqa: E402
from lib_bootcamp.surfaces.webui.frame_page import build_frame_page  # noqa: E402
from lib_bootcamp.surfaces.webui.tab import (  # noqa: E402
    INBOX,
    PICTURE_TABS,
    SectionsOfPage,
    build_tab,
    choices_of,
    chosen,
    settings_of,
    takes_picture,
    taking,
)
from tests.fakes import FakeHost  # noqa: E402

from .generations import FakeWebUi  # noqa: E402


class Page(FakeWebUi):
    """A WebUI with tabs to send to."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[tuple[str, str]] = []
        self.kept: list[Any] = []

    def theme(self) -> Any:
        return None

    def paste_components(self, tab: str) -> Any:
        return [(gr.Textbox(elem_id=f"{tab}_prompt", render=False), "Prompt")]

    def bind_send(self, button: Any, tab: str, picture: Any) -> bool:
        self.sent.append((button.elem_id, tab))
        return True

    def bind_paste(self, button: Any, tab: str, text: Any, picture: Any) -> None:
        self.sent.append((button.elem_id, tab))

    def saved_values(self, page: Any, path: str) -> Any:
        self.kept = [each for each in page.blocks.values() if getattr(each, "elem_id", None)]
        return [], lambda *_: "Wrote 0 changes."


@pytest.fixture(scope="module")
def built() -> tuple[Any, Page]:
    webui = Page()
    return build_tab(webui, SectionsOfPage()), webui


def scripts(page: Any) -> str:
    return json.dumps(page.get_config_file()["dependencies"], default=str)


def test_the_webuis_page_gets_a_handful_of_components(built: tuple[Any, Page]) -> None:
    assert len(built[0].blocks) <= 20


def test_none_of_them_is_kept_in_ui_config(built: tuple[Any, Page]) -> None:
    assert all(each.do_not_save_to_config for each in built[0].blocks.values())


@pytest.mark.thorough
def test_every_button_of_the_frame_finds_who_receives(built: tuple[Any, Page]) -> None:
    page, webui = built
    made = {getattr(each, "elem_id", None) for each in page.blocks.values()} | {
        f"{INBOX}_settings_{name}"
        for name in ("txt2img", "img2img")  # made where the section is
    }
    said = scripts(build_frame_page(FakeHost(), Page()))
    asked = {each.split("'")[0] for each in said.split("parent.bootcampSend('")[1:]}
    assert asked
    assert asked <= made
    assert {name for name, _ in webui.sent} <= asked


def test_a_drawn_picture_is_sent_as_a_map_is() -> None:
    said = scripts(build_frame_page(FakeHost(), Page()))
    for name in PICTURE_TABS:
        assert f"bootcampSend('{INBOX}_picture_{name}', '', 'bootcamp_qr_art_image_out')" in said


def test_a_picture_is_named_by_an_uploaded_file_alone(built: tuple[Any, Page], tmp_path: Path) -> None:
    field = next(each for each in built[0].blocks.values() if each.elem_id == f"{INBOX}_picture")
    mine = upload_folder() / "x" / "a.png"
    assert field.preprocess(str(mine)) == str(mine)
    assert field.preprocess("") == ""
    for path in (tmp_path / "a.png", "/etc/passwd", "a.png"):
        with pytest.raises(gr.Error, match="not uploaded"):
            field.preprocess(str(path))


def test_the_chooser_names_fields_that_take_a_picture() -> None:
    assert takes_picture(find("brightness")) == "image"
    assert takes_picture(find("png-info")) == "files"
    assert takes_picture(find("dataset-report")) == ""
    assert takes_picture(find("qr")) == ""  # a logo is no place where a picture is looked for
    frame = build_frame_page(FakeHost(), Page())
    made = {getattr(each, "elem_id", None) for each in frame.blocks.values()}
    takes = taking(FakeHost())
    assert len(takes) > 5
    assert {field for *_, field in takes} <= made


@pytest.mark.parametrize(
    "sent", ["", "[]", "{}", '{"control": "none", "values": {}}', '{"control": "qr", "values": 1}']
)
def test_settings_that_are_none_are_refused(sent: str) -> None:
    with pytest.raises((BootcampError, ValueError)):
        settings_of(sent)


def test_settings_are_a_map_and_its_values() -> None:
    assert settings_of('{"control": "qr", "values": {"content": "x"}}') == ("qr", {"content": "x"})


def test_of_several_names_the_first_that_the_webui_offers_is_chosen() -> None:
    field = gr.Dropdown(["Euler a", "DPM++ 2M Karras"], render=False)
    assert chosen(field, ["DPM++ 2M", "DPM++ 2M Karras"])["value"] == "DPM++ 2M Karras"
    assert chosen(field, "Euler a")["value"] == "Euler a"


@pytest.mark.parametrize("wanted", [None, "DDIM", [], 3, ["DDIM"]])
def test_what_the_webui_does_not_offer_changes_nothing(wanted: object) -> None:
    assert "value" not in chosen(gr.Dropdown(["Euler a"], render=False), wanted)


def test_settings_are_told_from_choices() -> None:
    assert choices_of('{"choose": {"script": "x"}}') == {"script": "x"}
    assert choices_of('{"control": "qr", "values": {}}') is None
    assert choices_of("[]") is None
