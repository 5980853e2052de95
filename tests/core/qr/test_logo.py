"""Logos: their place and what they cost."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.logo import draw_logo, safe_area
from lib_bootcamp.errors import InvalidParamError
from tests.core.qr.layouts import layout


def test_a_logo_lies_in_the_middle_of_a_version_without_an_alignment_pattern_there():
    # Version 4 has 33 modules; 0.2 of them are 6.6, with half a module around 7.6, so 9 (odd): (33 - 9) / 2 = 12.
    area = safe_area(4, "H", 0.2, (50, 50))
    assert (area.top, area.left, area.rows, area.columns) == (12, 12, 9, 9)


def test_a_wide_logo_takes_a_wide_area():
    area = safe_area(4, "H", 0.2, (25, 50))
    assert (area.rows, area.columns) == (5, 9)


@pytest.mark.thorough
@given(
    version=st.integers(1, 40),
    level=st.sampled_from(qr_spec.LEVELS),
    share=st.floats(0.05, 0.5),
    height=st.integers(1, 50),
    width=st.integers(1, 50),
)
@settings(deadline=None, max_examples=40)
def test_a_logo_covers_no_pattern_and_no_more_than_each_block_restores(version, level, share, height, width):
    try:
        area = safe_area(version, level, share, (height, width))
    except InvalidParamError:
        return
    parts = qr_spec.skeleton(version)
    place = (slice(area.top, area.top + area.rows), slice(area.left, area.left + area.columns))
    assert not parts.reserved[place].any()
    # Count anew, bit by bit: bit n of the order of placement belongs to codeword n // 8, dealt round the blocks.
    covered = np.zeros(parts.reserved.shape, bool)
    covered[place] = True
    hit = {int(n) // 8 for n in np.flatnonzero(covered.ravel()[parts.order])}
    blocks = qr_spec.blocks(version, level)
    deal = [b for turn in range(blocks[-1].data) for b, block in enumerate(blocks) if turn < block.data]
    deal += list(range(len(blocks))) * (blocks[0].total - blocks[0].data)
    lost = [sum(deal[n] == b for n in hit if n < len(deal)) for b in range(len(blocks))]
    assert area.correctable_modules == min(block.correctable - each for block, each in zip(blocks, lost, strict=True))
    assert area.correctable_modules >= 0


def test_a_logo_that_is_too_large_names_the_largest_share_that_works():
    with pytest.raises(InvalidParamError, match=r"logo_share of 0\.5 .* at most 0\.\d+ works") as caught:
        safe_area(4, "H", 0.5, (50, 50))
    largest = float(re.search(r"at most ([0-9.]+) works", str(caught.value))[1])
    assert safe_area(4, "H", largest, (50, 50))
    with pytest.raises(InvalidParamError):
        safe_area(4, "H", largest + 0.01, (50, 50))


def test_version_1_at_level_l_has_no_place_for_a_logo_of_a_third():
    with pytest.raises(InvalidParamError, match="logo_share"):
        safe_area(1, "L", 0.33, (10, 10))


def test_a_logo_is_drawn_inside_its_safe_area_only():
    image = np.full((400, 400, 3), 7, np.uint8)
    area = safe_area(4, "H", 0.2, (20, 40))
    frame = layout(width=400, height=400, left=20, top=30, module_px=8, quiet_zone=0)
    draw_logo(image, np.full((20, 40, 3), 99, np.uint8), area, frame, (200, 200, 200))
    top, left = 30 + area.top * 8, 20 + area.left * 8
    inside = image[top : top + area.rows * 8, left : left + area.columns * 8].copy()
    image[top : top + area.rows * 8, left : left + area.columns * 8] = 7
    assert (image == 7).all()
    assert set(np.unique(inside)) == {99, 200}


def test_a_gray_logo_is_drawn_too():
    image = np.zeros((400, 400, 3), np.uint8)
    frame = layout(width=400, height=400, left=20, top=20, module_px=8, quiet_zone=0)
    draw_logo(image, np.full((9, 9), 50, np.uint8), safe_area(4, "H", 0.2, (9, 9)), frame, (200, 200, 200))
    assert image[20 + 16 * 8 + 4, 20 + 16 * 8 + 4].tolist() == [50, 50, 50]
