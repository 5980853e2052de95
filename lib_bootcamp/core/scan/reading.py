"""Read a picture of any size with one reader, in this process or in one that can be stopped."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lib_bootcamp.core.images.arrays import Image

from . import worker as scan_worker
from .decoders import Decoder, WatchingZxing, ZxingDecoder, decode_here, ground_of

# zxing-cpp takes 2 s for a picture of this size that is full of finder patterns, 16 s for one of four times the size:
# larger pictures are read in a process that can be stopped.
IN_PROCESS_PIXELS = 1024 * 1280
_DEADLINE_S_PER_PIXEL = 0.3e-6


def read(decoder: Decoder, gray: Image, stopped: Callable[[], bool] | None = None) -> tuple[str, ...]:
    """Read a picture of any size with one reader; what the reader cannot cope with counts as nothing found.

    Args:
        decoder: an available reader.
        gray: uint8 [H, W].
        stopped: whether the person asked to stop; a reader in a process of its own is ended then.
    Returns:
        The distinct payloads, in the reader's order.
    """
    gray = _padded(_bounded(gray, decoder.largest_side), decoder.smallest_side)
    if not decoder.isolated and gray.size <= IN_PROCESS_PIXELS:
        return decode_here(decoder, gray)
    deadline_s = scan_worker.DEADLINE_S + _DEADLINE_S_PER_PIXEL * gray.size
    try:
        return tuple(scan_worker.POOL.read(decoder.name, gray, deadline_s, stopped))
    except scan_worker.ReaderLostError:
        return ()
    except OSError:
        return decode_here(decoder, gray)


def _bounded(gray: Image, largest_side: int) -> Image:
    longest = max(gray.shape)
    if longest <= largest_side:
        return np.ascontiguousarray(gray)
    import cv2

    scale = largest_side / longest
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _padded(gray: Image, smallest_side: int) -> Image:
    if smallest_side == 1:
        return gray
    # OpenCV's detector enlarges the shorter side to 512 px: a sliver of 31 x 307 px takes it ten seconds.
    least = max(smallest_side, max(gray.shape) // 2)
    missing = [max(0, least - side) for side in gray.shape]
    if not any(missing):
        return gray
    return np.pad(gray, [(each // 2, each - each // 2) for each in missing], constant_values=ground_of(gray))


def look(decoder: Decoder, gray: Image, stopped: Callable[[], bool] | None = None) -> tuple[tuple[str, ...], bool]:
    """As `read`, and whether the reader sees a code that it cannot read.

    Reported by zxing-cpp only, and of no picture that is read in a process of its own.
    """
    watching = WatchingZxing() if isinstance(decoder, ZxingDecoder) else None
    found = read(watching or decoder, gray, stopped)
    return found, watching is not None and watching.damaged
