"""The training's tab without a browser: the plan, and what is seen of a job while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

gr = pytest.importorskip("gradio")

from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.networks.compare import COMPARE_LORAS  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.surfaces.page.growth import Growth  # noqa: E402
from lib_bootcamp.surfaces.page.job_panel import NOTHING  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import tab_class  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.train.compare import OF_TRAINING  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.train.train import TrainTab  # noqa: E402
from tests.jobs.closing import close_jobs  # noqa: E402
from tests.ml.training import material  # noqa: E402


@pytest.fixture
def host(tmp_path: Path) -> Iterator[StandaloneHost]:
    with material.host(tmp_path / "data") as made:
        yield made
    close_jobs(tmp_path / "data")


@pytest.fixture
def tab(host: StandaloneHost) -> TrainTab:
    assert tab_class(TRAIN) is TrainTab
    with gr.Blocks():
        made = TrainTab(TRAIN, host, Outputs())
        made.build()
    return made


def test_a_training_shows_its_loss_and_samples_and_the_plan_before(tab: TrainTab, tmp_path: Path) -> None:
    pictures = material.pictures(tmp_path / "pictures")
    raw = {
        "folder": str(pictures),
        "name": "zorb",
        "steps": 4,
        "seed": 1,
        "rank": 4,
        "resolution": 64,
        "sample_prompt": "a <zorb>",
        "sample_every": 2,
        "save_every": 2,
        "output_folder": str(tmp_path / "out"),
    }
    jobs = tab.panel.jobs()
    number = jobs.start("train", raw, trusted=True).id
    assert jobs.wait(number, 120).state == "done"
    seen = tab.looked(NOTHING, number)
    assert "6 pictures, 6 with a caption" in seen
    assert seen.count("<circle") == 4
    assert seen.count("<img") == 3
    assert "a &lt;zorb&gt;" in seen
    assert "a <zorb>" not in seen
    assert (tmp_path / "out" / "zorb.safetensors").is_file()
    assert tab.looked({"job": None}, None) == ""
    assert tab.looked(NOTHING, 999) == ""
    _use(tab, number, tmp_path)
    _compare(tab, number, tmp_path)


def _compare(tab: TrainTab, number: int, folder: Path) -> None:
    """Its files are compared, with its own pictures, and the best one is chosen for prompts."""
    fields = tab.compare.form.fields
    assert {each.name for each in COMPARE_LORAS.params.fields()} - {each.name for each in fields} == {*OF_TRAINING}
    asked = {"other_prompts": "a red circle", "pictures_per_prompt": 1, "size": "64", "steps": 1}
    values = [asked.get(each.name, tab.compare.form.components[each.name].value) for each in fields]
    message, grid, table, file = tab.compare.compared((NOTHING, number, *values), Growth(threading.Event()))
    assert "is the best of 2: likeness " in message
    assert "does not count" not in message
    assert Path(grid["value"]).is_file()
    assert [row[0] for row in table["value"]][2] == "none"
    assert file["value"] == table["value"][0][0]
    assert file["value"] in {"zorb", "zorb-000002"}
    for each in (folder / "pictures").iterdir():
        each.unlink()
    message, *others = tab.compare.compared((NOTHING, number, *values), Growth(threading.Event()))
    assert "no pictures" in message
    assert all("value" not in each for each in others)
    (folder / "pictures").rmdir()
    assert "does not count" in tab.compare.compared((NOTHING, number, *values), Growth(threading.Event()))[0]
    assert "begin a training first" in tab.compare.compared((NOTHING, None, *values), Growth(threading.Event()))[0]


def test_the_plan_shows_its_warnings_below_the_line(tab: TrainTab, tmp_path: Path) -> None:
    given = {
        "folder": str(material.pictures(tmp_path / "pictures")),
        "output_folder": str(tmp_path / "out"),
        "resolution": 512,
    }
    values = tuple(given.get(each.name, tab.form.components[each.name].value) for each in tab.form.fields)
    message = tab.run(values, lambda *_, **__: None)[0]
    line, warning, *others = message.split("</div>")
    assert f"the file goes to {tmp_path / 'out'}" in line
    assert "bootcamp-no" in warning
    assert "6 pictures have less than half of the pixels of 512 x 512." in warning
    assert others == [""]


def _use(tab: TrainTab, number: int, folder: Path) -> None:
    """A file of it is put where prompts find it."""
    listed = tab.use.listed(NOTHING, number, None)
    assert [each if isinstance(each, str) else each[1] for each in listed["choices"]] == ["zorb", "zorb-000002"]
    assert listed["value"] == "zorb"
    assert tab.use.listed(NOTHING, number, "zorb-000002")["value"] == "zorb-000002"
    assert tab.use.listed(NOTHING, None, "zorb")["value"] is None
    asked = ("zorb-000002", "my zorb", str(folder / "loras"), False)
    assert "&lt;lora:my zorb:1&gt; can be used" in tab.use.put(NOTHING, number, *asked)
    assert (folder / "loras" / "my zorb.safetensors").is_file()
    assert (folder / "loras" / "my zorb.png").is_file()
    assert "Name is taken" in tab.use.put(NOTHING, number, *asked)
    assert "LoRA folder is missing" in tab.use.put(NOTHING, number, "zorb", "", "", False)
    assert "begin a training first" in tab.use.put(NOTHING, None, None, "", "", False)
