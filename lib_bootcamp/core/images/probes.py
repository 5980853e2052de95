"""Pictures drawn by code on which a model is measured: every brightness, color and fineness, and no subject."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .arrays import Image

_CELL_PX = 8


def probe_pictures(number: int, side: int, seed: int) -> Image:
    """Draw probes: in turn clouds of colored noise whose spectrum falls like a photograph's, flat patches of 8 to
    32 px, two colors in a random pattern of 8 px cells, and slopes with hard edges.

    Args:
        number: of pictures.
        side: of each in px, a multiple of 8.
        seed: the same seed draws the same pictures.
    Returns:
        uint8 [number, side, side, 3] RGB.
    """
    rng = np.random.default_rng(seed)
    kinds = (_clouds, _patches, _cells, _slopes)
    made = [kinds[at % len(kinds)](rng, side) for at in range(number)]
    return np.asarray(np.clip(np.stack(made) + 0.5, 0, 255), dtype=np.uint8)


def _clouds(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    frequency[0, 0] = 1 / side
    slope = rng.uniform(0.8, 1.8)
    layers = []
    for _ in range(4):  # one that all colors share
        phase = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
        field = np.fft.irfft2(phase / frequency**slope, s=(side, side))
        layers.append((field - field.mean()) / (field.std() + 1e-9))
    gray = rng.uniform(0.3, 1.0)
    color = np.stack(layers[:3], -1) * (1 - gray) + layers[3][..., None] * gray
    return np.asarray(color * rng.uniform(25, 75) + rng.uniform(70, 185, 3))


def _patches(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    cell = int(rng.choice([8, 16, 32]))
    grid = rng.uniform(0, 255, (-(-side // cell), -(-side // cell), 3))
    if rng.random() < 0.5:  # grays, to the very ends
        grid = np.broadcast_to(np.clip(grid[..., :1] * 1.3 - 38, 0, 255), grid.shape)
    return np.asarray(np.kron(grid, np.ones((cell, cell, 1)))[:side, :side])


def _cells(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    count = side // _CELL_PX
    times = int(rng.choice([1, 1, 2, 3]))
    bits = rng.random((-(-count // times),) * 2) < 0.5
    grid = np.kron(bits, np.ones((times * _CELL_PX, times * _CELL_PX)))[:side, :side, None]
    first, second = rng.uniform(0, 255, (2, 3))
    return np.asarray(first + (second - first) * grid + 0.15 * (_clouds(rng, side) - 128))


def _slopes(rng: np.random.Generator, side: int) -> NDArray[np.float64]:
    down, across = np.mgrid[:side, :side] / side
    picture = np.zeros((side, side, 3)) + rng.uniform(0, 255, 3)
    for _ in range(int(rng.integers(3, 9))):
        angle, place = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.9, 2)
        far = (across - place[0]) * np.cos(angle) + (down - place[1]) * np.sin(angle)
        ramp = np.clip(far * rng.uniform(0.5, 3) + 0.5, 0, 1)[..., None]
        first, second = rng.uniform(0, 255, (2, 3))
        inside = (np.hypot(across - place[0], down - place[1]) < rng.uniform(0.1, 0.5))[..., None]
        picture = np.where(inside, first + (second - first) * ramp, picture)
    return picture
