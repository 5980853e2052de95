"""A series of drawings as a job of steps: each is in the journal when its file is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.images.codec import read_png_text
from lib_bootcamp.errors import ModelError, NotAllowedError, OutputError
from lib_bootcamp.job import Event, Step, StepsJob
from lib_bootcamp.jobs.facts import JobStateError
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from lib_bootcamp.operations.draw.series import with_series
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, Txt2ImgResult
from tests.fakes import FakeHost, FakeProgress

from .fake_job import Killed


class Drawing:
    """Draws a gray of the seed; `before` may raise for one."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.asked: list[Any] = []
        self.before: Any = lambda seed: None

    def __call__(self, params: Any, context: Context) -> Txt2ImgResult:
        self.before(params.seed)
        self.seeds.append(params.seed)
        self.asked.append(params)
        image = np.full((8, 8, 3), params.seed % 256, np.uint8)
        return Txt2ImgResult(image=image, seed=params.seed, width=8, height=8, checkpoint="fake")


@pytest.fixture
def drawing() -> Drawing:
    return Drawing()


def opened(folder: Path, drawing: Drawing, *allowed: Path) -> Jobs:
    operation = with_series(replace(TXT2IMG, run=drawing))
    return Jobs(FakeHost(data_dir=folder, allowed=allowed), {"txt2img": operation}.__getitem__, folder)


@pytest.fixture
def jobs(tmp_path: Path, drawing: Drawing) -> Iterator[Jobs]:
    made = opened(tmp_path / "data", drawing)
    yield made
    made.close()


def create(jobs: Jobs, out: Path, *, trusted: bool = True, **values: Any) -> int:
    given = {"prompt": "a cat", "count": 4, "seed": 10, "output_folder": str(out), **values}
    return jobs.create("txt2img", given, trusted=trusted)


def files(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def test_each_step_is_a_picture_of_the_next_seed(jobs: Jobs, tmp_path: Path) -> None:
    out = tmp_path / "new" / "drawn"
    reported: list[Event] = []
    info = jobs.run_here(create(jobs, out), FakeProgress(), Stop(), reported.append)
    assert (info.kind, info.state, info.total, info.done) == ("steps", "done", 4, 4)
    assert files(out) == [f"txt2img-{seed}.png" for seed in (10, 11, 12, 13)]
    assert '"seed": 12' in read_png_text(out / "txt2img-12.png")["bootcamp"]
    assert [each.facts["seed"] for each in reported] == [10, 11, 12, 13]
    assert [(each.kind, each.facts["seed"]) for each in jobs.events(info.id, trusted=True, after=2)] == [
        ("sample", 12),
        ("sample", 13),
    ]


@pytest.mark.parametrize("when", ["while a step is worked on", "while its file is written", "after it"])
def test_a_crash_repeats_the_step_it_was_in_and_no_other(
    when: str, tmp_path: Path, drawing: Drawing, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "drawn"
    jobs = opened(tmp_path / "data", drawing)
    number = create(jobs, out)
    write = Inside.write

    def crash(*_: Any) -> None:
        raise Killed

    def killed(inside: Inside, path: Path, data: bytes) -> None:
        if path.name == "txt2img-12.png":
            if when == "after it":
                write(inside, path, data)
            raise Killed
        write(inside, path, data)

    if when == "while a step is worked on":
        drawing.before = lambda seed: crash() if seed == 12 else None
    else:
        monkeypatch.setattr(Inside, "write", killed)
    with pytest.raises(Killed):
        jobs.run_here(number, FakeProgress(), Stop())
    monkeypatch.setattr(Inside, "write", write)
    drawing.before = lambda seed: None
    jobs.close()
    jobs = opened(tmp_path / "data", drawing)
    assert jobs.info(number, trusted=True).state == "interrupted"
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"
    assert drawing.seeds.count(10) == drawing.seeds.count(11) == drawing.seeds.count(13) == 1
    assert files(out) == [f"txt2img-{seed}.png" for seed in (10, 11, 12, 13)]
    assert jobs.undo(number, trusted=True).skipped == ()
    assert not out.exists()
    jobs.close()


def test_paused_it_goes_on_where_it_was(jobs: Jobs, tmp_path: Path, drawing: Drawing) -> None:
    stop = Stop()
    drawing.before = lambda seed: stop.set() if seed == 11 else None
    number = create(jobs, tmp_path / "drawn")
    paused = jobs.run_here(number, FakeProgress(), stop)
    assert (paused.state, paused.done) == ("paused", 2)
    assert jobs.run_here(number, FakeProgress(), Stop()).done == 4
    assert drawing.seeds == [10, 11, 12, 13]


def test_chance_is_decided_once(jobs: Jobs, tmp_path: Path, drawing: Drawing) -> None:
    stop = Stop()
    drawing.before = lambda seed: stop.set()
    number = create(jobs, tmp_path / "drawn", seed=-1)
    jobs.run_here(number, FakeProgress(), stop)
    drawing.before = lambda seed: None
    jobs.run_here(number, FakeProgress(), Stop())
    first = drawing.seeds[0]
    assert drawing.seeds == [(first + each) % 2**32 for each in range(4)]


def test_undo_gives_back_what_was_there(jobs: Jobs, tmp_path: Path) -> None:
    out = tmp_path / "drawn"
    out.mkdir()
    (out / "txt2img-11.png").write_bytes(b"mine")
    number = create(jobs, out)
    jobs.run_here(number, FakeProgress(), Stop())
    jobs.undo(number, trusted=True)
    assert files(out) == ["txt2img-11.png"]
    assert (out / "txt2img-11.png").read_bytes() == b"mine"


def test_a_mistake_ends_it_with_its_sentence_and_resume_tries_again(
    jobs: Jobs, tmp_path: Path, drawing: Drawing
) -> None:
    def fails(seed: int) -> None:
        if seed == 12:
            raise ModelError("There is no checkpoint.")

    drawing.before = fails
    number = create(jobs, tmp_path / "drawn")
    failed = jobs.run_here(number, FakeProgress(), Stop())
    assert (failed.state, failed.done, failed.error) == ("failed", 2, "There is no checkpoint.")
    drawing.before = lambda seed: None
    assert jobs.run_here(number, FakeProgress(), Stop()).state == "done"


def test_a_file_that_cannot_be_written_ends_it_and_is_no_step(
    jobs: Jobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise OutputError("It cannot be written.")

    number = create(jobs, tmp_path / "drawn")
    with monkeypatch.context() as patch:
        patch.setattr(Inside, "write", fails)
        assert jobs.run_here(number, FakeProgress(), Stop()).error == "It cannot be written."
    assert jobs.run_here(number, FakeProgress(), Stop()).done == 4


def test_one_job_at_a_time_writes_into_a_folder(jobs: Jobs, tmp_path: Path) -> None:
    create(jobs, tmp_path / "drawn")
    with pytest.raises(JobStateError, match="Job 1 works on this folder already"):
        create(jobs, tmp_path / "drawn" / "deep")
    create(jobs, tmp_path / "others")


def test_callers_write_into_allowed_folders_alone(tmp_path: Path, drawing: Drawing) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    jobs = opened(tmp_path / "data", drawing, mine)
    with pytest.raises(NotAllowedError):
        create(jobs, tmp_path / "other", trusted=False)
    number = create(jobs, mine / "drawn", trusted=False)
    assert jobs.run_here(number, FakeProgress(), Stop()).done == 4
    jobs.close()


def test_a_step_holds_the_hosts_queue_which_is_free_before_the_next(
    jobs: Jobs, tmp_path: Path, drawing: Drawing
) -> None:
    host = cast("FakeHost", jobs.host)
    seen: list[int] = []
    drawing.before = lambda seed: seen.append(len(host.jobs))
    jobs.run_here(create(jobs, tmp_path / "drawn"), FakeProgress(), Stop())
    assert seen == [1, 2, 3, 4]
    assert host.jobs == [TXT2IMG.title] * 4


def test_the_map_that_drawings_follow_is_kept_with_the_job(jobs: Jobs, tmp_path: Path, drawing: Drawing) -> None:
    guide = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    number = create(jobs, tmp_path / "drawn", guide_map=guide, guide_strength=0.25)
    jobs.run_here(number, FakeProgress(), Stop())
    assert [each.guide_strength for each in drawing.asked] == [0.25] * 4
    np.testing.assert_array_equal(drawing.asked[-1].guide_map, guide)


class Catching:
    """Steps of which the first ones are done again when it goes on."""

    total = 4

    def steps(self, done: int) -> Iterator[Step]:
        for number in range(done):
            yield Step(events=(Event(kind="warning", facts={"again": number}),), again=True)
        for number in range(done, self.total):
            yield Step(events=(Event(kind="progress", facts={"step": number}),))

    def forget(self) -> None:
        self.forgotten = True


def test_steps_that_are_done_again_take_turns_can_be_paused_and_count_for_nothing(tmp_path: Path) -> None:
    operation = with_series(TXT2IMG)
    job = replace(cast("StepsJob[Any]", operation.job), work=lambda *_: Catching())
    host = FakeHost(data_dir=tmp_path / "data")
    jobs = Jobs(host, {"txt2img": replace(operation, job=job)}.__getitem__, tmp_path / "data")
    number = create(jobs, tmp_path / "out")
    assert jobs.run_here(number, FakeProgress(stop_after=3), Stop()).done == 3
    host.jobs.clear()
    progress = FakeProgress()
    progress.cancelled = lambda: len(host.jobs) >= 2  # type: ignore[method-assign]
    info = jobs.run_here(number, progress, Stop())
    assert (info.state, info.done, len(host.jobs)) == ("paused", 3, 2)
    host.jobs.clear()
    info = jobs.run_here(number, FakeProgress(), Stop())
    assert (info.state, info.done, len(host.jobs)) == ("done", 4, 4)
    facts = [each.facts for each in jobs.events(number, trusted=True)]
    assert facts == [*({"step": at} for at in range(3)), *({"again": at} for at in (0, 1, 0, 1, 2)), {"step": 3}]
    jobs.close()
