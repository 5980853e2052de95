from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.maps.brightness import BRIGHTNESS, BrightnessParams, make_brightness

CONTEXT = Context.of_terminal(host=StandaloneHost(device="cpu"), progress=SilentProgress())
RED = np.full((6, 8, 3), (255, 0, 0), dtype=np.uint8)


def run(**values):
    return make_brightness(BrightnessParams(**values), CONTEXT)


def test_pure_red_has_lstar_53_of_100():
    assert (run(image=RED).image == 136).all()


def test_the_map_has_three_equal_channels():
    image = run(image=np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).image
    assert image.shape == (9, 7, 3)
    assert np.ptp(image, axis=2).max() == 0


def test_facts_are_those_of_the_map():
    image = np.zeros((2, 4), dtype=np.uint8)
    image[:, :1] = 255
    found = run(image=image)
    assert (found.width, found.height, found.mean, found.darkest, found.brightest) == (4, 2, 0.25, 0.0, 1.0)


def test_inverting_the_inverted_map_gives_the_map():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    once = run(image=image, luminance="luma", invert=True).image
    twice = run(image=once, luminance="luma", invert=True).image
    assert np.array_equal(twice[:, :, 0], image)


def test_width_alone_keeps_the_proportions():
    found = run(image=RED, width=80)
    assert (found.width, found.height) == (80, 60)


def test_blur_in_percent_is_the_same_share_at_every_size():
    image = np.zeros((64, 64), dtype=np.uint8)
    image[:, 32:] = 255
    small = run(image=image, luminance="luma", blur=5, blur_unit="percent").image[32, 16:48, 0].astype(int)
    large = np.repeat(np.repeat(image, 4, 0), 4, 1)
    large = run(image=large, luminance="luma", blur=5, blur_unit="percent").image[130, 65:193:4, 0].astype(int)
    assert np.abs(small - large).max() < 12


def test_automatic_levels_reach_black_and_white():
    image = np.tile(np.linspace(80, 160, 100).astype(np.uint8), (100, 1))
    found = run(image=image, luminance="luma", auto_levels=True)
    assert (found.darkest, found.brightest) == (0.0, 1.0)


def test_posterize_counts_after_the_blur():
    image = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    assert len(np.unique(run(image=image, blur=3, posterize=4, auto_levels=True).image)) <= 4


def test_the_input_is_left_as_it_was():
    image = np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)
    before = image.copy()
    run(image=image, luminance="max", invert=True, clahe=True, blur=2)
    assert np.array_equal(image, before)


def test_the_summary_gives_size_and_range():
    assert run(image=RED).summary() == "Brightness map of 8 x 6: mean 0.53, from 0.53 to 0.53"


def test_a_white_point_below_the_black_one_is_named():
    with pytest.raises(InvalidParamError, match="white_point must be above the black point"):
        BrightnessParams(image=RED, black_point=0.5, white_point=0.5)


def test_a_broken_curve_is_named():
    with pytest.raises(InvalidParamError, match="curve must be two or more points"):
        BrightnessParams(image=RED, curve="0,0")


def test_a_map_of_more_than_67_megapixels_is_refused_before_any_work():
    with pytest.raises(InvalidParamError, match="at most 67 megapixels"):
        BrightnessParams(image=np.zeros((1, 30000), dtype=np.uint8), height=100)


@pytest.mark.parametrize("preset", BRIGHTNESS.presets)
def test_a_preset_is_valid(preset):
    assert BRIGHTNESS.params.from_mapping({"image": RED, **BRIGHTNESS.presets[preset]})


@settings(deadline=None, max_examples=60)
@given(
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    gray=st.booleans(),
    values=st.fixed_dictionaries(
        {},
        optional={
            "luminance": st.sampled_from(["lstar", "linear", "luma", "max"]),
            "width": st.none() | st.integers(1, 90),
            "height": st.none() | st.integers(1, 90),
            "resize_mode": st.sampled_from(["just_resize", "crop_and_resize", "resize_and_fill"]),
            "clahe": st.booleans(),
            "clahe_clip": st.floats(1, 40),
            "clahe_tiles": st.integers(1, 64),
            "blur": st.floats(0, 2048),
            "blur_unit": st.sampled_from(["px", "percent"]),
            "auto_levels": st.booleans(),
            "black_point": st.floats(0, 0.4),
            "white_point": st.floats(0.5, 1),
            "gamma": st.floats(0.1, 10),
            "curve": st.sampled_from(["", "0,1;1,0", "0,0;0.5,0.9;1,0.2"]),
            "posterize": st.none() | st.integers(2, 256),
            "invert": st.booleans(),
        },
    ),
)
def test_any_picture_with_any_valid_parameters_gives_a_map_of_the_asked_size(height, width, gray, values):
    shape = (height, width) if gray else (height, width, 3)
    image = np.random.default_rng(height).integers(0, 256, shape, dtype=np.uint8)
    params = BrightnessParams(image=image, **values)
    found = make_brightness(params, CONTEXT)
    asked = params.size()
    assert found.image.dtype == np.uint8
    assert found.image.shape == (asked[1], asked[0], 3)
    assert values.get("width") in {None, asked[0]}
    assert values.get("height") in {None, asked[1]}
