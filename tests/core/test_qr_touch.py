"""The last touch: it makes a pale code scan, changes as little as that takes, and stamps none on other pictures."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lib_bootcamp.core import scan_decoders
from lib_bootcamp.core.arrays import Image
from lib_bootcamp.core.qr_layout import QrLayout
from lib_bootcamp.core.qr_matrix import qr_matrix
from lib_bootcamp.core.qr_touch import least_touch, touched_up
from lib_bootcamp.core.scan_errors import error_map
from lib_bootcamp.core.scan_ladder import readers_of

TEXT, PX, QUIET = "HELLO", 8, 4


def layout(invert: bool = False) -> QrLayout:
    side = (21 + 2 * QUIET) * PX
    return QrLayout(
        content=TEXT,
        error_correction="H",
        version=1,
        mask=3,
        left=QUIET * PX,
        top=QUIET * PX,
        module_px=PX,
        quiet_zone=QUIET,
        width=side,
        height=side,
        modules_may_fail=0,
        invert=invert,
    )


def pale(contrast: float, grain: float = 6, *, invert: bool = False) -> Image:
    """A code of this many grey levels between dark and light, on an orange ground with some grain."""
    modules = np.array(qr_matrix(TEXT, "H", version=1, mask=3).modules)
    dark = np.pad(modules != invert, QUIET, constant_values=invert).repeat(PX, 0).repeat(PX, 1)
    ground = np.broadcast_to(np.array([200.0, 150, 90]), (*dark.shape, 3))
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, grain * 6, dark.shape), (0, 0), 3)
    return np.clip(ground + (noise + np.where(dark, -contrast, contrast) / 2)[..., None], 0, 255).astype(np.uint8)


def readers() -> tuple[scan_decoders.Decoder, ...]:
    return scan_decoders.installed(["zxing-cpp"])


def scans(image: Image) -> bool:
    return bool(readers_of(image, readers(), TEXT))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_pale_code_is_read_after_the_least_touch(scale: int) -> None:
    picture = cv2.resize(pale(10), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    assert not scans(picture)
    found = least_touch(picture, layout(), scans, 64)
    assert found is not None
    made, levels = found
    assert scans(made)
    assert made.shape == picture.shape
    assert not scans(touched_up(picture, layout(), levels - 5))
    assert np.abs(made.astype(int) - picture).max() <= 2.2 * levels


def test_modules_that_are_right_by_as_much_are_left_as_they_are() -> None:
    picture = pale(120, grain=0)
    np.testing.assert_array_equal(touched_up(picture, layout(), 10), picture)


def test_weak_modules_come_to_the_side_they_should_be_on() -> None:
    picture = pale(60, grain=0)
    top = left = (QUIET + 10) * PX
    picture[top : top + PX, left : left + PX] = 255 - picture[top : top + PX, left : left + PX]
    before, after = error_map(picture, layout()), error_map(touched_up(picture, layout(), 12), layout())
    assert before.margin.min() < after.margin.min()
    assert after.wrong.sum() <= before.wrong.sum()


def test_an_inverted_code_is_touched_the_other_way_round() -> None:
    picture = pale(8, invert=True)
    made = touched_up(picture, layout(invert=True), 20)
    assert error_map(made, layout(invert=True)).margin.min() > error_map(picture, layout(invert=True)).margin.min()


def test_hue_stays() -> None:
    picture = pale(10, grain=0)
    change = touched_up(picture, layout(), 20).astype(int) - picture
    np.testing.assert_allclose(change[..., 0], change[..., 2], atol=1)


@pytest.mark.parametrize("picture", [np.full((232, 232, 3), 255, np.uint8), pale(-60)])
def test_no_code_is_stamped_on_a_picture_without_it(picture: Image) -> None:
    assert least_touch(picture, layout(), scans, 128) is None


def test_where_the_most_does_not_help_nothing_is_done() -> None:
    asked: list[Image] = []
    assert least_touch(pale(10), layout(), lambda each: bool(asked.append(each)), 12) is None
    assert len(asked) == 3  # by 5, by 10, by 12
    assert least_touch(pale(10), layout(), scans, 0) is None
