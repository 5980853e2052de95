"""What the attacks are about: a picture that must not come out, and a folder that may be worked on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lib_bootcamp.core.images.png import encode_png

WORD = "hidden-word-in-a-private-picture"


def make_secret(folder: Path) -> Path:
    """A picture in a folder that nobody was allowed; its text chunk is `WORD`."""
    folder.mkdir(parents=True)
    path = folder / "private.png"
    path.write_bytes(encode_png(np.full((8, 8, 3), 200, np.uint8), {"parameters": WORD}))
    return path


def make_folder(folder: Path) -> Path:
    """A folder with one picture."""
    folder.mkdir(parents=True)
    (folder / "a.png").write_bytes(encode_png(np.full((64, 64, 3), 90, np.uint8)))
    return folder
