"""Pillow pictures of any mode to arrays: numbers to gray by a scale that is known or refused, transparency laid on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil

from lib_bootcamp.errors import ImageError

from .arrays import Floats, Image

Color = tuple[int, int, int]
ALPHA_MODES = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
WHITE: Color = (255, 255, 255)
BLACK: Color = (0, 0, 0)
VISIBLE_ALPHA = 64
"""Alpha from which on a pixel counts as seen."""
LOST_ON_WHITE = 176
"""Luma above which everything that is seen would be lost on white."""
_SCALES = (1.0, 255.0, 65535.0)
"""What white is in pictures whose pixels are decimal numbers or integers of 32 bits."""
_OVER = 1.1
_DARKEST_PEAK = 1 / 16
_BITS_PER_SAMPLE, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO = 0


def is_numeric(picture: Pil.Image) -> bool:
    """Whether its pixels are numbers of more than 8 bits: 16 bits of gray, 32-bit integers, decimals."""
    return picture.mode.startswith(("I", "F"))


def numbers(picture: Pil.Image) -> tuple[Floats, float | None]:
    """The pixels of a picture of numbers, and which of them is white.

    Returns:
        float32 [H, W], not a number where the file says so; the value that is white, None where neither the file's
        kind nor its values show it: their range is taken for 0 to 1, 0 to 255 or 0 to 65535 where they fill at least
        a sixteenth of it; a few may be beyond its ends, as sharpening and enlarging leave them.
    Raises:
        ImageError: no pixel is a number.
    """
    values = np.asarray(picture)
    tags = getattr(picture, "tag_v2", {})
    if picture.mode.startswith("I;16") or (picture.mode == "I" and picture.format in {"PNG", "PPM"}):
        white = 4095.0 if tags.get(_BITS_PER_SAMPLE) == (12,) else 65535.0
        floats = values.astype(np.float32)
        return (np.float32(white) - floats if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else floats), white
    if tags.get(_BITS_PER_SAMPLE) == (32,) and tags.get(_SAMPLE_FORMAT, (1,)) == (1,):
        values = values.view(np.uint32)
    return as_numbers(values)


def as_numbers(values: NDArray[Any]) -> tuple[Floats, float | None]:
    """As `numbers`, of an array [H, W] of any integers or decimals."""
    with np.errstate(over="ignore"):
        floats = values.astype(np.float32)
    if values.dtype.kind == "b" or (values.dtype.kind == "u" and values.dtype.itemsize <= 2):
        return floats, 1.0 if values.dtype.kind == "b" else float(np.iinfo(values.dtype).max)
    full = float(np.iinfo(values.dtype).max) if values.dtype.kind in "iu" else None
    finite = floats[np.isfinite(floats)]
    if not finite.size:
        raise ImageError("The picture holds no numbers (all of its pixels are NaN or infinite)", hint="save it again.")
    return floats, _white(finite, full)


def _white(finite: Floats, full: float | None) -> float | None:
    least, most = float(finite.min()), float(finite.max())
    if most <= 0:
        return 1.0 if least == 0 else None
    if most <= 2:
        white: float | None = 1.0
    else:
        scales = (*_SCALES[1:], *([full] if full is not None and full > _SCALES[-1] else []))
        white = next((each for each in scales if most <= each * _OVER), None)
        if white is not None and most < white * _DARKEST_PEAK:
            white = None
        if white in (None, 255.0) and full is None and _is_mostly_share(finite):
            white = 1.0  # 0 to 1 with highlights beyond white
    if white is not None and least < -white * (_OVER - 1) * 2.5:
        return None
    return white


def _is_mostly_share(finite: Floats) -> bool:
    """Whether most of what is above 0 lies between 0 and 1."""
    above = finite > 0
    return bool(2 * np.count_nonzero(above & (finite < 1)) > np.count_nonzero(above))


def shares(values: Floats, white: float) -> Floats:
    """Numbers as shares of white, 0 to 1; what is no number is 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = values / np.float32(white)
    made: Floats = np.nan_to_num(scaled, nan=0.0, posinf=1.0, neginf=0.0)
    return np.clip(made, 0, 1, out=made)


def gray(picture: Pil.Image) -> Image:
    """A picture of numbers as gray.

    Returns:
        uint8 [H, W].
    Raises:
        ImageError: which number is white is not known.
    """
    values, white = numbers(picture)
    if white is None:
        finite = values[np.isfinite(values)]
        raise ImageError(
            f"The picture holds numbers from {finite.min():.6g} to {finite.max():.6g}, and which of them is white is "
            "not known",
            hint="save it with numbers from 0 to 1, 0 to 255 or 0 to 65535.",
        )
    return (shares(values, white) * 255 + np.float32(0.5)).astype(np.uint8)


def flatten(picture: Pil.Image, background: Color | None = None) -> Pil.Image:
    """Any picture as RGB.

    Args:
        picture: loaded.
        background: what transparency is laid on; None: white, or black where all that is seen is so light that it
            would be lost on white.
    Raises:
        ImageError: as `gray`.
    """
    if is_numeric(picture):
        return Pil.fromarray(gray(picture)).convert("RGB")
    if picture.mode == "LAB":
        return _from_lab(picture)
    if has_alpha(picture):
        layers = _to_rgba(picture)
        color = best_background(layers) if background is None else background
        return Pil.alpha_composite(Pil.new("RGBA", layers.size, (*color, 255)), layers).convert("RGB")
    return picture.convert("RGB")


def has_alpha(picture: Pil.Image) -> bool:
    """Whether it has an alpha channel or a transparent color."""
    return picture.mode in ALPHA_MODES or "transparency" in picture.info


def _to_rgba(picture: Pil.Image) -> Pil.Image:
    return picture.convert("LA").convert("RGBA") if picture.mode == "La" else picture.convert("RGBA")


def best_background(layers: Pil.Image) -> Color:
    """White, or black where all that is seen of an RGBA picture is so light that it would be lost on white.

    A code or a logo that is drawn in white for a dark page is such a picture.
    """
    alpha = np.asarray(layers.getchannel("A"))
    seen = alpha >= VISIBLE_ALPHA
    if seen.all() or not seen.any():
        return WHITE
    luma = np.asarray(layers.convert("L"))[seen]
    return BLACK if float(np.percentile(luma, 2)) > LOST_ON_WHITE else WHITE


def _from_lab(picture: Pil.Image) -> Pil.Image:
    try:
        from PIL import ImageCms

        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransformFromOpenProfiles(lab, rgb, "LAB", "RGB")
    except ImportError:
        raise ImageError(
            "The picture has CIELAB colors, which this Pillow does not convert", hint="save it as RGB."
        ) from None
    made = ImageCms.applyTransform(picture, transform)
    return picture.convert("RGB") if made is None else made


def upright(array: NDArray[Any], orientation: Any) -> NDArray[Any]:
    """Turned by EXIF's orientation.

    Args:
        array: [H, W, ...].
        orientation: EXIF's tag; anything else than 2 to 8 changes nothing.
    Source: Exif 2.3, 4.6.4 A; PIL.ImageOps.exif_transpose.
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return array
