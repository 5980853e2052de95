"""What a fast scan shows to which reader after the whole picture, within a budget of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from lib_bootcamp.core.images.arrays import Image

from .details import DETAIL_PX, TIMES, details
from .ladder import FAST, WITHOUT_ZXING, Stage, Try, prepared_stage
from .views import DEBLURRED_TIMES, PREPARATIONS, WORKING_SIDE, deblurred, enlarge_small, enlarge_smooth, shrink

FULL_SIZE = "full size"
LARGE_SIDE = max(each.side for each in FAST)
"""Above it a picture has codes that none of the cascade's stages shows."""
MOST_DETAILS = 6
# The longer side and the blur that is undone, in px: a code's modules have 4 to 6 px there, if it fills the picture.
DEBLURRED = ((192, 3), (192, 2), (384, 3))
CHANNELS = ((2, "blue"), (0, "red"))
# Only small pictures are shown to WeChat, as they are too: reducing them to its stage's 192 px loses what they have.
_SMALL_SIDE = 384
# Enlarged details together have at most as many pixels as the picture itself.
_PIXELS_PER_DETAIL = 1_000_000
# From so many gray levels between its channels on a pixel is colored; from such a share of them on a picture is.
_COLORED, _COLORED_SHARE = 24, 0.0005
_CHANNEL_DETAILS = 2

# A reader's time for a pixel, in that of zxing-cpp (OpenCV's own is not asked beside it), and what a view costs
# whatever its size, in pixels; measured on the pictures of benchmarks/scan/public.py.
_COST = {"zxing-cpp": 1, "quirc": 4, "pyzbar": 10, "wechat": 25}
_VIEW_PIXELS = 20_000
# After the whole picture follows at most as much work again: small views have more in each pixel, and views are made
# first, so that all together takes some four times as long. Or these pixels, about 20 ms where nothing looks like a
# code; where zxing-cpp sees a code that it cannot read, the heavier readers are worth their time.
LEAST_PIXELS, LEAST_PIXELS_DAMAGED = 4_000_000, 6_000_000


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
        return Budget(max(size, LEAST_PIXELS_DAMAGED if damaged else LEAST_PIXELS), damaged)

    def allows(self, name: str, height: int, width: int) -> bool:
        """Whether a reader may be shown a view of this size; if so, that is spent."""
        cost = (height * width + _VIEW_PIXELS) * _COST.get(name, 1)
        if cost > self.pixels:
            return False
        self.pixels -= cost
        return True


def chief(names: Sequence[str]) -> Sequence[str]:
    """Who is shown what costs much: the quickest reader, or all that are there instead of it."""
    return ["zxing-cpp"] if "zxing-cpp" in names else names


def fast_tries(image: Image, gray: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """The tries that follow the whole picture: those that read most for their time first, while the budget lasts."""
    large = max(gray.shape) > LARGE_SIDE
    small = shrink(_halved(gray, WORKING_SIDE), LARGE_SIDE) if large else enlarge_small(gray)
    stages = [each for each in FAST if each.decoder in names]
    plain = [each for each in stages if each.decoder == "zxing-cpp" and each.preparation == "as it is"]
    if large:
        yield from _staged(small, plain, budget)
        yield from enlarged(gray, chief(names), min(MOST_DETAILS, gray.size // _PIXELS_PER_DETAIL), budget)
    else:
        stages = [each for each in stages if not _is_whole(each, gray, small)]
    first = [each for each in stages if each.decoder == "zxing-cpp" and each.side < _SMALL_SIDE and each not in plain]
    yield from _staged(small, ([] if large else [each for each in plain if each in stages][:1]) + first, budget)
    colored = list(chief(names)) if _is_colored(image) else []
    yield from _channels(image, colored, budget)
    rest = [each for each in stages if each not in first and each not in plain]
    yield from _staged(small, [each for each in rest if each.decoder in {"zxing-cpp", "quirc"}], budget)
    yield from _local_contrast(small, chief(names), budget)
    yield from _deblurred(small if large else gray, chief(names), budget)
    yield from _staged(small, [each for each in rest if each.decoder == "pyzbar"][:1], budget)
    if not large:
        yield from enlarged(gray, chief(names), 1, budget)
    yield from _channel_details(image, colored, budget)
    yield from _staged(small, [each for each in rest if each.decoder == "pyzbar"][1:], budget)
    yield from _wechat(gray, small, names, budget)
    if "zxing-cpp" not in names:
        yield from _staged(small, [each for each in WITHOUT_ZXING if each.decoder in names], budget)


def _is_whole(stage: Stage, gray: Image, small: Image) -> bool:
    """Whether a stage would show zxing-cpp the whole picture again."""
    same = small.shape == gray.shape and stage.side >= max(gray.shape)
    return same and stage.decoder == "zxing-cpp" and stage.preparation == "as it is"


def _staged(small: Image, stages: Sequence[Stage], budget: Budget) -> Iterator[Try]:
    seen: set[tuple[str, int, str]] = set()
    for stage in stages:
        side = min(stage.side, max(small.shape))
        what = (stage.decoder, side, stage.preparation)
        if what not in seen and budget.allows(stage.decoder, *_sides(small, side)):
            yield prepared_stage(small, stage)
        seen.add(what)


def _sides(shown: Image, longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(shown.shape[:2]))
    return max(1, round(shown.shape[0] * scale)), max(1, round(shown.shape[1] * scale))


def _halved(gray: Image, longest: int) -> Image:
    """Half the size again and again until it is at most `longest`: a tenth of the time of any other reduction."""
    import cv2

    while max(gray.shape) > longest and min(gray.shape) > 1:
        height, width = (each // 2 for each in gray.shape)
        half = cv2.resize(gray[: height * 2, : width * 2], (width, height), interpolation=cv2.INTER_AREA)
        gray = np.asarray(half, dtype=np.uint8)
    return gray


def _wechat(gray: Image, small: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """WeChat takes a tenth of a second where there is nothing to read."""
    if "wechat" not in names or not budget.damaged or ("zxing-cpp" in names and max(gray.shape) > _SMALL_SIDE):
        return
    if max(gray.shape) <= _SMALL_SIDE and budget.allows("wechat", *gray.shape):
        yield Try("wechat", "own size", gray)
    yield from _staged(small, [each for each in FAST if each.decoder == "wechat"], budget)


def enlarged(gray: Image, names: Sequence[str], most: int, budget: Budget, label: str = "") -> Iterator[Try]:
    """Enlarged details of a picture."""
    sides = [min(each, DETAIL_PX) * TIMES for each in gray.shape]
    for number, detail in enumerate(details(gray, most) if most else (), 1):
        for name in names:
            if budget.allows(name, *sides):
                yield Try(name, f"{label}detail {number}, enlarged", detail, part=True)


def otherwise(image: Image, small: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """Codes that brightness does not show: of two colors equally light, or of nearly the same gray."""
    if _is_colored(image):
        yield from _channels(image, names, budget)
        yield from _channel_details(image, names, budget)
    yield from _local_contrast(small, names, budget)


def _channels(image: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    view = shrink(image, LARGE_SIDE) if names else image
    for place, color in CHANNELS:
        allowed = [name for name in names if budget.allows(name, *view.shape[:2])]
        if allowed:
            channel = PREPARATIONS["autocontrast"](np.ascontiguousarray(view[..., place]))
            yield from (Try(name, f"{color} only", enlarge_small(channel)) for name in allowed)


def _channel_details(image: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    if names and max(image.shape) > LARGE_SIDE:
        for place, color in CHANNELS:
            channel = np.ascontiguousarray(image[..., place])
            yield from enlarged(channel, names, _CHANNEL_DETAILS, budget, f"{color} only, ")


def _local_contrast(small: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    allowed = [name for name in names if budget.allows(name, *_sides(small, LARGE_SIDE))]
    if allowed:
        strong = PREPARATIONS["local contrast"](shrink(small, LARGE_SIDE))
        yield from (Try(name, "local contrast", strong) for name in allowed)


def _deblurred(gray: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """Codes out of focus, where readers see gray in place of modules."""
    for side, sigma_px in DEBLURRED:
        view = enlarge_smooth(shrink(gray, side), DEBLURRED[0][0])
        height, width = (each * DEBLURRED_TIMES for each in view.shape)
        allowed = [name for name in names if budget.allows(name, height, width)]
        if allowed:
            sharp = deblurred(sigma_px)(view)
            yield from (Try(name, f"{side} px, deblurred {sigma_px}", sharp) for name in allowed)


def _is_colored(image: Image) -> bool:
    if image.ndim == 2:
        return False
    import cv2

    # Some pixels are enough: a small colored code on a white page is seldom under a thousandth of it.
    step = max(1, max(image.shape) // 512)
    red, green, blue = cv2.split(np.ascontiguousarray(image[::step, ::step]))
    spread = cv2.subtract(cv2.max(cv2.max(red, green), blue), cv2.min(cv2.min(red, green), blue))
    return bool((np.asarray(spread) > _COLORED).mean() > _COLORED_SHARE)
