"""Drawn symbols, pixel by pixel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.images.colors import parse_color
from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.draw import Style, contrast, draw, draw_function_patterns
from lib_bootcamp.core.qr.encode import qr_matrix
from lib_bootcamp.core.qr.layout import QrLayout
from tests.core.qr.layouts import layout

MODULES = qr_matrix("drawing", "M").modules
FRAME = layout(width=320, height=264, left=64, top=40, module_px=8, quiet_zone=4)
STYLES = ("square", "dots", "rounded", "gapped")
FINDERS = ("square", "rounded", "circle")


def _cells(image: np.ndarray, frame: QrLayout, count: int) -> np.ndarray:
    """uint8 [N, N, px, px, ...]: the pixels of each module."""
    px = frame.module_px
    part = image[frame.top : frame.top + count * px, frame.left : frame.left + count * px]
    return part.reshape(count, px, count, px, *image.shape[2:]).swapaxes(1, 2)


def test_square_modules_fill_their_cells_exactly():
    cells = _cells(draw(MODULES, FRAME, Style()), FRAME, 21)
    assert np.array_equal(cells == 0, np.broadcast_to(MODULES[:, :, None, None, None], cells.shape))


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("style", STYLES)
def test_quiet_zone_and_surround_have_their_colors_in_every_style(style, finder):
    look = Style(modules=style, finder=finder, dark=(80, 0, 0), light=(255, 250, 240), surround=(128, 128, 128))
    image = draw(MODULES, FRAME, look)
    # 21 modules of 8 px are 168 px; with 32 px of quiet zone the box goes from (32, 8) to (264, 240).
    expected = np.full(image.shape, 128, np.uint8)
    expected[8:240, 32:264] = look.light
    expected[40:208, 64:232] = image[40:208, 64:232]
    assert np.array_equal(image, expected)


@pytest.mark.parametrize("px", [3, 8, 21])
@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("style", STYLES)
def test_the_middle_of_every_module_has_its_full_color(style, finder, px):
    frame = layout(width=800, height=800, left=100, top=100, module_px=px, quiet_zone=2)
    cells = _cells(draw(MODULES, frame, Style(modules=style, finder=finder)), frame, 21)[:, :, px // 2, px // 2, 0]
    inner = np.ones_like(MODULES)
    inner[:7, :7] = inner[:7, 14:] = inner[14:, :7] = finder == "square"
    assert np.array_equal((cells < 10)[inner], MODULES[inner])
    assert set(np.unique(cells[inner])) <= {0, 255}


def test_a_dot_has_the_area_of_its_circle():
    frame = replace(FRAME, width=1400, height=1400, left=200, top=200, module_px=40)
    cells = _cells(draw(MODULES, frame, Style(modules="dots", module_fill=0.9)), frame, 21)[9:12, 9:12, :, :, 0]
    dark = cells[MODULES[9:12, 9:12]]
    assert 1 - dark.mean() / 255 == pytest.approx(np.pi / 4 * 0.81, abs=0.004)


def test_a_gapped_module_has_the_area_of_its_square():
    cells = _cells(draw(MODULES, FRAME, Style(modules="gapped", module_fill=0.75)), FRAME, 21)[9:12, 9:12, :, :, 0]
    # 0.75 x 8 px = 6 px, one pixel free on each side.
    assert np.array_equal((cells[MODULES[9:12, 9:12]] == 0).sum(axis=(1, 2)), np.full(MODULES[9:12, 9:12].sum(), 36))


def test_rounded_modules_stay_whole_where_they_touch():
    modules = np.zeros((21, 21), np.bool_)
    modules[10, 10:12] = True
    cells = _cells(draw(modules, FRAME, Style(modules="rounded")), FRAME, 21)[10, 10:12, :, :, 0]
    assert (cells[0, :, 4:] == 0).all()
    assert (cells[1, :, :4] == 0).all()


def test_rounded_modules_lose_the_corners_that_stand_free():
    modules = np.zeros((21, 21), np.bool_)
    modules[10, 10:12] = True
    left = _cells(draw(modules, FRAME, Style(modules="rounded")), FRAME, 21)[10, 10, :, :, 0]
    assert [left[0, 0] > 128, left[-1, 0] > 128, left[0, -1], left[-1, -1]] == [True, True, 0, 0]


@pytest.mark.parametrize("style", STYLES)
def test_alignment_patterns_stay_square(style):
    modules = qr_matrix("drawing", "M", version=2).modules
    drawn = draw(modules, replace(FRAME, version=2), Style(modules=style))
    cells = _cells(drawn, FRAME, 25)[16:21, 16:21]
    assert np.array_equal(cells[..., 0] == 0, np.broadcast_to(modules[16:21, 16:21, None, None], (5, 5, 8, 8)))


@pytest.mark.parametrize("finder", ["rounded", "circle"])
def test_a_round_finder_keeps_1_1_3_1_1_through_its_middle(finder):
    line = draw(MODULES, FRAME, Style(finder=finder))[40 + 28, 64 : 64 + 56, 0]
    assert np.array_equal(line < 128, np.repeat([1, 0, 1, 1, 1, 0, 1], 8).astype(bool))


def test_finders_are_square_where_modules_have_too_few_pixels():
    frame = replace(FRAME, module_px=2)
    assert np.array_equal(draw(MODULES, frame, Style(finder="circle")), draw(MODULES, frame, Style()))


def test_the_function_layer_shows_function_patterns_and_gray():
    cells = _cells(draw_function_patterns(FRAME, Style()), FRAME, 21)[:, :, 0, 0]
    parts = qr_spec.skeleton(1)
    assert np.array_equal(cells, np.where(parts.function, np.where(parts.dark, 0, 255), 128))


def test_the_function_layer_is_gray_outside_of_the_code():
    layer = draw_function_patterns(FRAME, Style(surround=(255, 255, 255), finder="circle"))
    layer[40:208, 64:232] = 128
    assert (layer == 128).all()


def test_the_function_layer_is_inverted_with_the_code():
    layer = draw_function_patterns(FRAME, Style(dark=(255, 255, 255), light=(0, 0, 0)))
    assert (layer[40, 64], layer[40 + 8, 64 + 8]) == (255, 0)


def test_swapped_colors_draw_the_negative():
    for style, finder in (("square", "square"), ("rounded", "circle"), ("dots", "rounded")):
        look = Style(modules=style, finder=finder, surround=(0, 0, 0))
        negative = replace(look, dark=look.light, light=look.dark, surround=(255, 255, 255))
        # The mixed pixels of an edge may round to either side of one half.
        pair = draw(MODULES, FRAME, look).astype(int), 255 - draw(MODULES, FRAME, negative).astype(int)
        assert np.abs(pair[0] - pair[1]).max() <= 1


@given(
    px=st.integers(1, 12),
    quiet=st.integers(0, 6),
    left=st.integers(0, 30),
    top=st.integers(0, 30),
    style=st.sampled_from(STYLES),
    finder=st.sampled_from(FINDERS),
)
@settings(deadline=None, max_examples=60)
def test_every_pixel_is_drawn_at_any_place_and_size(px, quiet, left, top, style, finder):
    size = (21 + 2 * quiet) * px
    frame = layout(
        width=size + 2 * left, height=size + top, left=left + quiet * px, top=top + quiet * px, module_px=px,
        quiet_zone=quiet,
    )  # fmt: skip
    one = draw(MODULES, frame, Style(modules=style, finder=finder, surround=(9, 9, 9)))
    box = np.zeros(one.shape[:2], bool)
    box[top : top + size, left : left + size] = True
    assert (one[~box] == 9).all()
    # Black, white and their mixtures only: what np.empty left would differ by channel or by call.
    assert np.array_equal(one, draw(MODULES, frame, Style(modules=style, finder=finder, surround=(9, 9, 9))))
    assert (one.min(axis=2) == one.max(axis=2)).all()


def test_contrast_of_black_on_white_is_100_and_swapped_minus_100():
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(100)
    assert contrast((255, 255, 255), (0, 0, 0)) == pytest.approx(-100)


def test_contrast_is_that_of_rec_601_luma():
    assert contrast((255, 0, 0), (255, 255, 255)) == pytest.approx(70.1)


def test_a_color_is_read_from_its_hexadecimal_digits():
    assert parse_color("#12aBff") == (0x12, 0xAB, 0xFF)
