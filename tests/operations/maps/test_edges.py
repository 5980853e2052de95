from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.maps.edge_channels import CHANNEL_TITLES
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.maps.edges import EDGES, EdgesParams, make_edges
from tests.goldens import PHOTO, differing

CONTEXT = Context.of_terminal(host=StandaloneHost(device="cpu"), progress=SilentProgress())
METHODS = ["canny", "sobel", "scharr", "log", "xdog", "contrast"]
SQUARE = np.zeros((48, 64, 3), dtype=np.uint8)
SQUARE[12:36, 16:48] = (200, 180, 160)


def run(**values):
    return make_edges(EdgesParams(**values), CONTEXT)


@pytest.mark.parametrize("method", METHODS)
def test_the_outline_of_a_square_is_white_on_black(method):
    found = run(image=SQUARE, method=method, sharpness=5.0, epsilon=0.0 if method == "xdog" else 0.3, phi=50.0)
    gray = found.image[:, :, 0]
    assert set(np.unique(gray)) <= {0, 255}
    assert gray[10:15, 30].max() == 255
    assert gray[24, 28:36].max() == 0
    assert gray[0].max() == 0


def test_black_on_white_is_the_inverse():
    lines, inverted = run(image=SQUARE).image, run(image=SQUARE, invert=True).image
    assert np.array_equal(inverted, 255 - lines)


def test_canny_without_a_scale_is_opencvs_own():
    image = read_image(PHOTO)
    green = np.ascontiguousarray(image[:, :, 1])
    found = run(image=image, channel="green", sigma=0.0, low_threshold=100.0, high_threshold=200.0)
    assert np.array_equal(found.image[:, :, 2], opencv().Canny(green, 100, 200))


def test_otsu_takes_the_step_between_two_levels():
    found = run(image=SQUARE, sigma=0.0, channel="red", thresholds="otsu")
    assert 4 <= found.high_threshold < 4 * 200
    assert found.low_threshold == found.high_threshold / 2
    assert found.coverage > 0.02


def test_the_median_sets_both_thresholds_a_third_around_it():
    image = np.full((20, 20), 100, dtype=np.uint8)
    image[:, 15:] = 200
    found = run(image=image, channel="red", sigma=0.0, thresholds="median")
    assert (found.low_threshold, found.high_threshold) == (67, 133)


@pytest.mark.parametrize("thresholds", ["otsu", "median"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("value", [0, 128, 255])
def test_a_picture_of_one_gray_has_no_lines(thresholds, method, value):
    image = np.full((32, 32), value, np.uint8)
    if method == "xdog" and value == 0:
        pytest.skip("XDoG fills what is dark")
    assert run(image=image, method=method, thresholds=thresholds).coverage == 0


def test_soft_keeps_how_strong_an_edge_is():
    image = np.zeros((20, 60), dtype=np.uint8)
    image[:, 20:] = 60
    image[:, 40:] = 255
    found = run(image=image, channel="red", method="sobel", style="soft", sigma=0.0, normalize=False).image[10, :, 0]
    assert (found[20], found[40]) == (60, 195)


def test_stretched_edges_reach_white():
    image = np.zeros((20, 60), dtype=np.uint8)
    image[:, 20:] = 60
    assert run(image=image, channel="red", method="sobel", style="soft").image.max() == 255


def test_a_length_drops_specks():
    image = SQUARE.copy()
    image[3:7, 3:7] = 255
    assert run(image=image, sigma=0.0).image[1:9, 1:9].max() == 255
    assert run(image=image, sigma=0.0, min_length=30).image[1:9, 1:9].max() == 0


def test_thinned_lines_with_a_pen_have_its_thickness():
    thin = run(image=SQUARE, method="sobel", sigma=1.0, threshold=20, thinning=True).image[24, :32, 0]
    thick = run(image=SQUARE, method="sobel", sigma=1.0, threshold=20, thinning=True, thickness=5).image[24, :32, 0]
    assert ((thin > 0).sum(), (thick > 0).sum()) == (1, 5)


def test_the_distance_to_a_color_finds_what_brightness_does_not():
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    image[:, :20], image[:, 20:] = (200, 40, 40), (20, 114, 20)  # L* 44 and 42
    assert run(image=image, channel="lstar").coverage == 0
    assert run(image=image, channel="distance", color="#c82828").coverage > 0.02
    assert run(image=image, channel="a").coverage > 0.02


def test_red_on_red_has_no_edge_where_hue_begins_again():
    image = np.zeros((40, 40, 3), dtype=np.uint8)
    image[:, :20], image[:, 20:] = (250, 0, 6), (250, 6, 0)
    assert run(image=image, channel="hue", method="sobel", threshold=20).coverage == 0


def test_the_summary_gives_thresholds():
    assert run(image=np.zeros((4, 6), np.uint8)).summary() == "Edge map of 6 x 4: 0.0% drawn, thresholds 100 and 200"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"method": "prewitt"}, "method must be one of canny"),
        ({"low_threshold": 300.0}, "low_threshold must not be above high_threshold, 200"),
        ({"method": "log", "sigma": 0.2}, "sigma must be at least 0.5 with method log"),
        ({"channel": "hue", "thresholds": "median"}, "thresholds median needs a scale"),
        ({"color": "red"}, "color must be a text like #ffffff"),
        ({"thickness": 0}, "thickness must be"),
        ({"width": 8192, "height": 8193}, "height must be"),
        ({"image": np.zeros((4, 4, 4), np.uint8)}, "image must be a picture"),
    ],
)
def test_a_mistake_names_the_parameter(values, words):
    with pytest.raises(InvalidParamError, match=words):
        EdgesParams(**{"image": SQUARE, **values})


@pytest.mark.parametrize("preset", EDGES.presets)
def test_a_preset_draws_the_photograph_as_it_did(preset):
    found = EDGES.run(EDGES.params_from({"image": read_image(PHOTO), "width": 300, "preset": preset}), CONTEXT)
    assert 0.005 < found.coverage < 0.5
    # a line that moves by one pixel counts twice
    assert differing(f"edges-{preset}", found.image, levels=4) <= 0.01


def test_the_input_is_left_as_it_was():
    before = SQUARE.copy()
    for preset in EDGES.presets:
        EDGES.run(EDGES.params_from({"image": SQUARE, "preset": preset}), CONTEXT)
    assert np.array_equal(SQUARE, before)


@pytest.mark.thorough
@settings(deadline=None, max_examples=120)
@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    gray=st.booleans(),
    values=st.fixed_dictionaries(
        {},
        optional={
            "channel": st.sampled_from(list(CHANNEL_TITLES)),
            "color": st.sampled_from(["#000000", "#ff8000"]),
            "method": st.sampled_from(METHODS),
            "style": st.sampled_from(["lines", "soft"]),
            "sigma": st.floats(0.5, 16),
            "window": st.integers(3, 63),
            "thresholds": st.sampled_from(["manual", "otsu"]),
            "low_threshold": st.floats(0, 100),
            "high_threshold": st.floats(100, 2040),
            "threshold": st.integers(0, 254),
            "sharpness": st.floats(0, 200),
            "epsilon": st.floats(0, 1),
            "phi": st.floats(0.1, 100),
            "normalize": st.booleans(),
            "min_length": st.integers(1, 60),
            "thinning": st.booleans(),
            "thickness": st.integers(1, 64),
            "invert": st.booleans(),
            "width": st.none() | st.integers(1, 80),
            "height": st.none() | st.integers(1, 80),
            "resize_mode": st.sampled_from(["just_resize", "crop_and_resize", "resize_and_fill"]),
        },
    ),
)
def test_any_picture_with_any_valid_parameters_gives_a_map_of_the_asked_size(height, width, gray, values):
    shape = (height, width) if gray else (height, width, 3)
    image = np.random.default_rng(height).integers(0, 256, shape, dtype=np.uint8)
    params = EdgesParams(image=image, **values)
    found = make_edges(params, CONTEXT)
    asked = params.size()
    assert found.image.dtype == np.uint8
    assert found.image.shape == (asked[1], asked[0], 3)
    assert np.ptp(found.image, axis=2).max() == 0
    assert params.soft or set(np.unique(found.image)) <= {0, 255}
