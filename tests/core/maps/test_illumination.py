from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.maps.illumination import estimate


def textured(light, seed=0):
    """A surface of fine texture under a light: uint8 [H, W, 3]."""
    texture = np.random.default_rng(seed).uniform(0.7, 1.0, light.shape)
    return np.repeat((255 * light * texture)[:, :, None], 3, axis=2).astype(np.uint8)


def ramp(side=256):
    return np.repeat(np.linspace(0.2, 1, side)[None], side, axis=0)


def test_texture_goes_and_light_stays():
    found = estimate(textured(ramp()), kind="luma").astype(float)[:, 32:-32]
    expected = (255 * 0.85 * ramp())[:, 32:-32]
    assert np.abs(found - expected).max() < 5


def test_it_is_the_gaussian_at_a_sixteenth_of_the_side():
    import cv2

    image = textured(ramp(512))
    exact = cv2.GaussianBlur(image[:, :, 0].astype(np.float32), (0, 0), 32, borderType=cv2.BORDER_REFLECT)
    error = np.abs(estimate(image, kind="luma") - exact)
    assert error.mean() < 0.6
    assert error.max() < 2.5


def test_one_color_is_its_own_light():
    image = np.full((40, 50, 3), (200, 100, 50), dtype=np.uint8)
    assert (estimate(image, color=True) == (200, 100, 50)).all()


def test_a_gray_map_of_red_is_its_luminance():
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    image[:, :, 0] = 255
    assert (estimate(image, kind="lstar") == 136).all()


def halves():
    image = np.full((128, 128), 40, dtype=np.uint8)
    image[:, 64:] = 200
    return image


def test_a_strong_edge_bleeds_without_edge_preserving():
    assert int(estimate(halves(), scale=0.1)[64, 60]) > 70


def test_a_strong_edge_stays_sharp_with_edge_preserving():
    found = estimate(halves(), kind="luma", scale=0.1, edge_threshold=0.1)
    assert int(found[64, 61]) < 50
    assert int(found[64, 66]) > 190


def test_edge_preserving_still_takes_faint_texture_away():
    image = textured(np.full((256, 256), 0.6))
    before, after = image[:, :, 0].std(), estimate(image, kind="luma", edge_threshold=0.5).std()
    assert after < before / 4


def test_a_larger_threshold_smooths_more():
    image = textured(ramp(128))
    rough, smooth = (estimate(image, kind="luma", edge_threshold=each) for each in (0.02, 0.5))
    assert np.abs(np.diff(smooth.astype(int))).mean() < np.abs(np.diff(rough.astype(int))).mean()


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 70),
    st.integers(1, 70),
    st.floats(0.002, 0.5),
    st.booleans(),
    st.sampled_from([None, 0.005, 0.1, 1.0]),
    st.sampled_from(["lstar", "linear", "luma", "max"]),
    st.booleans(),
)
def test_any_picture_has_a_light_within_its_range(height, width, scale, color, threshold, kind, gray):
    shape = (height, width) if gray else (height, width, 3)
    image = np.random.default_rng(height + 100 * width).integers(60, 200, shape, dtype=np.uint8)
    found = estimate(image, scale=scale, kind=kind, color=color, edge_threshold=threshold)
    assert found.dtype == np.uint8
    assert found.shape == ((height, width, 3) if color else (height, width))


@pytest.mark.parametrize("shape", [(1, 1), (1, 5000), (5000, 1), (3, 3, 3)])
@pytest.mark.parametrize("threshold", [None, 0.1])
def test_a_black_picture_has_no_light(shape, threshold):
    assert (estimate(np.zeros(shape, dtype=np.uint8), edge_threshold=threshold) == 0).all()
