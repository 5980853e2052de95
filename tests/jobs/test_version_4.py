"""A journal as the version before this one left it: the maps of a folder, with the names that their results had."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_bootcamp.catalog import find
from lib_bootcamp.jobs.manager import Jobs
from tests.fakes import FakeHost


@pytest.fixture
def jobs(tmp_path: Path) -> Iterator[Jobs]:
    shutil.copy(Path(__file__).parent / "version_4" / "jobs.sqlite", tmp_path)
    opened = Jobs(FakeHost(data_dir=tmp_path), find, tmp_path)
    yield opened
    opened.close()


def test_results_of_its_pictures_have_the_names_of_now(jobs: Jobs) -> None:
    results = [each.result for each in jobs.items(1, trusted=True)]
    assert [sorted(each or {}) for each in results] == [["details", "map", "message"]] * 3
    assert [each["message"].partition(":")[0] for each in results if each] == ["Brightness map of 8 x 8"] * 3


def test_the_subfolder_it_was_given_has_its_name_of_now(jobs: Jobs) -> None:
    params = jobs.info(1, trusted=True).params
    assert (params["subfolder"], "into" in params) == ("maps", False)
