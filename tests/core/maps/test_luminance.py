from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.images.strips import THREADED_FROM
from lib_bootcamp.core.maps.luminance import luminance

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def value(color, kind):
    return int(luminance(np.array([[color]], dtype=np.uint8), kind)[0, 0])


@pytest.mark.parametrize(
    ("color", "kind", "expected"),
    [
        # L* of the sRGB primaries: 53.24, 87.73, 32.30; times 2.55.
        (RED, "lstar", 136),
        (GREEN, "lstar", 224),
        (BLUE, "lstar", 82),
        (WHITE, "lstar", 255),
        (BLACK, "lstar", 0),
        # (128/255 + 0.055) / 1.055 to the power 2.4 is 0.21586: L* = 116 * 0.59983 - 16 = 53.585.
        ((128, 128, 128), "lstar", 137),
        # 255 * 0.2126, 0.7152, 0.0722, 0.21586.
        (RED, "linear", 54),
        (GREEN, "linear", 182),
        (BLUE, "linear", 18),
        ((128, 128, 128), "linear", 55),
        # 255 * 0.299, 0.587, 0.114.
        (RED, "luma", 76),
        (GREEN, "luma", 150),
        (BLUE, "luma", 29),
        ((10, 200, 30), "max", 200),
        ((10, 20, 30), "max", 30),
        ((210, 20, 30), "max", 210),
    ],
)
def test_a_color_has_its_known_luminance(color, kind, expected):
    assert value(color, kind) == expected


def exact_lstar(rgb):
    encoded = rgb.astype(np.float64) / 255
    light = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    y = light @ [0.2126, 0.7152, 0.0722]
    return 2.55 * np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, 24389 / 27 * y)


def test_lstar_is_within_one_level_of_the_exact_formula_all_over_the_cube():
    steps = np.arange(0, 256, 5, dtype=np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, len(steps), 3)
    assert np.abs(luminance(cube, "lstar") - exact_lstar(cube)).max() < 0.6


@pytest.mark.parametrize("kind", ["lstar", "linear", "luma", "max"])
def test_a_gray_picture_has_the_luminance_of_its_rgb_copy(kind):
    gray = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(luminance(gray, kind), luminance(np.dstack([gray] * 3), kind))


@pytest.mark.parametrize("kind", ["lstar", "linear", "luma", "max"])
def test_brighter_gray_is_never_measured_darker(kind):
    ramp = luminance(np.arange(256, dtype=np.uint8).reshape(1, 256), kind)[0].astype(int)
    assert (np.diff(ramp) >= 0).all()


@pytest.mark.parametrize("kind", ["lstar", "linear", "max"])
def test_a_picture_done_in_parts_equals_its_rows_done_alone(kind):
    image = np.random.default_rng(0).integers(0, 256, (THREADED_FROM // 512 + 7, 515, 3), dtype=np.uint8)
    whole = luminance(image, kind)
    rows = [0, 1, 126, 127, 128, 511, 512, 515, len(image) - 1]
    assert all(np.array_equal(whole[row : row + 1], luminance(image[row : row + 1], kind)) for row in rows)


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(["lstar", "linear", "luma", "max"]), st.booleans())
def test_the_map_is_uint8_of_the_pictures_size_even_for_views(height, width, kind, turned):
    image = np.random.default_rng(height * width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    image = image[::-1, ::-1] if turned else image
    before = image.copy()
    out = luminance(image, kind)
    assert out.shape == (height, width)
    assert out.dtype == np.uint8
    assert np.array_equal(image, before)
