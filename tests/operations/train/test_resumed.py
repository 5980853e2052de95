"""A training that goes on: what it goes on from, and with which pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.errors import ImageError, OutputError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.job import Step  # noqa: E402
from lib_bootcamp.jobs.facts import NoJobError  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.jobs.progress import Stop  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from tests.fakes import FakeProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_work import GIVEN, work, written  # noqa: E402


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def jobs(host: StandaloneHost, tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(host, {"train": TRAIN}.__getitem__, tmp_path / "jobs")
    yield made
    made.close()


def hash_of(steps: list[Step]) -> str:
    return model_hash(written(steps)["zorb.safetensors"])


def sentences(steps: list[Step]) -> list[str]:
    return [each.facts["sentence"] for step in steps for each in step.events if each.kind == "warning"]


def after(host: StandaloneHost, folder: Path, done: int, **given: Any) -> None:
    """A training that was paused after so many steps."""
    steps = work(host, folder, **given).steps(0)
    for _ in range(done):
        next(steps)
    steps.close()  # type: ignore[attr-defined]


def create(jobs: Jobs, folder: Path, **given: Any) -> int:
    if not (folder / "pictures").exists():
        material.pictures(folder / "pictures")
    out = str(folder / "pictures")
    return jobs.create("train", {"folder": out, "output_folder": out, **GIVEN, **given}, trusted=True)


def paused(jobs: Jobs, number: int, done: int) -> None:
    info = jobs.run_here(number, FakeProgress(stop_after=done), Stop())
    assert (info.state, info.done) == ("paused", done)


def states(host: StandaloneHost) -> set[str]:
    return {each.name.rpartition("-")[2] for each in (host.data_dir() / "training").glob("state-*")}


def test_what_it_goes_on_from_is_gone_when_it_ended(jobs: Jobs, host: StandaloneHost, tmp_path: Path) -> None:
    number = create(jobs, tmp_path)
    paused(jobs, number, 2)
    assert str(number) in states(host)
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"
    assert str(number) not in states(host)


def test_a_caller_sees_no_training_of_folders_that_were_not_allowed(tmp_path: Path) -> None:
    """Its folders are among its parameters."""
    for name in ("private", "allowed"):
        material.pictures(tmp_path / name)
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(tmp_path / "allowed",))
    jobs = Jobs(host, {"train": TRAIN}.__getitem__, tmp_path / "jobs")
    out = {"output_folder": str(tmp_path / "allowed"), **GIVEN}
    try:
        seen = jobs.create("train", {**out, "folder": str(tmp_path / "allowed")}, trusted=True)
        jobs.run_here(seen, FakeProgress(stop_after=1), Stop())
        for hidden in (
            {"folder": str(tmp_path / "private")},
            {"concepts": [{"folder": str(tmp_path / "private")}]},
            {"concepts": [{"folder": str(tmp_path / "allowed"), "class_folder": str(tmp_path / "private")}]},
        ):
            number = jobs.create("train", {**out, **hidden, "name": "other"}, trusted=True)
            with pytest.raises(NoJobError):
                jobs.cancel(number, trusted=False)
            jobs.cancel(number, trusted=True)
        assert [each.id for each in jobs.listed(trusted=False)] == [seen]
    finally:
        jobs.close()
        host.model_cache.clear()


def test_in_its_own_folder_it_never_learns_from_its_samples_or_from_anothers(jobs: Jobs, tmp_path: Path) -> None:
    samples = {"sample_prompt": "a zorb", "sample_every": 2, "save_every": 2}
    whole = create(jobs, tmp_path / "whole", **samples)
    assert jobs.run_here(whole, FakeProgress(), Stop()).state == "done"
    broken = create(jobs, tmp_path / "broken", **samples)
    paused(jobs, broken, 3)
    other = create(jobs, tmp_path / "broken", name="other")
    assert jobs.run_here(other, FakeProgress(), Stop()).state == "done"
    assert "6 pictures" in jobs.events(other, trusted=True)[0].facts["sentence"]
    assert jobs.run_here(broken, FakeProgress(), Stop()).state == "done"
    assert not [each for each in jobs.events(broken, trusted=True) if each.kind == "warning"]
    one, two = (
        model_hash((tmp_path / each / "pictures" / "zorb.safetensors").read_bytes()) for each in ("whole", "broken")
    )
    assert one == two


def test_what_was_added_is_named_and_not_learned_from(host: StandaloneHost, tmp_path: Path) -> None:
    whole = hash_of(list(work(host, tmp_path).steps(0)))
    after(host, tmp_path, 2)
    pictures = tmp_path / "pictures"
    (pictures / "10_new").mkdir()
    (pictures / "10_new" / "new.png").write_bytes((pictures / "0.png").read_bytes())
    (pictures / "1.txt").write_text("a star")
    rest = list(work(host, tmp_path).steps(2))
    assert sentences(rest) == [
        "10_new/new.png was added since the training began: not learned from.",
        "1.png has another caption since the training began: it goes on with those of then.",
    ]
    assert hash_of(rest) == whole


def test_what_is_missing_or_another_one_is_named_and_it_goes_on_when_it_is_back(
    host: StandaloneHost, tmp_path: Path
) -> None:
    whole = hash_of(list(work(host, tmp_path).steps(0)))
    after(host, tmp_path, 2)
    picture = tmp_path / "pictures" / "3.png"
    data = picture.read_bytes()
    picture.unlink()
    with pytest.raises(ImageError, match=r"began with 3\.png, which is not there any more; put it back and resume\.$"):
        next(work(host, tmp_path).steps(2))
    picture.write_bytes((tmp_path / "pictures" / "4.png").read_bytes())
    with pytest.raises(ImageError, match=r"3\.png was another picture when the training began"):
        next(work(host, tmp_path).steps(2))
    picture.write_bytes(data)
    assert hash_of(list(work(host, tmp_path).steps(2))) == whole


def test_a_state_that_is_missing_is_a_sentence(host: StandaloneHost, tmp_path: Path) -> None:
    whole = hash_of(list(work(host, tmp_path).steps(0)))
    after(host, tmp_path, 3)
    (work(host, tmp_path).state_folder / "state.safetensors").unlink()
    rest = list(work(host, tmp_path).steps(3))
    assert sentences(rest) == ["The state of this training is missing: its first 3 steps are done again."]
    assert [step.again for step in rest] == [True] * 3 + [False] * 2
    assert hash_of(rest) == whole


@pytest.mark.parametrize("failed", [2, 5])
def test_a_step_whose_files_could_not_be_written_is_not_begun_again(
    host: StandaloneHost, tmp_path: Path, failed: int
) -> None:
    """The journal does not have the step whose state is kept."""
    whole = hash_of(list(work(host, tmp_path, save_every=2).steps(0)))
    after(host, tmp_path, failed, save_every=2)
    rest = list(work(host, tmp_path, save_every=2).steps(failed - 1))
    assert [step.again for step in rest] == [False] * (5 - failed + 1)
    assert sentences(rest) == []
    assert [each.path.name for each in rest[0].writes] == [
        "zorb-000002.safetensors" if failed == 2 else "zorb.safetensors"
    ]
    assert hash_of(rest) == whole


def test_a_full_disk_at_the_end_loses_no_step(
    jobs: Jobs, host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = create(jobs, tmp_path)
    with monkeypatch.context() as full:

        def refused(*_: Any) -> None:
            raise OutputError("the disk is full")

        full.setattr("lib_bootcamp.core.files.inside.Inside.write", refused)
        assert jobs.run_here(number, FakeProgress(), Stop()).state == "failed"
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"
    assert not [each for each in jobs.events(number, trusted=True) if each.kind == "warning"]


def test_a_state_stays_while_its_job_can_be_resumed_and_goes_with_it(
    jobs: Jobs, host: StandaloneHost, tmp_path: Path
) -> None:
    first = create(jobs, tmp_path)
    paused(jobs, first, 3)
    same = create(jobs, tmp_path)
    paused(jobs, same, 2)
    for at in range(5):
        other = create(jobs, tmp_path / f"other{at}", steps=1)
        assert jobs.run_here(other, FakeProgress(), Stop()).state == "done"
    assert states(host) == {str(first), str(same)}
    info = jobs.run_here(first, FakeProgress(), Stop())
    assert (info.state, jobs.events(first, trusted=True)[-1].kind) == ("done", "progress")
    assert not [each for each in jobs.events(first, trusted=True) if each.kind == "warning"]
    jobs.remove(same, trusted=True)
    last = create(jobs, tmp_path / "last", steps=1)
    jobs.run_here(last, FakeProgress(), Stop())
    assert states(host) == set()


def test_what_is_done_again_can_be_paused_between_its_steps(jobs: Jobs, host: StandaloneHost, tmp_path: Path) -> None:
    number = create(jobs, tmp_path)
    paused(jobs, number, 4)
    for each in (host.data_dir() / "training").glob(f"state-*-{number}/state.safetensors"):
        each.unlink()

    class TwiceAgain(FakeProgress):
        def cancelled(self) -> bool:
            return len(self.steps) > 3

    info = jobs.run_here(number, TwiceAgain(), Stop())
    assert (info.state, info.done) == ("paused", 4)
    notes = [each.facts["sentence"] for each in jobs.events(number, trusted=True) if each.kind == "warning"]
    assert notes == ["The state of this training is missing: its first 4 steps are done again."]
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"


def test_resumed_from_another_place_it_is_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fixed = TRAIN.job.fixed  # type: ignore[union-attr]
    assert fixed(TRAIN.params_from({"folder": "."})).folder == str(tmp_path)
    assert fixed(TRAIN.params_from({"folder": "~/a"})).folder == "~/a"
