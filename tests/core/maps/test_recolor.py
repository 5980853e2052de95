"""Conditioning and color transfer, on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.maps.recolor import conditioning, transfer, with_lightness


def to_lab(image):
    return opencv().cvtColor((image / 255).astype(np.float32), opencv().COLOR_RGB2LAB)


RED = np.full((2, 3, 3), (255, 0, 0), dtype=np.uint8)
PICTURES = arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3)))


@pytest.mark.parametrize(
    ("kind", "color", "gray"),
    [
        ("luminance", (255, 0, 0), 136),  # L* 53.24
        ("luminance", (0, 0, 255), 82),  # L* 32.30: what red gives where red and blue are mixed up
        ("intensity", (255, 0, 0), 255),
        ("intensity", (10, 20, 30), 30),
        ("hsi", (255, 0, 0), 85),
        ("hsi", (10, 20, 33), 21),
        ("hsi", (0, 0, 1), 0),
        ("hsi", (0, 1, 1), 1),
    ],
)
def test_a_color_has_the_gray_worked_out_by_hand(kind, color, gray):
    assert (conditioning(np.full((2, 2, 3), color, dtype=np.uint8), kind) == gray).all()


def test_reinhard_gives_the_reference_its_mean_and_spread():
    rng = np.random.default_rng(0)
    image = rng.integers(90, 140, (40, 50, 3), dtype=np.uint8)
    reference = (rng.integers(100, 120, (30, 30, 3)) + np.array((30, 0, 10))).astype(np.uint8)
    made = to_lab(transfer(image, reference, "reinhard")).reshape(-1, 3)
    wanted = to_lab(reference).reshape(-1, 3)
    assert made.mean(0) == pytest.approx(wanted.mean(0), abs=0.7)
    assert made.std(0) == pytest.approx(wanted.std(0), abs=0.7)


def test_reinhard_on_a_picture_of_one_color_is_the_references_mean():
    made = transfer(RED, np.full((4, 4, 3), (20, 90, 160), dtype=np.uint8), "reinhard")
    assert np.abs(made.astype(int) - (20, 90, 160)).max() <= 3


def test_a_matched_histogram_takes_the_references_two_values():
    image = np.array([[10, 10, 20, 20]], dtype=np.uint8)
    reference = np.array([[100, 200], [100, 200]], dtype=np.uint8)
    assert transfer(image, reference, "histogram")[:, :, 0].tolist() == [[100, 100, 200, 200]]


def test_a_picture_matched_to_itself_stays():
    image = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    assert np.array_equal(transfer(image, image, "histogram"), image)
    assert np.abs(transfer(image, image, "reinhard").astype(int) - image).mean() <= 1


def test_half_the_strength_is_half_the_way():
    image, reference = np.full((2, 2, 3), 100, np.uint8), np.full((2, 2, 3), 200, np.uint8)
    assert (transfer(image, reference, "histogram", 0.5) == 150).all()


def test_the_lightness_is_the_second_pictures():
    colors = np.full((3, 3, 3), (120, 130, 150), dtype=np.uint8)
    made = with_lightness(colors, np.full((3, 3), 128, dtype=np.uint8))
    assert to_lab(made)[0, 0, 0] == pytest.approx(53.6, abs=0.3)
    assert to_lab(made)[0, 0, 1:] == pytest.approx(to_lab(colors)[0, 0, 1:], abs=1)


@pytest.mark.thorough
@settings(max_examples=60)
@given(PICTURES, PICTURES, st.sampled_from(["reinhard", "histogram"]), st.floats(0, 1))
def test_any_two_pictures_give_one_of_the_first_ones_size(image, reference, kind, strength):
    before = image.copy()
    made = transfer(image, reference, kind, strength, keep_lightness=strength > 0.5)
    assert made.shape == image.shape
    assert made.dtype == np.uint8
    assert np.array_equal(image, before)


@settings(max_examples=40)
@given(PICTURES)
def test_the_mean_of_the_channels_is_rounded_to_the_nearest(image):
    exact = image.astype(int).sum(2) / 3
    assert np.abs(conditioning(image, "hsi") - exact).max() <= 0.5
