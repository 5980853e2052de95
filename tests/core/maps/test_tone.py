from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.maps.blur import blur
from lib_bootcamp.core.maps.tone import apply_table, auto_points, clahe, evaluate_curve, parse_curve, tone_table

UNIT = st.floats(0, 1, allow_nan=False)


def test_the_neutral_table_changes_nothing_and_gives_the_picture_itself():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert apply_table(image, tone_table()) is image


def test_inverting_twice_is_the_identity():
    table = tone_table(invert=True)
    assert np.array_equal(table[table], np.arange(256))


def test_black_and_white_point_become_black_and_white():
    table = tone_table(black_point=51 / 255, white_point=204 / 255)
    # Between them 153 levels are spread over 255: 102 is a third of the way.
    assert [int(table[at]) for at in (0, 51, 102, 204, 255)] == [0, 0, 85, 255, 255]


def test_gamma_two_is_the_square_root():
    # sqrt(64 / 255) * 255 = 127.75
    assert int(tone_table(gamma=2)[64]) == 128


def test_posterizing_to_two_splits_in_the_middle():
    table = tone_table(levels=2)
    assert (table[127], table[128]) == (0, 255)


@pytest.mark.parametrize("levels", [2, 3, 4, 7, 100, 256])
def test_posterizing_leaves_that_many_levels_from_black_to_white(levels):
    values = np.unique(tone_table(levels=levels))
    assert (len(values), values[0], values[-1]) == (levels, 0, 255)


def test_a_straight_curve_changes_nothing():
    assert np.array_equal(tone_table(curve=parse_curve("0,0;1,1")), np.arange(256))


def test_a_curve_runs_through_its_points():
    points = parse_curve("0,0.1; 0.25, 0.5; 0.6,0.4; 1,1")
    at = np.array([point[0] for point in points])
    assert np.allclose(evaluate_curve(points, at), [0.1, 0.5, 0.4, 1])


def test_a_curve_is_level_outside_its_points():
    points = parse_curve("0.25,0.2; 0.75,0.9")
    assert np.allclose(evaluate_curve(points, np.array([0.0, 0.1, 0.8, 1.0])), [0.2, 0.2, 0.9, 0.9])


def test_a_curve_is_between_its_points_where_a_plain_cubic_would_overshoot():
    points = parse_curve("0,0; 0.45,0; 0.55,1; 1,1")
    out = evaluate_curve(points, np.linspace(0, 1, 501))
    assert np.allclose(out[:225], 0)
    assert np.allclose(out[276:], 1)


def test_a_level_curve_on_the_border_of_two_gray_values_does_not_waver():
    assert len(np.unique(tone_table(curve=parse_curve("0,0.5;1,0.5")))) == 1


@pytest.mark.thorough
@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=12, unique_by=lambda point: round(point[0], 2)),
    st.floats(0.1, 10),
)
def test_rising_points_make_a_rising_table(points, gamma):
    xs, ys = (sorted(each) for each in zip(*points, strict=True))
    if min(np.diff(xs)) < 1e-9:
        return
    table = tone_table(curve=list(zip(xs, ys, strict=True)), gamma=gamma).astype(int)
    assert (np.diff(table) >= 0).all()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(UNIT, UNIT), min_size=2, max_size=12, unique_by=lambda point: round(point[0], 3)))
def test_no_curve_leaves_the_range_of_its_points(points):
    points = sorted(points)
    out = evaluate_curve(points, np.linspace(0, 1, 200))
    heights = [point[1] for point in points]
    assert min(heights) - 1e-9 <= out.min()
    assert out.max() <= max(heights) + 1e-9


@pytest.mark.parametrize(
    "text", ["x", "0,0", "0,0;1", "0,0,0;1,1,1", "0,0;1,1.5", "-1,0;1,1", "0.5,0;0.5,1", "1,1;0,0"]
)
def test_an_unreadable_curve_is_refused(text):
    with pytest.raises(ValueError, match="must"):
        parse_curve(text)


@pytest.mark.parametrize("text", ["nan,0;1,1", "0,nan;1,1", "0,0;inf,1"])
def test_a_curve_with_nan_or_infinity_is_refused(text):
    with pytest.raises(ValueError, match="from 0 to 1"):
        parse_curve(text)


def test_an_empty_curve_has_no_points():
    assert parse_curve("  ") == ()


def test_automatic_points_leave_the_share_beyond_them():
    image = np.repeat(np.arange(100, dtype=np.uint8) + 50, 10).reshape(10, 100)
    # 5 % of 100 evenly spread values: 5 below, 5 above.
    assert auto_points(image, 0.05) == (55 / 255, 144 / 255)


def test_automatic_points_of_one_color_are_the_whole_range():
    assert auto_points(np.full((3, 3), 9, dtype=np.uint8), 0.005) == (0.0, 1.0)


def test_local_contrast_spreads_a_flat_picture():
    image = (100 + np.indices((64, 64)).sum(axis=0) % 20).astype(np.uint8)
    assert clahe(image, 4, 4).std() > 1.5 * image.std()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (3, 200)])
def test_local_contrast_takes_pictures_smaller_than_its_tiles(shape):
    assert clahe(np.zeros(shape, dtype=np.uint8), 2, 64).shape == shape


@pytest.mark.parametrize("sigma", [1, 3, 6, 12, 32])
def test_a_blur_is_the_gaussian(sigma):
    import cv2

    image = np.repeat(np.repeat(np.random.default_rng(0).integers(0, 256, (16, 16), dtype=np.uint8), 16, 0), 16, 1)
    exact = cv2.GaussianBlur(image.astype(np.float32), (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    error = np.abs(blur(image, sigma) - exact)
    assert error.mean() < 0.6
    assert error.max() < 3.5


@pytest.mark.parametrize("shape", [(1, 1), (1, 32768), (32768, 3), (2, 5000), (7, 3, 3)])
@pytest.mark.parametrize("sigma", [0.5, 10.0, 5000.0])
def test_a_blur_leaves_one_color_as_it_is_whatever_the_shape(shape, sigma):
    assert (blur(np.full(shape, 77, dtype=np.uint8), sigma) == 77).all()
