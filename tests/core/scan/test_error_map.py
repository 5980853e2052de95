from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.images.arrays import Bits, to_rgb
from lib_bootcamp.core.scan.error_map import PATTERNS, draw_errors, error_map, patterns
from lib_bootcamp.errors import InvalidParamError
from tests.core.scan.scan_pictures import MODULE_PX, QUIET, draw, laid_out

# Version 3 has 29 modules a side: data at (10, 20), timing at (6, 10), format at (8, 2), finder at (0, 0),
# alignment around (22, 22).
SPOTS = {"data": (10, 20), "timing": (6, 10), "format": (8, 2), "finder": (0, 0), "alignment": (22, 22)}


def flipped(modules: Bits, *places: tuple[int, int]) -> Bits:
    out = modules.copy()
    for place in places:
        out[place] = not out[place]
    return out


def test_a_clean_code_has_no_wrong_module() -> None:
    modules, layout = laid_out()
    assert not error_map(draw(modules), layout).wrong.any()


@settings(max_examples=25, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 28), st.integers(0, 28)), max_size=40))
def test_exactly_the_flipped_modules_are_wrong(places: set[tuple[int, int]]) -> None:
    modules, layout = laid_out(version=3, level="L")
    wrong = error_map(draw(flipped(modules, *places)), layout).wrong
    assert {(int(row), int(column)) for row, column in np.argwhere(wrong)} == places


@pytest.mark.parametrize("pattern", SPOTS)
def test_a_wrong_module_is_counted_in_its_pattern_only(pattern: str) -> None:
    modules, layout = laid_out(version=3, level="L")
    found = error_map(draw(flipped(modules, SPOTS[pattern])), layout)
    assert {each: found.counts(each)[0] for each in PATTERNS if found.counts(each)[0]} == {pattern: 1}


@pytest.mark.parametrize(
    ("version", "counts"),
    [
        # 21 x 21: finders and separators 3 x 64, timing 2 x 5, format 30 and the dark module, data the rest.
        (1, {"finder": 192, "timing": 10, "format": 31, "alignment": 0, "version": 0, "data": 208}),
        # Version 2 adds 8 timing modules and one alignment pattern: 625 - 192 - 18 - 31 - 25 = 359.
        (2, {"finder": 192, "timing": 18, "format": 31, "alignment": 25, "version": 0, "data": 359}),
        # Version 7: 45 x 45, timing 2 x 29, 6 alignment patterns of which 2 cross the timing (5 modules each).
        (7, {"finder": 192, "timing": 58, "format": 31, "alignment": 140, "version": 36, "data": 1568}),
    ],
)
def test_modules_of_each_pattern_are_those_of_the_standard(version: int, counts: dict[str, int]) -> None:
    kinds = patterns(version)
    assert {each: int((kinds == PATTERNS.index(each)).sum()) for each in PATTERNS} == counts


def test_a_light_module_that_should_be_dark_has_a_negative_margin() -> None:
    modules, layout = laid_out(version=3, level="L")
    found = error_map(draw(flipped(modules, (0, 0))), layout)
    assert found.margin[0, 0] < 0 < found.margin[0, 1]


@pytest.mark.parametrize("size", [0.5, 1.5, 2.25])
def test_an_enlarged_or_reduced_picture_gives_the_same_map(size: float) -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = cv2.resize(
        draw(flipped(modules, (10, 20), (3, 15))), None, fx=size, fy=size, interpolation=cv2.INTER_AREA
    )
    assert np.argwhere(error_map(picture, layout).wrong).tolist() == [[3, 15], [10, 20]]


def test_a_code_that_lies_off_the_center_is_found_by_its_layout() -> None:
    modules, layout = laid_out(version=3, level="L")
    canvas = np.full((400, 500), 128, np.uint8)
    code = draw(flipped(modules, (10, 20)))
    canvas[40 : 40 + len(code), 160 : 160 + len(code)] = code
    edge = QUIET * MODULE_PX
    moved = dataclasses.replace(layout, left=160 + edge, top=40 + edge, width=500, height=400)
    assert np.argwhere(error_map(canvas, moved).wrong).tolist() == [[10, 20]]


def test_an_inverted_code_is_held_against_its_inverse() -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = 255 - draw(flipped(modules, (10, 20)))
    assert error_map(picture, dataclasses.replace(layout, invert=True)).wrong.sum() == 1


def test_a_gradient_of_light_makes_no_module_wrong() -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = draw(modules)
    ramp = np.linspace(0.15, 1.0, picture.shape[1])
    assert not error_map((picture * ramp).astype(np.uint8), layout).wrong.any()


def test_a_gray_picture_and_its_color_copy_give_the_same_map() -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = draw(flipped(modules, (10, 20)))
    assert np.array_equal(error_map(picture, layout).wrong, error_map(to_rgb(picture), layout).wrong)


def test_an_inverted_picture_of_a_plain_code_is_wrong_nearly_everywhere() -> None:
    modules, layout = laid_out(version=3, level="L")
    assert error_map(255 - draw(modules), layout).wrong.mean() > 0.95


def test_eight_wrong_modules_in_one_codeword_are_one_wrong_codeword() -> None:
    modules, layout = laid_out(version=1, text="HELLO", level="H")
    # The first codeword of every symbol: two columns from the right edge, four rows from the bottom.
    places = [(row, column) for row in range(17, 21) for column in (19, 20)]
    assert error_map(draw(flipped(modules, *places)), layout).wrong_codewords == (1,)


@pytest.mark.parametrize(("codewords", "beyond"), [(8, 0), (9, 1)])
def test_version_1_h_loses_its_block_at_the_ninth_wrong_codeword(codewords: int, beyond: int) -> None:
    # 26 codewords of which 17 are for correction: 8 may be wrong. One module of each of the first: the strip of
    # two columns at the right edge holds codewords 0 to 2, from the bottom up, and so on in turns.
    modules, layout = laid_out(version=1, text="HELLO", level="H")
    ups = [(20 - 4 * n, 20) for n in range(3)] + [(9 + 4 * n, 18) for n in range(3)]
    places = ups + [(20 - 4 * n, 16) for n in range(3)]
    assert error_map(draw(flipped(modules, *places[:codewords])), layout).uncorrectable_blocks == beyond


def test_a_code_reported_as_correctable_is_read_and_another_is_not() -> None:
    from lib_bootcamp.core.scan.decoders import DECODERS
    from lib_bootcamp.core.scan.reading import read

    modules, layout = laid_out(version=1, text="HELLO", level="H")
    ups = [(20 - 4 * n, 20) for n in range(3)] + [(9 + 4 * n, 18) for n in range(3)]
    places = ups + [(20 - 4 * n, 16) for n in range(3)]
    correctable = [error_map(draw(flipped(modules, *places[:n])), layout).uncorrectable_blocks == 0 for n in (7, 8, 9)]
    seen = [read(DECODERS[0], draw(flipped(modules, *places[:n]))) == ("HELLO",) for n in (7, 8, 9)]
    assert correctable == seen == [True, True, False]


def test_another_aspect_ratio_is_refused() -> None:
    modules, layout = laid_out()
    with pytest.raises(InvalidParamError, match="not an enlargement of it; leave layout empty"):
        error_map(np.pad(draw(modules), ((0, 40), (0, 0))), layout)


def test_a_size_rounded_to_a_multiple_of_eight_is_accepted() -> None:
    modules, layout = laid_out()
    side = layout.width * 3 // 2
    picture = cv2.resize(draw(modules), (side // 8 * 8, side // 8 * 8 + 8), interpolation=cv2.INTER_CUBIC)
    assert not error_map(picture, layout).wrong.any()


def test_modules_under_two_pixels_are_refused() -> None:
    modules, layout = laid_out()
    with pytest.raises(InvalidParamError, match="larger picture"):
        error_map(cv2.resize(draw(modules), None, fx=0.2, fy=0.2), layout)


def test_a_layout_that_leaves_its_canvas_is_refused() -> None:
    modules, layout = laid_out()
    with pytest.raises(InvalidParamError, match="outside its canvas"):
        error_map(draw(modules), dataclasses.replace(layout, left=layout.left + 200))


def test_a_module_that_should_be_dark_is_drawn_red_and_one_that_should_be_light_blue() -> None:
    modules, layout = laid_out(version=3, level="L")
    # (0, 0) is the finder's dark corner, (7, 7) its light separator.
    picture = draw(flipped(modules, (0, 0), (7, 7)))
    drawn = draw_errors(picture, layout, error_map(picture, layout))
    center = QUIET * MODULE_PX + MODULE_PX // 2
    red, blue = drawn[center, center].astype(int), drawn[center + 7 * MODULE_PX, center + 7 * MODULE_PX].astype(int)
    assert (red[0] > red[2] + 50, blue[2] > blue[0] + 50) == (True, True)


def test_right_modules_are_drawn_as_they_are() -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = draw(modules)
    assert np.array_equal(draw_errors(picture, layout, error_map(picture, layout)), to_rgb(picture))


def test_the_picture_is_not_changed() -> None:
    modules, layout = laid_out(version=3, level="L")
    picture = to_rgb(draw(flipped(modules, (0, 0))))
    before = picture.copy()
    draw_errors(picture, layout, error_map(picture, layout))
    assert np.array_equal(picture, before)
