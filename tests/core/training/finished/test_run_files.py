"""The files of one training."""

from __future__ import annotations

from pathlib import Path

from lib_bootcamp.core.training.finished.run_files import files_of_run, spread_over


def test_they_are_in_the_order_of_steps_and_the_last_one_has_no_number() -> None:
    there = ["cat-1000000", "cat", "cat-000900", "cat-000020", "cat-2", "cats", "cat-000020-000040", "dog-000020"]
    files = [f"{each}.safetensors" for each in there]
    found = files_of_run("cat", [*files, "cat.png", "cat-000030.json"], Path("out"))
    assert [each.stem for each in found] == ["cat-000020", "cat-000900", "cat-1000000", "cat"]
    assert {each.parent for each in found} == {Path("out")}
    assert [each.stem for each in files_of_run("cat-000020", files, Path("out"))] == ["cat-000020-000040", "cat-000020"]


def test_of_many_some_are_taken_at_equal_distances_the_ends_among_them() -> None:
    assert spread_over(range(5000), 5) == [0, 1250, 2500, 3749, 4999]
    assert spread_over([1, 2, 3], 3) == [1, 2, 3]
