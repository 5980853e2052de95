"""What a fast scan shows to which reader after the whole picture, within a budget of work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from lib_bootcamp.core.images.arrays import Image

from .bare import bare_codes, looked_at_side, softened
from .budget import DEBLURRING, SMALL_SIDE, Budget
from .details import DETAIL_PX, TIMES, details
from .ladder import FAST, WITHOUT_ZXING, Stage, Try
from .views import DEBLURRED_TIMES, PREPARATIONS, WORKING_SIDE, Sizes, deblurred, enlarge_small, enlarge_smooth

FULL_SIZE = "full size"
LARGE_SIDE = max(each.side for each in FAST)
"""Above it a picture has codes that none of the cascade's stages shows."""
MOST_DETAILS = 6
# The longer side and the blur that is undone, in px: a code's modules have 4 to 6 px there, if it fills the picture.
DEBLURRED = ((192, 2), (192, 3), (384, 3))
# A picture that is less than that larger than the first of these is not shown at the last.
_HARDLY_LARGER = 1.5
# A code without a margin is seen where its modules alone are dark, or cut out of a ground of their color and given a
# margin, or by pyzbar, the smaller the sooner.
DARKEST = tuple(Stage("zxing-cpp", each, "darkest levels") for each in (512, 1024))
CUT_OUT, _MOST_CUT_OUT = "cut out", 16
WITHOUT_MARGIN = (Stage("pyzbar", 192, "as it is"),)
CHANNELS = ((2, "blue"), (0, "red"))
# A picture whose levels lie so close together in every channel shows nothing, whatever is done to it.
_FLAT = 2
# Enlarged details together have at most as many pixels as the picture itself.
_PIXELS_PER_DETAIL = 1_000_000
# From so many gray levels between its channels on a pixel is colored; from such a share of them on a picture is.
_COLORED, _COLORED_SHARE = 24, 0.0005
_CHANNEL_DETAILS = 2


def _is_flat(image: Image, gray: Image) -> bool:
    return int(np.ptp(gray)) <= _FLAT and bool((np.ptp(image.reshape(gray.size, -1), axis=0) <= _FLAT).all())


def chief(names: Sequence[str]) -> Sequence[str]:
    """Who is shown what costs much: the quickest reader, or all that are there instead of it."""
    return ["zxing-cpp"] if "zxing-cpp" in names else names


def fast_tries(image: Image, gray: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """The tries that follow the whole picture: those that read most for their time first, while the budget lasts."""
    if _is_flat(image, gray):
        return
    large = max(gray.shape) > LARGE_SIDE
    small = Sizes(Sizes(gray).at(LARGE_SIDE) if large else enlarge_small(gray))
    stages = _Stages(small, gray, names, budget)
    if large:
        yield from stages.show("zxing-cpp", preparation="as it is")
        yield from _cut_out(gray, small, chief(names), budget)
        yield from enlarged(gray, chief(names), min(MOST_DETAILS, gray.size // _PIXELS_PER_DETAIL), budget)
        yield from _middle(gray, chief(names), budget)
    yield from stages.show("zxing-cpp", largest=SMALL_SIDE)
    colored = list(chief(names)) if _is_colored(image) else []
    yield from _channels(image, colored, budget)
    yield from stages.show("zxing-cpp")
    if not large:
        yield from _cut_out(gray, small, chief(names), budget)
    if not budget.damaged:  # a code that zxing-cpp sees has a margin: there a blur is likelier
        yield from stages.show("zxing-cpp", of=DARKEST, most=1)
        yield from stages.show("pyzbar", of=WITHOUT_MARGIN)
    yield from _deblurred(small if large else Sizes(gray), chief(names), budget)
    yield from stages.show("zxing-cpp", of=DARKEST)
    yield from stages.show("pyzbar", of=WITHOUT_MARGIN)
    yield from _local_contrast(small, chief(names), budget)
    yield from stages.show("quirc", most=1)
    yield from stages.show("pyzbar", most=1)
    if not large:
        yield from enlarged(gray, chief(names), 1, budget)
    yield from _channel_details(image, colored, budget)
    yield from stages.show("quirc")
    yield from stages.show("pyzbar")
    yield from _wechat(gray, stages, names, budget)
    if "zxing-cpp" not in names:
        for name in names:
            yield from stages.show(name, of=WITHOUT_ZXING)


class _Stages:
    """The stages of a cascade, each shown at most once and none that would show the whole picture again."""

    def __init__(self, small: Sizes, gray: Image, names: Sequence[str], budget: Budget) -> None:
        self._small, self._names, self._budget = small, names, budget
        same = small.whole.shape == gray.shape
        self._seen: set[tuple[str, int, str]] = {("zxing-cpp", max(gray.shape), "as it is")} if same else set()

    def show(
        self,
        name: str,
        *,
        of: Sequence[Stage] = FAST,
        preparation: str = "",
        largest: int = WORKING_SIDE,
        most: int = len(FAST),
    ) -> Iterator[Try]:
        """At most so many stages of a reader, of that preparation or any, that are not too large."""
        fitting = [each for each in of if each.decoder == name in self._names and each.side <= largest]
        for stage in [each for each in fitting if preparation in {"", each.preparation}][:most]:
            side = min(stage.side, max(self._small.whole.shape))
            what = (name, side, stage.preparation)
            if what not in self._seen and self._budget.allows(name, *self._small.shape_at(side)):
                yield Try(name, stage.label(), PREPARATIONS[stage.preparation](self._small.at(side)))
            self._seen.add(what)


def _middle(gray: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """A quarter of a sheet of hundreds of codes, of which a reader that is shown all of them reads none."""
    height, width = gray.shape
    part = gray[height // 4 : height * 3 // 4, width // 4 : width * 3 // 4]
    yield from (Try(name, "middle", part, part=True) for name in names if budget.allows(name, *part.shape))


def _cut_out(gray: Image, small: Sizes, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    # Beside the reading of a large picture, and of one where a code is seen, the look counts for little.
    counts = max(gray.shape) <= LARGE_SIDE and not budget.damaged
    if counts and not budget.allows("zxing-cpp", *small.shape_at(looked_at_side(gray))):
        return
    sharp: list[Try] = []
    for number, part in enumerate(islice(bare_codes(gray, small), _MOST_CUT_OUT), 1):
        for name in names:
            if budget.allows(name, *part.shape):
                yield Try(name, f"{CUT_OUT} {number}, softened", softened(part))
                sharp.append(Try(name, f"{CUT_OUT} {number}", part))
    yield from (each for each in sharp if budget.allows(each.decoder, *each.shown.shape))


def _wechat(gray: Image, stages: _Stages, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """WeChat takes a tenth of a second where there is nothing to read."""
    if "wechat" not in names or not budget.damaged or ("zxing-cpp" in names and max(gray.shape) > SMALL_SIDE):
        return
    if max(gray.shape) <= SMALL_SIDE and budget.allows("wechat", *gray.shape):
        yield Try("wechat", "own size", gray)
    yield from stages.show("wechat")


def enlarged(gray: Image, names: Sequence[str], most: int, budget: Budget, label: str = "") -> Iterator[Try]:
    """Enlarged details of a picture."""
    sides = [min(each, DETAIL_PX) * TIMES for each in gray.shape]
    if not any(budget.holds(name, *sides) for name in names):  # before anything is looked for
        return
    for number, detail in enumerate(details(gray, most) if most else (), 1):
        for name in names:
            if budget.allows(name, *sides):
                yield Try(name, f"{label}detail {number}, enlarged", detail, part=True)


def otherwise(image: Image, small: Sizes, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """Codes that brightness does not show: of two colors equally light, or of nearly the same gray."""
    if _is_colored(image):
        yield from _channels(image, names, budget)
        yield from _channel_details(image, names, budget)
    yield from _local_contrast(small, names, budget)


def _channels(image: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    for place, color in CHANNELS if names else ():
        channel = image[..., place]
        allowed = [name for name in names if budget.allows(name, *Sizes(channel).shape_at(LARGE_SIDE))]
        if allowed:
            small = Sizes(np.ascontiguousarray(channel)).at(LARGE_SIDE)
            shown = enlarge_small(PREPARATIONS["autocontrast"](small))
            yield from (Try(name, f"{color} only", shown) for name in allowed)


def _channel_details(image: Image, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    if names and max(image.shape) > LARGE_SIDE:
        for place, color in CHANNELS:
            channel = np.ascontiguousarray(image[..., place])
            yield from enlarged(channel, names, _CHANNEL_DETAILS, budget, f"{color} only, ")


def _local_contrast(small: Sizes, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    allowed = [name for name in names if budget.allows(name, *small.shape_at(LARGE_SIDE))]
    if allowed:
        strong = PREPARATIONS["local contrast"](small.at(LARGE_SIDE))
        yield from (Try(name, "local contrast", strong) for name in allowed)


def _deblurred(small: Sizes, names: Sequence[str], budget: Budget) -> Iterator[Try]:
    """Codes out of focus, where readers see gray in place of modules."""
    least, longest = DEBLURRED[0][0], max(small.whole.shape)
    for side, sigma_px in DEBLURRED:
        if side > least and longest < _HARDLY_LARGER * least:
            continue
        view = enlarge_smooth(small.at(side), least)
        height, width = (each * DEBLURRED_TIMES for each in view.shape)
        allowed = [name for name in names if budget.allows(name, height, width, DEBLURRING)]
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
