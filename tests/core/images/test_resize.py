from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from lib_bootcamp.core.images.resize import resize, target_size
from lib_bootcamp.errors import InvalidParamError

MODES = ["just_resize", "crop_and_resize", "resize_and_fill"]


def photo(height, width, seed=0):
    small = np.random.default_rng(seed).integers(0, 256, (max(2, height // 48), max(2, width // 48), 3), dtype=np.uint8)
    return np.asarray(Pil.fromarray(small).resize((width, height), Pil.Resampling.BICUBIC))


def test_one_side_keeps_the_proportions():
    assert target_size((1000, 500), 400, None) == (400, 200)
    assert target_size((1000, 500), None, 400) == (800, 400)


def test_no_side_is_the_pictures_own_size():
    assert target_size((123, 45), None, None) == (123, 45)


def test_both_sides_are_taken_as_asked():
    assert target_size((1000, 500), 8, 64) == (8, 64)


def test_a_side_is_never_rounded_to_nothing():
    assert target_size((10000, 1), 100, None) == (100, 1)


def test_proportions_that_make_a_huge_map_are_refused_and_named():
    with pytest.raises(InvalidParamError, match="height makes a map"):
        target_size((32768, 1), None, 8192)


def test_the_own_size_is_the_same_array():
    image = photo(20, 30)
    assert resize(image, 30, 20) is image


def test_crop_keeps_the_middle_and_its_scale():
    image = np.zeros((4, 8), dtype=np.uint8)
    image[:, 2:6] = 200
    assert (resize(image, 4, 4, "crop_and_resize") == 200).all()


def test_crop_of_a_tall_picture_cuts_top_and_bottom():
    image = np.zeros((8, 4), dtype=np.uint8)
    image[2:6] = 200
    assert (resize(image, 4, 4, "crop_and_resize") == 200).all()


def test_fill_centers_the_picture_and_repeats_its_edge_rows():
    image = np.array([[10] * 4, [90] * 4], dtype=np.uint8)
    assert resize(image, 4, 6, "resize_and_fill")[:, 0].tolist() == [10, 10, 10, 90, 90, 90]


def test_fill_beside_a_tall_picture_repeats_its_edge_columns():
    image = np.array([[10, 90]] * 4, dtype=np.uint8)
    assert resize(image, 6, 4, "resize_and_fill")[0].tolist() == [10, 10, 10, 90, 90, 90]


def test_fill_leaves_no_black_line_where_halves_do_not_add_up():
    # The WebUI's own code leaves the last row black here: 5 // 2 - 2 // 2 = 1 row above, 1 below, 2 inside, of 5.
    assert (resize(np.full((2, 4), 50, dtype=np.uint8), 4, 5, "resize_and_fill") == 50).all()


def test_just_resize_stretches():
    image = np.array([[0, 0, 255, 255]] * 4, dtype=np.uint8)
    assert resize(image, 2, 4)[0].tolist() == [0, 255]


@pytest.mark.parametrize("side", [24, 32, 36, 45, 60])
def test_a_fine_checkerboard_shrinks_to_gray_and_not_to_a_pattern(side):
    image = (np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)
    small = resize(image, side, side)[2:-2, 2:-2].astype(int)
    assert abs(small.mean() - 127.5) < 3
    assert small.std() < 30


@pytest.mark.parametrize(("width", "height"), [(256, 256), (100, 300), (512, 384), (300, 200), (171, 203), (700, 90)])
@pytest.mark.parametrize("mode", MODES)
def test_a_resized_photo_is_close_to_the_webuis(width, height, mode):
    image = photo(384, 512)
    assert np.abs(resize(image, width, height, mode).astype(int) - webui(image, width, height, mode)).mean() < 3


def webui(image, width, height, mode):
    """What modules/images.resize_image of the WebUI makes, without an upscaler."""
    picture = Pil.fromarray(image)
    if mode == "just_resize":
        return np.asarray(picture.resize((width, height), Pil.Resampling.LANCZOS)).astype(int)
    wider = width / height > picture.width / picture.height
    across = wider if mode == "crop_and_resize" else not wider
    inner = (width, picture.height * width // picture.width) if across else (0, height)
    inner = inner if across else (picture.width * height // picture.height, height)
    resized = np.asarray(picture.resize(inner, Pil.Resampling.LANCZOS)).astype(int)
    if mode == "crop_and_resize":
        left, top = inner[0] // 2 - width // 2, inner[1] // 2 - height // 2
        return resized[top : top + height, left : left + width]
    left, top = width // 2 - inner[0] // 2, height // 2 - inner[1] // 2
    sides = ((top, height - inner[1] - top), (left, width - inner[0] - left), (0, 0))
    return np.pad(resized, sides, mode="edge")


def test_cropping_an_extreme_strip_does_not_build_the_whole_of_it():
    image = np.zeros((4, 30000), dtype=np.uint8)
    image[:, 14990:15010] = 255
    out = resize(image, 1024, 1024, "crop_and_resize")
    assert out.shape == (1024, 1024)
    assert out.mean() > 250


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 90),
    st.integers(1, 90),
    st.sampled_from(MODES),
    st.booleans(),
)
def test_any_picture_gets_any_size_and_one_color_stays_that_color(height, width, new_height, new_width, mode, gray):
    image = np.full((height, width) if gray else (height, width, 3), 77, dtype=np.uint8)
    out = resize(image, new_width, new_height, mode)
    assert out.shape == (new_height, new_width, *image.shape[2:])
    assert (out == 77).all()
