"""Look for a code in a picture of any size: small views of it first, then the whole of it, then enlarged details."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from .arrays import Image
from .scan_decoders import Decoder, read
from .scan_details import details
from .scan_ladder import FAST, LADDER_SIDE, WITHOUT_ZXING, Tried, Try, first_hit, staged
from .scan_views import PREPARATIONS, WORKING_SIDE, enlarge_small, luma_of, shrink

Stopped = Callable[[], bool]

MOST_AT_ONCE = 200
"""From so many different texts on a reader may have seen more: zxing-cpp tells at most 255 codes of a picture."""
LARGE_SIDE = max(each.side for each in FAST)
"""Above it a picture has codes that none of the cascade's stages shows."""
# Of a large picture only the plain small views come before the whole of it, so that the whole is not waited for.
_BEFORE = tuple(each for each in FAST if each.decoder == "zxing-cpp" and each.preparation == "as it is")
# WeChat is shown small pictures as they are: reducing them to its stage's 192 px would lose what they have.
_SMALL_SIDE = 384
# Enlarged details together have at most as many pixels as the picture itself.
_PIXELS_PER_DETAIL = 1_000_000
_MOST_DETAILS = 6
# From so many grey levels between its channels on a pixel is coloured; from such a share of them on a picture is.
_COLOURED, _COLOURED_SHARE = 24, 0.0005
_CHANNELS = ((2, "blue"), (0, "red"))
_CHANNEL_DETAILS = 2
# The windows in which the code is looked for ever closer: four corners and the middle, each 5/8 of the side.
_WINDOW = 0.625
_OFFSETS = ((0.0, 0.0), (0.0, 0.375), (0.375, 0.0), (0.375, 0.375), (0.1875, 0.1875))


def search(image: Image, decoders: Sequence[Decoder], expected: str | None, stopped: Stopped | None = None) -> Tried:
    """Make the tries of a fast scan until one reads the expected text, or any text where None is expected.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], of any size.
        decoders: available readers.
        expected: the exact payload.
        stopped: whether the person asked to stop.
    """
    return first_hit(_fast_tries(image, [each.name for each in decoders]), decoders, expected, stopped)


def search_on(image: Image, decoders: Sequence[Decoder], expected: str | None, stopped: Stopped | None = None) -> Tried:
    """After a fast search read nothing: every reader at every size, and on more details."""
    return first_hit(_further_tries(image, decoders), decoders, expected, stopped)


def _fast_tries(image: Image, names: Sequence[str]) -> Iterator[Try]:
    grey = luma_of(image)
    stages = FAST if "zxing-cpp" in names else FAST + WITHOUT_ZXING
    chief = _chief(names)
    if max(grey.shape) <= LARGE_SIDE:
        small = enlarge_small(grey)
        yield from staged(small, names, stages)
        yield from _own_size(grey, small, names)
    else:
        small = _reduced(grey, LARGE_SIDE)
        yield from staged(small, names, _BEFORE)
        yield from (Try(name, "full size", grey) for name in chief)
        yield from _details(grey, chief, most=min(_MOST_DETAILS, grey.size // _PIXELS_PER_DETAIL))
        if max(grey.shape) > 1.5 * WORKING_SIDE:
            view = _reduced(grey, WORKING_SIDE)
            yield from (Try(name, f"{WORKING_SIDE} px, as it is", view) for name in chief)
        yield from staged(small, names, [each for each in stages if each not in _BEFORE])
    yield from _otherwise(image, small, chief)


def _reduced(grey: Image, side: int) -> Image:
    """As `shrink`, in a third of the time: by a whole number first, without the pixels that are over at the edges."""
    import cv2

    times = max(grey.shape) // side
    if times < 2 or min(grey.shape) < times:
        return shrink(grey, side)
    height, width = (each // times for each in grey.shape)
    whole = cv2.resize(grey[: height * times, : width * times], (width, height), interpolation=cv2.INTER_AREA)
    return shrink(np.asarray(whole, dtype=np.uint8), side)


def _chief(names: Sequence[str]) -> Sequence[str]:
    """Who is shown what costs much: the quickest reader, or all that are there instead of it."""
    return ["zxing-cpp"] if "zxing-cpp" in names else names


def _own_size(grey: Image, small: Image, names: Sequence[str]) -> Iterator[Try]:
    if small.shape != grey.shape:
        yield from (Try(name, "own size", grey) for name in _chief(names))
    if "wechat" in names and max(grey.shape) <= _SMALL_SIDE:
        yield Try("wechat", "own size", grey)
    yield from _details(grey, _chief(names), most=1)


def _details(grey: Image, names: Sequence[str], most: int) -> Iterator[Try]:
    for number, detail in enumerate(details(grey, most), 1):
        yield from (Try(name, f"detail {number}, enlarged", detail, part=True) for name in names)


def _otherwise(image: Image, small: Image, names: Sequence[str]) -> Iterator[Try]:
    """Codes that brightness does not show: of two colours equally light, or of nearly the same grey."""
    if _is_coloured(image):
        view = shrink(image, LARGE_SIDE)
        for place, colour in _CHANNELS:
            channel = PREPARATIONS["autocontrast"](np.ascontiguousarray(view[..., place]))
            yield from (Try(name, f"{colour} only", enlarge_small(channel)) for name in names)
            if max(image.shape) > LARGE_SIDE:
                parts = details(np.ascontiguousarray(image[..., place]), most=_CHANNEL_DETAILS)
                yield from (
                    Try(name, f"{colour} only, detail {number}, enlarged", part, part=True)
                    for number, part in enumerate(parts, 1)
                    for name in names
                )
    strong = PREPARATIONS["local contrast"](shrink(small, LARGE_SIDE))
    yield from (Try(name, "local contrast", strong) for name in names)


def _is_coloured(image: Image) -> bool:
    if image.ndim == 2:
        return False
    # Some pixels are enough: a small coloured code on a white page is seldom under a thousandth of it.
    step = max(1, max(image.shape) // 512)
    return bool((np.ptp(image[::step, ::step].astype(np.int16), axis=2) > _COLOURED).mean() > _COLOURED_SHARE)


def _further_tries(image: Image, decoders: Sequence[Decoder]) -> Iterator[Try]:
    grey, names = luma_of(image), [each.name for each in decoders]
    sides = dict.fromkeys(min(each, max(grey.shape)) for each in (max(grey.shape), 2048, 1024, 768, 512, 384, 256, 192))
    for side in sides:
        shown, label = shrink(grey, side), "own size" if side == max(grey.shape) else f"{side} px, as it is"
        yield from (Try(each.name, label, shown) for each in decoders if side <= each.largest_side)
    yield from _details(grey, names, most=_MOST_DETAILS)
    small = enlarge_small(shrink(grey, WORKING_SIDE))
    for preparation, prepare in PREPARATIONS.items():
        shown = prepare(shrink(small, LADDER_SIDE))
        yield from (Try(name, f"{LADDER_SIDE} px, {preparation}", shown) for name in names)
    yield from _otherwise(image, small, names)
    if image.ndim == 3 and max(grey.shape) > LARGE_SIDE:
        for place, colour in _CHANNELS:
            channel = np.ascontiguousarray(image[..., place])
            yield from (Try(name, f"{colour} only, full size", channel) for name in _chief(names))


def closest(shown: Image, decoder: Decoder, text: str, stopped: Stopped | None = None) -> Image:
    """The smallest part of a picture in which a reader still reads a text, as a person would go near to it.

    Args:
        shown: uint8 [H, W], in which the reader reads it.
        decoder: the reader.
        text: the exact payload.
        stopped: whether the person asked to stop.
    Returns:
        uint8 [h, w]: at least 512 px on its longer side, where the picture has as many.
    """
    while max(shown.shape) > LADDER_SIDE and not (stopped is not None and stopped()):
        size = [max(1, round(side * _WINDOW)) for side in shown.shape]
        starts = [[int(side * each) for side, each in zip(shown.shape, offset, strict=True)] for offset in _OFFSETS]
        windows = (shown[top : top + size[0], left : left + size[1]] for top, left in starts)
        found = next((each for each in windows if text in read(decoder, each, stopped)), None)
        if found is None:
            break
        shown = found
    return np.ascontiguousarray(shown)


def every_text(image: Image, decoders: Sequence[Decoder], stopped: Stopped | None = None) -> tuple[str, ...]:
    """The texts of all the codes in a picture that its best reader sees at full size.

    From `MOST_AT_ONCE` on the reader is shown overlapping parts too.
    """
    grey, chief = luma_of(image), _chief([each.name for each in decoders])
    best = next(each for each in decoders if each.name in chief)
    texts = dict.fromkeys(read(best, grey, stopped))
    if len(texts) >= MOST_AT_ONCE:
        height, width = grey.shape
        for top, left in product(range(0, height, -(-height // 4)), range(0, width, -(-width // 4))):
            part = grey[top : top + height * 3 // 8, left : left + width * 3 // 8]
            texts.update(dict.fromkeys(read(best, part, stopped)))
    return tuple(texts)
