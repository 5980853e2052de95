"""How like one map is to another."""

from __future__ import annotations

import numpy as np
import pytest

from lib_bootcamp.core.maps.likeness import likeness

RAMP = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None], 64, 0)


def test_a_map_is_like_itself_at_any_size_and_contrast() -> None:
    flatter = (RAMP // 2 + 60).repeat(2, 0).repeat(2, 1)
    assert likeness(RAMP, RAMP) == pytest.approx(1)
    assert likeness(RAMP, flatter) == pytest.approx(1, abs=0.01)


def test_its_negative_and_what_has_nothing_of_it_are_not() -> None:
    assert likeness(RAMP, 255 - RAMP) == 0
    assert likeness(RAMP, RAMP.T) == pytest.approx(0, abs=0.01)


def test_flat_maps_are_alike_and_a_flat_one_is_not_like_another() -> None:
    gray = np.full_like(RAMP, 128)
    assert likeness(gray, gray) == 1
    assert likeness(RAMP, gray) == 0
