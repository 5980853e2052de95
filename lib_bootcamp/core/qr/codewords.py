"""From bytes to the codewords of a QR symbol: segments, bit stream, padding, Reed-Solomon, interleaving."""

from __future__ import annotations

import functools
import re
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from . import spec as qr_spec
from .spec import Level, Mode

Segment: TypeAlias = tuple[Mode, int, int]

_ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_MODES: tuple[Mode, ...] = ("byte", "alphanumeric", "numeric")
_NEVER = 1 << 40
# Another segment costs 13 bits at least; six alphanumeric characters (15 bits) or four digits (18) save more.
_WORTH_A_SWITCH = re.compile(rb"[0-9A-Z $%*+\-./:]{6}|[0-9]{4}")


def mode_of(data: bytes) -> Mode:
    """The narrowest single mode that holds all of the bytes."""
    if data.isdigit():
        return "numeric"
    return "byte" if data.translate(None, _ALPHANUMERIC) else "alphanumeric"


def segment(data: bytes, version: int) -> list[Segment]:
    """Cut bytes into segments of numeric, alphanumeric and byte mode with the fewest bits in all.

    Dynamic programming over the bytes, costs in sixths of a bit; UTF-8 sequences are never cut, as all
    of their bytes are in byte mode.

    Returns:
        (mode, start, end) of each segment.
    Source: ISO/IEC 18004:2015, Annex J (the aim; the method there is approximate).
    """
    if not _WORTH_A_SWITCH.search(data) and mode_of(data) == "byte":
        return [("byte", 0, len(data))]
    head_b, head_a, head_n = ((4 + qr_spec.count_bits(mode, version)) * 6 for mode in _MODES)
    in_b, in_a, in_n = head_b, head_a, head_n
    steps: list[tuple[int, int, int]] = []
    for byte in data:
        in_b += 48
        in_a = in_a + 33 if byte in _ALPHANUMERIC else _NEVER
        in_n = in_n + 20 if 48 <= byte <= 57 else _NEVER
        # The cheapest way to end a segment here, in whole bits, and to go on from it in another mode.
        end, best = min((in_b, 0), (-(-in_a // 6) * 6, 1), (-(-in_n // 6) * 6, 2))
        in_b, from_b = (end + head_b, best) if end + head_b < in_b else (in_b, 0)
        in_a, from_a = (end + head_a, best) if end + head_a < in_a else (in_a, 1)
        in_n, from_n = (end + head_n, best) if end + head_n < in_n else (in_n, 2)
        steps.append((from_b, from_a, from_n))
    ends = ((in_b, 0), (-(-in_a // 6) * 6, 1), (-(-in_n // 6) * 6, 2))
    return _walk_back(steps, min(ends)[1])


def _walk_back(steps: list[tuple[int, int, int]], mode: int) -> list[Segment]:
    modes = []
    for step in reversed(steps):
        mode = step[mode]
        modes.append(mode)
    modes.reverse()
    segments: list[Segment] = []
    start = 0
    for place in range(1, len(modes) + 1):
        if place == len(modes) or modes[place] != modes[start]:
            segments.append((_MODES[modes[start]], start, place))
            start = place
    return segments


def bit_stream(data: bytes, segments: list[Segment], version: int, *, eci: bool) -> str:
    """The bit stream without terminator and padding, as text. Source: ISO/IEC 18004:2015, 7.4.2 to 7.4.5."""
    parts = [f"0111{26:08b}"] if eci else []
    for mode, start, end in segments:
        count = end - start
        parts.append(f"{qr_spec.MODE_INDICATORS[mode]:04b}{count:0{qr_spec.count_bits(mode, version)}b}")
        chunk = data[start:end]
        if mode == "byte":
            parts.append(f"{int.from_bytes(chunk, 'big'):0{8 * count}b}")
        elif mode == "numeric":
            triples = (chunk[at : at + 3] for at in range(0, count, 3))
            parts.extend(f"{int(digits):0{(4, 7, 10)[len(digits) - 1]}b}" for digits in triples)
        else:
            codes = [_ALPHANUMERIC.index(byte) for byte in chunk]
            parts.extend(f"{45 * one + two:011b}" for one, two in zip(codes[::2], codes[1::2], strict=False))
            parts.extend(f"{code:06b}" for code in codes[count & ~1 :])
    return "".join(parts)


def padded(bits: str, available: int) -> NDArray[np.uint8]:
    """Terminator and pad codewords. Source: ISO/IEC 18004:2015, 7.4.9 and 7.4.10."""
    bits += "0" * min(4, available - len(bits))
    bits += "0" * (-len(bits) % 8)
    words = int(bits, 2).to_bytes(len(bits) // 8, "big")
    missing = available // 8 - len(words)
    return np.frombuffer(words + (b"\xec\x11" * (missing // 2 + 1))[:missing], np.uint8)


def _exponents() -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Logarithms and powers of 2 in GF(256) modulo 0x11D; log 0 is 512, and powers from 510 on are 0."""
    powers, value = np.zeros(1025, np.uint8), 1
    logs = np.full(256, 512, np.intp)
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = value
        logs[value] = exponent
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return logs, powers


_LOG, _EXP = _exponents()


@functools.lru_cache(maxsize=32)
def _parity_logs(count: int) -> NDArray[np.intp]:
    """Logarithms of the parity of each place in a block: [123, count], the last row nearest to the parity."""
    generator = np.array([1], np.uint8)
    for root in range(count):
        grown = np.append(generator, np.uint8(0))
        grown[1:] ^= _EXP[_LOG[generator] + root]
        generator = grown
    tail, rows = generator[1:], [generator[1:]]
    for _ in range(122):
        last = rows[-1]
        rows.append(np.append(last[1:], np.uint8(0)) ^ _EXP[_LOG[last[0]] + _LOG[tail]])
    return _LOG[np.array(rows[::-1])]


def interleave(data: NDArray[np.uint8], version: int, level: Level) -> NDArray[np.uint8]:
    """Add Reed-Solomon codewords and interleave the blocks.

    Args:
        data: uint8 [data codewords of the symbol].
        version: 1 to 40.
        level: of error correction.
    Returns:
        uint8 [all codewords], in the order of placement.
    Source: ISO/IEC 18004:2015, 7.5.2, 7.6 and Annex A.
    """
    rows = qr_spec.blocks(version, level)
    short, longest = rows[0].data, rows[-1].data
    parity_count = rows[0].total - rows[0].data
    few = sum(block.data == short for block in rows)
    words = np.zeros((len(rows), longest), np.uint8)
    # Short blocks are set to the right: a leading zero changes no parity.
    words[:few, longest - short :] = data[: few * short].reshape(few, short)
    words[few:] = data[few * short :].reshape(-1, longest)
    logs = _parity_logs(parity_count)[-longest:]
    parity = np.bitwise_xor.reduce(_EXP[_LOG[words][:, :, None] + logs[None]], axis=1)
    words[:few] = np.roll(words[:few], short - longest, axis=1)
    return _by_turns(words, parity, few, short)


def _by_turns(words: NDArray[Any], parity: NDArray[Any], few: int, short: int) -> NDArray[Any]:
    """One codeword of each block in turn; the first `few` blocks have no data codeword beyond `short`."""
    return np.concatenate((words[:, :short].T.ravel(), words[few:, short:].ravel(), parity.T.ravel()))


def interleave_blocks(version: int, level: Level) -> NDArray[np.int64]:
    """The block of each codeword, in the order of placement."""
    rows = qr_spec.blocks(version, level)
    owner, parity = np.arange(len(rows))[:, None], rows[0].total - rows[0].data
    few = sum(block.data == rows[0].data for block in rows)
    words = np.repeat(owner, rows[-1].data, axis=1)
    return _by_turns(words, np.repeat(owner, parity, axis=1), few, rows[0].data)
