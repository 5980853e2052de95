"""Whole symbols against the qrcode package, version and level choice, masks."""

from __future__ import annotations

import random

import numpy as np
import pytest
import qrcode
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import util

from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.core.qr.encode import PayloadTooLongError, penalties, qr_matrix, room, smallest_version
from lib_bootcamp.errors import InvalidParamError


def _from_qrcode(content: str, version: int, level: str, mask: int) -> np.ndarray:
    code = qrcode.QRCode(version=version, error_correction=qr_spec.LEVEL_BITS[level], mask_pattern=mask)
    code.add_data(util.QRData(content.encode(), mode=util.MODE_8BIT_BYTE))
    code.make(fit=False)
    return np.array(code.modules, np.bool_)


# The package's Reed-Solomon coder takes 0.2 s for version 40, so each version is seen at one level;
# levels and masks go round, and versions up to 10 are seen at all levels.
@pytest.mark.thorough
@pytest.mark.parametrize(
    ("version", "level", "mask"),
    [(version, qr_spec.LEVELS[version % 4], version * 3 % 8) for version in range(1, 41)]
    + [(version, level, (version + turn) % 8) for version in range(1, 11) for turn, level in enumerate("LMQH")],
)
def test_the_matrix_equals_that_of_the_qrcode_package(version, level, mask):
    count = qr_spec.capacity(version, level, "byte") - version % 3
    content = "".join(random.Random(version).choices("abcdefghijklmnopqrstuvwxyz", k=count))
    found = qr_matrix(content, level, version=version, mask=mask)
    assert np.array_equal(found.modules, _from_qrcode(content, version, level, mask))


@pytest.mark.parametrize("version", [1, 2, 7, 14])
def test_penalties_equal_those_of_the_qrcode_package(version):
    symbols = [qr_matrix("penalty", "L", version=version, mask=mask).modules for mask in range(8)]
    stacked = np.sum([symbol.astype(np.uint8) << mask for mask, symbol in enumerate(symbols)], axis=0, dtype=np.uint8)
    assert penalties(stacked).tolist() == [util.lost_point(symbol.tolist()) for symbol in symbols]


def test_an_all_dark_square_has_the_penalty_worked_out_by_hand():
    # 21 x 21 dark: N1 42 lines of 3 + 16, N2 400 blocks of 3, N3 none, N4 50 % off = 10 steps of 10.
    assert penalties(np.full((21, 21), 255, np.uint8)).tolist() == [42 * 19 + 1200 + 100] * 8


def test_a_finder_like_run_beside_four_light_modules_costs_40():
    line = np.zeros((11, 11), np.uint8)
    line[0] = [1, 0, 1, 1, 1, 0, 1, 0, 0, 0, 0]
    with_run, without = penalties(line)[0], None
    line[0] = [1, 0, 1, 1, 1, 0, 1, 1, 0, 0, 0]
    without = penalties(line)[0]
    # The second line has one dark module more in its first row; columns 7 and the 2 x 2 blocks change with it:
    # column 7 loses a run of 11 (9) for one of 10 (8), blocks 6 and 7 of row 0 (6, block 6 was mixed before),
    # the dark share goes from 5 to 6 of 121 (9 steps of 5 % in both).
    assert with_run - without == 40 + (9 - 8) + 3


@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text and text.isprintable()))
@settings(deadline=None, max_examples=30)
def test_the_mask_of_the_lowest_penalty_is_taken(content):
    chosen = qr_matrix(content, "M")
    lost = [util.lost_point(qr_matrix(content, "M", mask=mask).modules.tolist()) for mask in range(8)]
    assert chosen.mask == lost.index(min(lost))


@pytest.mark.parametrize(("characters", "version"), [(17, 1), (18, 2), (230, 9), (231, 10), (2953, 40)])
def test_the_smallest_version_that_holds_the_text_is_taken(characters, version):
    assert qr_matrix("a" * characters, "L").version == version


def test_the_side_is_17_and_4_for_each_version():
    assert qr_matrix("a", "L", version=12).modules.shape == (65, 65)


def test_boost_raises_the_level_within_the_version():
    # 7 characters of byte mode fit into version 1-H, 8 into 1-Q.
    assert [qr_matrix("a" * count, "L", boost=True).error_correction for count in (7, 8)] == ["H", "Q"]


def test_boost_costs_no_larger_version():
    assert qr_matrix("a" * 15, "L", boost=True).version == 1


def test_without_boost_the_level_is_the_one_asked_for():
    assert qr_matrix("a", "L").error_correction == "L"


def test_boost_never_lowers_the_level():
    assert qr_matrix("a" * 8, "H", boost=True).error_correction == "H"


def test_only_text_outside_ascii_is_marked_as_utf_8():
    assert [qr_matrix(text, "L").eci for text in ("plain", "é")] == [False, True]


def test_a_text_beyond_version_40_is_refused_with_the_length_that_fits():
    with pytest.raises(PayloadTooLongError, match=r"has 2954 characters.*holds at most 2953 characters"):
        qr_matrix("a" * 2954, "L")


def test_a_text_beyond_version_40_names_a_lower_level():
    with pytest.raises(PayloadTooLongError, match="set error_correction to M"):
        qr_matrix("a" * 2000, "H")


def test_a_text_beyond_the_asked_version_names_the_version_that_holds_it():
    with pytest.raises(PayloadTooLongError, match=r"set version to 2, or 0"):
        qr_matrix("a" * 18, "L", version=1)


@pytest.mark.parametrize("content", ["", "a\0b"])
def test_what_readers_cannot_give_back_is_refused(content):
    with pytest.raises(InvalidParamError, match="content"):
        qr_matrix(content, "L")


def test_a_symbol_is_made_once_and_cannot_be_changed():
    symbol = qr_matrix("cached", "L")
    assert qr_matrix("cached", "L") is symbol
    assert not symbol.modules.flags.writeable


def test_a_text_that_fits_nowhere_has_no_smallest_version():
    assert smallest_version("a" * 3000, "L") is None


@pytest.mark.parametrize(("content", "words"), [("12", "41 digits"), ("A", "25 characters"), ("é", "16 bytes (UTF-8)")])
def test_room_is_given_in_the_contents_own_mode(content, words):
    assert room(content, 1, "L") == words


@given(count=st.integers(1, 2953), level=st.sampled_from(qr_spec.LEVELS))
@settings(deadline=None, max_examples=30)
def test_one_character_more_than_the_room_needs_a_larger_version(count, level):
    version = smallest_version("a" * count, level)
    if version is not None and version < 40:
        full = qr_spec.capacity(version, level, "byte")
        assert smallest_version("a" * full, level) == version
        assert smallest_version("a" * (full + 1), level) == version + 1
