"""How much work a fast scan may spend on a picture, counted in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

SMALL_SIDE = 384
"""Only pictures up to this are shown to WeChat, as they are too: reducing them to its stage's 192 px loses what they
have."""
# A reader's time for a pixel, in that of zxing-cpp looking for QR codes in a smooth picture, some 4 ns (OpenCV's own is
# not asked beside it), what a view costs whatever its size, in pixels, and undoing a blur beside reading the result.
_COST = {"zxing-cpp": 1, "quirc": 2, "pyzbar": 9, "wechat": 38}
_VIEW_PIXELS, DEBLURRING = 20_000, 3
# What may follow the reading of the whole picture, so that all together takes at most three times as long as one
# `zxingcpp.read_barcodes(picture)`: that spends some five on a pixel of the smoothest picture and far more on others.
# Pictures of more pixels than `MOST_PIXELS` have as many as they have. Where zxing-cpp sees a code that it cannot read,
# the heavier readers are worth a twentieth more, and in a small picture WeChat's 20 ms.
PIXELS_PER_PIXEL, LEAST_PIXELS, MOST_PIXELS = 8.5, 2_200_000, 4_000_000
DAMAGED_TIMES, SMALL_DAMAGED_PIXELS = 1.02, 6_000_000


@dataclass
class Budget:
    """How many pixels of zxing-cpp's reading a scan may still spend: the same for the same picture on every machine."""

    pixels: float = inf
    damaged: bool = True

    @staticmethod
    def of(size: int, names: Sequence[str], *, damaged: bool) -> Budget:
        """What follows the first reading of a picture of `size` pixels; without zxing-cpp there is no bound."""
        if "zxing-cpp" not in names:
            return Budget()
        pixels = min(max(LEAST_PIXELS, int(PIXELS_PER_PIXEL * size)), MOST_PIXELS)
        if damaged:
            pixels = SMALL_DAMAGED_PIXELS if size <= SMALL_SIDE**2 else int(DAMAGED_TIMES * pixels)
        return Budget(max(size, pixels), damaged)

    def holds(self, name: str, height: int, width: int, times: int = 1) -> bool:
        """Whether a reader may be shown a view of this size, which costs so many times as much as others."""
        return self._cost(name, height, width, times) <= self.pixels

    def allows(self, name: str, height: int, width: int, times: int = 1) -> bool:
        """As `holds`; if so, that is spent."""
        allowed = self.holds(name, height, width, times)
        if allowed:
            self.pixels -= self._cost(name, height, width, times)
        return allowed

    @staticmethod
    def _cost(name: str, height: int, width: int, times: int) -> int:
        return height * width * times * _COST.get(name, 1) + _VIEW_PIXELS
