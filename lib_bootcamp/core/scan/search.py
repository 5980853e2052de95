"""Look for a code in a picture of any size: the whole of it first, then small views and enlarged details."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product

import numpy as np

from lib_bootcamp.core.images.arrays import Image

from .bare import bare_codes, has_dark_ground, softened
from .budget import Budget
from .decoders import Decoder
from .fast import CHANNELS, CUT_OUT, FULL_SIZE, LARGE_SIDE, MOST_DETAILS, chief, enlarged, fast_tries, otherwise
from .ladder import LADDER_SIDE, Tally, Tried, Try, first_hit
from .reading import look, read
from .views import PREPARATIONS, WORKING_SIDE, Sizes, enlarge_small, luma_of, shrink

Stopped = Callable[[], bool]

MANY_AT_ONCE = 12
"""From so many codes on a reader misses some: it pairs finder patterns of different ones, and lists at most 255."""
# Parts begin at every third of a sheet: what they overlap by holds a code.
_PART = 0.43
MOST_BARE = 64
"""Of codes without a margin at most so many are listed."""
# The windows in which the code is looked for ever closer: four corners and the middle, each 5/8 of the side.
_WINDOW = 0.625
_OFFSETS = ((0.0, 0.0), (0.0, 0.375), (0.375, 0.0), (0.375, 0.375), (0.1875, 0.1875))


def search(image: Image, decoders: Sequence[Decoder], expected: str | None, stopped: Stopped | None = None) -> Tried:
    """Make the tries of a fast scan until one reads the expected text, or any text where None is expected.

    The whole picture comes first: one reading of it is what the rest is measured by.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], of any size.
        decoders: available readers.
        expected: the exact payload.
        stopped: whether the person asked to stop.
    """
    gray, names, damaged = luma_of(image), [each.name for each in decoders], False
    out = Tried()
    for decoder in decoders:
        if decoder.name not in chief(names):
            continue
        if stopped is not None and stopped():
            return out
        found, seen = look(decoder, gray, stopped)
        damaged = damaged or seen
        if out.add(Try(decoder.name, FULL_SIZE, gray), found, expected):
            return out
    budget = Budget.of(gray.size, names, damaged=damaged)
    return first_hit(fast_tries(image, gray, names, budget), decoders, expected, stopped, out)


def search_on(image: Image, decoders: Sequence[Decoder], expected: str | None, stopped: Stopped | None = None) -> Tried:
    """After a fast search read nothing: every reader at every size, and on more details."""
    return first_hit(_further_tries(image, decoders), decoders, expected, stopped)


def _further_tries(image: Image, decoders: Sequence[Decoder]) -> Iterator[Try]:
    gray, names = luma_of(image), [each.name for each in decoders]
    sides = dict.fromkeys(min(each, max(gray.shape)) for each in (max(gray.shape), 2048, 1024, 768, 512, 384, 256, 192))
    for side in sides:
        shown, label = shrink(gray, side), "own size" if side == max(gray.shape) else f"{side} px, as it is"
        yield from (Try(each.name, label, shown) for each in decoders if side <= each.largest_side)
    yield from enlarged(gray, names, MOST_DETAILS, Budget())
    small = enlarge_small(shrink(gray, WORKING_SIDE))
    for preparation, prepare in PREPARATIONS.items():
        shown = prepare(shrink(small, LADDER_SIDE))
        yield from (Try(name, f"{LADDER_SIDE} px, {preparation}", shown) for name in names)
    yield from otherwise(image, Sizes(small), names, Budget())
    if image.ndim == 3 and max(gray.shape) > LARGE_SIDE:
        for place, color in CHANNELS:
            channel = np.ascontiguousarray(image[..., place])
            yield from (Try(name, f"{color} only, full size", channel) for name in chief(names))


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


def every_text(
    image: Image,
    decoders: Sequence[Decoder],
    stopped: Stopped | None = None,
    tallies: Mapping[str, Tally] | None = None,
) -> tuple[str, ...]:
    """The texts of all the codes in a picture that its best reader sees at full size.

    From `MANY_AT_ONCE` on, and where it sees none in a large picture, the reader is shown overlapping parts too; on
    dark ground, and where a search read such a one, it is shown what may be a code without a margin.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W], of any size.
        decoders: available readers.
        stopped: whether the person asked to stop.
        tallies: what a search read before: where the best reader has seen the whole, it is not asked again.
    """
    gray, names = luma_of(image), chief([each.name for each in decoders])
    best = next(each for each in decoders if each.name in names)
    tried = (tallies or {}).get(best.name, Tally()).readings
    before = tried.get(FULL_SIZE)
    texts = dict.fromkeys(read(best, gray, stopped) if before is None else before)
    if len(texts) >= MANY_AT_ONCE or (not texts and max(gray.shape) > LARGE_SIDE):
        height, width = gray.shape
        for top, left in product(range(0, height, -(-height // 3)), range(0, width, -(-width // 3))):
            if stopped is not None and stopped():
                break
            part = gray[top : top + int(_PART * height), left : left + int(_PART * width)]
            texts.update(dict.fromkeys(read(best, part, stopped)))
    if has_dark_ground(gray) or any(found and label.startswith(CUT_OUT) for label, found in tried.items()):
        texts.update(dict.fromkeys(_bare_texts(gray, best, stopped)))
    return tuple(texts)


def _bare_texts(gray: Image, reader: Decoder, stopped: Stopped | None) -> Iterator[str]:
    """The texts of codes without a margin."""
    small = Sizes(Sizes(gray).at(WORKING_SIDE) if max(gray.shape) > LARGE_SIDE else enlarge_small(gray))
    for part in islice(bare_codes(gray, small), MOST_BARE):
        if stopped is not None and stopped():
            return
        yield from read(reader, softened(part), stopped) or read(reader, part, stopped)
