"""The PNG info tab without a browser: what files put into its components, and what its buttons make of them."""

from __future__ import annotations

import csv
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.operations.png_info.read import PNG_INFO, read_info
from lib_bootcamp.ports import Stoppable
from tests.core.png_info.samples import INFOTEXT, comfy, plain, png
from tests.fakes import FakeHost

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page.fields import component  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import build_tabs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.png_info.html import differences_table  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.png_info.tab import NOTHING, VIEWS, PngInfoTab  # noqa: E402
from lib_bootcamp.surfaces.page.values import read  # noqa: E402

OTHER = INFOTEXT.replace("a cat,", "a dog,").replace("Seed: 965400086", "Seed: 1")


@pytest.fixture
def tab() -> PngInfoTab:
    return built(FakeHost())


def built(host: FakeHost) -> PngInfoTab:
    with gr.Blocks():
        made = PngInfoTab(PNG_INFO, host, Outputs())
        made.build()
    return made


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Two of the WebUI, one of ComfyUI, one that tells nothing, one that is not a picture."""
    contents = {
        "cat.png": png(parameters=INFOTEXT),
        "dog.png": png(parameters=OTHER),
        "comfy.png": png(prompt=json.dumps(comfy())),
        "plain.jpg": plain("JPEG"),
        "bad.png": b"no picture",
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return {name: str(tmp_path / name) for name in contents}


def asked(tab: PngInfoTab, files: Any) -> list[Any]:
    """The form's values."""
    return [files if param.name == "files" else True for param in tab.form.fields]


def named(shown: list[Any]) -> dict[str, Any]:
    return dict(zip(("message", *VIEWS, "files"), shown, strict=True))


def progress(host: Any, *, stopped: bool = False) -> Stoppable:
    event = threading.Event()
    if stopped:
        event.set()
    return Stoppable(host.progress(), event)


def test_one_files_fields_raw_text_and_infotext_are_shown(tab: PngInfoTab, files: dict[str, str]) -> None:
    shown = named(tab.read(*asked(tab, [files["cat.png"]])))
    assert "AUTOMATIC1111" in shown["message"]
    assert shown["infotext"] == INFOTEXT
    assert "<th>Seed</th><td>965400086</td>" in shown["fields"]
    assert "<th>ADetailer model</th><td>face_yolov8n.pt</td>" in shown["fields"]
    assert "&lt;lora:x:0.8&gt;" in shown["raw"]
    assert shown["picture"] == files["cat.png"]
    assert shown["chosen"]["visible"] is False


def test_another_tools_fields_become_an_infotext_with_the_webuis_names(tab: PngInfoTab, files: dict[str, str]) -> None:
    shown = named(tab.read(*asked(tab, [files["comfy.png"]])))
    assert "Sampler: Euler a, Schedule type: Karras" in shown["infotext"]
    assert "&quot;class_type&quot;: &quot;KSampler&quot;" in shown["raw"]


def test_of_two_files_the_words_that_differ_are_marked(tab: PngInfoTab, files: dict[str, str]) -> None:
    shown = named(tab.read(*asked(tab, [files["cat.png"], files["dog.png"]])))
    assert shown["chosen"]["choices"] == ["1. cat.png", "2. dog.png"]
    assert shown["against"]["value"] == "2. dog.png"
    assert "<mark>cat</mark>" in shown["differences"]
    assert "<mark>dog</mark>" in shown["differences"]
    assert "<th>Seed</th><td>965400086</td><td>1</td>" in shown["differences"].replace("<mark>", "").replace(
        "</mark>", ""
    )


def test_many_files_have_a_row_each_and_bad_ones_say_why(tab: PngInfoTab, files: dict[str, str]) -> None:
    shown = named(tab.read(*asked(tab, list(files.values()))))
    assert "Generation data found in 3 of 5 files" in shown["message"]
    assert "PNG, JPEG" in shown["message"].partition("bad.png")[2]
    table, lines = shown["files"]["value"]
    rows = list(csv.DictReader(Path(table).read_text(encoding="utf-8").splitlines()))
    assert [row["path"] for row in rows] == list(files)
    assert rows[1]["seed"] == "1"
    assert rows[4]["error"]
    records = [json.loads(line) for line in Path(lines).read_text(encoding="utf-8").splitlines()]
    assert records[0]["texts"] == {"parameters": INFOTEXT}


def test_another_of_the_files_is_chosen_and_compared(tab: PngInfoTab, files: dict[str, str]) -> None:
    given = asked(tab, list(files.values()))
    shown = named(tab.choose("2. dog.png", "3. comfy.png", *given))
    assert shown["infotext"] == OTHER
    assert "<td>AUTOMATIC1111</td><td>ComfyUI</td>" in shown["differences"]
    assert "choose one" in named(tab.choose("2. dog.png", NOTHING, *given))["differences"]
    assert "plain.jpg: no generation" in named(tab.choose("1. cat.png", "4. plain.jpg", *given))["differences"]


@pytest.mark.parametrize("label", ["9. x", "x", "-1", "²"])
def test_a_label_that_names_no_file_is_a_mistake(tab: PngInfoTab, files: dict[str, str], label: str) -> None:
    assert "bootcamp-error" in named(tab.choose(label, NOTHING, *asked(tab, list(files.values()))))["message"]


def test_a_file_without_parameters_is_named_and_shown(tab: PngInfoTab, files: dict[str, str]) -> None:
    shown = named(tab.read(*asked(tab, [files["plain.jpg"]])))
    assert "no generation parameters" in shown["message"]
    assert "JPEG, 32 x 24 px" in shown["fields"]
    assert shown["infotext"] == ""


def test_a_mistake_does_not_reveal_where_uploads_lie(tab: PngInfoTab, tmp_path: Path) -> None:
    shown = named(tab.read(*asked(tab, [str(tmp_path / "gone.png")])))
    assert "gone.png cannot be read" in shown["message"]
    assert str(tmp_path) not in shown["message"]


def test_taken_away_files_leave_nothing_and_no_mistake(tab: PngInfoTab) -> None:
    shown = named(tab.given(*asked(tab, None)))
    assert (shown["message"], shown["infotext"], shown["picture"]) == ("", "", None)
    assert "bootcamp-error" in named(tab.read(*asked(tab, None)))["message"]


def test_more_files_than_declared_are_refused(tab: PngInfoTab, files: dict[str, str]) -> None:
    assert "at most 64" in named(tab.read(*asked(tab, [files["cat.png"]] * 65)))["message"]


def test_a_copy_has_the_changed_infotext_and_its_original_does_not(tab: PngInfoTab, files: dict[str, str]) -> None:
    message, download = tab.copy("1. cat.png", [files["cat.png"]], OTHER, False, with_infotext=True)
    assert "bootcamp-done" in message
    (path,) = download["value"]
    assert Path(path).name == "cat-infotext.png"
    assert read_info(Path(path).read_bytes()).infotext == OTHER
    assert read_info(Path(files["cat.png"]).read_bytes()).infotext == INFOTEXT


def test_a_bare_copy_has_no_parameters(tab: PngInfoTab, files: dict[str, str]) -> None:
    _, download = tab.copy(None, [files["cat.png"]], INFOTEXT, False, with_infotext=False)
    assert read_info(Path(download["value"][0]).read_bytes()).texts == {}


@pytest.mark.parametrize(("given", "text"), [("cat.png", " "), ("bad.png", "a cat"), (None, "a cat")])
def test_what_cannot_be_copied_is_reported(tab: PngInfoTab, files: dict[str, str], given: Any, text: str) -> None:
    message, _ = tab.copy(None, [files[given]] if given else None, text, False, with_infotext=True)
    assert "bootcamp-error" in message


def test_a_folder_becomes_two_tables(tab: PngInfoTab, files: dict[str, str], tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    os.link(files["dog.png"], inner / "dog.png")
    message, shown = tab.tables(str(tmp_path), True, *asked(tab, None), progress=progress(tab.host))
    assert "6 files read, 4 with generation data, 1 failed" in message
    table, lines = map(Path, shown["value"])
    assert (table.name, lines.name) == ("png-info.csv", "png-info.jsonl")
    paths = [row["path"] for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())]
    assert paths == sorted(["bad.png", "cat.png", "comfy.png", "dog.png", str(Path("inner/dog.png")), "plain.jpg"])
    assert len(lines.read_bytes().splitlines()) == 6


def test_a_stopped_folder_keeps_what_was_read(tab: PngInfoTab, files: dict[str, str], tmp_path: Path) -> None:
    message, shown = tab.tables(str(tmp_path), False, *asked(tab, None), progress=progress(tab.host, stopped=True))
    assert "Stopped. 0 files read" in message
    assert len(shown["value"]) == 2


def test_visitors_of_a_shared_page_name_only_allowed_folders(files: dict[str, str], tmp_path: Path) -> None:
    allowed, outside = tmp_path / "allowed", tmp_path / "outside"
    for each in (allowed, outside):
        each.mkdir()
    (allowed / "in.png").write_bytes(png(parameters=INFOTEXT))
    (allowed / "link.png").symlink_to(files["dog.png"])
    shared = built(FakeHost(trusts_page=False, allowed=(allowed,)))
    refused, read = (
        shared.tables(str(each), False, *asked(shared, None), progress=progress(shared.host))[0]
        for each in (outside, allowed)
    )
    assert "not in a folder" in refused
    assert "1 file read" in read


def test_fields_with_counterparts_are_handed_to_the_tab_that_draws() -> None:
    from lib_bootcamp.hosts.standalone import StandaloneHost
    from lib_bootcamp.surfaces.page.tabs.png_info.send import drawing_values

    with gr.Blocks():
        tabs = build_tabs(StandaloneHost())
    assert "png-info-edit" not in tabs
    form = tabs["txt2img"].form
    values, note = drawing_values(INFOTEXT, form)
    sent = dict(zip((each.name for each in form.fields), values, strict=True))
    assert {name: each["value"] for name, each in sent.items() if "value" in each} == {
        "prompt": "a cat, <lora:x:0.8>\nline two",
        "negative_prompt": "bad, ugly\nworse",
        "steps": 20,
        "sampler": "DPM++ 2M Karras",
        "cfg_scale": 7.0,
        "seed": 965400086,
        "width": "512",
        "height": "768",
    }
    assert "Not taken over: Model, Hires upscale, Denoising strength" in note
    refused = drawing_values("a cat\nSteps: 999, Sampler: LMS, Seed: 1", form)
    assert "Not possible here: Steps 999, Sampler LMS." in refused[1]


def test_what_files_say_is_never_html() -> None:
    made = [read_info(png(parameters=f"<b>x{n}</b>\nSteps: 1, Sampler: <i>, Seed: {n}")) for n in (1, 2)]
    from lib_bootcamp.operations.png_info.read import compared

    page = differences_table(("<u>", "b"), compared(made))
    assert not {"<b>", "<u>", "<i>"} & {page[at : at + 3] for at in range(len(page))}


def test_a_list_of_files_is_a_component_that_takes_several(files: dict[str, str]) -> None:
    param = next(each for each in PNG_INFO.params.fields() if each.name == "files")
    with gr.Blocks():
        made = component(param, prefix="x")
    assert isinstance(made, gr.File)
    assert made.file_count == "multiple"
    assert read(param, [files["bad.png"], files["bad.png"]]) == [b"no picture"] * 2
    assert read(param, None) is None
