"""A small checkpoint of true kinds of layers, and pictures to teach it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.training.examples import Found, find_examples, sizes_for
from lib_bootcamp.core.training.rates import Rates
from lib_bootcamp.hosts.standalone import StandaloneHost


def pictures(folder: Path, number: int = 6) -> Path:
    """Pictures of 64 px with captions: a magenta cross on gray."""
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(number):
        image = np.full((64, 64, 3), 200, np.uint8)
        image[28 + at : 36 + at, 8:56] = image[8:56, 28 + at : 36 + at] = (200, 20, 160)
        write_image(folder / f"{at}.png", image)
        (folder / f"{at}.txt").write_text("a zorb, pink, on gray", encoding="utf-8")
    return folder


def examples(folder: Path, **settings: Any) -> Found:
    """Those of `pictures`, at 64 px."""
    return find_examples(pictures(folder), sizes_for(64, 32), enlarge=False, **settings)


def settings(**changed: Any) -> Any:
    """A few steps of everything that is left to chance."""
    from lib_bootcamp.core.training.captions import Wording
    from lib_bootcamp.ml.training.adapters import Shape
    from lib_bootcamp.ml.training.settings import Settings

    steps = changed.pop("steps", 6)
    given = {
        "shape": Shape(rank=4, alpha=2.0),
        "rates": Rates(steps=steps),
        "rate": 1e-3,
        "batch": 2,
        "flip": True,
        "wording": Wording(shuffle=True, tag_dropout=0.2, dropout=0.1),
        "seed": 5,
    }
    return Settings(steps=steps, **{**given, **changed})


@contextmanager
def host(data: Path) -> Iterator[StandaloneHost]:
    """The program by itself on the processor, with its small checkpoint."""
    made = StandaloneHost(device="cpu", data_dir=data)
    try:
        yield made
    finally:
        made.model_cache.clear()
