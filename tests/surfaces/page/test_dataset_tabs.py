"""The dataset tab and the caption editor without a browser: what a run puts into their components."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pil

from lib_bootcamp.ports import Stoppable
from tests.fakes import FakeHost
from tests.operations.datasets.folders import add, faulty, picture

gr = pytest.importorskip("gradio")

from lib_bootcamp.operations.datasets.captions import DATASET_CAPTIONS  # noqa: E402
from lib_bootcamp.operations.datasets.report import DATASET_REPORT  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.datasets.captions import BY_BUTTONS, PICTURES_ON_A_PAGE, CaptionsTab  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.datasets.report import DatasetTab  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import build_tabs  # noqa: E402


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(data_dir=tmp_path / "data")


@pytest.fixture
def report(host: FakeHost) -> DatasetTab:
    with gr.Blocks():
        made = DatasetTab(DATASET_REPORT, host, Outputs())
        made.build()
    return made


@pytest.fixture
def editor(host: FakeHost) -> CaptionsTab:
    with gr.Blocks():
        made = CaptionsTab(DATASET_CAPTIONS, host, Outputs())
        made.build()
    return made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(PICTURES_ON_A_PAGE + 2):
        add(tmp_path / "set", f"{number:02}.png", picture(number, (64, 64)), f"a red dog, number {number}")
    (tmp_path / "set" / "03.png").write_bytes(b"no picture")
    return tmp_path / "set"


def progress(host: FakeHost, *, stopped: bool = False) -> Stoppable:
    event = threading.Event()
    if stopped:
        event.set()
    return Stoppable(host.progress(), event)


def values(tab: Any, **given: Any) -> tuple[Any, ...]:
    return tuple(given.get(param.name, tab.form.components[param.name].value) for param in tab.form.fields)


def examine(tab: DatasetTab, *, stopped: bool = False, **given: Any) -> dict[str, Any]:
    made = tab.examine(values(tab, **given), progress(tab.host, stopped=stopped))
    return dict(zip(("message", "report", "files"), made, strict=True))


def edit(tab: CaptionsTab, run: dict[str, Any] | None = None, **given: Any) -> dict[str, Any]:
    made = tab.edit(values(tab, **given), progress(tab.host), **(run or {}))
    return dict(zip(("message", "state", "gallery", "place", "text", "tags", "changes"), made, strict=True))


def test_every_declared_field_is_on_the_form(report: DatasetTab, editor: CaptionsTab) -> None:
    assert {each.name for each in DATASET_REPORT.params.fields()} == set(report.form.components)
    assert {each.name for each in DATASET_CAPTIONS.params.fields()} - set(editor.form.components) == set(BY_BUTTONS)


@pytest.mark.thorough
def test_the_report_is_a_page_in_a_frame_that_may_do_nothing(report: DatasetTab, tmp_path: Path) -> None:
    made = examine(report, folder=str(faulty(tmp_path / "set")))
    assert "21 pictures" in made["message"]
    assert "bootcamp-no" in made["message"]
    assert made["report"].startswith("<iframe ")
    assert 'sandbox=""' in made["report"]
    inside = made["report"].partition('srcdoc="')[2]
    assert "<" not in inside.partition('"')[0]  # all of the page is within the attribute
    page, data = map(Path, made["files"]["value"])
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert json.loads(data.read_text(encoding="utf-8"))["count"] == 21


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "Folder is missing"),
        ({"folder": "/none"}, "Folder not found: "),
        ({"folder": "x", "separator": ""}, "separator"),
    ],
)
def test_a_mistake_is_the_message_alone(report: DatasetTab, given: dict[str, Any], sentence: str) -> None:
    made = examine(report, **given)
    assert sentence in made["message"]
    assert 'role="alert"' in made["message"]
    assert made["report"] == ""


def test_the_stop_button_ends_a_report(report: DatasetTab, root: Path) -> None:
    assert "Stopped after 0" in examine(report, folder=str(root), stopped=True)["message"]


def test_visitors_from_elsewhere_are_confined(root: Path, tmp_path: Path) -> None:
    host = FakeHost(data_dir=tmp_path / "data", trusts_page=False, allowed=(tmp_path / "other",))
    with gr.Blocks():
        report = DatasetTab(DATASET_REPORT, host, Outputs())
        report.build()
        editor = CaptionsTab(DATASET_CAPTIONS, host, Outputs())
        editor.build()
    assert "allowed" in examine(report, folder=str(root))["message"]
    assert "allowed" in edit(editor, {"only_find": True}, folder=str(root))["message"]


def test_find_shows_pictures_captions_and_tags_and_changes_nothing(editor: CaptionsTab, root: Path) -> None:
    made = edit(editor, {"only_find": True}, folder=str(root), add="x")
    assert "26 of 26 pictures found, 0 changed." in made["message"]
    assert len(made["gallery"]["value"]) == PICTURES_ON_A_PAGE
    file, caption = made["gallery"]["value"][1]
    assert Pil.open(file).size == (64, 64)
    assert caption == "a red dog, number 1"
    assert "Page 1 of 2" in made["place"]
    assert made["tags"]["value"][0] == ["a red dog", 26]
    assert made["tags"]["visible"]
    assert made["changes"] == ""


def test_without_tags_there_is_no_table_of_them(editor: CaptionsTab, root: Path) -> None:
    made = edit(editor, {"only_find": True}, folder=str(root), where="nothing has this")
    assert made["tags"]["value"] == []
    assert not made["tags"]["visible"]
    assert not editor.parts["tags"].visible


def test_what_the_editor_leaves_out_is_below_the_message(editor: CaptionsTab, root: Path) -> None:
    (root / ".h.png").write_bytes((root / "04.png").read_bytes())
    message = edit(editor, {"only_find": True}, folder=str(root))["message"]
    assert message.count("bootcamp-notice") == 2
    assert "left out: .h.png: .h.png is hidden." in message


def test_pages_are_turned_and_end(editor: CaptionsTab, root: Path) -> None:
    state = edit(editor, {"only_find": True}, folder=str(root))["state"]
    state, gallery, place, _ = editor.turned(state, 1)
    assert [caption for _, caption in gallery["value"]] == ["a red dog, number 24", "a red dog, number 25"]
    assert "Page 2 of 2" in place
    assert editor.turned(state, 1)[0]["page"] == 1
    assert editor.turned(editor.turned(state, -1)[0], -1)[0]["page"] == 0


def test_the_chosen_picture_is_written_by_hand(editor: CaptionsTab, root: Path) -> None:
    state = edit(editor, {"only_find": True}, folder=str(root))["state"]
    state = editor.turned(state, 1)[0]
    state, text = editor.chosen(state, 1)
    assert text["value"] == "a red dog, number 25"
    message, state, gallery, changes = editor.save(state, "by hand", *values(editor, folder=str(root)))
    assert "1 of 26 pictures found, 1 changed." in message
    assert (root / "25.txt").read_text() == "by hand"
    assert gallery["value"][1][1] == "by hand"
    assert "by hand" in changes
    assert editor.chosen(state, 1)[1]["value"] == "by hand"
    _, _, _, _ = editor.save(state, "", *values(editor))
    assert (root / "25.txt").read_text() == "\n"  # no file of no bytes, at which kohya's trainer stops


def test_a_caption_that_others_changed_is_not_overwritten_by_hand(editor: CaptionsTab, root: Path) -> None:
    state = editor.chosen(edit(editor, {"only_find": True}, folder=str(root))["state"], 0)[0]
    (root / "00.txt").write_text("mine", encoding="utf-8")
    message, *_ = editor.save(state, "by hand", *values(editor))
    assert "1 skipped" in message
    assert (root / "00.txt").read_text() == "mine"


def test_saving_without_a_choice_is_a_mistake(editor: CaptionsTab, root: Path) -> None:
    state = edit(editor, {"only_find": True}, folder=str(root))["state"]
    assert "click one above" in editor.save(state, "x", *values(editor))[0]
    assert editor.chosen(state, 99)[0]["chosen"] is None


def test_a_preview_shows_before_and_after_and_apply_does_it_and_undo_takes_it_back(
    editor: CaptionsTab, root: Path
) -> None:
    given = {"folder": str(root), "where": "number 7", "add": "sks", "at": "First"}
    preview = edit(editor, {"dry_run": True}, **given)
    assert "<td>a red dog, number 7</td><td>sks, a red dog, number 7</td>" in preview["changes"]
    assert (root / "07.txt").read_text() == "a red dog, number 7"
    made = edit(editor, **given)
    assert made["changes"] == preview["changes"]
    assert (root / "07.txt").read_text() == "sks, a red dog, number 7"
    undone = edit(editor, {"undo": True}, **given)
    assert "1 undone." in undone["message"]
    assert (root / "07.txt").read_text() == "a red dog, number 7"


def test_a_tag_that_is_clicked_is_asked_for_once_and_literally(editor: CaptionsTab) -> None:
    assert editor.asked("", "a red dog") == "a red dog"
    assert editor.asked("dog, !cat", "sky") == "dog, !cat, sky"
    assert editor.asked("dog", "dog") == "dog"
    assert editor.asked("", '!"a|b') == '\\!\\"a\\|b'


def test_captions_are_never_html(editor: CaptionsTab, root: Path) -> None:
    (root / "00.txt").write_text("<script>alert(1)</script>", encoding="utf-8")
    made = edit(editor, {"dry_run": True}, folder=str(root), add="<b>x</b>")
    assert "<script>" not in made["changes"] + made["message"]
    assert "<b>" not in made["changes"]


@pytest.mark.thorough
def test_both_tabs_stand_on_the_page_and_hand_the_folder_over(host: FakeHost) -> None:
    with gr.Blocks() as page:
        tabs = build_tabs(host)
    assert isinstance(tabs["dataset-report"], DatasetTab)
    assert isinstance(tabs["dataset-captions"], CaptionsTab)
    button = tabs["dataset-report"].to_captions._id
    events = [each for each in page.config["dependencies"] if str(button) in str(each["targets"])]
    assert len(events) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows makes links for administrators only")
def test_a_picture_that_became_a_link_out_of_the_folder_is_gray_for_visitors_from_elsewhere(
    root: Path, tmp_path: Path
) -> None:
    host = FakeHost(data_dir=tmp_path / "data", trusts_page=False, allowed=(root,))
    with gr.Blocks():
        editor = CaptionsTab(DATASET_CAPTIONS, host, Outputs())
        editor.build()
    state = edit(editor, {"only_find": True}, folder=str(root))["state"]
    add(tmp_path, "secret.png", picture(1, (64, 64)))
    (root / "25.png").unlink()
    (root / "25.png").symlink_to(tmp_path / "secret.png")
    _, gallery, _, _ = editor.turned(state, 1)
    shown = [Pil.open(file).getcolors(9) for file, _ in gallery["value"]]
    assert shown[1] is not None
    assert len(shown[1]) == 1
    assert shown[0] is None
