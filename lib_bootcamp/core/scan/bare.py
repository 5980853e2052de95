"""Codes without a margin on a ground of their modules' color: found, turned upright and given a margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lib_bootcamp.core.images.arrays import Image

from .decoders import ground_of
from .views import Sizes

# Large pictures are looked at larger, where what that costs counts for little beside the reading of the whole.
_LARGE_SIDE, _SMALL_LOOKED_AT, _LARGE_LOOKED_AT = 1024, 640, 1024
# A code has 11 modules a side or more, some half of them in the color that its ground has not.
_LEAST_MODULES, _MOST_MODULES, _LEAST_PX, _FILLED, _SQUARE = 9, 220, 12, (0.2, 0.8), 0.85
# Modules of one code are at most so far apart, in modules.
_GAPS_MODULES = (1.35, 2.0)
# The size of modules is estimated that well; a finder pattern from its corner on, in modules along the diagonal: of the
# ground's color, of the other, and its middle.
_MODULES_AS_ESTIMATED = (0.7, 0.85, 1.0, 1.15)
_FINDER = ((0.5, False), (1.5, True), (3.5, False))
# What is cut out has modules of this size, in px, is softened as a camera does it, and has a margin of four modules.
_LEAST_MODULE_PX, _MOST_MODULE_PX, _LONGEST_SIDE, _SOFT_PX, _MARGIN_MODULES = 6.0, 8.0, 1024, 1.5, 4
# A page of text has more pieces than can be looked at: of the largest, so many; none after so many that are no code;
# their pixels together are at most so many times the picture's. A code's pieces are found in a few rounds.
_MOST_PIECES, _MOST_LOOKED_AT, _MOST_FAILED, _MOST_PIXELS, _MOST_ROUNDS = 4000, 64, 4, 2, 6
# A row across a finder pattern has that many edges, each a step of such a part of the contrast; a smooth picture has no
# such row.
_ROW_STEP, _LEAST_EDGES, _LEAST_STEPS = 4, 6, 16
_DARK, _LEAST_CONTRAST = 96, 16


@dataclass(frozen=True)
class _Pieces:
    """What is connected in a picture of two levels.

    Attributes:
        other: bool [H, W], what is not of the ground's color.
        labels: int32 [H, W], the number of each piece, from 1 on.
        boxes: int32 [pieces, 4], left, top, right, bottom.
        areas: int32 [pieces], in px.
    """

    other: NDArray[np.bool_]
    labels: NDArray[np.int32]
    boxes: NDArray[np.int32]
    areas: NDArray[np.int32]


def bare_codes(gray: Image, small: Sizes) -> Iterator[Image]:
    """What may be a code without a margin, upright and with one.

    Args:
        gray: uint8 [H, W].
        small: the same picture, at least of `looked_at_side` or its own size.
    Yields:
        uint8 [h, w], the largest first; none where nothing looks like it.
    """
    import cv2

    view = small.at(looked_at_side(gray))
    low, high = (round(each) for each in cv2.minMaxLoc(view)[:2])
    if high - low < _LEAST_CONTRAST:
        return
    dark, light = 2 * ground_of(view) < low + high, view > (low + high) // 2
    pieces = _pieces(light == dark) if _has_edges(view, light, (high - low) / _LEAST_STEPS) else None
    if pieces is not None:
        times = [whole / seen for whole, seen in zip(gray.shape[::-1], view.shape[::-1], strict=True)]
        for corners, module_px in _squares(pieces):
            yield _upright(gray, (corners + 0.5) * times - 0.5, module_px * max(times), dark=dark)


def looked_at_side(gray: Image) -> int:
    """The longer side of what is looked at, in px."""
    return _LARGE_LOOKED_AT if max(gray.shape) > _LARGE_SIDE else _SMALL_LOOKED_AT


def softened(part: Image) -> Image:
    """What was cut out as a camera sees it: zxing-cpp reads some upright codes with sharp edges only so."""
    import cv2

    return np.asarray(cv2.GaussianBlur(part, (0, 0), _SOFT_PX), dtype=np.uint8)


def has_dark_ground(gray: Image) -> bool:
    """Whether the picture's border is dark: a code that is read there may have others beside it that have no margin."""
    return ground_of(gray) < _DARK


def _has_edges(view: Image, light: NDArray[np.bool_], least: float) -> bool:
    """Whether some row is crossed by as many steep edges as a finder pattern has."""
    rows, lights = view[::_ROW_STEP].astype(np.int16), light[::_ROW_STEP]
    steep = (lights[:, 1:] != lights[:, :-1]) & (np.abs(rows[:, 1:] - rows[:, :-1]) >= least)
    return bool(steep.sum(1).max(initial=0) >= _LEAST_EDGES)


def _pieces(other: NDArray[np.bool_]) -> _Pieces | None:
    import cv2

    count, labels, stats, _ = cv2.connectedComponentsWithStats(other.view(np.uint8), connectivity=8)
    if not 1 < count <= _MOST_PIECES:
        return None
    left, top, width, height, areas = stats[1:].T
    return _Pieces(other, np.asarray(labels), np.stack([left, top, left + width, top + height], -1), areas)


def _squares(pieces: _Pieces) -> Iterator[tuple[NDArray[np.float64], float]]:
    """The corners of what may be a code, float64 [4, 2] in px, and the size of its modules, the largest first."""
    taken = np.zeros(len(pieces.boxes), bool)
    sides = pieces.boxes[:, 2:] - pieces.boxes[:, :2]
    likely = (sides.max(1) >= _LEAST_PX) & (pieces.areas < _FILLED[1] * sides.prod(1))
    pixels, failed = _MOST_PIXELS * pieces.labels.size, 0
    for number in np.argsort(-sides.prod(1) * likely, kind="stable")[: min(_MOST_LOOKED_AT, int(likely.sum()))]:
        pixels -= 0 if taken[number] else int(sides[number].prod())
        module_px = 0.0 if taken[number] or pixels < 0 else _module_px(pieces, int(number))
        if failed > _MOST_FAILED:
            return
        if not module_px or not _LEAST_MODULES / 2 <= sides[number].max() / module_px <= _MOST_MODULES:
            continue
        for gap in _GAPS_MODULES:
            near, box = _near(pieces.boxes, int(number), gap * module_px)
            pixels -= int((box[2:] - box[:2]).prod())
            corners = _corners(pieces.labels, near, box) if pixels >= 0 else None
            if corners is not None and _is_likely(pieces, corners, module_px, int(pieces.areas[near].sum())):
                yield corners, module_px
                taken |= near
                break
        else:
            failed += 1


def _module_px(pieces: _Pieces, number: int) -> float:
    """The size of a module: of a random pattern of them each has half of its edges."""
    left, top, right, bottom = pieces.boxes[number]
    own = np.pad(pieces.labels[top:bottom, left:right] == number + 1, 1)
    edges = np.count_nonzero(own[1:] != own[:-1]) + np.count_nonzero(own[:, 1:] != own[:, :-1])
    return 2.0 * float(pieces.areas[number]) / edges


def _near(boxes: NDArray[np.int32], number: int, gap: float) -> tuple[NDArray[np.bool_], NDArray[np.int32]]:
    """Which pieces are one with this, as pieces are that are less than a gap apart, and their box."""
    box = boxes[number]
    for _ in range(_MOST_ROUNDS):
        near = (boxes[:, :2] <= box[2:] + gap).all(1) & (boxes[:, 2:] >= box[:2] - gap).all(1)
        grown = np.concatenate([boxes[near, :2].min(0), boxes[near, 2:].max(0)])
        still, box = bool((grown == box).all()), grown
        if still:
            break
    return near, box


def _corners(labels: NDArray[np.int32], near: NDArray[np.bool_], box: NDArray[np.int32]) -> NDArray[np.float64]:
    """The smallest rectangle around some pieces, in whatever direction."""
    import cv2

    left, top, right, bottom = box
    part, numbers = labels[top:bottom, left:right], np.flatnonzero(near) + 1
    own = part == numbers[0] if len(numbers) == 1 else np.concatenate([[False], near])[part]
    rows = np.flatnonzero(own.any(1))
    first, last = own[rows].argmax(1), own.shape[1] - own[rows, ::-1].argmax(1)
    # The corners of the outermost pixels, so that an upright part keeps all of its own.
    edges = [np.stack([x, y], -1) for x in (first, last) for y in (rows, rows + 1)]
    hull = np.concatenate(edges).astype(np.float32)
    corners = np.asarray(cv2.boxPoints(cv2.minAreaRect(hull)), np.float64)
    return np.asarray(corners + np.array([left - 0.5, top - 0.5]), np.float64)


def _is_likely(pieces: _Pieces, corners: NDArray[np.float64], module_px: float, area: int) -> bool:
    """Whether it is a square of enough modules with a finder pattern, of which the ground takes the outermost ring."""
    least, most = sorted(float(np.hypot(*(corners[k + 1] - corners[k]))) for k in (0, 1))
    if least < max(_SQUARE * most, _LEAST_MODULES * module_px) or not _FILLED[0] <= area / (least * most) <= _FILLED[1]:
        return False
    inwards = (corners.mean(0) - corners) / (least / 2) * module_px
    steps = [inwards * each for each in _MODULES_AS_ESTIMATED]
    has_margin = any(_finders(~pieces.other, corners, each) > 1 for each in steps)
    return not has_margin and any(_finders(pieces.other, corners, each) for each in steps)


def _finders(other: NDArray[np.bool_], corners: NDArray[np.float64], inwards: NDArray[np.float64]) -> int:
    """In how many corners a finder pattern is seen, with that step to the next module."""
    seen = np.ones(len(corners), bool)
    for modules, is_other in _FINDER:
        places = np.round(corners + modules * inwards).astype(int)
        x, y = np.clip(places, 0, np.array(other.shape[::-1]) - 1).T
        seen &= other[y, x] == is_other
    return int(seen.sum())


def _upright(gray: Image, corners: NDArray[np.float64], module_px: float, *, dark: bool) -> Image:
    """What lies between four corners, with modules of a fitting size and a margin as light or dark as it gets."""
    import cv2

    sides = np.array([np.hypot(*(corners[1] - corners[0])), np.hypot(*(corners[2] - corners[1]))])
    times = max(1.0, _LEAST_MODULE_PX / module_px) * min(1.0, _MOST_MODULE_PX / module_px)
    times = min(times, _LONGEST_SIDE / sides.max())
    width, height = (max(1, round(each * times)) for each in sides)
    target = np.array([[0, 0], [width, 0], [width, height]], np.float32) - 0.5
    turn = cv2.getAffineTransform(corners[:3].astype(np.float32), target.astype(np.float32))
    part = cv2.warpAffine(gray, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edge = max(4, round(_MARGIN_MODULES * module_px * times))
    out = np.asarray(part, np.uint8)
    color = int(np.percentile(out[::3, ::3], 90 if dark else 10))
    return np.pad(out, edge, constant_values=color)
