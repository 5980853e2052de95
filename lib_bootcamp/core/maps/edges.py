"""Edge operators on one or more planes: gradients, Canny, Laplacian of Gaussian, XDoG, local contrast.

Strengths are 0 to 255, where a step from black to white gives 255. Several planes are one vector: what counts is how
far it turns or grows, so that a quantity on a circle has no edge where its numbers begin again.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.strips import Scratch, run_parts, strips

Gradient: TypeAlias = Literal["sobel", "scharr"]
Planes: TypeAlias = Sequence[Image]
Derivatives: TypeAlias = tuple[NDArray[Any], NDArray[Any]]
"""Along x and along y; float32 or int16 [H, W] each."""
# what a step of 1 between two pixels gives, by the kernels' sums
_STEP = {"sobel": 4, "scharr": 16}
# the largest value of sigma^2 LoG over a step of 1: the normal density at one sigma
_LOG_PEAK = 0.24197
# sigmas that OpenCV's Gaussian of floats reaches over; up to so many rows, strips cost less than they save
_REACH, _SHORT = 4, 12
# rows of a strip to one of its margins, so that what is computed twice is a tenth of all
_MARGINS = 20
# the normal density at 0: what sigma^2 LoG changes by from pixel to pixel across a step of 1, times sigma
_LOG_SLOPE = 0.39894
# the table of tanh reaches to 4, where it gives 254.8 of 255
_TANH_STEPS = 16384


def gradient_strength(planes: Planes, kind: Gradient) -> Image:
    """The length of the gradient.

    Args:
        planes: uint8 [H, W] each.
        kind: Sobel's 3 x 3 kernel, or Scharr's, which is more nearly the same in all directions.
    Returns:
        uint8 [H, W].
    Source: Sobel and Feldman (1968); Scharr, "Optimale Operatoren in der Digitalen Bildverarbeitung" (2000).
    """

    def lengths(parts: list[Image], kept: list[Scratch]) -> Floats:
        return _length([each for pair in zip(parts, kept, strict=True) for each in _derivatives(*pair, kind)])

    return _in_strips(planes, 1, lengths, 1 / _STEP[kind])


def _length(parts: Sequence[Floats]) -> Floats:
    """The length of vectors that are given by their parts; writes into these. A single part keeps its sign.

    `cv2.magnitude`'s last bit depends on where its arrays lie in memory, which is seen where a half is rounded.
    """
    if len(parts) == 1:
        return parts[0]
    cv2 = opencv()
    total, *others = parts
    cv2.multiply(total, total, dst=total)
    for each in others:
        cv2.accumulateSquare(each, total)
    found: Floats = cv2.sqrt(total, dst=total)
    return found


def _derivatives(plane: Image, scratch: Scratch, kind: Gradient = "sobel") -> tuple[Floats, Floats]:
    """float32 [H, W] along x and along y, in arrays of `scratch`."""
    cv2 = opencv()
    function = cv2.Sobel if kind == "sobel" else cv2.Scharr
    dx, dy = (scratch(name, plane.shape) for name in ("dx", "dy"))
    for out, order in ((dx, (1, 0)), (dy, (0, 1))):
        function(plane, cv2.CV_32F, *order, dst=out, borderType=cv2.BORDER_REPLICATE)
    return dx, dy


def _in_strips(
    planes: Sequence[NDArray[Any]], margin: int, work: Callable[[list[Any], list[Scratch]], Floats], scale: float
) -> Image:
    """Call `work` with strips of the planes that have a margin of rows; its float answers become uint8."""
    cv2 = opencv()
    out = np.empty(planes[0].shape, dtype=np.uint8)

    def strip(parts: list[Any], own: slice, rows: slice, kept: list[Scratch]) -> None:
        cv2.convertScaleAbs(work(parts, kept)[own], dst=out[rows], alpha=scale)

    _each_strip(planes, margin, strip)
    return out


def _each_strip(
    planes: Sequence[NDArray[Any]], margin: int, work: Callable[[list[Any], slice, slice, list[Scratch]], None]
) -> None:
    """Call `work` with strips of the planes that have a margin of rows, their own rows in them and in the planes, and
    arrays kept for each plane.
    """
    height, width = planes[0].shape

    def part(top: int, bottom: int) -> None:
        kept = [Scratch() for _ in planes]
        for start, end in strips(top, bottom, width, least=_MARGINS * margin):
            first, last = max(0, start - margin), min(height, end + margin)
            work([plane[first:last] for plane in planes], slice(start - first, end - first), slice(start, end), kept)

    run_parts(height, width, part)


@dataclass(frozen=True)
class Thresholds:
    """Where a line ends and where it begins, in OpenCV's unit for Canny: |dx| + |dy| of Sobel's kernel."""

    low: float
    high: float


class Canny:
    """Canny's edges; of several planes the derivatives are computed once, for automatic thresholds and for the edges.

    Source: Canny, "A Computational Approach to Edge Detection", PAMI 8 (1986); several planes are joined by Di Zenzo,
        "A Note on the Gradient of a Multi-Image", CVGIP 33 (1986).
    """

    def __init__(self, planes: Planes) -> None:
        self.planes = planes
        self._derivatives: Derivatives | None = None

    def derivatives(self) -> Derivatives:
        """int16 [H, W] along x and along y, of several planes; of one, `cv2.Canny` computes its own."""
        if self._derivatives is None:
            dx, dy = (np.empty(self.planes[0].shape, dtype=np.int16) for _ in range(2))

            def strip(parts: list[Image], own: slice, rows: slice, kept: list[Scratch]) -> None:
                each = [_derivatives(*pair) for pair in zip(parts, kept, strict=True)]
                dx[rows], dy[rows] = _joined([(along_x[own], along_y[own]) for along_x, along_y in each])

            _each_strip(self.planes, 1, strip)
            self._derivatives = (dx, dy)
        return self._derivatives

    def strength(self) -> Image:
        """uint8 [H, W]: a quarter of |dx| + |dy|, so that an upright step has its own height."""
        cv2 = opencv()
        out = np.empty(self.planes[0].shape, dtype=np.uint8)

        def strip(parts: list[Any], own: slice, rows: slice, kept: list[Scratch]) -> None:
            pair = _derivatives(parts[0], kept[0]) if len(parts) == 1 else parts
            dx, dy = (cv2.convertScaleAbs(each[own], alpha=0.25) for each in pair)
            cv2.add(dx, dy, dst=out[rows])

        _each_strip(self.planes if len(self.planes) == 1 else self.derivatives(), 1, strip)
        return out

    def lines(self, thresholds: Thresholds) -> Image:
        """uint8 [H, W], 255 on a line of one pixel."""
        cv2 = opencv()
        if len(self.planes) == 1:
            found: Image = cv2.Canny(np.ascontiguousarray(self.planes[0]), thresholds.low, thresholds.high)
            return found
        dx, dy = self.derivatives()
        joined: Image = cv2.Canny(dx, dy, thresholds.low, thresholds.high)
        return joined


def _joined(each: Sequence[Derivatives]) -> Derivatives:
    """The direction and rate of the fastest change of a vector: the structure tensor's first eigenvector.

    Returns:
        float32 [H, W] along x and along y, whole numbers.
    """
    cv2 = opencv()
    xs, ys = zip(*each, strict=True)
    # half of the tensor's entries, so that no further factor is needed
    xx, yy, twice = (
        functools.reduce(cv2.add, [cv2.multiply(*pair, scale=scale) for pair in zip(first, second, strict=True)])
        for first, second, scale in ((xs, xs, 0.5), (ys, ys, 0.5), (xs, ys, 1.0))
    )
    difference = cv2.subtract(xx, yy)
    angle = cv2.multiply(cv2.phase(difference, twice), 0.5)
    rate = cv2.sqrt(cv2.add(cv2.add(xx, yy), _length([difference, twice])))
    dx, dy = cv2.polarToCart(rate, angle)
    return np.rint(dx, out=dx), np.rint(dy, out=dy)


def otsu(strength: Image) -> int:
    """The threshold between two classes of values; what is above it is the upper class.

    Source: Otsu, "A Threshold Selection Method from Gray-Level Histograms", SMC 9 (1979).
    """
    cv2 = opencv()
    level, _ = cv2.threshold(np.ascontiguousarray(strength), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return int(level)


def median_value(plane: Image) -> int:
    """The median of a plane's values."""
    counts = opencv().calcHist([plane], [0], None, [256], [0, 256]).reshape(-1)
    return int(np.searchsorted(counts.cumsum(dtype=np.float64), plane.size / 2))


def log_response(plane: Image, sigma_px: float, scratch: Scratch) -> Floats:
    """Laplacian of Gaussian times sigma squared, so that scales compare.

    Args:
        plane: uint8 [H, W].
        sigma_px: of the Gaussian.
        scratch: where it computes and leaves its answer.
    Returns:
        float32 [H, W]; negative on the bright side of an edge.
    Source: Marr and Hildreth, "Theory of Edge Detection", Proc. R. Soc. B 207 (1980); Lindeberg (1998) for the factor.
    """
    cv2 = opencv()
    out, scale = scratch("response", plane.shape), sigma_px**2
    smooth = _gaussian(plane, sigma_px, scratch)
    cv2.Laplacian(smooth, cv2.CV_32F, dst=out, ksize=1, scale=scale, borderType=cv2.BORDER_REPLICATE)
    return out


def _gaussian(plane: Image, sigma_px: float, scratch: Scratch) -> Floats:
    """As `cv2.GaussianBlur` of floats, without making floats first."""
    cv2, kernel = opencv(), _gaussian_kernel(sigma_px)
    smooth: Floats = cv2.sepFilter2D(plane, cv2.CV_32F, kernel, kernel, dst=scratch("smooth", plane.shape))
    return smooth


@functools.lru_cache(maxsize=8)
def _gaussian_kernel(sigma_px: float) -> Floats:
    """float32 [N, 1], as wide as OpenCV takes it for floats."""
    cv2 = opencv()
    kernel: Floats = cv2.getGaussianKernel(round(2 * _REACH * sigma_px + 1) | 1, sigma_px, cv2.CV_32F)
    return kernel


def log_strength(planes: Planes, sigma_px: float) -> Image:
    """How strong the Laplacian of Gaussian is on both sides of an edge; uint8 [H, W]."""
    cv2 = opencv()

    def strength(parts: Planes, kept: Sequence[Scratch]) -> Floats:
        return _length([log_response(part, sigma_px, scratch) for part, scratch in zip(parts, kept, strict=True)])

    reach = math.ceil(_REACH * sigma_px) + 2
    if reach <= _SHORT:
        return _in_strips(planes, reach, strength, 1 / _LOG_PEAK)
    whole: Image = cv2.convertScaleAbs(strength(planes, [Scratch() for _ in planes]), alpha=1 / _LOG_PEAK)
    return whole


def log_crossings(planes: Planes, sigma_px: float) -> Image:
    """Where the Laplacian of Gaussian changes its sign, and how steeply.

    Returns:
        uint8 [H, W]: the height of the step whose edge this is, 0 beside edges.
    """
    cv2 = opencv()
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    responses = [log_response(plane, sigma_px, Scratch()) for plane in planes]

    def slopes(parts: list[Floats], _: list[Scratch]) -> Floats:
        found: list[Floats] = []
        for part in parts:
            least = cv2.erode(part, cross)
            # the side that is not negative, so that a line has one pixel
            crossing = ((least < 0) & (part >= 0)).view(np.uint8)
            found.append(cv2.subtract(part, least, mask=crossing, dst=np.zeros_like(part)))
        return functools.reduce(cv2.max, found)

    return _in_strips(responses, 1, slopes, sigma_px / _LOG_SLOPE)


@dataclass(frozen=True)
class Xdog:
    """Extended difference of Gaussians, white on black.

    Args:
        sigma_px: of the narrower Gaussian; the wider one's is 1.6 times as large.
        sharpness: p, how much the difference is amplified.
        epsilon: in [0, 1], what is darker after that becomes ink.
        phi: how steeply ink sets in.

    Source: Winnemoeller, Kyprianidis and Olsen, "XDoG: An eXtended difference-of-Gaussians compendium including
        advanced image stylization", Computers & Graphics 36 (2012), with the parameters of its section 2.
    """

    sigma_px: float
    sharpness: float
    epsilon: float
    phi: float
    RATIO: ClassVar[float] = 1.6

    def strength(self, planes: Planes) -> Image:
        """uint8 [H, W], 255 where there is ink; on several planes the difference's length is taken off white."""
        cv2 = opencv()
        near = [_gaussian(plane, self.sigma_px, Scratch()) for plane in planes]
        far = [_gaussian(plane, self.sigma_px * self.RATIO, Scratch()) for plane in planes]
        # phi * (epsilon - sharpened value), in the steps of the table
        step = self.phi * _TANH_STEPS
        if len(planes) > 1:
            length = _length([cv2.subtract(one, other) for one, other in zip(near, far, strict=True)])
            codes = cv2.addWeighted(
                length, step * self.sharpness / 255, length, 0, step * (self.epsilon - 1), dtype=cv2.CV_16U
            )
        else:
            own, other = -step * (1 + self.sharpness) / 255, step * self.sharpness / 255
            codes = cv2.addWeighted(near[0], own, far[0], other, step * self.epsilon, dtype=cv2.CV_16U)
        # "clip" only because it is faster; no index is out of range
        ink: Image = np.take(_tanh(), codes, mode="clip")
        return ink


@functools.lru_cache(maxsize=1)
def _tanh() -> Image:
    return np.round(255 * np.tanh(np.arange(65536) / _TANH_STEPS)).astype(np.uint8)


def contrast_strength(planes: Planes, window_px: int) -> Image:
    """Twice the standard deviation in a square around each pixel, so that a window half black, half white gives 255.

    Args:
        planes: uint8 [H, W] each.
        window_px: side of the square, odd.
    Returns:
        uint8 [H, W].
    """
    cv2 = opencv()
    size = (window_px, window_px)

    def deviation(parts: list[Image], _: list[Scratch]) -> Floats:
        found: list[Floats] = []
        for part in parts:
            mean = cv2.boxFilter(part, cv2.CV_32F, size, borderType=cv2.BORDER_REPLICATE)
            square = cv2.sqrBoxFilter(part, cv2.CV_32F, size, borderType=cv2.BORDER_REPLICATE)
            found.append(cv2.subtract(square, cv2.multiply(mean, mean, dst=mean), dst=square))
        spread: Floats = np.sqrt(np.maximum(functools.reduce(cv2.add, found), 0))
        return spread

    return _in_strips(planes, window_px // 2, deviation, 2.0)
