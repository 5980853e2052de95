"""Layouts: numbers by hand, the grid, and the sentences where nothing fits."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.placement import Canvas, EncodeRequest, LayoutError, place, smallest_canvas, solve

SQUARE = Canvas(width=768, height=768)
POSITIONS = ("center", "top-left", "top-right", "bottom-left", "bottom-right")


@pytest.mark.parametrize(
    ("canvas", "module_px"),
    [
        ({"width": 592}, 16),
        ({"width": 584}, 8),
        ({"width": 768}, 16),
        ({"width": 768, "offset_x_px": 8}, 16),
        ({"width": 768, "module_px": 8}, 8),
        ({"width": 640, "module_px": 16}, 16),
    ],
)
def test_the_automatic_grid_is_16_where_the_code_fits_on_it(canvas: dict[str, int], module_px: int) -> None:
    size = {**canvas, "height": canvas["width"]}
    _, layout = solve(EncodeRequest(content="https://example.com"), Canvas(grid_px=0, **size))
    assert layout.version == 3
    assert layout.module_px == module_px
    grid = 8 if "offset_x_px" in canvas or module_px == 8 else 16
    assert layout.left % grid == layout.top % grid == 0


def test_what_fits_on_no_automatic_grid_is_advised_as_on_8() -> None:
    with pytest.raises(LayoutError, match="at 8 px each") as caught:
        solve(EncodeRequest(content="https://example.com"), Canvas(width=256, height=256, grid_px=0))
    assert caught.value.side_px == 296


@pytest.mark.parametrize(
    ("version", "canvas", "expected"),
    [
        # 29 + 8 = 37 modules: 768 / 37 = 20.7, on the grid 16; 592 px; (768 - 592) / 2 = 88.
        (3, SQUARE, (16, 88, 88)),
        # Free use: 20 px; 740 px; 14.
        (3, replace(SQUARE, grid_px=1), (20, 14, 14)),
        # The grid of 16: 592 px as above, but 88 is no multiple of 16: 80.
        (3, replace(SQUARE, grid_px=16), (16, 80, 80)),
        # The shorter side decides: 512 / 37 = 13.8, so 8; 296 px; 232 and (512 - 296) / 2 = 108, on the grid 104.
        (3, Canvas(width=768, height=512), (8, 232, 104)),
        # Without a quiet zone 29 modules: 26.5, so 24; 696 px; 36, on the grid 32.
        (3, replace(SQUARE, quiet_zone=0), (24, 32, 32)),
        (3, replace(SQUARE, module_px=8), (8, 232, 232)),
        (3, replace(SQUARE, position="top-left"), (16, 0, 0)),
        (3, replace(SQUARE, position="top-right"), (16, 176, 0)),
        (3, replace(SQUARE, position="bottom-left"), (16, 0, 176)),
        (3, replace(SQUARE, position="bottom-right"), (16, 176, 176)),
        (3, replace(SQUARE, offset_x_px=-88, offset_y_px=40), (16, 0, 128)),
        # 96 to the right of the center leaves no room at 16 px; at 8 px the code starts at 236 -> 232 + 96.
        (3, replace(SQUARE, offset_x_px=96), (8, 328, 232)),
    ],
)
def test_layout_is_the_one_worked_out_by_hand(version, canvas, expected):
    assert place(version, canvas) == expected


canvases = st.builds(
    Canvas,
    width=st.integers(8, 200).map(lambda n: 8 * n),
    height=st.integers(8, 200).map(lambda n: 8 * n),
    grid_px=st.sampled_from([1, 2, 8, 16, 24]),
    quiet_zone=st.integers(0, 16),
    position=st.sampled_from(POSITIONS),
)


@pytest.mark.thorough
@given(version=st.integers(1, 40), canvas=canvases)
@settings(deadline=None, max_examples=150)
def test_sizes_and_places_lie_on_the_grid_and_within_the_canvas(version, canvas):
    found = place(version, canvas)
    assume(found)
    module_px, left, top = found
    size = (qr_spec.side(version) + 2 * canvas.quiet_zone) * module_px
    assert [value % canvas.grid_px for value in found] == [0, 0, 0]
    assert 0 <= left <= canvas.width - size
    assert 0 <= top <= canvas.height - size


@given(version=st.integers(1, 40), canvas=canvases)
@settings(deadline=None, max_examples=100)
def test_larger_modules_would_not_fit(version, canvas):
    found = place(version, canvas)
    larger = (found[0] if found else 0) + canvas.grid_px
    assert place(version, replace(canvas, module_px=larger)) is None


@given(version=st.integers(1, 40), canvas=canvases)
@settings(deadline=None, max_examples=30)
def test_the_smallest_canvas_fits_and_eight_px_less_do_not(version, canvas):
    px = smallest_canvas(version, canvas)
    assume(px)
    assert place(version, replace(canvas, width=px, height=px))
    assert px == 64 or place(version, replace(canvas, width=px - 8, height=px - 8)) is None


def _problem(content: str, canvas: Canvas, **request) -> LayoutError:
    with pytest.raises(LayoutError) as caught:
        solve(EncodeRequest(content=content, **request), canvas)
    return caught.value


def test_a_small_canvas_names_the_smallest_that_works():
    # Version 1: 29 modules of 8 px are 232 px.
    problem = _problem("a", Canvas(width=64, height=512))
    assert "take 232 px of the canvas of 64 x 512 px; make width and height at least 232" in str(problem)


def test_a_small_canvas_names_how_much_text_fits():
    # 256 px hold 32 modules of 8 px: version 1 with its quiet zone, 7 characters at level H.
    assert "shorten it to 7 characters" in str(_problem("a" * 30, Canvas(width=256, height=256)))


def test_a_small_canvas_names_a_lower_level_that_fits():
    # 14 characters: 1-M, but 2-H.
    assert "set error_correction to M" in str(_problem("a" * 14, Canvas(width=256, height=256)))


def test_a_small_canvas_names_a_finer_grid():
    assert "set grid_px to 8." in str(_problem("a", Canvas(width=256, height=256, grid_px=16)))


def test_modules_that_are_too_large_are_named():
    assert "set module_px to 0." in str(_problem("a", Canvas(width=256, height=256, module_px=16)))


def test_a_version_that_is_too_large_is_named():
    assert "set version to 0" in str(_problem("a", Canvas(width=256, height=256), version=5))


@given(count=st.integers(8, 200), px=st.integers(29, 60).map(lambda n: 8 * n))
@settings(deadline=None, max_examples=30)
def test_what_the_sentence_offers_works(count, px):
    canvas = Canvas(width=px, height=px)
    try:
        solve(EncodeRequest(content="a" * count), canvas)
    except LayoutError as problem:
        enough = int(re.search(r"at least (\d+)", str(problem))[1])
        shorter = int(re.search(r"shorten it to (\d+)", str(problem))[1])
        solve(EncodeRequest(content="a" * count), replace(canvas, width=enough, height=enough))
        solve(EncodeRequest(content="a" * shorter), canvas)


def test_an_offset_beyond_the_canvas_names_its_range():
    # At 8 px the code has 232 px: it starts at (768 - 232) / 2 = 268, on the grid 264, and may end at 768: 536.
    problem = _problem("a", replace(SQUARE, offset_y_px=400))
    assert (problem.param, problem.hint.partition("may be ")[2]) == ("offset_y_px", "-264 to 272")


@given(count=st.integers(1, 7), canvas=canvases)
@settings(deadline=None, max_examples=60)
def test_the_layout_is_where_the_symbol_was_placed(count, canvas):
    found = place(1, canvas)
    assume(found)
    symbol, layout = solve(EncodeRequest(content="a" * count), canvas)
    assert (layout.module_px, layout.box_left, layout.box_top) == found
    assert (layout.content, layout.version, layout.mask) == (symbol.content, 1, symbol.mask)
    assert layout.box_left + layout.box_size_px <= layout.width == canvas.width
    assert layout.size_px == 21 * layout.module_px
