"""The page's part for the maps of a folder: the tab's own values, the folder's, and a job that is followed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.catalog import OPERATIONS, find
from lib_bootcamp.context import Context
from lib_bootcamp.jobs import opened as opened_jobs
from lib_bootcamp.jobs.progress import Stop
from tests.fakes import FakeHost, FakeProgress
from tests.jobs.closing import close_jobs

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page.job_panel import NOTHING  # noqa: E402
from lib_bootcamp.surfaces.page.outputs import Outputs  # noqa: E402
from lib_bootcamp.surfaces.page.tab import Tab  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import tab_class  # noqa: E402


@pytest.fixture
def host(tmp_path: Path) -> Iterator[FakeHost]:
    yield FakeHost(data_dir=tmp_path / "data")
    close_jobs(tmp_path / "data")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 48, 3), dtype=np.uint8)
        Pil.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def built(name: str, host: FakeHost) -> Tab:
    operation = find(name)
    with gr.Blocks():
        tab = tab_class(operation)(operation, host, Outputs())
        tab.build()
    return tab


def values(tab: Tab, **given: Any) -> tuple[Any, ...]:
    forms = (tab.folder.form, tab.form)
    return tuple(given.get(param.name, form.components[param.name].value) for form in forms for param in form.fields)


def test_the_tabs_values_make_the_maps_of_a_folder(root: Path, host: FakeHost) -> None:
    tab = built("edges", host)
    shown = tab.folder.panel.begun(
        NOTHING, lambda: tab.folder.raw(values(tab, folder=str(root), low_threshold=30.0, subfolder="lines"))
    )
    assert len(shown) == len(tab.folder.panel.components)
    number = shown[-1]["job"]
    assert opened_jobs.jobs_of(host, find).wait(number, 30).done == 3
    card = tab.folder.panel.looked(shown[-1])[1]
    assert "3 of 3 done" in card
    picture = np.asarray(Pil.open(root / "1.png"))
    wanted = find("edges").run(
        find("edges").params_from({"image": picture, "low_threshold": 30.0}), Context.of_terminal(host, FakeProgress())
    )
    shown_map = np.asarray(Pil.open(root / "lines/edges/1.png").convert("RGB"))
    np.testing.assert_array_equal(shown_map, wanted.image)
    undone = tab.folder.panel.steered("undo", {**NOTHING, "job": number})
    assert "3 files are as they were" in undone[0]
    assert not (root / "lines").exists()


def test_a_second_picture_of_the_form_goes_into_the_job(root: Path, host: FakeHost) -> None:
    tab = built("recolor", host)
    reference = np.full((4, 4, 3), 200, np.uint8)
    shown = tab.folder.panel.begun(
        NOTHING, lambda: tab.folder.raw(values(tab, folder=str(root), image=reference, reference=reference))
    )
    assert opened_jobs.jobs_of(host, find).wait(shown[-1]["job"], 30).done == 3
    assert (root / "maps" / "recolor" / "1-palette.png").is_file()


def test_a_mistake_is_the_message(tmp_path: Path, host: FakeHost) -> None:
    tab = built("brightness", host)
    missing = tab.folder.panel.begun(NOTHING, lambda: tab.folder.raw(values(tab, folder=str(tmp_path / "none"))))
    assert "older not found" in missing[0]
    empty = tab.folder.panel.begun(NOTHING, lambda: tab.folder.raw(values(tab)))
    assert "Folder" in empty[0] or "folder" in empty[0]


def test_other_operations_jobs_are_not_shown(root: Path, host: FakeHost) -> None:
    jobs = opened_jobs.jobs_of(host, find)
    job = jobs.start("recolor", {"folder": str(root)}, trusted=True)
    jobs.wait(job.id, 30)
    assert "No job yet" in built("edges", host).folder.panel.looked(NOTHING)[1]
    assert f"Job {job.id}" in built("recolor", host).folder.panel.looked(NOTHING)[1]


def test_an_older_answer_that_comes_late_does_not_undo_a_choice(root: Path, host: FakeHost) -> None:
    jobs, panel = opened_jobs.jobs_of(host, find), built("recolor", host).folder.panel
    first, second = (
        jobs.wait(jobs.start("recolor", {"folder": str(root), "subfolder": each}, trusted=True).id, 30).id
        for each in "ab"
    )
    late = panel.looked({**NOTHING, "job": first})[-1]
    assert f"Job {second}" in panel.refreshed(late, second)[1]
    assert f"Job {first}" in panel.refreshed(late, first)[1]
    assert f"Job {second}" in panel.refreshed(late, None)[1]  # the newest, where none was chosen


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_tabs_of_maps_of_a_picture_and_of_drawings_have_it_and_no_others(operation: Any, host: FakeHost) -> None:
    takes_a_picture = any(each.name == "image" for each in operation.params.fields())
    is_series = operation.job is not None and operation.job.kind == "steps" and operation.kind == "generation"
    has_it = is_series or (operation.place == "Control maps" and takes_a_picture)
    assert (getattr(built(operation.name, host), "folder", None) is not None) == has_it


def test_below_a_drawing_its_job_has_the_forms_values_and_its_own(tmp_path: Path, host: FakeHost) -> None:
    tab = built("txt2img", host)
    raw = tab.folder.raw(values(tab, prompt="a cat", steps=5, seed=7, count=3, output_folder=str(tmp_path / "out")))
    params = find("txt2img").as_job().params_from(raw)
    assert (params.prompt, params.steps, params.seed, params.count) == ("a cat", 5, 7, 3)
    jobs = opened_jobs.jobs_of(host, find)
    number = jobs.create("txt2img", raw, trusted=True)
    assert jobs.cancel(number, trusted=True).kind == "steps"  # and nothing waits for it


def test_the_card_names_the_parameters_of_a_kept_mistake_by_their_labels(root: Path, host: FakeHost) -> None:
    tab = built("brightness", host)
    jobs = tab.folder.panel.jobs()
    number = jobs.create("brightness", {"folder": str(root), "output_folder": str(root.parent / "out")}, trusted=True)
    shutil.move(root, root.with_name("moved"))
    (root.parent / "out").write_text("a file")
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "failed"
    shown = tab.folder.panel.looked({**NOTHING, "job": number})[1]
    assert f'<p class="bootcamp-job-error">Folder not found: {root}.</p>' in shown
    shutil.move(root.with_name("moved"), root)
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "failed"
    assert '<p class="bootcamp-job-error">Output folder is not a folder: ' in tab.folder.panel.looked({**NOTHING})[1]
