"""What a recolor model is given, and color transfer: a photograph's colors laid on another picture."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import run_parts, strips

from .luminance import luminance

Conditioning: TypeAlias = Literal["luminance", "intensity", "hsi"]
CONDITIONING_TITLES = {
    "luminance": "Luminance (CIE L*)",
    "intensity": "Intensity (HSV value, largest channel)",
    "hsi": "Intensity (HSI, mean of the channels)",
}
Transfer: TypeAlias = Literal["reinhard", "histogram"]
TRANSFER_TITLES = {
    "reinhard": "Reinhard (mean and spread in CIE Lab)",
    "histogram": "Histogram matching (each of R, G, B)",
}


def conditioning(image: Image, kind: Conditioning) -> Image:
    """What is left of a picture when its color is taken away.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W] gray.
        kind: `luminance` is CIE L* (pure red is 53.2 of 100, so 136), `intensity` the value of HSV (red is 255),
            `hsi` the mean of the channels (red is 85).
    Returns:
        uint8 [H, W]; the input itself where nothing is to be done.
    """
    if kind == "hsi":
        return _mean(image)
    return luminance(image, "lstar" if kind == "luminance" else "max")


def _mean(image: Image) -> Image:
    """The mean of the channels, rounded exactly."""
    cv2 = opencv()
    if image.ndim == 2:
        return image
    thirds = np.full((1, 3), 1 / 3, dtype=np.float32)
    gray: Image = cv2.transform(np.ascontiguousarray(image), thirds)
    return gray


def transfer(
    image: Image, reference: Image, kind: Transfer, strength: float = 1.0, *, keep_lightness: bool = False
) -> Image:
    """Give a picture the colors of another, by statistics alone.

    Args:
        image: uint8 [H, W, 3] RGB or [H, W] gray.
        reference: the same, of any size.
        kind: `reinhard` gives each of L*, a*, b* the reference's mean and standard deviation; `histogram` gives each of
            R, G, B the reference's distribution.
        strength: 0 leaves the picture as it is, 1 is the whole transfer.
        keep_lightness: the picture keeps its L*, as where a recolor model colors it.
    Returns:
        uint8 [H, W, 3]; what lies outside sRGB is cut off. Lab is counted in steps of 0.4 of L*, 1 of a* and b*.
    Source: Reinhard, Ashikhmin, Gooch and Shirley, "Color Transfer between Images", IEEE CG&A 21 (2001), here in CIE
        Lab and not in their l-alpha-beta, whose logarithm lets the darkest pixels decide; Gonzalez and Woods, "Digital
        Image Processing", 3.3.2 (histogram matching).
    """
    image, reference = np.ascontiguousarray(to_rgb(image)), np.ascontiguousarray(to_rgb(reference))
    if kind == "histogram":
        matched = _match_histograms(image, reference, strength)
        return with_lightness(matched, image) if keep_lightness else matched
    return _reinhard(image, reference, strength, keep_lightness=keep_lightness)


def _moments(image: Image) -> NDArray[np.float64]:
    """Mean and standard deviation of L*, a*, b* as OpenCV's 8-bit Lab counts them, as two rows."""
    cv2 = opencv()

    def sums(top: int, bottom: int) -> NDArray[np.float64]:
        found = np.zeros((2, 3))
        for start, end in strips(top, bottom, image.shape[1]):
            lab = cv2.cvtColor(image[start:end], cv2.COLOR_RGB2LAB)
            mean, deviation = (each.reshape(3) for each in cv2.meanStdDev(lab))
            count = (end - start) * image.shape[1]
            found += (mean * count, (deviation**2 + mean**2) * count)
        return found

    parts = np.sum(run_parts(image.shape[0], image.shape[1], sums), axis=0) / (image.shape[0] * image.shape[1])
    return np.stack([parts[0], np.sqrt(np.maximum(parts[1] - parts[0] ** 2, 0))])


def _reinhard(image: Image, reference: Image, strength: float, *, keep_lightness: bool) -> Image:
    cv2 = opencv()
    (mean, spread), (mean_to, spread_to) = _moments(image), _moments(reference)
    # a channel without any spread has nothing to stretch: it takes the reference's mean
    gain = np.where(spread > 1e-3, spread_to / np.maximum(spread, 1e-3), 0.0)
    levels = np.arange(256)[:, None]
    wanted = levels + strength * (mean_to + gain * (levels - mean) - levels)
    table = np.round(np.clip(wanted, 0, 255)).astype(np.uint8)
    if keep_lightness:
        table[:, 0] = levels[:, 0]
    table = np.ascontiguousarray(table[None])
    out = np.empty_like(image)

    def work(top: int, bottom: int) -> None:
        for start, end in strips(top, bottom, image.shape[1]):
            lab = cv2.LUT(cv2.cvtColor(image[start:end], cv2.COLOR_RGB2LAB), table)
            cv2.cvtColor(lab, cv2.COLOR_LAB2RGB, dst=out[start:end])

    run_parts(image.shape[0], image.shape[1], work)
    return out


def _match_histograms(image: Image, reference: Image, strength: float) -> Image:
    """Each value goes to the reference's value of the same rank; the mean rank of its pixels counts."""
    cv2 = opencv()
    tables = np.empty((1, 256, 3), dtype=np.uint8)
    levels = np.arange(256)
    for channel in range(3):
        own, other = (
            cv2.calcHist([each], [channel], None, [256], [0, 256]).reshape(-1).astype(np.float64)
            for each in (image, reference)
        )
        rank = (np.cumsum(own) - own / 2) / own.sum()
        rank_to = (np.cumsum(other) - other / 2) / other.sum()
        present = other > 0
        matched = np.interp(rank, rank_to[present], levels[present])
        tables[0, :, channel] = np.round(levels + strength * (matched - levels))
    matched_image: Image = cv2.LUT(image, tables)
    return matched_image


def with_lightness(colors: Image, lightness: Image) -> Image:
    """A picture with the hue and chroma of one and the L* of another.

    Args:
        colors: uint8 [H, W, 3] RGB.
        lightness: uint8 [H, W, 3] or [H, W], of the same size; its L* is taken.
    Returns:
        uint8 [H, W, 3]; what lies outside sRGB is cut off.
    """
    cv2 = opencv()
    gray = luminance(lightness, "lstar")
    out = np.empty_like(colors)

    def work(top: int, bottom: int) -> None:
        for start, end in strips(top, bottom, colors.shape[1]):
            lab = cv2.cvtColor(colors[start:end], cv2.COLOR_RGB2LAB)
            cv2.insertChannel(gray[start:end], lab, 0)
            cv2.cvtColor(lab, cv2.COLOR_LAB2RGB, dst=out[start:end])

    run_parts(colors.shape[0], colors.shape[1], work)
    return out
