"""Texts hidden in the lowest bits of the pixels ("stealth pnginfo"), as NovelAI and extensions of the WebUI write them.

Bits run down the columns, from the left. 15 bytes of signature, 4 bytes with the number of bits that follow
(big-endian), then the text in UTF-8, plain or as gzip; in the alpha channel, or in red, green and blue by turns.
"""

from __future__ import annotations

import warnings
import zlib

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.codec import DECODER_ERRORS, open_image
from lib_bootcamp.errors import BootcampError

from .limits import MAX_TEXT, Texts, decoded, read_object

MAX_PIXELS = 16_777_216
SIGNATURES = {
    b"stealth_pnginfo": ("alpha", False),
    b"stealth_pngcomp": ("alpha", True),
    b"stealth_rgbinfo": ("rgb", False),
    b"stealth_rgbcomp": ("rgb", True),
}
_HEAD = 15 + 4


def read_stealth(data: bytes, texts: Texts) -> None:
    """Add the texts hidden in a picture's pixels; does nothing where there are none.

    Only pictures of at most 16 megapixels are decoded for this.
    """
    pixels = decoded_pixels(data, texts)
    if pixels is None:
        return
    found = find(pixels)
    if found is None:
        return
    mode, packed = found
    size = int.from_bytes(_bytes(pixels, mode, 15, 4), "big") // 8
    if size > MAX_TEXT or size > _capacity(pixels, mode) - _HEAD:
        texts.problem("The hidden text says that it is longer than the picture can hold, or than 4 MiB.")
        return
    hidden: bytes | None = _bytes(pixels, mode, _HEAD, size)
    if packed and hidden is not None:
        hidden = texts.unpacked("hidden in the pixels", hidden, wbits=zlib.MAX_WBITS | 16)
    if not hidden:
        return
    text = decoded(hidden)
    given = read_object(text)
    if given:
        add_object(given, texts)
    else:
        texts.add("parameters", text)


def add_object(given: dict[str, object], texts: Texts) -> None:
    """Add the texts of a JSON object, each under its own name."""
    for name, value in given.items():
        if isinstance(value, (str, int, float)):
            texts.add(str(name), str(value))


def decoded_pixels(data: bytes, texts: Texts) -> NDArray[np.uint8] | None:
    """Pixels as uint8 [H, W, 3 or 4]; None where they can hide nothing, or are too many or too damaged to look."""
    try:
        picture = open_image(data)
        if picture.mode not in {"RGB", "RGBA"}:
            return None
        if picture.width * picture.height > MAX_PIXELS:
            texts.problem(
                f"A picture of {picture.width} x {picture.height} pixels is not searched for a hidden text; "
                f"at most {MAX_PIXELS // 2**20} megapixels are."
            )
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(picture, dtype=np.uint8)
    except BootcampError as error:
        texts.problem(str(error))
    except DECODER_ERRORS:
        texts.problem("The picture's pixels are damaged or cut off.")
    return None


def find(pixels: NDArray[np.uint8]) -> tuple[str, bool] | None:
    """Where a text is hidden (`alpha` or `rgb`) and whether it is packed; None where there is none."""
    for mode in ("alpha", "rgb") if pixels.shape[2] == 4 else ("rgb",):
        if _capacity(pixels, mode) > _HEAD:
            found = SIGNATURES.get(_bytes(pixels, mode, 0, 15))
            if found is not None and found[0] == mode:
                return found
    return None


def _capacity(pixels: NDArray[np.uint8], mode: str) -> int:
    return pixels.shape[0] * pixels.shape[1] * (1 if mode == "alpha" else 3) // 8


def _bytes(pixels: NDArray[np.uint8], mode: str, start: int, count: int) -> bytes:
    channels = 1 if mode == "alpha" else 3
    height = pixels.shape[0]
    first, last = start * 8 // channels // height, -(-(start + count) * 8 // channels) // height + 1
    columns = pixels[:, first:last, 3:] if mode == "alpha" else pixels[:, first:last, :3]
    bits = (columns & 1).transpose(1, 0, 2).reshape(-1)
    skipped = start * 8 - first * height * channels
    return np.packbits(bits[skipped : skipped + count * 8]).tobytes()


def without_hidden(pixels: NDArray[np.uint8], mode: str) -> NDArray[np.uint8]:
    """The same pixels with every lowest bit set that could hide something: opaque stays opaque."""
    clear = pixels.copy()
    if mode == "alpha":
        clear[..., 3] |= 1
    else:
        clear[..., :3] |= 1
    return clear


def hide(pixels: NDArray[np.uint8], text: str, mode: str = "alpha", *, packed: bool = True) -> NDArray[np.uint8]:
    """The same pixels with a text hidden in them.

    Raises:
        ValueError: the picture is too small for it.
    """
    import gzip

    body = gzip.compress(text.encode(), mtime=0) if packed else text.encode()
    signature = next(each for each, what in SIGNATURES.items() if what == (mode, packed))
    whole = signature + (len(body) * 8).to_bytes(4, "big") + body
    if len(whole) > _capacity(pixels, mode):
        raise ValueError("the picture is too small for the text")
    bits = np.unpackbits(np.frombuffer(whole, np.uint8))
    made = pixels.transpose(1, 0, 2).copy()
    part = made[..., 3:] if mode == "alpha" else made[..., :3]
    flat = part.reshape(-1).copy()
    flat[: len(bits)] = (flat[: len(bits)] & 0xFE) | bits
    part[...] = flat.reshape(part.shape)
    return np.ascontiguousarray(made.transpose(1, 0, 2))
