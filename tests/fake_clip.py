"""A CLIP that knows colors: a picture's feature is its mean color, a text's is the first color that it names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.codec import decode_image, encode_image
from lib_bootcamp.core.text.zero_shot import Features, unit
from lib_bootcamp.operations.describe import clip_choice

COLORS = {"red": (1, 0, 0), "green": (0, 1, 0), "blue": (0, 0, 1), "yellow": (1, 1, 0)}
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


class FakeClip:
    """Remembers the texts and the sizes of batches it was given; `fits` is what its memory holds."""

    name = "fake"
    backend = "numpy"
    width = 3
    text_tower = None

    def __init__(self, *, scale: float = 10.0, bias: float | None = None, fits: int = 1000) -> None:
        self.logit_scale, self.logit_bias, self.fits = scale, bias, fits
        self.texts: list[str] = []
        self.batches: list[int] = []
        self.asked: dict[str, Any] = {}

    def prepare(self, picture: Image | bytes) -> Any:
        """The mean color."""
        pixels = decode_image(picture) if isinstance(picture, bytes) else picture
        return pixels.reshape(-1, pixels.shape[-1]).mean(axis=0) / 255

    def encode_prepared(self, prepared: Sequence[Any]) -> Features:
        """The colors, of unit length."""
        if len(prepared) > self.fits:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        self.batches.append(len(prepared))
        return unit(np.array(prepared, np.float32))

    def encode_texts(self, texts: Sequence[str]) -> Features:
        """The first color that is named; gray where there is none."""
        self.texts += texts
        found = [next((COLORS[word] for word in text.split() if word in COLORS), (1, 1, 1)) for text in texts]
        return unit(np.array(found, np.float32))


def flat(color: tuple[int, int, int], side: int = 8) -> Image:
    """A picture of one color."""
    return np.full((side, side, 3), color, np.uint8)


def flat_png(color: tuple[int, int, int]) -> bytes:
    """The same as a file."""
    return encode_image(flat(color), ".png")


def lend_instead(monkeypatch: pytest.MonkeyPatch, clip: FakeClip) -> FakeClip:
    """Every classification uses this model."""

    @contextmanager
    def lend(params: Any, context: Any) -> Iterator[FakeClip]:
        clip.asked = {"clip": params.clip, "backend": params.backend, "host": context.host}
        yield clip

    monkeypatch.setattr(clip_choice, "lend_model", lend)
    return clip
