"""Numbers of ISO/IEC 18004:2015, typed from its tables."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from lib_bootcamp.core.qr import spec as qr_spec
from lib_bootcamp.errors import MissingPackageError


@pytest.mark.parametrize(
    ("version", "level", "numeric", "alphanumeric", "byte"),
    [
        (1, "L", 41, 25, 17),
        (1, "M", 34, 20, 14),
        (1, "Q", 27, 16, 11),
        (1, "H", 17, 10, 7),
        (4, "H", 82, 50, 34),
        (9, "L", 552, 335, 230),
        (10, "M", 513, 311, 213),
        (27, "Q", 1933, 1172, 805),
        (40, "L", 7089, 4296, 2953),
        (40, "M", 5596, 3391, 2331),
        (40, "Q", 3993, 2420, 1663),
        (40, "H", 3057, 1852, 1273),
    ],
)
def test_capacity_is_that_of_table_7(version, level, numeric, alphanumeric, byte):
    found = [qr_spec.capacity(version, level, mode) for mode in ("numeric", "alphanumeric", "byte")]
    assert found == [numeric, alphanumeric, byte]


def test_without_the_qrcode_package_it_is_asked_for(monkeypatch):
    qr_spec.blocks.cache_clear()
    monkeypatch.setitem(sys.modules, "qrcode.base", None)
    with pytest.raises(MissingPackageError, match="pip install qrcode"):
        qr_spec.blocks(1, "L")


def test_an_eci_header_takes_12_bits_of_the_capacity():
    # 1-L has 152 bits; 152 - 12 - 4 - 8 = 128 bits = 16 bytes.
    assert qr_spec.capacity(1, "L", "byte", eci=True) == 16


@pytest.mark.parametrize(
    ("version", "level", "correctable"),
    # Table 9: the number of errors in (c, k, r).
    [(1, "L", 2), (1, "M", 4), (1, "Q", 6), (1, "H", 8), (2, "L", 4), (2, "M", 8), (3, "L", 7), (4, "L", 10),
     (4, "H", 8), (7, "H", 13), (10, "Q", 12), (40, "L", 15), (40, "H", 15)],
)  # fmt: skip
def test_modules_that_may_fail_are_the_errors_of_table_9(version, level, correctable):
    assert qr_spec.correctable_modules(version, level) == correctable


def test_share_of_codewords_that_may_fail():
    # 4-H: 4 blocks of 25 codewords, 8 errors each.
    assert qr_spec.correctable_codeword_share(4, "H") == pytest.approx(0.32)


@pytest.mark.parametrize(("version", "data_modules"), [(1, 208), (2, 359), (7, 1568), (14, 4651), (40, 29648)])
def test_data_modules_are_those_of_table_1(version, data_modules):
    assert len(qr_spec.skeleton(version).order) == data_modules


@pytest.mark.parametrize("version", range(1, 41))
def test_every_module_is_either_reserved_or_carries_one_bit(version):
    parts = qr_spec.skeleton(version)
    counts = np.bincount(parts.order, minlength=parts.reserved.size).reshape(parts.reserved.shape)
    assert np.array_equal(counts, ~parts.reserved)


def test_bits_start_in_the_lower_right_corner_and_go_up_two_wide():
    # Version 1 has 21 modules a side: Figure 17.
    places = [divmod(int(place), 21) for place in qr_spec.skeleton(1).order[:5]]
    assert places == [(20, 20), (20, 19), (19, 20), (19, 19), (18, 20)]


def test_format_information_is_that_of_annex_c():
    # Level M, mask 101: 100000011001110, the most significant bit (14) first.
    bits = qr_spec.format_bits(1, "M") >> 5 & 1
    around_upper_left = [*bits[8, :6], bits[8, 7], bits[8, 8], bits[7, 8], *bits[5::-1, 8]]
    assert "".join(map(str, around_upper_left)) == "100000011001110"


def test_the_second_copy_of_the_format_information_equals_the_first():
    bits = qr_spec.format_bits(1, "M") >> 5 & 1
    second = [*bits[:13:-1, 8], *bits[8, 13:]]
    assert "".join(map(str, second)) == "100000011001110"


def test_version_information_is_that_of_annex_d():
    # Version 7: 000111110010010100, the most significant bit (17) first; bit 0 is the upper left one.
    block = qr_spec.skeleton(7).dark[:6, 34:37].astype(int).ravel()
    assert "".join(map(str, block[::-1])) == "000111110010010100"


def test_alignment_patterns_of_version_7_are_those_of_annex_e():
    expected = {(6, 22), (22, 6), (22, 22), (22, 38), (38, 22), (38, 38)}
    assert set(qr_spec.alignment_centers(7)) == expected


def test_a_finder_is_dark_light_dark_in_the_ratio_1_1_3_1_1():
    row = qr_spec.skeleton(1).dark[3, :8].astype(int)
    assert row.tolist() == [1, 0, 1, 1, 1, 0, 1, 0]


def test_patterns_cannot_be_changed_by_their_users():
    with pytest.raises(ValueError, match="read-only"):
        qr_spec.skeleton(2).dark[0, 0] = False
