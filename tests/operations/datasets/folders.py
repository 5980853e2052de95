"""A folder of training pictures with one of everything that a report tells."""

from __future__ import annotations

import functools
import shutil
from pathlib import Path

import numpy as np
from PIL import Image as Pil
from PIL import ImageFilter, ImageOps


@functools.cache
def picture(seed: int, size: tuple[int, int] = (640, 640)) -> Pil.Image:
    """Soft blobs with sharp squares on them: a picture of its own for each seed."""
    rng = np.random.default_rng(seed)
    canvas = np.asarray(
        Pil.fromarray(rng.integers(0, 256, (7, 7, 3), dtype=np.uint8)).resize(size, Pil.Resampling.BICUBIC)
    ).copy()
    for _ in range(300):
        x, y = int(rng.integers(0, size[0] - 20)), int(rng.integers(0, size[1] - 20))
        canvas[y : y + 16, x : x + 16] = rng.integers(0, 256, 3)
    return Pil.fromarray(canvas)


def add(
    folder: Path, name: str, made: Pil.Image, caption: str | None = "a red dog, on grass", **options: object
) -> Path:
    """Save a picture with its caption beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    made.save(path, **{"compress_level": 1, **options})  # a PNG's; quick to write
    if caption is not None:
        path.with_suffix(".txt").write_text(caption, encoding="utf-8")
    return path


def faulty(root: Path) -> Path:
    """A data set in `10_dog` with every fault once."""
    dog = root / "10_dog"
    for number in range(4):
        add(dog, f"good{number}.jpg", picture(number), f"a red dog, on grass, long hair, number {number}", quality=90)
    first = Pil.open(dog / "good0.jpg")
    shutil.copy(dog / "good1.jpg", dog / "same.jpg")
    (dog / "same.txt").write_text("a red dog, long hiar", encoding="utf-8")
    add(dog, "resized.png", first.resize((520, 520)))
    add(dog, "pressed.jpg", first, quality=25)
    add(dog, "mirror.jpg", ImageOps.mirror(Pil.open(dog / "good2.jpg")), quality=90)
    add(dog, "blurred.jpg", picture(20).filter(ImageFilter.GaussianBlur(8)))
    add(dog, "tiny.png", picture(21, (300, 200)))
    add(dog, "wide.png", picture(22, (1600, 520)))
    add(dog, "flat.png", Pil.new("RGB", (600, 600), (10, 200, 90)))
    clear = picture(23).convert("RGBA")
    clear.putalpha(230)
    add(dog, "clear.png", clear, None)
    exif = Pil.Exif()
    exif[0x0112] = 6
    add(dog, "turned.jpg", picture(24, (800, 600)), "short", exif=exif)
    (dog / "broken.jpg").write_bytes((dog / "good3.jpg").read_bytes()[:9000])
    (dog / "text.png").write_text("just a text", encoding="utf-8")
    (dog / "orphan.txt").write_text("nobody's", encoding="utf-8")
    add(dog, "bytes.png", picture(25), None)
    (dog / "bytes.txt").write_bytes(b"caf\xe9")
    add(dog, "long.png", picture(26), ", ".join(f"word {number}" for number in range(40)))
    (add(dog, "two.png", picture(27), "one thing here")).with_suffix(".caption").write_text("another thing here")
    add(root / "1_cat", "cat.png", picture(28), "a cat on grass")
    add(root / "extra", "extra.png", picture(29), "line one here\nline two here")
    return root
