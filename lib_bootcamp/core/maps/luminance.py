"""How bright each pixel is, by four definitions, from sRGB pictures in RGB order."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch, run_parts, strips

Luminance: TypeAlias = Literal["lstar", "linear", "luma", "max"]
LUMINANCE_TITLES = {
    "lstar": "CIE L* (as the eye sees it)",
    "linear": "Linear light (Rec. 709)",
    "luma": "Luma (Rec. 601, as Pillow's L)",
    "max": "Largest channel (HSV value)",
}
REC709 = (0.2126, 0.7152, 0.0722)
_FULL = 65535


@lru_cache(maxsize=1)
def _weighted_light() -> tuple[NDArray[np.uint16], ...]:
    """For red, green and blue: sRGB value to its part of the linear luminance, 0 to 65535.

    Source: IEC 61966-2-1 (transfer function), ITU-R BT.709 (weights).
    """
    value = np.arange(256) / 255
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    # Blue takes what rounding leaves, so that white is exactly full.
    red, green = (np.round(_FULL * weight * light) for weight in REC709[:2])
    blue = np.round(_FULL * light) - red - green
    return tuple(each.astype(np.uint16).reshape(1, 256) for each in (red, green, blue))


@lru_cache(maxsize=2)
def _from_light(kind: Luminance) -> Image:
    """Linear luminance 0 to 65535 to a gray value.

    Source: CIE 15:2004, 8.2.1 (L*).
    """
    light = np.arange(_FULL + 1) / _FULL
    if kind == "linear":
        return np.round(255 * light).astype(np.uint8)
    root = np.where(light > 216 / 24389, np.cbrt(light), (24389 / 27 * light + 16) / 116)
    return np.round(2.55 * (116 * root - 16)).astype(np.uint8)


def luminance(image: Image, kind: Luminance) -> Image:
    """Measure the brightness of each pixel.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W] gray, sRGB-encoded.
        kind: `lstar` is CIE L* (0 to 100 as 0 to 255: red is 53.2, so 136), `linear` Rec. 709 linear light
            (red is 0.2126, so 54), `luma` Rec. 601 on the encoded values (red is 76), `max` the largest
            channel (red is 255).
    Returns:
        uint8 [H, W], within one level of the exact value; the input itself where nothing is to be done.
    """
    cv2 = opencv()
    if image.ndim == 2:
        if kind not in {"luma", "max"}:
            image = cv2.LUT(np.ascontiguousarray(image), _gray_table(kind))
        return image
    image = np.ascontiguousarray(image)
    if kind == "luma":
        gray: Image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return gray
    height, width = image.shape[:2]
    out = np.empty((height, width), dtype=np.uint8)
    run_parts(height, width, lambda top, bottom: _measure(image, kind, out, top, bottom))
    return out


def _measure(image: Image, kind: Luminance, out: Image, top: int, bottom: int) -> None:
    cv2 = opencv()
    tables, gray = _weighted_light(), _from_light(kind) if kind != "max" else None
    scratch = Scratch()
    for start, end in strips(top, bottom, image.shape[1]):
        shape = (end - start, image.shape[1])
        channels = [scratch(name, shape, np.uint8) for name in ("red", "green", "blue")]
        light, part = (scratch(name, shape, np.uint16) for name in ("light", "part"))
        cv2.split(image[start:end], channels)
        if gray is None:
            cv2.max(cv2.max(channels[0], channels[1], dst=channels[0]), channels[2], dst=out[start:end])
            continue
        cv2.LUT(channels[0], tables[0], dst=light)
        for channel, table in zip(channels[1:], tables[1:], strict=True):
            cv2.add(light, cv2.LUT(channel, table, dst=part), dst=light)
        if kind == "linear":
            cv2.convertScaleAbs(light, dst=out[start:end], alpha=255 / _FULL)
            continue
        # "clip" only because it writes into `out` without a buffer; no index is out of range.
        np.take(gray, light, out=out[start:end], mode="clip")


def _gray_table(kind: Luminance) -> Image:
    light = sum(each.astype(np.int64) for each in _weighted_light())
    return _from_light(kind)[light]
