"""The plan refuses what the job refuses before its first step, in the same words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.errors import BootcampError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.jobs.progress import Stop  # noqa: E402
from lib_bootcamp.operations.train.plan import TrainPlan  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.fakes import FakeProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    material.pictures(tmp_path / "pictures")
    (tmp_path / "no folder").write_bytes(b"a file")
    (tmp_path / "link").symlink_to("/etc")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "zorb.safetensors").write_bytes(b"somebody's")
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(tmp_path,))
    made = Jobs(host, {"train": TRAIN}.__getitem__, tmp_path / "data" / "jobs")
    yield made
    made.close()
    host.model_cache.clear()


def planned(jobs: Jobs, values: dict[str, Any], *, trusted: bool) -> BootcampError | None:
    try:
        TRAIN.run(TRAIN.params_from(values), Context.of_job(jobs.host, SilentProgress(), trusted=trusted))
    except BootcampError as error:
        return error
    return None


def begun(jobs: Jobs, values: dict[str, Any], *, trusted: bool) -> BootcampError | str | None:
    try:
        info = jobs.run_here(jobs.create("train", values, trusted=trusted), FakeProgress(), Stop())
    except BootcampError as error:
        return error
    return info.error or None


def the_plan(jobs: Jobs, folder: Path, *, trusted: bool, **given: Any) -> TrainPlan:
    """A plan for pictures below `folder`, the working directory."""
    values = {"folder": str(folder / "pictures"), "name": "zorb", "steps": 1, "resolution": 64, "rank": 1, **given}
    return TRAIN.run(TRAIN.params_from(values), Context.of_job(jobs.host, SilentProgress(), trusted=trusted))


def test_who_may_name_any_folder_reads_where_the_file_goes(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = the_plan(jobs, tmp_path, trusted=True, output_folder="out")
    assert made.output_folder == str(tmp_path / "out")
    assert made.summary().endswith(f"; the file goes to {tmp_path / 'out'}")
    assert the_plan(jobs, tmp_path, trusted=True).output_folder == str(tmp_path)


def test_a_caller_reads_the_output_folder_as_it_was_given(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert the_plan(jobs, tmp_path, trusted=False, output_folder="out").output_folder == "out"


def test_captions_of_their_own_are_counted_apart_from_the_common_one(jobs: Jobs, tmp_path: Path) -> None:
    for each in sorted((tmp_path / "pictures").glob("*.txt"))[1:]:
        each.unlink()
    made = the_plan(jobs, tmp_path, trusted=True, output_folder=str(tmp_path / "out"), caption="a zorb")
    assert made.captions == {".txt": 1, "caption": 5}
    assert "6 pictures, 1 with a caption of its own, 5 with the common one, 1 steps" in made.summary()


def test_warnings_and_what_is_left_out_are_cautions(jobs: Jobs, tmp_path: Path) -> None:
    (tmp_path / "pictures" / "bad.png").write_bytes(b"no picture")
    made = the_plan(jobs, tmp_path, trusted=True, output_folder=str(tmp_path / "out"), resolution=512)
    small, left_out = made.cautions()
    assert small == "6 pictures have less than half of the pixels of 512 x 512."
    assert left_out.startswith("Left out: bad.png: ")


WRONG: dict[str, dict[str, Any]] = {
    "elsewhere": {"output_folder": "/etc"},
    "a device": {"output_folder": "/dev/full"},
    "below a device": {"output_folder": "/dev/full/x"},
    "a file": {"output_folder": "no folder"},
    "below a file": {"output_folder": "no folder/x"},
    "a zero byte": {"output_folder": "a\0b"},
    "too long a name": {"output_folder": "x" * 300},
    "here": {"output_folder": "."},
    "by default": {},
    "a link out": {"output_folder": "link"},
    "a taken name": {"output_folder": "taken"},
    "a long name": {"output_folder": "new", "name": "漢" * 100},
    "many prompts": {"output_folder": "new", "sample_prompt": "a\n" * 20},
    "nothing": {"output_folder": "new"},
    "deeper": {"output_folder": "new/deep/er"},
}


@pytest.mark.skipif(os.name != "posix", reason="devices and links as POSIX has them")
@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "a caller"])
def test_the_plan_refuses_what_the_job_does(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, trusted: bool
) -> None:
    elsewhere = tmp_path.with_name(f"{tmp_path.name}-here")
    elsewhere.mkdir(exist_ok=True)
    monkeypatch.chdir(elsewhere)
    given = {"name": "zorb", **WRONG[kind]}
    if "output_folder" in given and not given["output_folder"].startswith(("/", ".")):
        given["output_folder"] = f"{tmp_path}/{given['output_folder']}"
    if trusted and kind in {"elsewhere", "a link out"}:
        pytest.skip("who may name any folder may name these")
    values = {"folder": str(tmp_path / "pictures"), "steps": 1, "resolution": 64, "sample_every": 0, "rank": 1, **given}
    plan = planned(jobs, values, trusted=trusted)
    assert not list(elsewhere.iterdir())
    assert not (tmp_path / "new").exists()
    job = begun(jobs, values, trusted=trusted)
    assert (plan and str(plan)) == (job and str(job))
    if isinstance(job, BootcampError) and plan is not None:
        assert (type(plan), plan.status, plan.param) == (type(job), job.status, job.param)
    is_fine = kind in {"nothing", "deeper"} or (trusted and kind in {"here", "by default"})
    assert (plan is None) is is_fine
