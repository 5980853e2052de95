"""Class pictures: how each is known, and how often it comes."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.training.chance import MAX_SEED
from lib_bootcamp.core.training.class_pictures import (
    drawn_examples,
    file_of,
    key_of,
    missing_of,
    repeats_for,
    seed_of,
)
from lib_bootcamp.core.training.examples import sizes_for

from .test_examples import picture

SIZES = sizes_for(64, 32)


@given(st.integers(0, 500), st.integers(0, 300))
def test_together_they_come_as_often_as_the_concepts_own(total: int, count: int) -> None:
    repeats = repeats_for(total, count)
    assert len(repeats) == count
    assert sum(repeats) == (total if count else 0)
    assert not repeats or max(repeats) - min(repeats) <= 1


def test_another_prompt_checkpoint_or_setting_has_another_place() -> None:
    keys = {
        key_of(*each)
        for each in (("a dog", "w", {"steps": 20}), ("a cat", "w", {"steps": 20}), ("a dog", "v", {"steps": 20}))
    }
    assert len(keys | {key_of("a dog", "w", {"steps": 21})}) == 4
    assert key_of("a dog", "w", {"a": 1, "b": 2}) == key_of("a dog", "w", {"b": 2, "a": 1})


def test_each_has_a_seed_of_its_own() -> None:
    seeds = [seed_of("key", number) for number in range(200)]
    assert len(set(seeds)) == 200
    assert all(0 <= each <= MAX_SEED for each in seeds)
    assert seed_of("other", 0) != seeds[0]


def test_those_that_cannot_be_read_are_missing(tmp_path: Path) -> None:
    picture(tmp_path / file_of(0))
    (tmp_path / file_of(1)).write_bytes(b"cut off")
    assert missing_of(tmp_path, 3) == [1, 2]
    assert missing_of(tmp_path / "none", 2) == [0, 1]


def test_a_plan_has_those_too_that_are_not_drawn_yet(tmp_path: Path) -> None:
    picture(tmp_path / file_of(1))
    there = drawn_examples(tmp_path, 3, "a dog", 64, SIZES, planned=False)
    assert [each.path.name for each in there] == [file_of(1)]
    planned = drawn_examples(tmp_path, 3, "a dog", 64, SIZES, planned=True)
    assert [each.path.name for each in planned] == [file_of(at) for at in range(3)]
    assert len({each.identity for each in planned}) == 3
    assert {(each.caption, each.source, each.placed.bucket) for each in planned} == {("a dog", "drawn", (64, 64))}
