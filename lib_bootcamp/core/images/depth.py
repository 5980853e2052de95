"""Depth maps from files with all the bits they have: PNG and TIFF of 16 bits, decimals, arrays of NumPy's."""

from __future__ import annotations

import io
import math
import warnings
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.errors import ImageError, TooLargeError

from .arrays import Depth, Floats, over_limit
from .codec import load_image, open_image, read_file
from .opencv import opencv
from .pixels import as_numbers, is_numeric, numbers, shares, upright

_format: Any = np.lib.format
_NUMPY = b"\x93NUMPY"
_BITS_PER_SAMPLE = 258


def decode_depth(data: bytes) -> Depth:
    """Read a depth map from bytes that nobody has checked.

    Args:
        data: a picture file of any kind, or a NumPy file (.npy) of one number for each pixel. Numbers on no known scale
            (meters, a network's raw output) are taken from their least to their greatest; what is no number is black.
    Returns:
        uint8 [H, W, 3] where the file has 8 bits; else float32 [H, W], 0 (black) to 1 (white).
    Raises:
        ImageError, TooLargeError: as `decode_image`.
    """
    if data.startswith(_NUMPY):
        return _on_scale(*as_numbers(_from_numpy(data)))
    picture, orientation = load_image(data)
    if is_numeric(picture):
        return _on_scale(*numbers(picture), orientation)
    if _has_16_bits(data):
        return _on_scale(_joined(data), 65535.0, orientation)
    # what is transparent in a depth map has a depth too
    return np.ascontiguousarray(upright(np.asarray(picture.convert("RGB"), dtype=np.uint8), orientation))


def read_depth(path: Path) -> Depth:
    """Read a depth map's file; see `decode_depth`.

    Raises:
        ImageError, TooLargeError: with the file's name.
    """
    data = read_file(path)
    try:
        return decode_depth(data)
    except (ImageError, TooLargeError) as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from None


def _on_scale(values: Floats, white: float | None, orientation: int = 1) -> Floats:
    if white is None:
        finite = values[np.isfinite(values)].astype(np.float64)
        least, span = finite.min(), max(np.ptp(finite), math.ulp(1.0))
        with np.errstate(over="ignore", invalid="ignore"):
            values, white = ((values.astype(np.float64) - least) / span).astype(np.float32), 1.0
    made: Floats = np.ascontiguousarray(upright(shares(values, white), orientation))
    return made


def _has_16_bits(data: bytes) -> bool:
    """Whether a picture of several channels, which Pillow reads in 8 bits each, has 16."""
    if data.startswith(b"\x89PNG"):
        return data[24:25] == b"\x10"
    tags = getattr(open_image(data), "tag_v2", {})
    return set(tags.get(_BITS_PER_SAMPLE, ())) == {16}


def _joined(data: bytes) -> Floats:
    """The brightness of a picture with 16 bits a channel; its size was looked at before.

    Returns:
        float32 [H, W], 0 to 65535.
    """
    cv2 = opencv()
    try:
        made = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        made = None
    if made is None or made.dtype != np.uint16:
        raise ImageError("The picture is damaged or cut off", hint="save it again or give another one.")
    if made.ndim == 2 or made.shape[2] < 3:
        return np.asarray(made.reshape(*made.shape[:2], -1)[..., 0], np.float32)
    gray: Floats = cv2.cvtColor(made[..., :3].astype(np.float32), cv2.COLOR_BGR2GRAY)
    return gray


def _from_numpy(data: bytes) -> NDArray[Any]:
    """The array of a .npy file, [H, W]; nothing in it is run.

    Source: NumPy's enhancement proposal 1.
    """
    damaged = ImageError("The NumPy file is damaged or cut off", hint="save it again.")
    stream = io.BytesIO(data)
    try:
        major, _ = _format.read_magic(stream)
        header = _format.read_array_header_1_0 if major == 1 else _format.read_array_header_2_0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, _, dtype = header(stream)
    except (ValueError, TypeError, SyntaxError, TokenError, RecursionError, MemoryError):
        raise damaged from None
    height, width = _sides(shape)
    if dtype.kind not in "biuf" or not height:
        raise ImageError("The NumPy file is not a depth map", hint="give an array of one number for each pixel.")
    if limit := over_limit(width, height):
        raise TooLargeError(f"The depth map has {width} x {height} pixels", hint=limit)
    stream.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made: NDArray[Any] = _format.read_array(stream, allow_pickle=False)
    except (ValueError, EOFError, MemoryError):
        raise damaged from None
    return made.reshape(height, width)


def _sides(shape: tuple[int, ...]) -> tuple[int, int]:
    """Height and width of an array [H, W], [1, H, W], [H, W, 1] or [1, 1, H, W]; zeros for any other."""
    if len(shape) in {3, 4} and shape[0] == 1:
        return _sides(shape[1:])
    if len(shape) == 3 and shape[2] == 1:
        return _sides(shape[:2])
    return (shape[0], shape[1]) if len(shape) == 2 and all(shape) else (0, 0)
