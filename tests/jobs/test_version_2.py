"""A journal of the second version, as the program of November 2026 left it: one job done, one killed while it wrote."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_bootcamp.catalog import find
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.jobs.manager import Jobs
from lib_bootcamp.jobs.progress import Stop
from tests.fakes import FakeHost, FakeProgress

LEFT = Path(__file__).parent / "version_2"
EDGES, BRIGHTNESS = 1, 2


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LEFT / "set", tmp_path / "set"))


@pytest.fixture
def jobs(tmp_path: Path, root: Path) -> Iterator[Jobs]:
    data = tmp_path / "jobs"
    data.mkdir()
    path = Path(shutil.copy(LEFT / "jobs.sqlite", data))
    with contextlib.closing(sqlite3.connect(path)) as old:
        for number, params in old.execute("SELECT id, params FROM jobs").fetchall():
            moved = json.dumps({**json.loads(params), "folder": str(root)})
            old.execute("UPDATE jobs SET folder = ?, params = ? WHERE id = ?", (os.fsencode(root), moved, number))
        old.commit()
    opened = Jobs(FakeHost(data_dir=data), find, data)
    yield opened
    opened.close()


def maps(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("maps/*/*.png"))


def test_its_jobs_are_listed(jobs: Jobs) -> None:
    assert [(each.operation, each.state) for each in jobs.listed(trusted=True)] == [
        ("brightness", "interrupted"),
        ("edges", "done"),
    ]


def test_their_parameters_have_the_names_of_now(jobs: Jobs) -> None:
    brightness, edges = (each.params for each in jobs.listed(trusted=True))
    assert {"posterize"} == {"posterize", "posterise"} & brightness.keys()
    assert {"color", "normalize"} == {"color", "colour", "normalize", "normalise"} & edges.keys()


def test_the_one_that_was_killed_is_finished(jobs: Jobs, root: Path) -> None:
    assert maps(root) == ["maps/brightness/a.png", *(f"maps/edges/{each}.png" for each in "abc")]
    info = jobs.run_here(BRIGHTNESS, FakeProgress(), Stop())
    assert (info.state, info.done) == ("done", 3)
    assert maps(root)[:3] == [f"maps/brightness/{each}.png" for each in "abc"]


def test_both_are_taken_back(jobs: Jobs, root: Path) -> None:
    for number in (BRIGHTNESS, EDGES):
        assert jobs.undo(number, trusted=True).skipped == ()
    assert maps(root) == []


def test_a_second_job_of_the_kind_is_refused_while_it_waits(jobs: Jobs, root: Path) -> None:
    jobs._claim(jobs._row(BRIGHTNESS, trusted=True), "queued", None, among=("interrupted",), done="resumed")
    with pytest.raises(BootcampError, match="Job 2 works on this folder already"):
        jobs.create("brightness", {"folder": str(root)}, trusted=True)
