"""Segments, padding and Reed-Solomon codewords."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qrcode import base, util

from lib_bootcamp.core.qr import codewords as qr_codewords
from lib_bootcamp.core.qr import spec as qr_spec


def test_the_example_of_annex_i_gets_its_error_correction_codewords():
    data = bytes.fromhex("10200C566180EC11EC11EC11EC11EC11")
    found = qr_codewords.interleave(np.frombuffer(data, np.uint8), 1, "M")
    assert found.tobytes() == data + bytes.fromhex("A524D4C1ED36C7872C55")


def test_the_example_of_annex_i_is_padded_to_its_data_codewords():
    bits = qr_codewords.bit_stream(b"01234567", [("numeric", 0, 8)], 1, eci=False)
    assert qr_codewords.padded(bits, 128).tobytes().hex() == "10200c566180ec11ec11ec11ec11ec11"


def test_the_alphanumeric_example_of_7_4_4_has_its_bits():
    bits = qr_codewords.bit_stream(b"AC-42", [("alphanumeric", 0, 5)], 1, eci=False)
    assert bits == "0010" + "000000101" + "00111001110" + "11100111001" + "000010"


def test_utf_8_is_marked_by_eci_26():
    bits = qr_codewords.bit_stream("é".encode(), [("byte", 0, 2)], 1, eci=True)
    assert bits == "0111" + "00011010" + "0100" + "00000010" + "1100001110101001"


@pytest.mark.parametrize("level", qr_spec.LEVELS)
@pytest.mark.parametrize("version", [1, 3, 5, 8, 13, 21])
def test_codewords_equal_those_of_the_qrcode_package(version, level):
    data = np.random.default_rng(version).integers(1, 256, qr_spec.data_bits(version, level) // 8, dtype=np.uint8)
    buffer = util.BitBuffer()
    buffer.buffer = data.tolist()
    expected = util.create_bytes(buffer, base.rs_blocks(version, qr_spec.LEVEL_BITS[level]))
    assert qr_codewords.interleave(data, version, level).tolist() == expected


def test_a_block_of_zeros_has_zeros_for_error_correction():
    # The package's own coder raises glog(0) here.
    assert not qr_codewords.interleave(np.zeros(9, np.uint8), 1, "H").any()


@pytest.mark.parametrize(("version", "level"), [(5, "H"), (4, "H"), (8, "Q"), (40, "L")])
def test_each_block_owns_as_many_codewords_as_it_has(version, level):
    counts = np.bincount(qr_codewords.interleave_blocks(version, level))
    assert counts.tolist() == [block.total for block in qr_spec.blocks(version, level)]


def test_codewords_go_round_the_blocks():
    # 5-H: blocks of 11, 11, 12, 12 data codewords and 22 for error correction each.
    owners = qr_codewords.interleave_blocks(5, "H").tolist()
    assert owners == [0, 1, 2, 3] * 11 + [2, 3] + [0, 1, 2, 3] * 22


def test_a_url_in_capitals_takes_alphanumeric_mode_alone():
    assert qr_codewords.segment(b"HTTPS://EXAMPLE.COM/A1", 1) == [("alphanumeric", 0, 22)]


def test_a_long_number_in_a_text_gets_its_own_segment():
    assert qr_codewords.segment(b"order 0123456789", 1) == [("byte", 0, 6), ("numeric", 6, 16)]


def test_three_digits_in_a_text_are_not_worth_a_segment():
    assert qr_codewords.segment(b"abc 123 def", 1) == [("byte", 0, 11)]


def _fewest_bits(data: bytes, version: int) -> int:
    """Try every way to cut the data."""

    @functools.cache
    def rest(start: int) -> int:
        if start == len(data):
            return 0
        best = 1 << 30
        for end in range(start + 1, len(data) + 1):
            part, count = data[start:end], end - start
            ways = {"byte": 8 * count}
            if qr_codewords.mode_of(part) != "byte":
                ways["alphanumeric"] = count // 2 * 11 + count % 2 * 6
            if part.isdigit():
                ways["numeric"] = count // 3 * 10 + (0, 4, 7)[count % 3]
            heads = (4 + qr_spec.count_bits(mode, version) + bits for mode, bits in ways.items())
            best = min(best, min(heads) + rest(end))
        return best

    return rest(0)


@given(
    parts=st.lists(st.text("0123456789", max_size=9) | st.text("AZ:/ $", max_size=9) | st.text("abé", max_size=3)),
    version=st.sampled_from([5, 20, 30]),
)
@settings(deadline=None, max_examples=80)
def test_no_other_segments_take_fewer_bits(parts, version):
    data = "".join(parts).encode()[:40]
    segments = qr_codewords.segment(data, version) if data else []
    bits = qr_codewords.bit_stream(data, segments, version, eci=False)
    assert len(bits) == _fewest_bits(data, version)
