"""The classify tab without a browser: what a run puts into its components."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.ports import Stoppable
from tests.fake_clip import BLUE, RED, FakeClip, flat_png, lend_instead
from tests.fakes import FakeHost

gr = pytest.importorskip("gradio")

from lib_bootcamp.operations.describe.classify import CLASSIFY  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.describe.classify import ClassifyTab  # noqa: E402


@pytest.fixture(autouse=True)
def clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    return lend_instead(monkeypatch, FakeClip())


@pytest.fixture
def tab() -> ClassifyTab:
    with gr.Blocks():
        made = ClassifyTab(CLASSIFY, FakeHost(), Outputs())
        made.build()
    return made


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, data in {"a.png": flat_png(RED), "b.png": b"no picture", "c.png": flat_png(BLUE)}.items():
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / name) for name in ("a.png", "b.png", "c.png")]


def run(tab: ClassifyTab, picture: str | None, uploads: list[str], stop: bool = False, **given: Any) -> dict[str, Any]:
    """Run on the defaults of the fields but those given; the components' values by name."""
    values = [given.get(param.name, tab.form.components[param.name].value) for param in tab.form.fields]
    event = threading.Event()
    if stop:
        event.set()
    progress = Stoppable(tab.host.progress(), event)
    made = tab.classify(picture, uploads, tuple(values), progress)
    return dict(zip(("message", "chart", "gallery", "files", "facts"), made, strict=True))


def test_every_declared_field_but_the_pictures_is_on_the_form(tab: ClassifyTab) -> None:
    assert {each.name for each in CLASSIFY.params.fields()} - set(tab.form.components) == {"images"}


def test_one_picture_is_a_chart_of_bars_best_first(tab: ClassifyTab, files: list[str]) -> None:
    made = run(tab, files[0], [], labels="a blue one\na red one")
    assert "a red one 1.00" in made["message"]
    assert made["chart"].index("a red one") < made["chart"].index("a blue one")
    assert made["chart"].count("bootcamp-bar-best") == 1
    assert 'style="width: 100.0%"' in made["chart"]
    assert made["gallery"]["visible"] is False


def test_groups_are_charts_below_each_other(tab: ClassifyTab, files: list[str]) -> None:
    made = run(tab, files[0], [], groups="color: red, blue\ntone: a red tone, a blue tone")
    assert made["chart"].count("bootcamp-bars-title") == 2
    assert made["chart"].count("bootcamp-bar-best") == 2


def test_a_label_is_never_html(tab: ClassifyTab, files: list[str]) -> None:
    made = run(tab, files[0], files, labels="<script>alert(1)</script>\nred")
    assert "<script>" not in made["chart"] + made["message"]


def test_several_pictures_are_a_table_with_a_row_for_each_and_the_bad_ones_mistake(
    tab: ClassifyTab, files: list[str]
) -> None:
    made = run(tab, None, files, labels="red, blue")
    assert made["chart"].count("<tr>") == 4
    assert "The picture cannot be read" in made["chart"]
    assert "2 classified, 1 failed" in made["message"]


def test_the_gallery_is_by_label(tab: ClassifyTab, files: list[str]) -> None:
    made = run(tab, None, [files[0], files[2]], labels="red, blue")
    assert [caption for _, caption in made["gallery"]["value"]] == ["blue 1.00", "red 1.00"]
    assert all(Path(path).is_file() for path, _ in made["gallery"]["value"])


def test_the_files_have_every_picture(tab: ClassifyTab, files: list[str]) -> None:
    table, lines = map(Path, run(tab, None, files, labels="red, blue")["files"]["value"])
    with table.open(encoding="utf-8", newline="") as file:
        assert [(row["path"], row["label"]) for row in csv.DictReader(file)] == [("a.png", "red"), ("c.png", "blue")]
    records = [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]
    assert [each.get("error") for each in records] == [None, "ImageError", None]


@pytest.mark.parametrize(
    ("picture", "given", "sentence"),
    [
        (None, {"labels": "red"}, "Picture is missing"),
        ("a", {}, "Labels is missing"),
        ("b", {"labels": "red"}, "The picture cannot be read"),
        ("a", {"labels": "red", "templates": "custom"}, "Custom templates is missing"),
        ("a", {"groups": "no colon"}, "Label groups must be JSON"),
    ],
)
def test_a_mistake_is_the_message_alone(
    tab: ClassifyTab, files: list[str], picture: str | None, given: dict[str, Any], sentence: str
) -> None:
    chosen = next((each for each in files if Path(each).stem == picture), None)
    made = run(tab, chosen, [], **given)
    assert sentence in made["message"]
    assert 'role="alert"' in made["message"]
    assert made["chart"] == ""


def test_the_stop_button_ends_a_run(tab: ClassifyTab, files: list[str]) -> None:
    assert "Stopped before the first picture." in run(tab, files[0], [], stop=True, labels="red")["message"]


def test_a_preset_fills_the_text_fields_as_a_person_would_type_them(tab: ClassifyTab) -> None:
    updates = tab.form._apply_preset("drawn shapes (mini)")
    shown = {param.name: update for param, update in zip(tab.form.fields, updates, strict=True)}
    assert shown["groups"]["value"].startswith("shape: a circle, a square")
    assert "\ncolor: red, orange" in shown["groups"]["value"]
