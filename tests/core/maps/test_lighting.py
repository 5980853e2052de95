from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.maps import lighting
from lib_bootcamp.core.maps.blend import blend
from lib_bootcamp.core.maps.lighting import render
from lib_bootcamp.core.maps.lights import Canvas, Light
from lib_bootcamp.core.maps.normals import NormalMap, depth_map
from lib_bootcamp.errors import InvalidParamError

# Even, so that a pixel pair lies around the middle; small enough that one pixel is a visible share.
SIDE = 200
CANVAS = Canvas(SIDE, SIDE)


def normal(x, y, z, height=8, width=8):
    length = math.sqrt(x * x + y * y + z * z)
    pixel = [round(127.5 + 127.5 * each / length) for each in (x, y, z)]
    return np.full((height, width, 3), pixel, dtype=np.uint8)


def shade(light, image, convention="opengl"):
    out = render(Canvas(image.shape[1], image.shape[0]), [light], NormalMap(image, convention), tone="clip")
    return int(out[4, 4])


# Flat canvas


def test_a_directional_light_straight_down_is_the_same_everywhere():
    assert (render(CANVAS, [Light(kind="directional", elevation=90)]) == 255).all()


def test_a_directional_light_at_30_degrees_gives_half():
    # sin 30 = 0.5
    assert np.unique(render(CANVAS, [Light(kind="directional", elevation=30)])).tolist() in ([127], [128])


def test_ambient_light_is_its_intensity_everywhere():
    assert (render(CANVAS, [Light(kind="ambient", intensity=0.2)]) == 51).all()


def test_lights_add_up():
    assert (render(CANVAS, [Light(kind="ambient", intensity=0.2)] * 3) == 153).all()


def test_no_light_is_black():
    assert not render(CANVAS, []).any()


def test_a_color_tints_its_light():
    out = render(CANVAS, [Light(kind="ambient", color="#ff8000")])
    assert out.shape == (SIDE, SIDE, 3)
    assert (out == (255, 128, 0)).all()


def test_gray_lights_make_a_gray_picture():
    assert render(CANVAS, [Light(color="#808080")]).shape == (SIDE, SIDE)


def test_one_stop_doubles_the_light():
    assert (render(CANVAS, [Light(kind="ambient", intensity=0.2)], exposure=1) == 102).all()


def test_inverse_square_light_below_itself_falls_to_a_quarter_at_twice_the_height():
    # Right below, distance is height: at height = radius it has its intensity, at twice that a quarter.
    near = render(CANVAS, [Light(z=0.5, radius=0.5)])
    far = render(CANVAS, [Light(z=1.0, radius=0.5)])
    assert int(near[100, 100]) == 255
    assert int(far[100, 100]) == 64


def test_inverse_square_light_to_the_side_falls_with_the_distance_and_the_angle():
    # Height 0.5, pixel 150 is 0.2525 + ... of the side away: cos = z / d, strength (radius / d) squared.
    out = render(CANVAS, [Light(x=0.5, y=0.5, z=0.5, radius=0.5)])
    across, down = (150.5 - 100) / 200, (100.5 - 100) / 200
    distance = math.sqrt(across**2 + down**2 + 0.25)
    assert abs(int(out[100, 150]) - 255 * (0.5 / distance) ** 2 * (0.5 / distance)) < 1


def test_linear_light_ends_at_its_radius():
    out = render(CANVAS, [Light(z=0.1, radius=0.3, falloff="linear")], tone="clip")
    # 0.3 squared less 0.1 squared: the circle on the canvas has the radius 0.2828, 56.6 pixels.
    assert out[100, 100 + 55] > 0
    assert out[100, 100 + 57] == 0


def test_light_without_falloff_keeps_only_the_angle():
    out = render(CANVAS, [Light(z=0.5, falloff="none")])
    distance = math.sqrt((99.5 / 200) ** 2 + (0.5 / 200) ** 2 + 0.25)
    assert abs(int(out[100, 199]) - 255 * 0.5 / distance) < 1


def test_a_light_outside_the_canvas_is_brightest_at_that_edge():
    out = render(CANVAS, [Light(x=-0.3, y=0.5)])
    assert out[100].argmax() == 0


def test_a_spot_lights_its_cone_and_nothing_else():
    # 90 degrees from height 0.25 straight down: a disc of radius 0.25, 50 pixels.
    out = render(CANVAS, [Light(kind="spot", z=0.25, angle=90, softness=0, falloff="none")])
    assert out[100, 100 + 45] > 150
    assert out[100, 100 + 52] == 0


def test_a_hard_spot_has_no_stairs():
    out = render(CANVAS, [Light(kind="spot", z=0.25, angle=90, softness=0, falloff="none")])
    row = out[100].astype(int)
    assert ((row > 10) & (row < 150)).sum() in {2, 4}


def test_a_leaning_spot_lights_the_side_it_points_at():
    # It comes from the left at 45 degrees: it hits the canvas its height further to the right.
    out = render(CANVAS, [Light(kind="spot", x=0.25, z=0.5, azimuth=180, elevation=45, angle=20, falloff="none")])
    assert abs(int(np.median(np.nonzero(out[100])[0])) - 150) < 12


@pytest.mark.parametrize(
    ("azimuth", "bright", "dark"),
    [(180, (slice(None), 0), (slice(None), -1)), (0, (slice(None), -1), (slice(None), 0)), (90, 0, -1), (270, -1, 0)],
)
def test_a_gradient_runs_from_white_to_black(azimuth, bright, dark):
    out = render(CANVAS, [Light(kind="gradient", azimuth=azimuth)])
    assert (out[bright] == 255).all()
    assert (out[dark] == 0).all()


def test_a_gradient_is_the_straight_line_between_its_ends():
    out = render(Canvas(256, 40), [Light(kind="gradient", azimuth=180, elevation=45)])
    assert np.array_equal(out[20], np.arange(255, -1, -1))


def test_a_corner_gradient_is_white_in_its_corner_only():
    out = render(Canvas(300, 200), [Light(kind="gradient", azimuth=135)])
    assert np.argwhere(out == 255).max() < 3
    assert out[-1, -1] == 0


# Tone


def test_fit_dims_everything_until_the_brightest_is_white():
    lights = [Light(kind="ambient", intensity=1), Light(kind="gradient", azimuth=180, intensity=3)]
    out = render(CANVAS, lights)
    # 4 at the left, 1 at the right.
    assert (int(out[0, 0]), int(out[0, -1])) == (255, 64)


@pytest.mark.parametrize("softness", [0.0, 0.5])
def test_fit_never_clips_more_than_the_brightest_spot(softness):
    light = Light(kind="spot", x=0.3, y=0.52, z=0.05, radius=0.3, angle=120, softness=softness)
    out = render(CANVAS, [light])
    assert out.max() >= 254
    assert (out == 255).sum() < 10


def test_fit_changes_nothing_when_nothing_is_too_bright():
    light = [Light(kind="ambient", intensity=0.7)]
    assert np.array_equal(render(CANVAS, light, tone="fit"), render(CANVAS, light, tone="clip"))


def test_clip_cuts():
    lights = [Light(kind="gradient", azimuth=180, intensity=2)]
    assert (render(CANVAS, lights, tone="clip")[0, :99] == 255).all()


def test_soft_leaves_what_is_below_its_knee_and_never_clips():
    ambient = [Light(kind="ambient", intensity=0.6)]
    assert np.array_equal(render(CANVAS, ambient, tone="soft"), render(CANVAS, ambient, tone="clip"))
    row = render(Canvas(200, 4), [Light(kind="gradient", azimuth=0, intensity=1.5)], tone="soft")[0].astype(int)
    assert (np.diff(row) >= 0).all()
    # 0.75 + 0.25 * (1 - exp(-0.75 / 0.25)) = 0.98755
    assert row[-1] == 252


# Normals


@pytest.mark.parametrize("degrees", [0, 20, 45, 60, 80])
def test_lambert_the_light_falls_with_the_cosine_of_the_angle(degrees):
    angle = math.radians(degrees)
    light = Light(kind="directional", elevation=90)
    assert abs(shade(light, normal(math.sin(angle), 0, math.cos(angle))) - 255 * math.cos(angle)) < 2


def test_a_surface_facing_away_is_black():
    light = Light(kind="directional", azimuth=180, elevation=10)
    assert shade(light, normal(1, 0, 0.1)) == 0


def test_a_surface_facing_the_light_is_white():
    assert shade(Light(kind="directional", azimuth=90, elevation=45), normal(0, 1, 1)) >= 254


@pytest.mark.parametrize(
    ("convention", "red", "green"), [("opengl", 230, 230), ("directx", 230, 25), ("controlnet", 25, 230)]
)
def test_each_convention_has_its_own_way_to_the_top_right(convention, red, green):
    light = Light(kind="directional", azimuth=45, elevation=30)
    right = shade(light, np.full((8, 8, 3), (red, green, 150), dtype=np.uint8), convention)
    wrong = shade(light, np.full((8, 8, 3), (255 - red, 255 - green, 150), dtype=np.uint8), convention)
    assert right > 200
    assert wrong == 0


def test_normals_of_any_length_count_as_unit_vectors():
    light = Light(kind="directional", azimuth=0, elevation=45)
    short, long = (np.full((8, 8, 3), pixel, dtype=np.uint8) for pixel in ((148, 128, 148), (208, 128, 208)))
    assert abs(shade(light, short) - shade(light, long)) <= 2


def test_a_flat_normal_map_is_the_flat_canvas():
    flat = np.full((64, 64, 3), (128, 128, 255), dtype=np.uint8)
    lights = [Light(x=0.3), Light(kind="spot", softness=1), Light(kind="gradient", elevation=60)]
    with_map = render(Canvas(64, 64), lights, NormalMap(flat)).astype(int)
    assert np.abs(with_map - render(Canvas(64, 64), lights)).max() <= 2


def test_a_flat_depth_map_is_the_flat_canvas():
    surface = depth_map(np.full((64, 64), 90, dtype=np.uint8), near_is_white=True, relief=1, smoothing_px=1)
    out = render(Canvas(64, 64), [Light()], surface).astype(int)
    assert np.abs(out - render(Canvas(64, 64), [Light()])).max() <= 1


def slope():
    """Nearer to the right: 2 levels a pixel."""
    return np.repeat(np.arange(0, 128, 2, dtype=np.uint8)[None], 64, axis=0)


@pytest.mark.parametrize("smoothing", [0, 1, 4])
def test_a_slope_that_rises_to_the_right_is_lit_from_the_left_by_the_cosine(smoothing):
    # 2/255 of a relief of 1 (64 pixels) for each pixel: the slope is 0.50196, the normal (-0.4486, 0, 0.8937).
    surface = depth_map(slope(), near_is_white=True, relief=1, smoothing_px=smoothing)
    light = Light(kind="directional", azimuth=180, elevation=45)
    expected = 255 * (0.4486 + 0.8937) * math.sqrt(0.5)
    assert abs(int(render(Canvas(64, 64), [light], surface)[32, 32]) - expected) < 2


def test_a_slope_that_rises_to_the_top_is_lit_from_below():
    surface = depth_map(slope().T[::-1].copy(), near_is_white=True, relief=1, smoothing_px=0)
    lit, dark = (
        int(render(Canvas(64, 64), [Light(kind="directional", azimuth=each, elevation=45)], surface)[32, 32])
        for each in (270, 90)
    )
    assert lit > 2 * dark


def test_where_black_is_near_the_slope_turns():
    light = Light(kind="directional", azimuth=180, elevation=45)
    white, black = (
        int(render(Canvas(64, 64), [light], depth_map(slope(), near_is_white=each, relief=1, smoothing_px=0))[32, 32])
        for each in (True, False)
    )
    assert white > 2 * black


# Interpolation


def exactly(*args, **kwargs):
    """`render` with every pixel computed."""
    steps, lighting.STEPS = lighting.STEPS, (1 << 20,)
    try:
        return render(*args, **kwargs).astype(int)
    finally:
        lighting.STEPS = steps


LIGHTS = st.builds(
    Light,
    kind=st.sampled_from(["point", "spot", "directional", "gradient", "ambient"]),
    intensity=st.floats(0, 2),
    color=st.sampled_from(["#ffffff", "#ffffff", "#ff8040"]),
    x=st.floats(-1, 2),
    y=st.floats(-1, 2),
    z=st.floats(0.01, 2),
    azimuth=st.floats(-360, 360),
    elevation=st.floats(0, 90),
    falloff=st.sampled_from(["inverse_square", "linear", "smooth", "none"]),
    radius=st.floats(0.01, 3),
    angle=st.floats(1, 179),
    softness=st.floats(0, 1),
)


@pytest.mark.thorough
@settings(deadline=None, max_examples=120)
@given(st.lists(LIGHTS, max_size=4), st.sampled_from([(160, 160), (300, 90), (97, 211)]), st.booleans())
def test_interpolated_light_is_within_one_level_of_every_pixel_computed(lights, size, with_normals):
    canvas = Canvas(*size)
    image = np.random.default_rng(1).integers(60, 256, (canvas.height, canvas.width, 3), dtype=np.uint8)
    surface = NormalMap(image) if with_normals else None
    fast = render(canvas, lights, surface, tone="clip").astype(int)
    assert np.abs(fast - exactly(canvas, lights, surface, tone="clip")).max() <= 1


def test_a_soft_light_is_interpolated_and_a_hard_one_is_not():
    scene = lighting._prepare(Canvas(512, 512), [Light(), Light(kind="spot", softness=0)], None, 1.0)
    assert scene.field is not None
    assert [beam.light.kind for beam, _, _ in scene.beams] == ["spot"]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(LIGHTS, max_size=5),
    st.integers(1, 60),
    st.integers(1, 60),
    st.sampled_from(["fit", "soft", "clip"]),
    st.sampled_from(["flat", "normals", "depth"]),
    st.floats(-10, 10),
)
def test_any_lights_on_any_canvas_make_a_picture(lights, width, height, tone, kind, exposure):
    image = np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8)
    surface = {
        "flat": None,
        "normals": NormalMap(image),
        "depth": depth_map(image, near_is_white=True, relief=2, smoothing_px=width / 10),
    }[kind]
    out = render(Canvas(width, height), lights, surface, exposure=exposure, tone=tone)
    assert out.dtype == np.uint8
    assert out.shape[:2] == (height, width)


def test_a_picture_done_in_parts_has_no_seams():
    canvas = Canvas(1100, 700)
    out = render(canvas, [Light(x=0.2), Light(kind="spot", x=0.7, softness=0.01, falloff="none")], tone="clip")
    assert np.abs(out - exactly(canvas, [Light(x=0.2), Light(kind="spot", x=0.7, softness=0.01, falloff="none")],
                                tone="clip")).max() <= 1  # fmt: skip


def test_the_checkpoint_can_stop_the_work():
    class Stop(Exception):
        pass

    def stop():
        raise Stop

    with pytest.raises(Stop):
        render(Canvas(1000, 1000), [Light(kind="spot", softness=0)], checkpoint=stop)


@pytest.mark.parametrize("color", ["red", "#fff", "#gggggg", "#ffffff0"])
def test_a_color_that_is_none_is_refused(color):
    with pytest.raises(InvalidParamError, match="color"):
        Light(color=color)


# Blend


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        # base 0.4 (102), light 0.8 (204)
        ("multiply", 82),
        ("screen", 224),
        ("overlay", 163),
        ("add", 255),
        ("mix", 204),
    ],
)
def test_a_blend_follows_its_formula(mode, expected):
    base, over = (np.full((2, 3), each, dtype=np.uint8) for each in (102, 204))
    assert abs(int(blend(base, over, mode)[0, 0]) - expected) <= 1


def test_overlay_brightens_a_bright_base():
    base, over = (np.full((2, 3), each, dtype=np.uint8) for each in (204, 204))
    # 1 - 2 * 0.2 * 0.2 = 0.92
    assert abs(int(blend(base, over, "overlay")[0, 0]) - 235) <= 1


@pytest.mark.parametrize("mode", ["multiply", "screen", "overlay", "add", "mix"])
def test_strength_zero_leaves_the_base_alone(mode):
    base = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)
    assert np.array_equal(blend(base, np.full((4, 5), 100, dtype=np.uint8), mode, 0.0), base)


@pytest.mark.parametrize("shape", [(1, 1), (4, 1), (1, 4)])
@pytest.mark.parametrize("mode", ["multiply", "screen", "overlay", "add", "mix"])
def test_pictures_of_a_few_pixels_are_not_taken_for_colors(shape, mode):
    base = np.full((*shape, 3), 100, dtype=np.uint8)
    assert blend(base, np.full(shape, 100, dtype=np.uint8), mode, 0.5).shape == (*shape, 3)


# --- depth of more than 8 bits


def plane():
    """16 bits' worth of a slope that rises to the right by 0.001 a pixel, as shares of white."""
    return np.repeat(0.2 + np.arange(96, dtype=np.float32)[None] / 1000, 64, axis=0)


def lit_from_left(surface, size=(96, 64)):
    return render(Canvas(*size), [Light(kind="directional", azimuth=180, elevation=30)], surface)


@pytest.mark.parametrize("smoothing", [0, 1, 4, 40])
def test_a_plane_of_many_bits_is_one_gray_up_to_its_borders(smoothing):
    # The slope is 0.001 * 64; (0.064 cos 30 + sin 30) / sqrt(1 + 0.064^2) = 0.5543.
    out = lit_from_left(depth_map(plane(), near_is_white=True, relief=1, smoothing_px=smoothing))
    assert np.abs(out.astype(int) - 141).max() <= 1


def test_black_is_near_in_many_bits_too():
    turned = depth_map(1 - plane(), near_is_white=False, relief=1, smoothing_px=0)
    assert np.abs(lit_from_left(turned).astype(int) - 141).max() <= 1


@pytest.mark.parametrize("image", [plane() / 2 + 0.4, (np.arange(96, dtype=np.uint8) + 9)[None].repeat(64, axis=0)])
def test_its_own_range_spans_the_whole_relief(image):
    # 1/95 of a relief of 0.1 (6.4 pixels) for each pixel: the slope is 0.06737.
    out = lit_from_left(depth_map(image, near_is_white=True, relief=0.1, smoothing_px=0, own_range=True))
    assert np.abs(out.astype(int) - 142).max() <= 1
