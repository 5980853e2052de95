from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import read_image, write_image
from lib_bootcamp.core.maps.lights import Light
from lib_bootcamp.errors import CancelledError, InvalidParamError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.maps.lighting import LIGHTING, make_lighting
from lib_bootcamp.operations.maps.lighting_settings import LightingParams

CONTEXT = Context.of_terminal(host=StandaloneHost(device="cpu"), progress=SilentProgress())
GOLDEN = Path(__file__).parents[2] / "golden"
PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def run(**values):
    return make_lighting(LightingParams.from_mapping(values), CONTEXT)


def test_with_nothing_given_a_light_shines_on_the_center_of_512():
    found = run()
    assert found.image.shape == (512, 512, 3)
    assert (found.brightest_x, found.brightest_y) == pytest.approx((0.5, 0.5), abs=0.01)


@pytest.mark.parametrize(
    ("gradient", "place"),
    [
        ("left", (0.0, None)),
        ("right", (1.0, None)),
        ("top", (None, 0.0)),
        ("bottom", (None, 1.0)),
        ("top_left", (0.0, 0.0)),
        ("top_right", (1.0, 0.0)),
        ("bottom_left", (0.0, 1.0)),
        ("bottom_right", (1.0, 1.0)),
    ],
)
def test_a_gradient_is_brightest_where_its_name_says(gradient, place):
    found = run(gradient=gradient, width=600, height=400)
    for expected, got in zip(place, (found.brightest_x, found.brightest_y), strict=True):
        assert expected is None or got == pytest.approx(expected, abs=0.01)


def test_a_gradient_alone_goes_from_white_to_black():
    found = run(gradient="left")
    assert (found.darkest, found.brightest) == (0.0, 1.0)
    assert found.mean == pytest.approx(0.5, abs=0.002)


def test_a_gradient_adds_to_the_lights():
    found = run(gradient="left", lights=[{"kind": "ambient", "intensity": 1}])
    assert found.darkest == pytest.approx(0.5, abs=0.005)


def test_a_mistake_in_a_light_names_the_light():
    with pytest.raises(InvalidParamError, match=r"lights\[1\]\.intensity must be a number"):
        LightingParams.from_mapping({"lights": [{}, {"intensity": -1}]})


def test_more_than_64_lights_are_refused():
    with pytest.raises(InvalidParamError, match="lights has 65 items"):
        LightingParams.from_mapping({"lights": [{}] * 65})


def test_white_light_multiplied_leaves_the_picture():
    light = [{"kind": "ambient", "intensity": 1}]
    assert np.array_equal(run(image=PHOTO, picture_color=True, lights=light).image, PHOTO)


def test_without_color_the_light_falls_on_the_luminance():
    red = np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)
    assert (run(image=red, lights=[{"kind": "ambient", "intensity": 1}]).image == 136).all()


def test_the_canvas_takes_the_size_of_the_picture_then_of_the_surface():
    small = np.full((30, 20, 3), 128, dtype=np.uint8)
    assert run(image=PHOTO, normal_map=small).image.shape == (40, 60, 3)
    assert run(normal_map=small).image.shape == (30, 20, 3)
    assert run(depth_map=small, width=40).image.shape == (60, 40, 3)


def test_a_ball_is_lit_from_the_side_the_light_comes_from():
    y, x = np.mgrid[-1:1:65j, -1:1:65j]
    z = np.sqrt(np.clip(1 - x * x - y * y, 0, 1))
    ball = np.round(127.5 + 127.5 * np.dstack([x, -y, z])).clip(0, 255).astype(np.uint8)
    image = run(normal_map=ball, lights=[{"kind": "directional", "azimuth": 180, "elevation": 20}]).image[:, :, 0]
    assert image[32, 8] > 200
    assert image[32, 60] == 0


def test_estimating_without_a_picture_names_it():
    with pytest.raises(InvalidParamError, match="image is missing; give the picture"):
        LightingParams(mode="estimate")


def test_two_surfaces_are_refused():
    with pytest.raises(InvalidParamError, match="normal_map are both given; give one"):
        LightingParams(normal_map=PHOTO, depth_map=PHOTO)


def test_an_estimate_can_be_stretched():
    ramp = np.tile(np.linspace(100, 150, 200).astype(np.uint8), (200, 1))
    found = run(mode="estimate", image=ramp, normalize=True)
    assert (found.darkest, found.brightest) == (0.0, 1.0)


def test_an_estimate_finds_the_bright_side():
    ramp = np.tile(np.linspace(0, 255, 200).astype(np.uint8), (100, 1))
    assert run(mode="estimate", image=ramp).brightest_x > 0.97


def test_an_estimate_takes_the_asked_size():
    found = run(mode="estimate", image=PHOTO, width=128, height=64, resize_mode="crop_and_resize")
    assert found.image.shape == (64, 128, 3)


def test_a_stopped_run_ends_with_cancelled():
    progress = SilentProgress()
    progress.cancel()
    with pytest.raises(CancelledError):
        make_lighting(LightingParams(), Context.of_terminal(host=StandaloneHost(device="cpu"), progress=progress))


def test_the_summary_gives_where_the_light_is():
    assert run(gradient="left", width=64, height=64).summary().endswith("brightest 1.00 at 0.01, 0.50")


@pytest.mark.parametrize("preset", [name for name, values in LIGHTING.presets.items() if "mode" not in values])
def test_a_preset_looks_as_it_did(preset):
    image = run(width=64, height=64, **LIGHTING.presets[preset]).image
    path = GOLDEN / f"lighting-{preset}.png"
    if os.environ.get("BOOTCAMP_UPDATE_GOLDEN") == "1":
        write_image(path, image)
    assert np.abs(image.astype(int) - read_image(path)).max() <= 2


@pytest.mark.parametrize("preset", ["estimate", "estimate_edges"])
def test_an_estimating_preset_works_on_a_picture(preset):
    assert run(image=PHOTO, **LIGHTING.presets[preset]).image.shape == PHOTO.shape


PICTURES = st.none() | st.tuples(st.integers(1, 50), st.integers(1, 50), st.booleans())


def picture(size):
    if size is None:
        return None
    shape = size[:2] if size[2] else (*size[:2], 3)
    return np.random.default_rng(size[0]).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.thorough
@settings(deadline=None, max_examples=80)
@given(
    image=PICTURES,
    surface=PICTURES,
    which=st.sampled_from(["normal_map", "depth_map"]),
    lights=st.lists(
        st.builds(
            Light,
            kind=st.sampled_from(["point", "spot", "directional", "gradient", "ambient"]),
            color=st.sampled_from(["#ffffff", "#12ff80"]),
            x=st.floats(-4, 5),
            z=st.floats(0.01, 10),
            elevation=st.floats(0, 90),
            softness=st.floats(0, 1),
        ),
        max_size=3,
    ),
    values=st.fixed_dictionaries(
        {},
        optional={
            "mode": st.sampled_from(["design", "estimate"]),
            "gradient": st.sampled_from(["none", "left", "bottom_right"]),
            "normal_convention": st.sampled_from(["opengl", "directx", "controlnet"]),
            "depth_near": st.sampled_from(["white", "black"]),
            "relief": st.floats(0, 5),
            "depth_smoothing": st.floats(0, 5),
            "luminance": st.sampled_from(["lstar", "linear", "luma", "max"]),
            "picture_color": st.booleans(),
            "blend": st.sampled_from(["multiply", "screen", "overlay", "add", "mix"]),
            "blend_strength": st.floats(0, 1),
            "exposure": st.floats(-10, 10),
            "tone": st.sampled_from(["fit", "soft", "clip"]),
            "scale": st.floats(0.002, 0.5),
            "edge_preserving": st.booleans(),
            "edge_threshold": st.floats(0.005, 1),
            "normalize": st.booleans(),
            "width": st.none() | st.integers(1, 70),
            "height": st.none() | st.integers(1, 70),
            "resize_mode": st.sampled_from(["just_resize", "crop_and_resize", "resize_and_fill"]),
        },
    ),
)
def test_any_valid_parameters_give_a_map_of_the_asked_size(image, surface, which, lights, values):
    if values.get("mode") == "estimate" and image is None:
        return
    params = LightingParams(image=picture(image), lights=tuple(lights), **{which: picture(surface)}, **values)
    found = make_lighting(params, CONTEXT)
    asked = params.size()
    assert found.image.dtype == np.uint8
    assert found.image.shape == (asked[1], asked[0], 3)
    assert 0 <= found.darkest <= found.mean <= found.brightest <= 1
