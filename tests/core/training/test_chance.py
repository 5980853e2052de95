"""The order and the chance of a training."""

from __future__ import annotations

from collections import Counter

import pytest

from lib_bootcamp.core.training.chance import Batches, Chance, torch_seed


def test_a_step_draws_the_same_whatever_was_drawn_before() -> None:
    one, other = Chance(7), Chance(7)
    for step in range(5):
        one.of_step(step).random(step + 1)
    assert one.of_step(9).random() == other.of_step(9).random()


def test_steps_parts_epochs_samples_and_seeds_draw_differently() -> None:
    drawn = [
        *(Chance(7).of_step(step, part).random() for step in range(20) for part in range(3)),
        *(Chance(7).of_epoch(epoch).random() for epoch in range(20)),
        *(Chance(8).of_step(step).random() for step in range(20)),
    ]
    assert len(set(drawn)) == len(drawn)
    assert Chance(7).of_sample(1) != Chance(7).of_sample(2)
    assert 0 <= torch_seed(Chance(7).of_step(1)) < 2**63


def batches(seed: int = 1, size: int = 4) -> Batches:
    return Batches(["wide"] * 5 + ["tall"] * 3, [1] * 7 + [3], size, Chance(seed))


def test_an_epoch_has_each_example_as_often_as_it_is_repeated_and_a_little_more_to_fill() -> None:
    made = batches()
    assert made.per_epoch == 4  # five wide in two batches, five tall (three times the last) in two
    for epoch in range(3):
        seen = Counter(each for at in range(4) for each in made.at(4 * epoch + at))
        assert sum(seen.values()) == 16
        assert all(seen[each] >= 1 for each in range(7))
        assert seen[7] >= 3


def test_a_batch_has_one_size_of_pictures_and_is_full() -> None:
    made = batches()
    for number in range(40):
        found = made.at(number)
        assert len(found) == 4
        assert len({each < 5 for each in found}) == 1


def test_a_batch_is_the_same_asked_for_in_any_order() -> None:
    one, other = batches(), batches()
    forward = [one.at(number) for number in range(30)]
    assert [other.at(number) for number in reversed(range(30))] == forward[::-1]
    assert forward != [batches(seed=2).at(number) for number in range(30)]
    assert forward[:4] != forward[4:8]


def test_nothing_to_train_on_is_said() -> None:
    with pytest.raises(ValueError, match="nothing"):
        Batches([], [], 1, Chance(1)).at(0)
