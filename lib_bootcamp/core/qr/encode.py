"""Encode a text as a QR symbol: segments, codewords, placement, the choice of the mask.

The `qrcode` package gives the tables; its own Reed-Solomon coder (1.4 of 1.6 ms, and an exception for a
block of zeros) and its choice of the mask (14 of 19.8 ms) are done here with numpy. The tests hold every
version, level and mask against the matrices of `qrcode`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Bits
from lib_bootcamp.errors import InvalidParamError

from . import spec as qr_spec
from .codewords import Segment, bit_stream, interleave, mode_of, padded, segment
from .spec import LEVELS, Level, Mode

_CLASSES = (range(1, 10), range(10, 27), range(27, 41))
_BITS_OF = ((np.arange(256)[:, None] >> np.arange(8)) & 1).astype(np.int64)


class PayloadTooLongError(InvalidParamError):
    """The text does not fit into the version, or into version 40, at this level."""


@dataclass(frozen=True)
class QrSymbol:
    """An encoded symbol.

    Attributes:
        modules: bool [N, N], True where dark, without quiet zone; N = 17 + 4 * version; read-only.
        bits_used: bits of the segments, of `bits_available`.
        modes: the mode of each segment.
        eci: whether the text is marked as UTF-8.
    """

    modules: Bits
    content: str
    version: int
    error_correction: Level
    mask: int
    bits_used: int
    bits_available: int
    modes: tuple[Mode, ...]
    eci: bool


@functools.lru_cache(maxsize=128)
def qr_matrix(
    content: str,
    error_correction: Level,
    *,
    version: int | None = None,
    mask: int | None = None,
    boost: bool = False,
) -> QrSymbol:
    """Encode a text; the last 128 symbols are kept.

    Text outside ASCII is marked with an ECI header as UTF-8 (12 bits). Of 28 short texts in 10 scripts
    zxing-cpp, WeChatQRCode and cv2.QRCodeDetector read all with and without it, but ZBar takes 17 of them
    for Shift JIS or Big5 without it and reads all with it; nothing read worse with it.

    Args:
        content: 1 character or more, without NUL, at which some readers stop.
        error_correction: the level at least used.
        version: 1 to 40; None takes the smallest that holds the content.
        mask: 0 to 7; None takes the one of the lowest penalty, the lower number of two.
        boost: raise the level as far as the version allows without growing.
    Raises:
        PayloadTooLongError: the text does not fit into the version, or into version 40, at this level.
    Source: ISO/IEC 18004:2015, 7.4 to 7.9.
    """
    if not content:
        raise InvalidParamError("content", "is empty", hint="enter a text or a URL")
    if "\0" in content:
        raise InvalidParamError("content", "holds a NUL character, where readers stop", hint="remove it")
    data, eci = content.encode(), not content.isascii()
    chosen, segments, bits = _fit(data, error_correction, version, eci=eci)
    level = error_correction
    if boost:
        level = next(
            each
            for each in reversed(LEVELS)
            if each == error_correction or (_above(each, level) and qr_spec.data_bits(chosen, each) >= len(bits))
        )
    codewords = interleave(padded(bits, qr_spec.data_bits(chosen, level)), chosen, level)
    modules, used_mask = _place(codewords, chosen, level, mask)
    modules.flags.writeable = False
    modes = tuple(mode for mode, _, _ in segments)
    available = qr_spec.data_bits(chosen, level)
    return QrSymbol(modules, content, chosen, level, used_mask, len(bits), available, modes, eci)


def _above(level: Level, other: Level) -> bool:
    return LEVELS.index(level) > LEVELS.index(other)


def _fit(data: bytes, level: Level, version: int | None, *, eci: bool) -> tuple[int, list[Segment], str]:
    for versions in _CLASSES if version is None else [range(version, version + 1)]:
        if len(data) * 10 // 3 > qr_spec.data_bits(versions[-1], level):
            continue
        segments = segment(data, versions[-1])
        bits = bit_stream(data, segments, versions[-1], eci=eci)
        for each in versions:
            if len(bits) <= qr_spec.data_bits(each, level):
                return each, segments, bits
    raise PayloadTooLongError("content", _too_long(data, level, version, eci=eci))


def smallest_version(content: str, level: Level) -> int | None:
    """The smallest version that holds the content at this level, or None."""
    data = content.encode()
    try:
        return _fit(data, level, None, eci=not content.isascii())[0]
    except PayloadTooLongError:
        return None


def room(content: str, version: int, level: Level) -> str:
    """How much of this kind of content a version holds, in words: `154 characters`, `151 bytes (UTF-8)`."""
    eci, mode = not content.isascii(), mode_of(content.encode())
    count = qr_spec.capacity(version, level, mode, eci=eci)
    return f"{count} {'digits' if mode == 'numeric' else 'bytes (UTF-8)' if eci else 'characters'}"


def _too_long(data: bytes, level: Level, version: int | None, *, eci: bool) -> str:
    content = data.decode()
    used = version or 40
    has = f"{len(data)} bytes (UTF-8)" if eci else f"{len(data)} characters"
    where = f"version {used} holds at most {room(content, used, level)} at error_correction {level}"
    ways = ["shorten it"]
    lower = [each for each in reversed(LEVELS) if _above(level, each)]
    fitting = next((each for each in lower if (smallest_version(content, each) or 41) <= used), None)
    if fitting:
        ways.append(f"set error_correction to {fitting}")
    if version is not None:
        enough = smallest_version(content, level)
        if enough:
            ways.append(f"set version to {enough}, or 0 to choose it")
    return f"has {has}, and {where}; {' or '.join(ways)}"


def _place(codewords: NDArray[np.uint8], version: int, level: Level, mask: int | None) -> tuple[Bits, int]:
    frame = qr_spec.skeleton(version)
    base = frame.dark.copy()
    bits = np.unpackbits(codewords)
    base.ravel()[frame.order[: len(bits)]] = bits.view(np.bool_)
    every = np.where(base, np.uint8(255), np.uint8(0)) ^ frame.masks ^ qr_spec.format_bits(version, level)
    if mask is None:
        mask = int(np.argmin(penalties(every)))
    return (every >> np.uint8(mask) & np.uint8(1)).view(np.bool_), mask


def penalties(every: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The penalty of eight symbols at once.

    Args:
        every: uint8 [N, N]; bit k is set where the module is dark under mask k.
    Returns:
        int [8].
    Source: ISO/IEC 18004:2015, 7.8.3 and Table 11; light outside of the symbol does not count in N3.
    """
    points = _lines(np.stack((every, every.T)))
    same = ~(every[:, 1:] ^ every[:, :-1])
    quads = same[1:] & same[:-1] & ~(every[1:, 1:] ^ every[:-1, 1:])
    points += 3 * _count(quads)
    dark = _count(every)
    # In whole numbers: the deviation from a half in twentieths of all modules, rounded down.
    return cast("NDArray[np.int64]", points + 10 * (np.abs(20 * dark - 10 * every.size) // every.size))


def _lines(lines: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Rules N1 (five or more alike: 3 and 1 for each further) and N3 (1:1:3:1:1 beside four light), last axis."""
    same = ~(lines[..., 1:] ^ lines[..., :-1])
    pairs = same[..., 1:] & same[..., :-1]
    fives = pairs[..., 2:] & pairs[..., :-2]
    starts = fives.copy()
    starts[..., 1:] &= ~fives[..., :-1]
    light = ~lines
    threes = lines[..., 2:-4] & lines[..., 3:-3] & lines[..., 4:-2]
    core = lines[..., :-6] & light[..., 1:-5] & threes & light[..., 5:-1] & lines[..., 6:]
    two = light[..., 1:] & light[..., :-1]
    four = two[..., 2:] & two[..., :-2]
    after, before = core[..., :-4] & four[..., 7:], core[..., 4:] & four[..., :-7]
    return _count(fives) + 2 * _count(starts) + 40 * (_count(after) + _count(before))


def _count(bits: NDArray[Any]) -> NDArray[np.int64]:
    return cast("NDArray[np.int64]", np.bincount(bits.ravel(), minlength=256) @ _BITS_OF)
