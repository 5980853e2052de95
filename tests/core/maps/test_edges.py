"""Edge operators and what is measured, on numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from lib_bootcamp.core.images import strips
from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.maps.edge_channels import channel_planes
from lib_bootcamp.core.maps.edges import (
    Canny,
    Thresholds,
    Xdog,
    contrast_strength,
    gradient_strength,
    log_crossings,
    log_strength,
    median_value,
    otsu,
)

STEP = np.zeros((16, 20), dtype=np.uint8)
STEP[:, 10:] = 100


def flat(*color):
    return np.full((3, 4, 3), color, dtype=np.uint8)


def halves(left, right):
    image = np.zeros((20, 20, 3), dtype=np.uint8)
    image[:, :10], image[:, 10:] = left, right
    return image


@pytest.mark.parametrize(
    ("channel", "color", "value"),
    [
        ("lstar", (255, 0, 0), 136),
        ("a", (255, 0, 0), 208),  # a* 80.1
        ("b", (0, 0, 255), 20),  # b* -107.9
        ("saturation", (200, 100, 100), 128),
        ("red", (1, 2, 3), 1),
        ("green", (1, 2, 3), 2),
        ("blue", (1, 2, 3), 3),
        ("distance", (0, 0, 0), 255),  # 100 from white
        ("distance", (255, 255, 255), 0),
    ],
)
def test_a_channel_has_the_value_worked_out_by_hand(channel, color, value):
    (plane,) = channel_planes(flat(*color), channel)
    assert np.abs(plane.astype(int) - value).max() <= 1


def test_distance_is_cie76_to_the_picked_color():
    # L* of gray 119 is 50.0, of gray 145 60.2
    (plane,) = channel_planes(flat(145, 145, 145), "distance", (119, 119, 119))
    assert np.abs(plane / 2.55 - 10.2).max() < 1


@pytest.mark.parametrize(
    ("color", "cosine", "sine"), [((255, 0, 0), 255, 128), ((0, 255, 255), 0, 128), ((128, 255, 0), 128, 255)]
)
def test_hue_is_an_angle(color, cosine, sine):
    planes = channel_planes(flat(*color), "hue")
    assert [abs(int(plane[0, 0]) - value) <= 3 for plane, value in zip(planes, (cosine, sine), strict=True)] == [
        True
    ] * 2


def test_gray_has_no_hue():
    assert {int(plane[0, 0]) for plane in channel_planes(flat(77, 77, 77), "hue")} == {128}


def test_a_hue_of_359_lies_beside_a_hue_of_1():
    across = gradient_strength(channel_planes(halves((255, 0, 4), (255, 4, 0)), "hue"), "sobel")
    opposite = gradient_strength(channel_planes(halves((255, 0, 0), (0, 255, 255)), "hue"), "sobel")
    assert across.max() <= 8
    assert opposite.max() == 255


@pytest.mark.parametrize("channel", ["a", "b", "hue", "saturation"])
def test_a_gray_picture_has_no_edges_of_color(channel):
    assert gradient_strength(channel_planes(STEP, channel), "sobel").max() == 0


def test_a_color_is_read():
    assert parse_color("#ff8001") == (255, 128, 1)


@pytest.mark.parametrize("kind", ["sobel", "scharr"])
def test_a_step_has_its_own_height(kind):
    strength = gradient_strength([STEP], kind)
    assert (strength[:, 9:11] == 100).all()
    assert strength[:, :9].max() == strength[:, 11:].max() == 0


def test_scharr_sees_a_slanting_step_as_strong_as_an_upright_one():
    y, x = np.mgrid[:64, :64].astype(np.float32)
    away = {}
    for kind in ("sobel", "scharr"):
        waves = [100 + 80 * np.sin((x * np.cos(t) + y * np.sin(t)) / 3) for t in np.linspace(0, np.pi / 2, 7)]
        peaks = [gradient_strength([wave.astype(np.uint8)], kind)[8:-8, 8:-8].max() for wave in waves]
        away[kind] = np.ptp(peaks) / np.mean(peaks)
    assert away["scharr"] < away["sobel"]


def test_strips_do_not_show():
    image = np.random.default_rng(0).integers(0, 256, (700, 800), dtype=np.uint8)
    for whole, part in (
        (gradient_strength([image], "sobel"), gradient_strength([image[100:200]], "sobel")),
        (contrast_strength([image], 7), contrast_strength([image[100:200]], 7)),
    ):
        assert np.array_equal(whole[110:190], part[10:-10])


def test_canny_is_opencvs():
    image = np.random.default_rng(0).integers(0, 256, (50, 60), dtype=np.uint8)
    expected = opencv().Canny(image, 300, 700)
    canny = Canny([image])
    assert np.array_equal(canny.lines(Thresholds(300, 700)), expected)
    canny.strength()
    assert np.array_equal(canny.lines(Thresholds(300, 700)), expected)


def test_canny_draws_one_line_at_a_step():
    lines = Canny([STEP]).lines(Thresholds(100, 399))
    assert (lines > 0).sum(1).tolist() == [1] * 16
    assert Canny([STEP]).lines(Thresholds(100, 401)).max() == 0


def test_canny_of_two_planes_finds_a_turn_to_the_opposite():
    lines = Canny(channel_planes(halves((255, 0, 0), (0, 255, 255)), "hue")).lines(Thresholds(100, 200))
    assert (lines > 0).sum(1).tolist() == [1] * 20


def slopes(plane):
    cv2 = opencv()
    return [cv2.Sobel(plane, cv2.CV_64F, *order, borderType=cv2.BORDER_REPLICATE) for order in ((1, 0), (0, 1))]


def test_two_planes_change_as_the_structure_tensors_first_eigenvector_says():
    rng = np.random.default_rng(0)
    planes = [rng.integers(0, 256, (60, 50), dtype=np.uint8) for _ in range(2)]
    # two ramps at right angles: as fast in all directions
    planes[0][:20, :20], planes[1][:20, :20] = 5 * np.arange(20), 5 * np.arange(20)[:, None]
    found = np.stack(Canny(planes).derivatives(), axis=-1).astype(float)
    each = np.array([slopes(plane) for plane in planes])
    values, vectors = np.linalg.eigh(np.einsum("pihw,pjhw->hwij", each, each))
    rate = np.sqrt(values[..., 1])
    length = np.hypot(found[..., 0], found[..., 1])
    assert np.abs(length - rate).max() < 1
    sure = (values[..., 1] > 1.2 * values[..., 0]) & (rate > 100)
    along = np.abs((found * vectors[..., 1]).sum(-1))
    assert (along / length)[sure].min() > np.cos(np.radians(1))


@pytest.mark.parametrize("count", [1, 2])
def test_the_gradients_length_is_rounded_from_its_exact_value(count):
    rng = np.random.default_rng(0)
    planes = [rng.integers(0, 256, (700, 333), dtype=np.uint8) for _ in range(count)]
    squares = sum(slope**2 for plane in planes for slope in slopes(plane))
    exact = np.rint(np.minimum(np.sqrt(squares) / 4, 255))
    # where it lies half way between two levels, the last bit of a float decides
    assert (gradient_strength(planes, "sobel") != exact).mean() == 0


def test_otsu_parts_two_levels():
    image = np.array([[20] * 6 + [180] * 3], dtype=np.uint8)
    assert 20 <= otsu(image) < 180


def test_the_median_is_the_middle_value():
    assert median_value(np.array([[1, 2, 3, 200, 255]], dtype=np.uint8)) == 3


def test_laplacian_of_gaussian_crosses_zero_at_the_step_with_its_height():
    crossings = log_crossings([STEP], 2.0)
    assert (crossings > 0).sum(1).tolist() == [1] * 16
    assert crossings.max() == pytest.approx(100, abs=8)
    assert crossings.argmax(1).tolist() in ([9] * 16, [10] * 16)


def test_laplacian_of_gaussian_is_strongest_one_sigma_beside_a_step():
    wide = np.zeros((5, 80), dtype=np.uint8)
    wide[:, 40:] = 200
    strength = log_strength([wide], 4.0)
    assert strength[2].argmax() in {35, 36, 43, 44}
    assert strength.max() == pytest.approx(200, abs=6)


def test_xdog_leaves_white_paper_and_fills_what_is_dark():
    xdog = Xdog(1.0, sharpness=20, epsilon=0.3, phi=4)
    assert xdog.strength([np.full((9, 9), 255, np.uint8)]).max() == 0
    # tanh(4 * (0.3 - 0.2)) = 0.380
    assert (xdog.strength([np.full((9, 9), 51, np.uint8)]) == 97).all()


def test_xdog_inks_the_dark_side_of_an_edge():
    gray = np.full((9, 40), 160, dtype=np.uint8)
    gray[:, 20:] = 220
    ink = Xdog(1.0, sharpness=20, epsilon=0.3, phi=10).strength([gray])
    assert ink[4, 17:20].max() > 200
    assert ink[:, 22:].max() == ink[:, :14].max() == 0


def test_a_window_half_black_half_white_has_full_contrast():
    image = np.zeros((1, 30), dtype=np.uint8)
    image[:, 15:] = 255
    strength = contrast_strength([image], 3)
    # one or two of three columns are white: twice the root of 2 / 9
    assert strength[0, 13:17].tolist() == [0, 240, 240, 0]


@pytest.mark.parametrize("sigma", [0.6, 1.0, 2.4, 2.6, 5.0])
def test_the_laplacian_of_gaussian_is_the_same_in_strips(sigma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    cv2, rng = opencv(), np.random.default_rng(0)
    plane = cv2.GaussianBlur(rng.integers(0, 256, (900, 700), dtype=np.uint8), (0, 0), 1.5)
    smooth = cv2.GaussianBlur(plane.astype(np.float32), (0, 0), sigma)
    response = cv2.Laplacian(smooth, cv2.CV_32F, ksize=1, scale=sigma**2, borderType=cv2.BORDER_REPLICATE)
    wanted = cv2.convertScaleAbs(np.abs(response), alpha=1 / 0.24197)
    found = log_strength([plane], sigma)
    monkeypatch.setattr(strips, "STRIP_PIXELS", plane.size)
    np.testing.assert_array_equal(found, log_strength([plane], sigma))
    apart = np.abs(found.astype(int) - wanted)
    # a half is rounded by a float's last bit
    assert apart.max() <= 1
    assert (apart > 0).mean() < 1e-4
