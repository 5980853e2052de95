"""Which pictures readers are shown: the fast cascade (does it scan?) and the full ladder (how well?)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image

from .decoders import Decoder, ground_of
from .reading import read
from .views import PREPARATIONS, Prepare, as_is, blurred, enlarge_small, gray_of, levels, shrink

LADDER_SIDE = 512
# A reader that has spent this long on one picture's ladder has its remaining steps counted as failed.
_READER_BUDGET_S = 20.0


def readers_of(image: Image, readers: Iterable[Decoder], text: str) -> tuple[str, ...]:
    """The readers that read exactly this text from a picture as it is, with nothing done to it first."""
    gray = gray_of(image)
    return tuple(each.name for each in readers if text in read(each, gray))


def is_read(image: Image, readers: Iterable[Decoder], text: str, *, by_all: bool = True) -> bool:
    """Whether all readers, or any of them, read exactly this text; no more of them are asked than that takes."""
    gray = gray_of(image)
    return (all if by_all else any)(text in read(each, gray) for each in readers)


@dataclass(frozen=True)
class Stage:
    """One try of the fast cascade: a reader, the longer side in px it is given, a name in `PREPARATIONS`."""

    decoder: str
    side: int
    preparation: str

    def label(self) -> str:
        """What a person reads: `256 px, blur 2`."""
        return f"{self.side} px, {self.preparation}"


# Chosen by benchmarks/scan/search.py: greedy, by new hits per millisecond, on pictures that benchmarks/scan/suite.py
# never sees; 1024 px is for codes of many modules, which that set does not have. WeChat comes late: it reads most, but
# takes a hundred milliseconds where there is nothing to read. The last two are for photographs of plain codes.
FAST: tuple[Stage, ...] = (
    Stage("zxing-cpp", 192, "blur 1"),
    Stage("zxing-cpp", 256, "as it is"),
    Stage("zxing-cpp", 192, "blur 2"),
    Stage("zxing-cpp", 192, "flattened"),
    Stage("zxing-cpp", 1024, "as it is"),
    Stage("quirc", 384, "as it is"),
    Stage("zxing-cpp", 768, "blur 2"),
    Stage("pyzbar", 384, "blur 1"),
    Stage("wechat", 192, "as it is"),
    Stage("quirc", 512, "as it is"),
    Stage("pyzbar", 512, "as it is"),
)
# Tried after those where zxing-cpp is not among the readers, so that each reader also sees codes of many modules.
WITHOUT_ZXING: tuple[Stage, ...] = (
    Stage("quirc", 1024, "as it is"),
    Stage("pyzbar", 1024, "as it is"),
    Stage("wechat", 512, "as it is"),
    Stage("opencv", 256, "as it is"),
    Stage("opencv", 768, "as it is"),
)


@dataclass
class Tally:
    """What one reader read at each try: by the try's label, in order."""

    readings: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def passed(self, text: str | None) -> tuple[str, ...]:
        """The tries that read exactly this text."""
        return tuple(label for label, found in self.readings.items() if text in found)

    def failed(self, text: str | None) -> tuple[str, ...]:
        """The tries that did not read this text."""
        return tuple(label for label, found in self.readings.items() if text not in found)


@dataclass(frozen=True)
class Try:
    """What a reader is shown: uint8 [H, W], under a name that a person reads.

    `part` where it is an enlarged part of the picture.
    """

    decoder: str
    label: str
    shown: Image
    part: bool = False


@dataclass
class Tried:
    """The readings of some tries; the one that read what was expected and the text, where one did."""

    tallies: dict[str, Tally] = field(default_factory=dict)
    hit: Try | None = None
    text: str | None = None

    def add(self, made: Try, found: tuple[str, ...], expected: str | None) -> bool:
        """Note what a try read; whether that is what was expected, or any text where None is expected."""
        self.tallies.setdefault(made.decoder, Tally()).readings[made.label] = found
        if expected in found if expected is not None else found:
            self.hit, self.text = made, expected if expected is not None else found[0]
        return self.hit is not None


def texts_of(tallies: Iterable[Tally]) -> Counter[str]:
    """How many tries read each text."""
    return Counter(text for tally in tallies for found in tally.readings.values() for text in found)


def readings_of(tallies: Iterable[Tally]) -> int:
    """How many tries read anything."""
    return sum(bool(found) for tally in tallies for found in tally.readings.values())


def cascade(
    gray: Image, decoders: Sequence[Decoder], expected: str | None, stages: Sequence[Stage] | None = None
) -> dict[str, Tally]:
    """Try readers in the order of their yield and stop at the first that reads the expected text.

    Args:
        gray: uint8 [H, W].
        decoders: available readers; the stages of others are passed over.
        expected: the exact payload; None takes any text.
        stages: what to try, in this order; None takes `FAST`, and `WITHOUT_ZXING` where that applies.
    Returns:
        The readers that were tried; those without a stage are not.
    """
    names = [each.name for each in decoders]
    if stages is None:
        stages = FAST if "zxing-cpp" in names else FAST + WITHOUT_ZXING
    return first_hit(staged(enlarge_small(gray), names, stages), decoders, expected).tallies


def staged(gray: Image, names: Collection[str], stages: Sequence[Stage]) -> Iterator[Try]:
    """The tries of these stages, those of other readers and those that would show the same again left out."""
    prepared: dict[tuple[int, str], Image] = {}
    seen: set[tuple[str, int, str]] = set()
    for stage in stages:
        side = min(stage.side, max(gray.shape))
        if stage.decoder not in names or (stage.decoder, side, stage.preparation) in seen:
            continue
        seen.add((stage.decoder, side, stage.preparation))
        key = (side, stage.preparation)
        if key not in prepared:
            prepared[key] = PREPARATIONS[stage.preparation](shrink(gray, side))
        yield Try(stage.decoder, stage.label(), prepared[key])


def first_hit(
    tries: Iterable[Try],
    decoders: Sequence[Decoder],
    expected: str | None,
    stopped: Callable[[], bool] | None = None,
    before: Tried | None = None,
) -> Tried:
    """Make tries until one reads the expected text, or any where None is expected, or the person asks to stop.

    `before` is what tries read that were made already; it is added to.
    """
    readers, out = {each.name: each for each in decoders}, before or Tried()
    for each in tries:
        if stopped is not None and stopped():
            break
        found = read(readers[each.decoder], each.shown, stopped)
        if out.add(each, found, expected):
            break
    return out


def _sized(side: int) -> Prepare:
    return lambda gray: shrink(gray, side)


def _shaken(gray: Image) -> Image:
    import cv2

    return np.asarray(cv2.blur(gray, (max(3, max(gray.shape) // 64), 1)), dtype=np.uint8)


def _shadow(gray: Image) -> Image:
    ramp = np.linspace(0.35, 1.0, gray.shape[1], dtype=np.float32)
    return np.asarray(gray * ramp[None, :], dtype=np.uint8)


def _grainy(gray: Image) -> Image:
    noise = np.random.default_rng(0).normal(0, 12, gray.shape)
    return np.asarray(np.clip(gray + noise, 0, 255), dtype=np.uint8)


def _jpeg(gray: Image) -> Image:
    import cv2

    coded = cv2.imencode(".jpg", gray, [cv2.IMWRITE_JPEG_QUALITY, 25])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def _turned(degrees: float) -> Prepare:
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def prepare(gray: Image) -> Image:
        half = np.array(gray.shape[::-1]) / 2
        return _moved(gray, (_corners(gray) - half) @ turn.T + half)

    return prepare


def _tilted(*, sideways: float, back: float) -> Prepare:
    """Look from an angle: the far edge is shortened by that share of the near one."""

    def prepare(gray: Image) -> Image:
        pull = np.array([[0, 0], [back, sideways], [0, -sideways], [0, 0]]) / 2
        pull[0, 0], pull[1, 0] = back / 2, -back / 2
        return _moved(gray, _corners(gray) + pull * np.array(gray.shape[::-1]))

    return prepare


def _corners(gray: Image) -> NDArray[np.float64]:
    height, width = gray.shape
    return np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])


def _moved(gray: Image, corners: NDArray[np.float64]) -> Image:
    """Draw a picture with its corners at these places, on as large a sheet of its border's color as that needs."""
    import cv2

    corners = corners - corners.min(0)
    width, height = (max(1, int(each)) for each in np.ceil(corners.max(0)))
    change = cv2.getPerspectiveTransform(_corners(gray).astype(np.float32), corners.astype(np.float32))
    out = cv2.warpPerspective(
        gray,
        change,
        (width, height),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=ground_of(gray),
    )
    return np.asarray(out, dtype=np.uint8)


# What a phone does to a picture on a screen or a poster; each is applied to the picture at 512 px, where not a size.
LADDER: dict[str, Prepare] = {
    "as it is": as_is,
    "near (1024 px)": as_is,
    "far (256 px)": _sized(256),
    "farther (192 px)": _sized(192),
    "out of focus": blurred(2),
    "well out of focus": blurred(3.5),
    "shaken": _shaken,
    "dark": levels(0.3, 0),
    "glare": levels(0.35, 165),
    "low contrast": levels(0.3, 90),
    "shadow": _shadow,
    "grain": _grainy,
    "JPEG 25": _jpeg,
    "turned 12 degrees": _turned(12),
    "tilted sideways": _tilted(sideways=0.25, back=0),
    "tilted back": _tilted(sideways=0, back=0.25),
}


def ladder(gray: Image, decoders: Sequence[Decoder]) -> Iterator[dict[str, Tally]]:
    """Try each reader under each condition of `LADDER`.

    Args:
        gray: uint8 [H, W].
        decoders: available readers.
    Yields:
        The same tallies, one for each reader, after each condition.
    """
    gray = enlarge_small(gray)
    base, near = shrink(gray, LADDER_SIDE), shrink(gray, 2 * LADDER_SIDE)
    tallies = {each.name: Tally() for each in decoders}
    spent = dict.fromkeys(tallies, 0.0)
    for label, prepare in LADDER.items():
        shown = prepare(near if label.startswith("near") else base)
        for decoder in decoders:
            start = time.monotonic()
            late = spent[decoder.name] > _READER_BUDGET_S
            tallies[decoder.name].readings[label] = () if late else read(decoder, shown)
            spent[decoder.name] += time.monotonic() - start
        yield tallies
