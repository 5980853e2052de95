"""Jobs on a small folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lib_bootcamp.jobs.manager import Jobs
from tests.jobs.fake_job import Script, jobs_of


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with ten pictures, `0.img` to `9.img`."""
    folder = tmp_path / "set"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.img").write_bytes(b"picture")
    return folder


@pytest.fixture
def processes(tmp_path: Path, script: Script) -> Iterator[Callable[..., Jobs]]:
    """Makes processes with one journal; what each takes as its own is as good as in another process."""
    made: list[Jobs] = []

    def make(own: Script | None = None, **options: object) -> Jobs:
        made.append(jobs_of(tmp_path / "jobs", own or script, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def jobs(processes: Callable[..., Jobs]) -> Jobs:
    return processes()
