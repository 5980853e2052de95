"""Thinning, minimum length and thickness, on shapes that can be counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.maps.lines import drop_short, thicken, thin

DRAWINGS = arrays(np.bool_, st.tuples(st.integers(1, 20), st.integers(1, 20))).map(lambda each: each * np.uint8(255))


def pieces(lines):
    return opencv().connectedComponents((lines > 0).astype(np.uint8), connectivity=8)[0]


def test_a_bar_of_five_rows_becomes_its_middle_row():
    lines = np.zeros((11, 30), dtype=np.uint8)
    lines[3:8, 4:26] = 255
    made = thin(lines)
    assert set(np.nonzero(made)[0]) == {5}
    assert (made[5] > 0).sum() == pytest.approx(18, abs=2)
    assert set(np.unique(made)) == {0, 255}


def test_a_bar_at_the_pictures_side_is_thinned_too():
    lines = np.zeros((9, 20), dtype=np.uint8)
    lines[:3] = 255
    assert (thin(lines) > 0).sum(0).max() == 1


def test_a_line_of_one_pixel_stays():
    lines = np.zeros((7, 12), dtype=np.uint8)
    lines[3, 2:10] = 255
    assert np.array_equal(thin(lines), lines)


def test_a_ring_stays_a_ring():
    y, x = np.mgrid[:41, :41] - 20
    ring = ((np.hypot(x, y) > 10) & (np.hypot(x, y) < 15)) * np.uint8(255)
    made = thin(ring)
    assert pieces(made) == 2
    assert pieces(255 - thicken(made, 3)) == 3


@pytest.mark.thorough
@settings(max_examples=80)
@given(DRAWINGS)
def test_thinning_never_joins_or_adds(lines):
    made = thin(lines)
    assert not (made > lines).any()
    assert np.array_equal(thin(made), made)
    assert pieces(made) <= pieces(lines)


def test_lines_shorter_than_the_length_are_dropped():
    lines = np.zeros((9, 20), dtype=np.uint8)
    lines[1, 2:7] = 255
    lines[5, 2:8] = 255
    assert set(np.nonzero(drop_short(lines, 6))[0]) == {5}
    assert np.array_equal(drop_short(lines, 5), lines)


def test_a_slanting_line_is_as_long_as_its_pixels():
    lines = np.eye(8, dtype=np.uint8) * 255
    assert drop_short(lines, 8).max() == 255
    assert drop_short(lines, 9).max() == 0


def test_a_pen_of_three_draws_three_rows():
    lines = np.zeros((9, 20), dtype=np.uint8)
    lines[4, 5:15] = 255
    assert (thicken(lines, 3)[:, 10] > 0).sum() == 3
    assert thicken(lines, 1) is lines
