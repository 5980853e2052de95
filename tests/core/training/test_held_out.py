"""Pictures that are not learned from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.training.held_out import LEAST, split


def examples(number: int) -> Any:
    return tuple(SimpleNamespace(identity=f"picture {each}") for each in range(number))


@given(st.integers(0, 40), st.floats(0, 0.5), st.integers(0, 5))
def test_each_picture_is_in_one_part_and_enough_are_left(number: int, share: float, seed: int) -> None:
    given_examples = examples(number)
    learned, held = split(given_examples, share, seed)
    assert sorted((*learned, *held), key=given_examples.index) == list(given_examples)
    assert (learned, held) == split(given_examples, share, seed)
    if held:
        assert len(learned) >= LEAST
        assert abs(len(held) - share * number) <= 1


def test_without_a_share_none_is_held_out() -> None:
    assert split(examples(9), 0.0, 1) == (examples(9), ())


def test_another_seed_holds_out_others() -> None:
    assert len({tuple(each.identity for each in split(examples(20), 0.2, seed)[1]) for seed in range(5)}) > 1
