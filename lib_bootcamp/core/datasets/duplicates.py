"""Which pictures are alike: perceptual hashes, vectors, and groups of them in bounded memory; and how sharp one is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv

HASH_BITS = 64
_SIDE_PX, _LOW = 32, 8
SHARPNESS_SIDE_PX = 512
"""Sharpness is measured on the area of a square of this side."""
_FLAT = 1.0
_BLOCK = 512


@dataclass(frozen=True, kw_only=True)
class PictureHash:
    """A picture's perceptual hash and the one its mirror image has; 64 bits each."""

    upright: int
    mirrored: int


def perceptual_hash(gray: Image) -> PictureHash | None:
    """Hash a picture by the signs of its low frequencies, so that scaling and compression change few bits.

    Args:
        gray: uint8 [H, W].
    Returns:
        None for a picture of one tone, which has no frequencies to identify it by.
    Source: C. Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, DCT based hash:
        32 x 32 px, the 8 x 8 coefficients after the first row and column, each against their median.
    """
    small = opencv().resize(gray, (_SIDE_PX, _SIDE_PX), interpolation=opencv().INTER_AREA).astype(np.float32)
    if float(small.std()) < _FLAT:
        return None
    low = opencv().dct(small)[1 : _LOW + 1, 1 : _LOW + 1]
    # Mirroring turns the sign of every coefficient with an odd horizontal frequency; these begin at frequency 1.
    turned = low * np.where(np.arange(1, _LOW + 1) % 2, -1, 1).astype(np.float32)
    return PictureHash(upright=_bits(low), mirrored=_bits(turned))


def _bits(coefficients: Floats) -> int:
    above = (coefficients > np.median(coefficients)).ravel()
    return int.from_bytes(np.packbits(above).tobytes(), "big")


def distance(one: int, other: int) -> int:
    """How many of the 64 bits differ."""
    return (one ^ other).bit_count()


def sharpness(gray: Image) -> float:
    """The variance of the Laplacian of a picture that is scaled to 512 x 512 px in area; low is blurred.

    Art with plain areas is low too, however sharp its lines are.

    Args:
        gray: uint8 [H, W].
    Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy: a comparative study", 2000.
    """
    height, width = gray.shape
    scale = SHARPNESS_SIDE_PX / float(np.sqrt(height * width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cv2 = opencv()
    scaled = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    _, deviation = cv2.meanStdDev(cv2.Laplacian(scaled, cv2.CV_16S))
    return float(deviation[0, 0]) ** 2


def hash_rows(hashes: Sequence[int]) -> Floats:
    """Hashes as rows of plus and minus one, whose products give their distances.

    Returns:
        float32 [N, 64]; rows a and b have a dot b = 64 - 2 * distance.
    """
    data = np.frombuffer(b"".join(each.to_bytes(8, "big") for each in hashes), np.uint8).reshape(-1, 8)
    return np.unpackbits(data, axis=1).astype(np.float32) * 2 - 1


def alike(rows: Floats, least: float, others: Floats | None = None) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each row, the later ones whose product with it is at least `least`; some rows at once, in bounded memory.

    Args:
        rows: float32 [N, D].
        least: the product; for unit vectors the cosine.
        others: float32 [N, D] to multiply with in place of `rows`: the mirror images.
    """
    right = rows if others is None else others
    for start in range(0, len(rows), _BLOCK):
        products = rows[start : start + _BLOCK] @ right[start:].T
        for at, row in enumerate(products >= least):
            found = np.flatnonzero(row[at + 1 :]) + start + at + 1
            if len(found):
                yield start + at, found


class Groups:
    """Which of N things belong together: joined one by one (union-find that looks a set up at once)."""

    def __init__(self, count: int) -> None:
        self._of = np.arange(count)

    def join(self, one: int, others: NDArray[np.int64]) -> None:
        """Put one and the others, and all that are with them, into one group."""
        mine = self._of[one]
        for other in np.unique(self._of[others]):
            if other != mine:
                self._of[self._of == other] = mine

    def listed(self) -> list[list[int]]:
        """The groups of two and more, each sorted, in the order of their first members."""
        order = np.argsort(self._of, kind="stable")
        cuts = np.flatnonzero(np.diff(self._of[order])) + 1
        parts = [part.tolist() for part in np.split(order, cuts) if len(part) > 1]
        return sorted(parts)
