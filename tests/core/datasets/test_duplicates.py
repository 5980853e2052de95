"""Perceptual hashes, sharpness and groups: known changes of a picture, and numbers worked out by hand."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil
from PIL import ImageFilter

from lib_bootcamp.core.datasets.duplicates import (
    Groups,
    PictureHash,
    alike,
    distance,
    hash_rows,
    perceptual_hash,
    sharpness,
)
from lib_bootcamp.core.images.arrays import Image


def scene(seed: int, width: int = 640, height: int = 480) -> Image:
    """Soft blobs: the low frequencies of a photograph."""
    grid = np.random.default_rng(seed).integers(0, 256, (7, 9), dtype=np.uint8)
    return np.asarray(Pil.fromarray(grid).resize((width, height), Pil.Resampling.BICUBIC))


def hashed(gray: Image) -> PictureHash:
    made = perceptual_hash(gray)
    assert made is not None
    return made


def test_a_wave_across_is_known_by_its_own_coefficient() -> None:
    # cos(2 pi (x + 1/2) k / 2 / 32) along x is one coefficient of the DCT: row 0, which is left out, and nothing else;
    # the same times a half wave down is the coefficient (1, 3), the third bit of the first row of eight.
    x = np.arange(32)
    across, down = (np.cos(np.pi * (x + 0.5) * k / 32) for k in (3, 1))
    gray = (128 + 100 * np.outer(down, across)).round().astype(np.uint8)
    made = hashed(gray)
    assert made.upright >> (63 - 2) & 1 == 1
    assert made.mirrored >> (63 - 2) & 1 == 0  # an odd wave turns its sign in a mirror


@pytest.mark.parametrize("seed", range(8))
def test_the_hash_of_the_mirror_image_is_known_without_making_it(seed: int) -> None:
    gray = scene(seed)
    turned = hashed(np.ascontiguousarray(gray[:, ::-1]))
    assert distance(hashed(gray).mirrored, turned.upright) <= 1
    assert distance(hashed(gray).upright, turned.mirrored) <= 1
    assert distance(hashed(gray).upright, turned.upright) > 16


@pytest.mark.parametrize("seed", range(8))
def test_scaling_compressing_and_brightening_change_few_bits(seed: int) -> None:
    gray = scene(seed)
    first = hashed(gray).upright
    small = np.asarray(Pil.fromarray(gray).resize((201, 151), Pil.Resampling.LANCZOS))
    file = io.BytesIO()
    Pil.fromarray(gray).save(file, "JPEG", quality=20)
    pressed = np.asarray(Pil.open(file))
    bright = np.clip(gray.astype(np.int16) // 2 + 60, 0, 255).astype(np.uint8)
    assert [distance(first, hashed(each).upright) <= 4 for each in (small, pressed, bright)] == [True] * 3


def test_different_pictures_differ_in_about_half_of_the_bits() -> None:
    hashes = [hashed(scene(seed)).upright for seed in range(24)]
    found = [distance(one, other) for at, one in enumerate(hashes) for other in hashes[at + 1 :]]
    assert min(found) > 8
    assert 28 < np.mean(found) < 36


def test_a_picture_of_one_tone_has_no_hash() -> None:
    assert perceptual_hash(np.full((64, 64), 7, np.uint8)) is None


def test_distance_counts_bits() -> None:
    assert distance(0b1011, 0b0010) == 2
    assert distance(0, 2**64 - 1) == 64


@pytest.mark.thorough
@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=12))
def test_products_of_hash_rows_give_distances(hashes: list[int]) -> None:
    products = hash_rows(hashes) @ hash_rows(hashes).T
    assert [[64 - 2 * distance(a, b) for b in hashes] for a in hashes] == products.tolist()


def test_blur_lowers_sharpness_step_by_step() -> None:
    noisy = Pil.fromarray(np.random.default_rng(1).integers(0, 256, (512, 512), dtype=np.uint8))
    values = [sharpness(np.asarray(noisy.filter(ImageFilter.GaussianBlur(radius)))) for radius in (0, 1, 2, 4)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 100 * values[2]


def test_sharpness_of_a_checkered_board_is_that_of_its_arithmetic() -> None:
    # each pixel is 8-neighborless in the 4-neighbor Laplacian: sum of four neighbors minus four times itself
    board = (np.indices((512, 512)).sum(0) % 2 * 100).astype(np.uint8)
    assert sharpness(board) == pytest.approx(400.0**2, rel=0.01)


def test_size_hardly_changes_sharpness() -> None:
    large = np.asarray(Pil.fromarray(scene(3)).resize((2048, 1536), Pil.Resampling.BICUBIC))
    assert sharpness(large) == pytest.approx(sharpness(scene(3)), rel=0.3, abs=1)


def listed(rows: np.ndarray, least: float) -> list[list[int]]:
    groups = Groups(len(rows))
    for one, others in alike(rows, least):
        groups.join(one, others)
    return groups.listed()


def test_groups_join_chains() -> None:
    # 1 is near 0 and 2, which are not near each other: one group
    rows = np.array([[1, 0], [0.8, 0.6], [0.28, 0.96], [-1, 0]], np.float32)
    assert listed(rows, 0.75) == [[0, 1, 2]]
    assert listed(rows, 0.9) == []


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), min_size=0, max_size=40), st.data())
def test_groups_are_those_of_a_search_without_blocks(kinds: list[int], data: st.DataObject) -> None:
    rows = np.eye(4, dtype=np.float32)[kinds].reshape(len(kinds), 4)
    wanted = [[at for at, each in enumerate(kinds) if each == kind] for kind in dict.fromkeys(kinds)]
    assert listed(rows, 0.5) == sorted(each for each in wanted if len(each) > 1)


def test_more_rows_than_a_block_are_all_compared() -> None:
    rng = np.random.default_rng(0)
    rows = rng.choice(np.array([-1, 1], np.float32), (1500, 64))
    rows[1400] = rows[3]
    rows[700] = rows[1400]
    assert listed(rows, 63.5) == [[3, 700, 1400]]
