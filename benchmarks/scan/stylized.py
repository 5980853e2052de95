"""A graded set of stylized QR codes, drawn from a seed: what a diffusion model makes of a control map, and worse.

No model is used: a code is pressed into a made-up picture (1/f noise, shapes, gradients) by brightness, with a
strength that differs from module to module, and then photographed (tilt, blur, noise, JPEG). `grade` runs
evenly from 0, clean, to 1, hopeless, so that recall over a set is a point on one scale and decoders can be
compared; it says nothing about the share of real pictures that scan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import qrcode

SIDE = 768
TRAIN_SEED, HELD_OUT_SEED = 20_240, 77_001
STYLES = (
    "blend",
    "dots",
    "faint",
    "tilted",
    "tinted",
    "noisy",
    "uneven",
    "damaged",
    "warped",
    "textured",
    "shaded",
    "blurred",
)
_WORDS = ("orchid", "harbor", "lantern", "meadow", "violet", "ember", "cobalt", "saffron", "willow", "quartz")
_LEVELS = {"L": 1, "M": 0, "Q": 3, "H": 2}


@dataclass(frozen=True)
class Sample:
    """One drawn picture: uint8 [768, 768, 3] RGB, the text in it, how it was drawn and how hard, [0, 1]."""

    image: Any
    text: str
    style: str
    grade: float


def stylized(count: int, seed: int) -> Iterator[Sample]:
    """Draw `count` pictures; the same seed gives the same pictures, another seed none of them again."""
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        style = STYLES[index % len(STYLES)]
        grade = float((index // len(STYLES) + rng.random()) / max(1, -(-count // len(STYLES))))
        yield _draw(rng, style, min(1.0, grade))


def _draw(rng: np.random.Generator, style: str, position: float) -> Sample:
    text = f"https://example.com/{rng.choice(_WORDS)}/{rng.choice(_WORDS)}-{rng.integers(10**4, 10**9)}"
    text += "?ref=" + "".join(rng.choice(list("abcdefghij0123456789"), size=int(rng.integers(0, 24))))
    matrix = _matrix(text, str(rng.choice(["H", "H", "H", "Q", "M"])), int(rng.integers(0, 8)))
    # One thing goes badly wrong in each picture, its style, and all the others a little.
    much = {each: position * float(rng.uniform(0, 0.36)) for each in STYLES}
    much[style] = position * float(rng.uniform(0.8, 1.1))
    cells = np.pad(matrix, int(rng.integers(2, 7)))
    signal = _signal(rng, cells, much)
    paint = _picture(rng)
    strength = 1.0 - 0.75 * much["faint"]
    light, dark = np.float32(128 + 118 * strength), np.float32(128 - 118 * strength)
    weight = 1.0 - 0.88 * min(1.0, much["blend"])
    image = (weight * (light + (dark - light) * signal[..., None]) + (1 - weight) * paint).astype(np.float32)
    image += (np.tile(_fractal(rng, 0.35, 1, SIDE // 3), (3, 3, 1)) - 128) * np.float32(2.6 * much["textured"])
    image *= _tint(rng, min(0.95, 0.9 * much["tinted"]))
    image = np.clip(image, 0, 255) * _shade(rng, min(0.97, 1.05 * much["shaded"]))
    return Sample(_photograph(rng, image, much), text, style, position)


def _matrix(text: str, level: str, mask: int) -> Any:
    code = qrcode.QRCode(error_correction=_LEVELS[level], border=0, mask_pattern=mask)
    code.add_data(text, optimize=0)
    code.make(fit=True)
    return np.array(code.get_matrix(), dtype=np.float32)


def _signal(rng: np.random.Generator, cells: Any, much: dict[str, float]) -> Any:
    """float32 [768, 768]: 1 where the picture is pressed dark, 0 where light, with each module's own strength."""
    side = cells.shape[0]
    px = SIDE // side + 1
    rows, columns = np.nonzero(cells)
    top, left, bottom, right = rows.min(), columns.min(), rows.max(), columns.max()
    finder, inner = np.zeros(cells.shape, bool), np.zeros(cells.shape, bool)
    inner[top + 9 : bottom - 8, left + 9 : right - 8] = True
    for y, x in ((top, left), (top, right - 6), (bottom - 6, left)):
        finder[y : y + 7, x : x + 7] = True
    own = 1.0 - np.clip(rng.normal(0, 0.9 * much["uneven"], cells.shape), -0.2, 1.7) * ~finder
    lost = inner & (rng.random(cells.shape) < 0.24 * much["damaged"])
    values = np.where(lost, 1 - cells, np.clip(0.5 + (cells - 0.5) * own, 0, 1)).astype(np.float32)
    drawn = np.kron(values, np.ones((px, px), np.float32))
    radius = px * (0.5 - 0.42 * min(1.0, much["dots"]))
    yy, xx = np.abs(np.mgrid[:px, :px] - (px - 1) / 2)
    power = float(rng.choice([2, 5]))
    inside = np.tile((yy**power + xx**power <= radius**power).astype(np.float32), (side, side))
    solid = np.kron(finder.astype(np.float32), np.ones((px, px), np.float32)) > 0
    ground = np.float32(rng.choice([0.0, 0.5]) * min(1.0, 2 * much["dots"]))
    if much["dots"] > 0.12:
        drawn = np.where(solid, drawn, ground + (drawn - ground) * inside)
    drawn = cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return _warp(rng, drawn, px * 1.3 * much["warped"])


def _fractal(rng: np.random.Generator, slope: float, channels: int, half: int = SIDE // 2) -> Any:
    """float32 [half, half, channels] in [0, 255]: noise whose spectrum falls like a photograph's."""
    frequency = np.hypot(np.fft.fftfreq(half)[:, None], np.fft.rfftfreq(half)[None, :])
    frequency[0, 0] = 1 / half
    layers = []
    for _ in range(channels):
        phase = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
        field = np.fft.irfft2(phase / frequency**slope, s=(half, half)).astype(np.float32)
        field = (field - field.mean()) / (field.std() + 1e-6)
        layers.append(field)
    return np.clip(np.stack(layers, -1) * 52 + 128, 0, 255)


def _picture(rng: np.random.Generator) -> Any:
    """float32 [768, 768, 3]: clouds, hills and things."""
    image = 0.7 * _fractal(rng, rng.uniform(0.9, 1.6), 1) + 0.3 * _fractal(rng, 1.2, 3)
    image = np.ascontiguousarray(image.astype(np.float32))
    for _ in range(int(rng.integers(4, 14))):
        color = tuple(float(each) for each in rng.integers(10, 245, 3))
        center = tuple(int(each) for each in rng.integers(0, SIDE // 2, 2))
        layer = image.copy()
        if rng.random() < 0.5:
            axes = tuple(int(each) for each in rng.integers(10, 110, 2))
            cv2.ellipse(layer, center, axes, float(rng.uniform(0, 180)), 0, 360, color, -1, cv2.LINE_AA)
        else:
            points = (np.array(center) + rng.integers(-90, 90, (int(rng.integers(3, 6)), 2))).astype(np.int32)
            cv2.fillPoly(layer, [points], color, cv2.LINE_AA)
        image = cv2.addWeighted(image, 0.45, layer, 0.55, 0)
    return cv2.resize(image, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)


def _tint(rng: np.random.Generator, depth: float) -> Any:
    angle = rng.uniform(0, 2 * np.pi)
    yy, xx = (np.mgrid[:SIDE, :SIDE] / SIDE - 0.5).astype(np.float32)
    ramp = (np.cos(angle) * xx + np.sin(angle) * yy + 0.5).clip(0, 1)[..., None]
    first, second = rng.uniform(0.35, 1.0, 3), rng.uniform(0.35, 1.0, 3)
    return (1 - depth) + depth * (first * ramp + second * (1 - ramp))


def _shade(rng: np.random.Generator, depth: float) -> Any:
    blob = cv2.resize(rng.random((4, 4)).astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    return ((1 - depth) + depth * blob)[..., None]


def _warp(rng: np.random.Generator, drawn: Any, reach_px: float) -> Any:
    shift = [cv2.resize(rng.normal(size=(9, 9)).astype(np.float32), (SIDE, SIDE)) * reach_px for _ in range(2)]
    yy, xx = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    return cv2.remap(drawn, xx + shift[0], yy + shift[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _photograph(rng: np.random.Generator, image: Any, much: dict[str, float]) -> Any:
    """Hold a phone at an angle, out of focus, in bad light, and send the picture on as a JPEG."""
    tilt = 0.27 * much["tilted"]
    corners = np.array([[0, 0], [SIDE, 0], [SIDE, SIDE], [0, SIDE]], np.float32)
    moved = corners + rng.uniform(-tilt, tilt, (4, 2)).astype(np.float32) * SIDE
    angle = np.deg2rad(rng.uniform(-60, 60) * much["tilted"])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    moved = (moved - SIDE / 2) @ turn.T * (1 - 0.25 * min(1.0, much["tilted"])) + SIDE / 2
    change = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    image = cv2.warpPerspective(image.astype(np.float32), change, (SIDE, SIDE), borderMode=cv2.BORDER_REFLECT)
    image = cv2.GaussianBlur(image, (0, 0), 0.3 + 14 * much["blurred"])
    image += rng.standard_normal((SIDE, SIDE, 1), dtype=np.float32) * np.float32(1 + 150 * much["noisy"])
    picture = np.ascontiguousarray(image.clip(0, 255).astype(np.uint8)[..., ::-1])
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
