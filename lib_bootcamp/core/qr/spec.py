"""What ISO/IEC 18004:2015 fixes for each version of QR code: sizes, capacities, patterns, places of the bits.

The tables of blocks, alignment patterns and format bits are those of the `qrcode` package, imported on first use.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Bits
from lib_bootcamp.errors import MissingPackageError

Level: TypeAlias = Literal["L", "M", "Q", "H"]
Mode: TypeAlias = Literal["numeric", "alphanumeric", "byte"]

LEVELS: tuple[Level, ...] = ("L", "M", "Q", "H")
MODE_INDICATORS: dict[Mode, int] = {"numeric": 1, "alphanumeric": 2, "byte": 4}
ECI_BITS = 12
# The two bits of each level in the format information: Table 12.
LEVEL_BITS: dict[Level, int] = {"L": 1, "M": 0, "Q": 3, "H": 2}
# Codewords kept back from correction so that a wrong symbol is not read as a right one: Table 9, column p.
_MISDECODE_CODEWORDS: dict[tuple[int, Level], int] = {
    (1, "L"): 3,
    (1, "M"): 2,
    (1, "Q"): 1,
    (1, "H"): 1,
    (2, "L"): 2,
    (3, "L"): 1,
}


@dataclass(frozen=True)
class Block:
    """One Reed-Solomon block, in codewords; `correctable` of them may be wrong."""

    total: int
    data: int
    correctable: int


def _of_qrcode(name: str) -> Any:
    try:
        return importlib.import_module(f"qrcode.{name}")
    except ImportError:
        raise MissingPackageError("qrcode", "Making QR codes") from None


def side(version: int) -> int:
    """Modules per side, without the quiet zone: 21 to 177."""
    return 17 + 4 * version


@functools.lru_cache(maxsize=160)
def blocks(version: int, level: Level) -> tuple[Block, ...]:
    """The Reed-Solomon blocks of a symbol. Source: ISO/IEC 18004:2015, Table 9."""
    base = _of_qrcode("base")
    kept = _MISDECODE_CODEWORDS.get((version, level), 0)
    rows = base.rs_blocks(version, LEVEL_BITS[level])
    return tuple(Block(r.total_count, r.data_count, (r.total_count - r.data_count - kept) // 2) for r in rows)


@functools.lru_cache(maxsize=160)
def data_bits(version: int, level: Level) -> int:
    """Bits for mode indicators, counts and data. Source: ISO/IEC 18004:2015, Table 7."""
    return 8 * sum(block.data for block in blocks(version, level))


def correctable_modules(version: int, level: Level) -> int:
    """Wrong data modules that are corrected wherever they lie.

    The worst case: each of them spoils another codeword, and all of those lie in the weakest block.
    Source: ISO/IEC 18004:2015, 7.5.1 and Table 9, with its p codewords for misdecode protection.
    """
    return min(block.correctable for block in blocks(version, level))


def correctable_codeword_share(version: int, level: Level) -> float:
    """The share in [0, 1] of all codewords that may be wrong where they are spread evenly over the blocks."""
    rows = blocks(version, level)
    return sum(block.correctable for block in rows) / sum(block.total for block in rows)


@functools.lru_cache(maxsize=128)
def count_bits(mode: Mode, version: int) -> int:
    """Bits of a character count. Source: ISO/IEC 18004:2015, Table 3."""
    util = _of_qrcode("util")
    return cast("int", util.length_in_bits(MODE_INDICATORS[mode], version))


def capacity(version: int, level: Level, mode: Mode, *, eci: bool = False) -> int:
    """Characters (bytes in byte mode) of one segment that fill a symbol. Source: ISO/IEC 18004:2015, Table 7."""
    bits = data_bits(version, level) - 4 - count_bits(mode, version) - (ECI_BITS if eci else 0)
    if mode == "byte":
        return max(0, bits // 8)
    if mode == "alphanumeric":
        return max(0, bits // 11 * 2 + (bits % 11 >= 6))
    return max(0, bits // 10 * 3 + (2 if bits % 10 >= 7 else int(bits % 10 >= 4)))


@dataclass(frozen=True)
class Skeleton:
    """What all symbols of a version share; the arrays are read-only.

    Attributes:
        dark: bool [N, N], the finder, timing and alignment patterns, version information and dark module.
        function: bool [N, N], finders with their separators, timing and alignment patterns.
        reserved: bool [N, N], `function` and format and version information: where no data lies.
        order: int [bits], the place in the flattened symbol of each data bit, remainder bits last.
        masks: uint8 [N, N]; bit k is set where mask k inverts the module.
    """

    dark: Bits
    function: Bits
    reserved: Bits
    order: NDArray[np.intp]
    masks: NDArray[np.uint8]


@functools.lru_cache(maxsize=40)
def skeleton(version: int) -> Skeleton:
    """The patterns of a version. Source: ISO/IEC 18004:2015, 6.3, 7.7.3, 7.8.2 and 7.10."""
    util = _of_qrcode("util")
    size = side(version)
    dark, function = np.zeros((size, size), np.bool_), np.zeros((size, size), np.bool_)
    function[6, :] = function[:, 6] = True
    dark[6, ::2] = dark[::2, 6] = True
    function[:8, :8] = function[:8, -8:] = function[-8:, :8] = True
    finder = _rings(7)
    dark[:8, :8] = dark[:8, -8:] = dark[-8:, :8] = False
    dark[:7, :7] = dark[:7, -7:] = dark[-7:, :7] = finder
    for row, col in alignment_centers(version):
        place = (slice(row - 2, row + 3), slice(col - 2, col + 3))
        function[place], dark[place] = True, _rings(5)
    reserved = function.copy()
    reserved[8, :9] = reserved[:9, 8] = reserved[8, -8:] = reserved[-8:, 8] = True
    dark[size - 8, 8] = True
    if version >= 7:
        bits = util.BCH_type_number(version)
        number = np.array([bits >> i & 1 for i in range(18)], np.bool_).reshape(6, 3)
        reserved[:6, -11:-8], dark[:6, -11:-8] = True, number
        reserved[-11:-8, :6], dark[-11:-8, :6] = True, number.T
    found = Skeleton(dark, function, reserved, _data_order(reserved), _mask_bits(reserved))
    for array in vars(found).values():
        array.flags.writeable = False
    return found


def alignment_centers(version: int) -> list[tuple[int, int]]:
    """Row and column of each alignment pattern's middle. Source: ISO/IEC 18004:2015, Annex E."""
    util = _of_qrcode("util")
    centers, far = util.pattern_position(version), side(version) - 7
    return [(row, col) for row in centers for col in centers if (row, col) not in {(6, 6), (6, far), (far, 6)}]


def _rings(size: int) -> Bits:
    """Concentric squares seen from the center: dark, light, dark (5) or dark 3, light, dark (7)."""
    away = np.abs(np.arange(size) - size // 2)
    ring = np.maximum(away[:, None], away[None])
    return cast("Bits", ring != size // 2 - 1)


def _data_order(reserved: Bits) -> NDArray[np.intp]:
    """Two modules wide, up and down by turns, from the lower right, skipping the vertical timing pattern."""
    size = len(reserved)
    places = np.arange(size * size).reshape(size, size)
    parts = []
    right = [col - (col <= 6) for col in range(size - 1, 0, -2)]
    for turn, col in enumerate(right):
        pair = (slice(None), [col, col - 1])
        strip, free = places[pair], ~reserved[pair]
        if turn % 2 == 0:
            strip, free = strip[::-1], free[::-1]
        parts.append(strip[free])
    return np.concatenate(parts)


def _mask_bits(reserved: Bits) -> NDArray[np.uint8]:
    """All eight data masks, one in each bit. Source: ISO/IEC 18004:2015, Table 10."""
    i, j = np.ogrid[: len(reserved), : len(reserved)]
    conditions = (
        (i + j) % 2,
        i % 2 + 0 * j,
        0 * i + j % 3,
        (i + j) % 3,
        (i // 2 + j // 3) % 2,
        i * j % 2 + i * j % 3,
        (i * j % 2 + i * j % 3) % 2,
        ((i + j) % 2 + i * j % 3) % 2,
    )
    bits = np.zeros(reserved.shape, np.uint8)
    for mask, value in enumerate(conditions):
        bits |= (value == 0).astype(np.uint8) << np.uint8(mask)
    bits[reserved] = 0
    return bits


@functools.lru_cache(maxsize=160)
def format_bits(version: int, level: Level) -> NDArray[np.uint8]:
    """Format information of all eight masks: uint8 [N, N], bit k is set where mask k makes a module dark.

    Source: ISO/IEC 18004:2015, 7.9 and Figure 25.
    """
    util = _of_qrcode("util")
    size = side(version)
    out = np.zeros((size, size), np.uint8)
    rows = [0, 1, 2, 3, 4, 5, 7, 8, *range(size - 7, size)]
    columns = [*range(size - 1, size - 9, -1), 7, 5, 4, 3, 2, 1, 0]
    for mask in range(8):
        word = util.BCH_type_info(LEVEL_BITS[level] << 3 | mask)
        bits = np.array([(word >> i & 1) << mask for i in range(15)], np.uint8)
        out[rows, 8] |= bits
        out[8, columns] |= bits
    out.flags.writeable = False
    return out
