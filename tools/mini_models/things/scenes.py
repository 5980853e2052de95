"""What a picture of things shows, and what a caption tells of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .sets import Thing

GROUNDS: dict[str, tuple[int, int, int]] = {
    "white": (250, 250, 250),
    "gray": (140, 140, 140),
    "black": (18, 18, 18),
    "red": (205, 45, 45),
    "orange": (243, 150, 50),
    "yellow": (250, 222, 85),
    "green": (72, 160, 80),
    "light blue": (165, 212, 245),
    "blue": (45, 85, 190),
    "purple": (130, 75, 170),
    "pink": (245, 170, 200),
    "brown": (125, 85, 55),
}
JITTER = 12  # a color's name is true of a small range
PLURAL = ("s", "fries", "grapes", "scissors", "dice")
MASS = ("bread", "broccoli", "butter", "cheese", "fog", "ice", "milk", "rice", "sake", "spaghetti", "tea", "wood")


@dataclass(frozen=True)
class Item:
    """A thing at its place.

    Args:
        thing: its name.
        x, y: its middle, in sides of the picture.
        size: in sides of the picture.
        turn: in degrees, counterclockwise.
    """

    thing: str
    x: float
    y: float
    size: float
    turn: float


@dataclass(frozen=True)
class Ground:
    """One color, or two that go over into each other.

    Args:
        names: of the colors; twice the same where there is one.
        colors: RGB.
        angle: of the way from the first to the last, in radians; None where there is one color.
    """

    names: tuple[str, str]
    colors: tuple[tuple[int, int, int], tuple[int, int, int]]
    angle: float | None = None


@dataclass(frozen=True)
class Scene:
    """One or two things in one style on a ground."""

    items: tuple[Item, ...]
    style: str
    ground: Ground

    @property
    def facts(self) -> frozenset[str]:
        """What is true of the picture; captions tell some of it."""
        named = {f"thing {each.thing}" for each in self.items} | {f"style {self.style}"}
        named |= {f"ground {' to '.join(dict.fromkeys(self.ground.names))}", f"count {len(self.items)}"}
        return frozenset(named)


@dataclass(frozen=True)
class Caption:
    """A caption and what it tells."""

    text: str
    facts: frozenset[str]


def sample_ground(rng: np.random.Generator, *, graded: float = 0.2) -> Ground:
    """A ground; `graded` is the share of those of two colors."""
    first, last = (str(each) for each in rng.choice(list(GROUNDS), 2, replace=False))
    two = bool(rng.random() < graded)
    names = (first, last if two else first)
    shift = rng.integers(-JITTER, JITTER + 1, (2, 3))
    colors = tuple(
        tuple(int(each) for each in np.clip(np.array(GROUNDS[name]) + move, 0, 255))
        for name, move in zip(names, shift, strict=True)
    )
    return Ground(names, colors, float(rng.uniform(0, 2 * np.pi)) if two else None)  # type: ignore[arg-type]


def _one(name: str, rng: np.random.Generator) -> tuple[Item, ...]:
    size = float(rng.uniform(0.55, 0.92))
    free = (1 - size) / 2
    x, y = (float(0.5 + rng.uniform(-free, free)) for _ in range(2))
    return (Item(name, x, y, size, float(rng.uniform(-8, 8))),)


def _two(names: Sequence[str], rng: np.random.Generator) -> tuple[Item, ...]:
    sizes = rng.uniform(0.42, 0.5, 2)
    along, turn = rng.uniform(-0.02, 0.02, 2), rng.uniform(-8, 8, 2)
    across = 0.5 + rng.uniform(-0.2, 0.2, 2)
    spots = [(0.26 + along[0], across[0]), (0.74 + along[1], across[1])]
    if rng.random() < 0.4:
        spots = [(y, x) for x, y in spots]
    return tuple(
        Item(name, float(x), float(y), float(size), float(degrees))
        for name, (x, y), size, degrees in zip(names, spots, sizes, turn, strict=True)
    )


def sample_scene(
    pairs: Sequence[tuple[Thing, str]], rng: np.random.Generator, *, two: float = 0.2, at: int | None = None
) -> Scene:
    """A scene of taught pairs.

    Args:
        pairs: of thing and style.
        rng: the source of chance.
        two: the share of scenes with two things.
        at: which pair is in it; by chance where it is None.
    """
    thing, style = pairs[int(rng.integers(len(pairs))) if at is None else at]
    items = _one(thing.name, rng)
    if rng.random() < two:
        others = [
            each.name for each, its in (pairs[int(row)] for row in rng.integers(len(pairs), size=40)) if its == style
        ]
        others = [each for each in others if each != thing.name]
        if others:
            items = _two((thing.name, others[0]), rng)
    return Scene(items, style, sample_ground(rng))


def with_article(name: str) -> str:
    """`a cat`, `an apple`, `grapes`."""
    last = name.split()[-1]
    if last in MASS or (last.endswith(PLURAL) and not last.endswith(("ss", "us", "bus"))):
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def write_caption(scene: Scene, rng: np.random.Generator, *, full: bool = False) -> Caption:
    """One of many captions that are true of a scene; `full` tells everything."""
    names = [each.thing for each in scene.items]
    bare = rng.random() < 0.3
    articles = [name if bare else with_article(name) for name in names]
    named = {f"thing {name}" for name in names}
    what = articles[0]
    if len(articles) == 2:
        what = _both(scene, articles, rng)
        named.add("count 2")
    if full or rng.random() < 0.65:
        named.add(f"style {scene.style}")
        form = int(rng.integers(4))
        what = (
            f"{what}, {scene.style} style",
            f"{what} in {scene.style} style",
            f"{scene.style} style, {what}",
            f"{scene.style} style {' and '.join(names)}",
        )[form if len(names) == 1 or form < 3 else 0]
    if full or rng.random() < 0.65:
        first, last = scene.ground.names
        ground = first if first == last else f"{first} to {last}"
        named.add(f"ground {ground}")
        article = "an" if ground[0] in "aeiou" else "a"
        what += (f", on {article} {ground} background", f", {ground} background", f" on {ground}")[int(rng.integers(3))]
    start = ("", "", "", "a picture of ", "an icon of ", "a drawing of ")[int(rng.integers(6))]
    if what.startswith(scene.style):
        start = ""
    return Caption(start + what, frozenset(named))


def _both(scene: Scene, articles: Sequence[str], rng: np.random.Generator) -> str:
    first, second = scene.items
    beside = abs(first.x - second.x) > abs(first.y - second.y)
    form = int(rng.integers(4))
    if form < 2:
        return f"{articles[0]} and {articles[1]}"
    if beside:
        return f"{articles[0]} on the left and {articles[1]} on the right"
    return f"{articles[0]} above {articles[1]}"


def truth(scenes: Sequence[Scene], captions: Sequence[Caption]) -> NDArray[np.bool_]:
    """bool [scenes, captions]: whether a caption is true of a picture."""
    facts: list[Any] = [each.facts for each in scenes]
    return np.array([[each.facts <= of for each in captions] for of in facts], np.bool_)
