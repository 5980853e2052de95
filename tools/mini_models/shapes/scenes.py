"""Scenes drawn by code, with captions: what the small models are trained and measured on.

A scene is a choice for each of the `ATTRIBUTES`. Some pairs (shape with color, shape with background) are kept
out of training, so that the figures of the model cards are about combinations the models have never seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

# two shades each; an object has one between them
COLORS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "red": ((200, 30, 45), (255, 10, 0)),
    "orange": ((240, 125, 30), (255, 165, 0)),
    "yellow": ((240, 215, 50), (255, 255, 0)),
    "green": ((0, 128, 0), (60, 195, 85)),
    "blue": ((45, 95, 215), (0, 0, 250)),
    "purple": ((150, 65, 200), (115, 0, 130)),
    "pink": ((250, 135, 190), (255, 190, 205)),
    "white": ((240, 240, 240), (255, 255, 255)),
    "black": ((0, 0, 0), (30, 30, 30)),
    "gray": ((112, 112, 112), (150, 150, 150)),
}
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "shape": ("circle", "square", "triangle", "star", "cross", "ring", "heart", "diamond"),
    "color": tuple(COLORS),
    "background": tuple(COLORS),
    "count": ("one", "two", "three"),
    "size": ("medium", "small", "large"),
    "position": ("anywhere", "left", "right", "top", "bottom", "center"),
    "texture": ("plain", "striped", "dotted", "checkered"),
    "lighting": ("even", "left", "right", "above", "below"),
    "style": ("flat", "line drawing", "gradient", "noise"),
}
NAMES = tuple(ATTRIBUTES)
RADII = {"small": (0.13, 0.17), "medium": (0.2, 0.27), "large": (0.33, 0.42)}
MEDIA = ("", "", "a picture of ", "an image of ", "a drawing of ", "a photo of ")
SUPERSAMPLING = 4


@dataclass(frozen=True)
class Scene:
    """One value per attribute, and the seed of everything that no word tells (exact place, exact color, grain)."""

    values: Mapping[str, str]
    seed: int

    def __getattr__(self, name: str) -> str:
        try:
            return self.values[name]
        except KeyError:
            raise AttributeError(name) from None

    def codes(self) -> NDArray[np.int64]:
        """int64 [len(NAMES)]: the index of each value."""
        return np.array([ATTRIBUTES[name].index(self.values[name]) for name in NAMES])


def is_held_out(shape: str, color: str, background: str) -> bool:
    """Whether this combination is kept out of training: a seventh of the pairs and more."""
    at, hue = ATTRIBUTES["shape"].index(shape), ATTRIBUTES["color"].index(color)
    behind = ATTRIBUTES["background"].index(background)
    return (3 * at + hue) % 7 == 0 or (2 * at + behind) % 9 == 4


def sample_scene(rng: np.random.Generator, *, held_out: bool = False, plain: float = 0.5) -> Scene:
    """Draw a scene's attributes at random.

    Args:
        rng: the source of chance.
        held_out: only combinations kept out of training, else only the others.
        plain: the share of scenes with one flat, evenly lit object.
    """
    while True:
        shape, color, background = (str(rng.choice(ATTRIBUTES[name])) for name in ("shape", "color", "background"))
        if color != background and is_held_out(shape, color, background) == held_out:
            break
    values = {"shape": shape, "color": color, "background": background}
    rich = rng.random() >= plain
    for name in NAMES[3:]:
        first, *others = ATTRIBUTES[name]
        odds = {"size": 0.66, "position": 0.5}.get(name, 0.4 if rich else 0.0)
        values[name] = str(rng.choice(others)) if rng.random() < odds else first
    if values["count"] != "one":
        values["position"] = "anywhere"
        values["size"] = "small" if values["size"] == "small" else "medium"
    return Scene(values, int(rng.integers(2**31)))


def is_plain(scene: Scene) -> bool:
    """Whether it is one flat, evenly lit object."""
    return all(scene.values[name] == ATTRIBUTES[name][0] for name in ("count", "texture", "lighting", "style"))


def _outline(shape: str, center: tuple[float, float], radius: float, turn: float) -> list[tuple[float, float]]:
    if shape == "heart":
        angles = np.linspace(0, 2 * math.pi, 48, endpoint=False)
        across = 16 * np.sin(angles) ** 3
        down = -(13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles))
        points = np.stack([across, down], axis=1) / 17
    elif shape == "star":
        angles = np.arange(10) * math.pi / 5 - math.pi / 2
        lengths = np.where(np.arange(10) % 2, 0.42, 1.08)
        points = np.stack([np.cos(angles) * lengths, np.sin(angles) * lengths], axis=1)
    elif shape == "cross":
        arm = 0.34
        corners = [(-arm, -1), (arm, -1), (arm, -arm), (1, -arm), (1, arm), (arm, arm)]
        corners += [(arm, 1), (-arm, 1), (-arm, arm), (-1, arm), (-1, -arm), (-arm, -arm)]
        points = np.array(corners, dtype=float)
    elif shape == "triangle":
        points = np.array([(0, -1.05), (0.98, 0.75), (-0.98, 0.75)])
    elif shape == "diamond":
        points = np.array([(0, -1.15), (0.78, 0), (0, 1.15), (-0.78, 0)])
    else:
        points = np.array([(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)])
    turned = points @ np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    return [(center[0] + x * radius, center[1] + y * radius) for x, y in turned]


def _places(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """Center and radius of each object, as shares of the side."""
    low, high = RADII[scene.size]
    number = ATTRIBUTES["count"].index(scene.count) + 1
    if number > 1:
        low, high = low * 0.85, min(high * 0.85, 0.2)
        first = rng.uniform(0, 2 * math.pi)
        for at in range(number):
            angle = first + at * 2 * math.pi / number
            radius = rng.uniform(low, high)
            yield 0.5 + 0.27 * math.cos(angle), 0.5 + 0.27 * math.sin(angle), radius
        return
    radius = rng.uniform(low, high)
    room = max(0.46 - radius, 0.02)
    x, y = rng.uniform(-room, room, 2) * 0.9
    side = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1)}.get(scene.position)
    if side is not None:
        reach = rng.uniform(0.75, 1.0) * max(room, 0.12)
        x, y = (side[0] * reach or x * 0.3), (side[1] * reach or y * 0.3)
    elif scene.position == "center":
        x, y = x * 0.15, y * 0.15
    yield 0.5 + x, 0.5 + y, radius


def _mask(scene: Scene, side: int, rng: np.random.Generator) -> NDArray[np.float32]:
    large = side * SUPERSAMPLING
    canvas = Pillow.new("L", (large, large), 0)
    pen = ImageDraw.Draw(canvas)
    for x, y, share in _places(scene, rng):
        radius, center = share * large, (x * large, y * large)
        width = max(int(0.2 * radius), 1)
        turn = rng.uniform(-0.2, 0.2)
        box = [center[0] - radius, center[1] - radius, center[0] + radius, center[1] + radius]
        if scene.shape in ("circle", "ring"):
            hollow = scene.style == "line drawing"
            if scene.shape == "ring":
                inner = [each + radius * 0.42 * sign for each, sign in zip(box, (1, 1, -1, -1), strict=True)]
                if hollow:
                    pen.ellipse(box, outline=255, width=width)
                    pen.ellipse(inner, outline=255, width=width)
                else:
                    pen.ellipse(box, fill=255)
                    pen.ellipse(inner, fill=0)
            else:
                pen.ellipse(box, fill=None if hollow else 255, outline=255, width=width if hollow else 0)
            continue
        points = _outline(scene.shape, center, radius, turn)
        if scene.style == "line drawing":
            pen.line([*points, points[0], points[1]], fill=255, width=width, joint="curve")
        else:
            pen.polygon(points, fill=255)
    return np.asarray(canvas.reduce(SUPERSAMPLING), dtype=np.float32) / 255


def _tone(color: str, rng: np.random.Generator) -> NDArray[np.float32]:
    first, second = np.asarray(COLORS[color], dtype=np.float32)
    return np.asarray(first + (second - first) * rng.random() + rng.uniform(-5, 5, 3), dtype=np.float32)


def _pattern(texture: str, side: int, rng: np.random.Generator) -> NDArray[np.float32] | None:
    """[H, W] in 0..1: where the object's second tone is; None for a plain object."""
    if texture == "plain":
        return None
    down, across = np.mgrid[0:side, 0:side].astype(np.float32) / side
    period = float(rng.uniform(0.09, 0.12))
    if texture == "striped":
        angle = float(rng.uniform(0, math.pi))
        wave = np.sin(2 * math.pi * (across * math.cos(angle) + down * math.sin(angle)) / period)
    elif texture == "checkered":
        wave = np.sin(math.pi * across / period) * np.sin(math.pi * down / period)
    else:
        wave = np.cos(2 * math.pi * across / period) + np.cos(2 * math.pi * down / period) - 0.8
    return np.clip(wave * 4 + 0.5, 0, 1)


def draw_scene(scene: Scene, side: int) -> NDArray[np.uint8]:
    """Draw a scene.

    Args:
        scene: what is in it.
        side: of the square picture, in pixels.

    Returns:
        uint8 [side, side, 3] RGB; the same for the same scene and side.
    """
    rng = np.random.default_rng(scene.seed)
    mask = _mask(scene, side, rng)[..., None]
    front = np.broadcast_to(_tone(scene.color, rng), (side, side, 3))
    pattern = _pattern(scene.texture, side, rng)
    if pattern is not None:
        middle = float(front[0, 0].mean())
        other = front * 0.45 if middle > 90 else front * 0.5 + 128
        front = front + (other - front) * pattern[..., None]
    behind = np.broadcast_to(_tone(scene.background, rng), (side, side, 3))
    if scene.style == "gradient":
        ramp = np.linspace(0, 1, side, dtype=np.float32)[:: 1 if rng.random() < 0.5 else -1]
        share = (ramp[:, None] if rng.random() < 0.5 else ramp[None, :])[..., None]
        behind = behind + (255 - behind) * share * 0.55 if behind.mean() < 110 else behind * (1 - 0.5 * share)
    picture = behind + (front - behind) * mask
    if scene.lighting != "even":
        ramp = np.linspace(1.12, 0.5, side, dtype=np.float32)[:: -1 if scene.lighting in ("right", "below") else 1]
        picture = picture * (ramp[None, :, None] if scene.lighting in ("left", "right") else ramp[:, None, None])
    if scene.style == "noise":
        picture = picture + rng.normal(0, 24, (side, side, 1)).astype(np.float32)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)


@dataclass(frozen=True)
class Caption:
    """A text, and which attributes it tells."""

    text: str
    named: frozenset[str]


def _article(words: str) -> str:
    return ("an " if words[0] in "aeio" else "a ") + words


def plain_prompt(scene: Scene) -> str:
    """`an orange circle on a blue background`: all that a plain scene shows."""
    return f"{_article(f'{scene.color} {scene.shape}')} on {_article(f'{scene.background} background')}"


def write_caption(scene: Scene, rng: np.random.Generator, *, full: bool = False) -> Caption:
    """Tell some of a scene's attributes in words.

    Args:
        scene: what to tell of.
        rng: chooses the attributes and the words.
        full: name all that can be named.
    """
    odds = {"shape": 0.9, "color": 0.9, "background": 0.65}
    named = {name for name in NAMES if full or rng.random() < odds.get(name, 0.6)}
    first = {name: ATTRIBUTES[name][0] for name in NAMES}
    named -= {name for name in NAMES[4:] if scene.values[name] == first[name]}
    if "count" in named and scene.count == "one" and "shape" not in named:
        named.discard("count")
    many = scene.count != "one"
    noun = (scene.shape if "shape" in named else "shape") + (
        "es" if scene.shape == "cross" and "shape" in named else "s"
    ) * many
    words = [scene.values[name] for name in ("size", "texture", "color") if name in named]
    things = " ".join([*words, noun])
    if many:
        text = f"{scene.count} {things}"
        named.add("count")
    else:
        text = _article(things)
        named.add("count")
    if "position" in named:
        place = {"top": "at the top", "bottom": "at the bottom", "center": "in the center"}
        text += " " + place.get(scene.position, f"on the {scene.position}")
    if not named & {"shape", "color", "size", "texture", "position"} and not many and "background" in named:
        text = _article(f"{scene.background} background")
        named.discard("count")
    elif "background" in named:
        text += " on " + _article(f"{scene.background} background")
    if "lighting" in named:
        text += f", lit from {scene.lighting if scene.lighting in ('above', 'below') else f'the {scene.lighting}'}"
    if "style" in named:
        text += (
            ", "
            + {"line drawing": "line drawing", "gradient": "gradient background", "noise": "grainy noise"}[scene.style]
        )
    return Caption(str(rng.choice(MEDIA)) + text, frozenset(named))


def truth(scenes: Sequence[Scene], captions: Sequence[Caption]) -> NDArray[np.bool_]:
    """bool [scenes, captions]: whether each caption is true of each scene."""
    codes = np.stack([scene.codes() for scene in scenes])
    named = np.array([[name in caption.named for name in NAMES] for caption in captions])
    # captions[j] was written for scenes[j]
    return np.asarray(((codes[:, None, :] == codes[None, :, :]) | ~named[None, :, :]).all(axis=2))
