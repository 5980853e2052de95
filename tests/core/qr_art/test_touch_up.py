"""The last touch: it makes a pale code scan, changes as little as that takes, and stamps none on other pictures."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.qr.layout import QrLayout
from lib_bootcamp.core.qr_art.touch_up import least_touch, missing_levels, touched_up
from lib_bootcamp.core.scan import decoders as scan_decoders
from lib_bootcamp.core.scan.error_map import error_map
from lib_bootcamp.core.scan.ladder import readers_of

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
        correctable_modules=0,
        invert=invert,
    )


def pale(contrast: float, grain: float = 6, *, invert: bool = False) -> Image:
    """A code of this many gray levels between dark and light, on an orange ground with some grain."""
    modules = np.array(qr_matrix(TEXT, "H", version=1, mask=3).modules)
    dark = np.pad(modules != invert, QUIET, constant_values=invert).repeat(PX, 0).repeat(PX, 1)
    ground = np.broadcast_to(np.array([200.0, 150, 90]), (*dark.shape, 3))
    noise = cv2.GaussianBlur(np.random.default_rng(0).normal(0, grain * 6, dark.shape), (0, 0), 3)
    return np.clip(ground + (noise + np.where(dark, -contrast, contrast) / 2)[..., None], 0, 255).astype(np.uint8)


def touched(picture: Image, place: QrLayout, levels: float, finder_levels: float | None = None) -> Image:
    """Each module this far beyond its threshold."""
    errors = error_map(picture, place)
    asked = missing_levels(errors, levels, levels if finder_levels is None else finder_levels)
    return touched_up(picture, place, errors, asked)


def readers() -> tuple[scan_decoders.Decoder, ...]:
    return scan_decoders.installed(["zxing-cpp"])


def scans(image: Image) -> bool:
    return bool(readers_of(image, readers(), TEXT))


@pytest.mark.parametrize("scale", [1, 2])
def test_a_pale_code_is_read_after_a_small_touch(scale: int) -> None:
    picture = cv2.resize(pale(10), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    assert not scans(picture)
    found = least_touch(picture, layout(), scans, 64)
    assert found is not None
    made, levels = found
    assert scans(made)
    assert made.shape == picture.shape
    change = np.abs(made.astype(int) - picture)
    assert 0 < change.max() <= levels + 1 <= 65


def changes_tried(scans: Any, most: int, **more: Any) -> tuple[list[float], Any]:
    """How much each picture that readers are shown is changed, and what comes out."""
    asked: list[float] = []
    picture = pale(10)

    def asks(each: Image) -> bool:
        asked.append(float(np.abs(each.astype(int) - picture).mean()))
        return bool(scans(each))

    return asked, least_touch(picture, layout(), asks, most, **more)


def test_all_changes_are_tried_and_none_beyond_the_most() -> None:
    asked, found = changes_tried(lambda _: False, 24)
    assert found is None
    assert min(asked) > 0
    assert max(asked) < 25
    assert len(set(asked)) > 20


def test_the_least_change_that_scans_is_taken_wherever_it_lies() -> None:
    asked, _ = changes_tried(lambda _: False, 64)
    for bound in sorted(asked)[:: len(asked) // 7]:
        picture = pale(10)
        _, found = changes_tried(lambda each: np.abs(each.astype(int) - picture).mean() >= bound, 64)  # noqa: B023
        assert np.abs(found[0].astype(int) - picture).mean() == pytest.approx(bound, rel=0.06)


def test_a_change_that_scans_is_found_after_few_tries() -> None:
    asked, found = changes_tried(lambda _: True, 192)
    assert found is not None
    assert len(asked) == 1


def test_what_was_found_is_taken_when_it_is_late() -> None:
    asked, _ = changes_tried(lambda _: False, 192)
    middle, picture = sorted(asked)[len(asked) // 2], pale(10)
    tried: list[float] = []

    def scans(each: Image) -> bool:
        tried.append(float(np.abs(each.astype(int) - picture).mean()))
        return tried[-1] >= middle

    found = least_touch(picture, layout(), scans, 192, late=lambda: len(tried) > 15)
    assert found is not None
    assert len(tried) <= 16


def test_finders_can_be_touched_alone() -> None:
    picture = pale(10, grain=0)
    changed = np.abs(touched(picture, layout(), 0, 30).astype(int) - picture).max(2) > 3
    inside = changed[QUIET * PX : -QUIET * PX, QUIET * PX : -QUIET * PX]
    assert inside[: 7 * PX, : 7 * PX].mean() > 0.9
    assert not inside[9 * PX : 12 * PX, 9 * PX : 12 * PX].any()


def test_modules_that_are_right_by_as_much_are_left_as_they_are() -> None:
    picture = pale(120, grain=0)
    np.testing.assert_array_equal(touched(picture, layout(), 10), picture)


def test_weak_modules_come_to_the_side_they_should_be_on() -> None:
    picture = pale(60, grain=0)
    top = left = (QUIET + 10) * PX
    picture[top : top + PX, left : left + PX] = 255 - picture[top : top + PX, left : left + PX]
    before, after = error_map(picture, layout()), error_map(touched(picture, layout(), 12), layout())
    assert before.margin.min() < after.margin.min()
    assert after.wrong.sum() <= before.wrong.sum()


def test_an_inverted_code_is_touched_the_other_way_round() -> None:
    picture = pale(8, invert=True)
    made = touched(picture, layout(invert=True), 20)
    assert error_map(made, layout(invert=True)).margin.min() > error_map(picture, layout(invert=True)).margin.min()


def test_hue_stays() -> None:
    picture = pale(10, grain=0)
    change = touched(picture, layout(), 20).astype(int) - picture
    np.testing.assert_allclose(change[..., 0], change[..., 2], atol=1)


@pytest.mark.parametrize("picture", [np.full((232, 232, 3), 255, np.uint8), pale(-60)])
def test_no_code_is_stamped_on_a_picture_without_it(picture: Image) -> None:
    assert least_touch(picture, layout(), scans, 128) is None


def test_nothing_is_done_where_none_is_allowed() -> None:
    assert least_touch(pale(10), layout(), lambda _: True, 0) is None
