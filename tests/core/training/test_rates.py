"""The learning rate's way."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from lib_bootcamp.core.training.rates import TITLES, Rates, Schedule


@pytest.mark.parametrize("schedule", get_args(Schedule))
def test_it_rises_to_the_highest_and_never_leaves_its_bounds(schedule: Schedule) -> None:
    rates = Rates(schedule=schedule, steps=200, warmup=0.1)
    found = [rates.at(step) for step in range(200)]
    assert all(0 < each <= 1 for each in found)
    assert found[:20] == sorted(found[:20])
    assert max(found) == pytest.approx(1)
    assert schedule in TITLES


@pytest.mark.parametrize("schedule", [each for each in get_args(Schedule) if each not in {"constant"}])
def test_it_ends_near_the_floor(schedule: Schedule) -> None:
    assert Rates(schedule=schedule, steps=2000, warmup=0.05).at(1999) < 0.06


def test_cosine_is_half_a_wave_down_to_two_percent() -> None:
    rates = Rates(steps=100, warmup=0)
    assert rates.at(50) == pytest.approx(0.02 + 0.98 * 0.5)
    assert rates.at(25) == pytest.approx(0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi / 4)))


def test_restarts_rise_again() -> None:
    rates = Rates(schedule="cosine-restarts", steps=100, warmup=0, cycles=2)
    assert rates.at(49) < 0.05
    assert rates.at(50) == pytest.approx(1)


def test_one_step_is_at_the_full_rate() -> None:
    assert Rates(steps=1).at(0) == pytest.approx(1)
