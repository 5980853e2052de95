from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.core.maps.luminance import luminance
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.maps.recolor import RECOLOR, RecolorParams, make_recolor
from tests.goldens import PHOTO, differing

CONTEXT = Context.of_terminal(host=StandaloneHost(device="cpu"), progress=SilentProgress())
RED = np.full((6, 8, 3), (255, 0, 0), dtype=np.uint8)
SUNSET = np.tile(np.linspace((40, 20, 60), (250, 160, 70), 32).astype(np.uint8)[:, None], (1, 8, 1))


def run(**values):
    return make_recolor(RecolorParams(**values), CONTEXT)


def test_pure_red_is_136_and_not_82():
    assert (run(image=RED).image == 136).all()


def test_the_map_has_three_equal_channels():
    image = run(image=np.random.default_rng(0).integers(0, 256, (9, 7, 3), dtype=np.uint8)).image
    assert image.shape == (9, 7, 3)
    assert np.ptp(image, axis=2).max() == 0


@pytest.mark.parametrize(("gamma", "gray"), [(2.0, 181), (0.5, 64), (1.0, 128)])
def test_gamma_above_1_brightens(gamma, gray):
    # the square root of 128 / 255, and its square
    assert run(image=np.full((2, 2), 128, np.uint8), conditioning="intensity", gamma=gamma).image[0, 0, 0] == gray


def test_without_a_reference_there_is_no_palette():
    assert run(image=RED).palette is None


def test_the_palette_keeps_the_pictures_luminance():
    image = read_image(PHOTO)[200:264, 200:264] // 2 + 60
    palette = run(image=image, reference=np.ascontiguousarray(image[:, :, ::-1])).palette
    inside = (palette > 0).all(2) & (palette < 255).all(2)
    away = np.abs(luminance(palette, "lstar").astype(int) - luminance(image, "lstar"))
    assert away[inside].max() <= 2
    assert inside.mean() > 0.5


def test_the_palette_takes_the_luminance_too_where_asked():
    image = np.full((4, 4, 3), (90, 90, 90), np.uint8)
    palette = run(image=image, reference=RED, keep_luminance=False).palette
    assert np.abs(palette.astype(int) - RED[0, 0]).max() <= 3


def test_map_and_palette_have_the_asked_size():
    found = run(image=RED, reference=SUNSET, width=20, height=10, resize_mode="crop_and_resize")
    assert found.image.shape == found.palette.shape == (10, 20, 3)


def test_the_summary_gives_size_and_preview():
    assert run(image=RED, reference=SUNSET).summary() == (
        "Recolor map of 8 x 6: mean 0.53, with a preview of the palette"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"conditioning": "lab"}, "conditioning must be one of"),
        ({"gamma": 0.0}, "gamma must be a number from 0.1 to 10"),
        ({"transfer_strength": 2.0}, "transfer_strength must be"),
        ({"reference": np.zeros((0, 4, 3), np.uint8)}, "reference must be a picture with at least one pixel"),
        ({"width": 8192, "height": 8193}, "height must be"),
    ],
)
def test_a_mistake_names_the_parameter(values, words):
    with pytest.raises(InvalidParamError, match=words):
        RecolorParams(image=RED, **values)


@pytest.mark.parametrize("name", ["luminance", "intensity", "histogram_palette", "reinhard_palette"])
def test_the_photograph_looks_as_it_did(name):
    values = {**RECOLOR.presets.get(name, {}), "image": read_image(PHOTO), "width": 150}
    found = run(**values, **({"reference": SUNSET} if "palette" in name else {}))
    image = found.palette if found.palette is not None else found.image
    assert differing(f"recolor-{name}", image, levels=3) <= 0.002


@settings(max_examples=60)
@given(
    height=st.integers(1, 60),
    width=st.integers(1, 60),
    gray=st.booleans(),
    with_reference=st.booleans(),
    values=st.fixed_dictionaries(
        {},
        optional={
            "conditioning": st.sampled_from(["luminance", "intensity", "hsi"]),
            "gamma": st.floats(0.1, 10),
            "transfer": st.sampled_from(["reinhard", "histogram"]),
            "transfer_strength": st.floats(0, 1),
            "keep_luminance": st.booleans(),
            "width": st.none() | st.integers(1, 90),
            "height": st.none() | st.integers(1, 90),
            "resize_mode": st.sampled_from(["just_resize", "crop_and_resize", "resize_and_fill"]),
        },
    ),
)
def test_any_picture_with_any_valid_parameters_gives_a_map_of_the_asked_size(
    height, width, gray, with_reference, values
):
    shape = (height, width) if gray else (height, width, 3)
    image = np.random.default_rng(height).integers(0, 256, shape, dtype=np.uint8)
    params = RecolorParams(image=image, reference=SUNSET if with_reference else None, **values)
    found = make_recolor(params, CONTEXT)
    asked = params.size()
    assert found.image.dtype == np.uint8
    assert found.image.shape == (asked[1], asked[0], 3)
    assert (found.palette is not None) == with_reference
    assert found.palette is None or found.palette.shape == found.image.shape
