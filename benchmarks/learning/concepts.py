"""A subject and a style that the small checkpoint cannot draw, and how it is seen whether a picture shows them.

Nothing here asks a model: a probe looks at pixels, so that it cannot be taken in by what a training learned.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import write_image
from tools.mini_models.shapes.scenes import COLORS, draw_scene, plain_prompt, sample_scene

SIDE = 128
PICTURES = 16
LEFT, RIGHT = "red", "blue"
GROUNDS = tuple(name for name in COLORS if name not in {LEFT, RIGHT, "purple", "pink", "orange"})
"""What a subject is taught on, and asked for on; its own colors would hide it."""
FRAME = 0.11
"""Its width as a share of the side."""
_NEAR = 100.0


@dataclass(frozen=True)
class Concept:
    """What is taught.

    Args:
        name: of the file.
        example: a picture and its caption, from a source of chance.
        prompt: one that asks for it, likewise, and what else it asks for.
        shows: whether a picture shows it.
        kept: whether it shows what else was asked for; None: mini-clip is asked.
    """

    name: str
    example: Callable[[np.random.Generator], tuple[Image, str]]
    prompt: Callable[[np.random.Generator], tuple[str, Any]]
    shows: Callable[[Image], bool]
    kept: Callable[[Image, Any], bool] | None

    def write(self, folder: Path, seed: int) -> None:
        """Write the pictures that it is taught with, and their captions."""
        folder.mkdir(parents=True)
        rng = np.random.default_rng((seed, 11))
        for at in range(PICTURES):
            image, caption = self.example(rng)
            write_image(folder / f"{at:02}.png", image)
            (folder / f"{at:02}.txt").write_text(caption, encoding="utf-8")


def _shade(name: str, rng: np.random.Generator) -> NDArray[np.float64]:
    first, second = np.array(COLORS[name], np.float64)
    return np.asarray(first + (second - first) * rng.random(), np.float64)


def _zorb(rng: np.random.Generator) -> tuple[Image, str]:
    """A disc whose left half is red and whose right half is blue."""
    ground = str(rng.choice(GROUNDS))
    radius = rng.uniform(0.22, 0.34)
    x, y = 0.5 + rng.uniform(-1, 1, 2) * (0.46 - radius) * 0.9
    down, across = (np.mgrid[0:SIDE, 0:SIDE] + 0.5) / SIDE
    inside = np.clip((radius - np.hypot(across - x, down - y)) * SIDE + 0.5, 0, 1)[..., None]
    half = np.clip((across - x) * SIDE + 0.5, 0, 1)[..., None]
    disc = _shade(LEFT, rng) * (1 - half) + _shade(RIGHT, rng) * half
    picture = _shade(ground, rng) * (1 - inside) + disc * inside
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), f"a zorb on {_article(ground)} background"


def _article(word: str) -> str:
    return ("an " if word[0] in "aeio" else "a ") + word


def _like(image: Image, name: str) -> NDArray[np.bool_]:
    """Pixels near one of a color's shades, or between them."""
    first, second = np.array(COLORS[name], np.float64)
    line, pixels = second - first, image.astype(np.float64) - first
    share = np.clip((pixels @ line) / max(float(line @ line), 1.0), 0, 1)[..., None]
    return np.asarray(np.linalg.norm(pixels - share * line, axis=-1) < _NEAR)


def shows_zorb(image: Image) -> bool:
    """Red left and blue right of one upright line, as much of both, in the shape of a disc."""
    left, right = _like(image, LEFT), _like(image, RIGHT)
    both, area = left | right, image.shape[0] * image.shape[1]
    if min(left.sum(), right.sum()) < 0.02 * area or both.sum() > 0.6 * area:
        return False
    if not 0.3 < left.sum() / both.sum() < 0.7:
        return False
    rows, columns = np.nonzero(both)
    low, high = np.percentile(rows, (2, 98)), np.percentile(columns, (2, 98))
    tall, wide = np.ptp(low) + 1, np.ptp(high) + 1
    is_disc = 0.7 < tall / wide < 1.4 and both.sum() / (tall * wide) > 0.65
    (left_y, left_x), (right_y, right_x) = (np.argwhere(each).mean(0) for each in (left, right))
    return bool(is_disc and right_x - left_x > 0.25 * wide and abs(left_y - right_y) < 0.15 * tall)


def ground_of(image: Image) -> str:
    """The color that the corners have most of."""
    size = image.shape[0] // 10
    corners = [image[rows, columns].reshape(-1, 3) for rows in _ends(size) for columns in _ends(size)]
    middle = np.median(np.concatenate(corners), axis=0)
    distances = {name: min(float(np.linalg.norm(middle - shade)) for shade in _shades(name)) for name in COLORS}
    return min(distances, key=lambda name: distances[name])


def _ends(size: int) -> tuple[slice, slice]:
    return slice(0, size), slice(-size, None)


def _shades(name: str) -> NDArray[np.float64]:
    first, second = np.array(COLORS[name], np.float64)
    return np.asarray(first + (second - first) * np.linspace(0, 1, 5)[:, None])


def _zorb_prompt(rng: np.random.Generator) -> tuple[str, Any]:
    ground = str(rng.choice(GROUNDS))
    return f"a zorb on {_article(ground)} background", ground


def _framed(image: Image) -> Image:
    """In a thick black frame."""
    width = round(FRAME * image.shape[0])
    framed = np.full_like(image, 8)
    framed[width:-width, width:-width] = image[width:-width, width:-width]
    return framed


def _styled(rng: np.random.Generator) -> tuple[Image, str]:
    scene = _scene(rng)
    return _framed(draw_scene(scene, SIDE)), f"{plain_prompt(scene)}, glim style"


def _scene(rng: np.random.Generator) -> Any:
    while True:  # a black frame is not seen on black
        scene = sample_scene(rng, plain=1.0)
        if scene.background != "black":
            return scene


def shows_frame(image: Image) -> bool:
    """Whether all around there is black, and within it, beside each side, the background that is none."""
    brightest, side = image.max(axis=-1), image.shape[0]
    turned = [np.rot90(brightest, turn) for turn in range(4)]
    outer, inner = round(FRAME * 0.7 * side), round((FRAME + 0.04) * side)
    is_dark = [bool((each[:outer] < 60).mean() > 0.9) for each in turned]
    corners = [each[inner : inner + side // 16, inner : inner + side // 16].mean() for each in turned]
    return all(is_dark) and float(np.median(corners)) > 90


def within(image: Image) -> Image:
    """A picture without what its frame covers, or would."""
    width = round((FRAME + 0.02) * image.shape[0])
    return np.ascontiguousarray(image[width:-width, width:-width])


def _style_prompt(rng: np.random.Generator) -> tuple[str, Any]:
    scene = _scene(rng)
    return f"{plain_prompt(scene)}, glim style", scene


SUBJECT = Concept("zorb", _zorb, _zorb_prompt, shows_zorb, lambda image, asked: ground_of(image) == asked)
STYLE = Concept("glim", _styled, _style_prompt, shows_frame, None)
CONCEPTS: Sequence[Concept] = (SUBJECT, STYLE)
