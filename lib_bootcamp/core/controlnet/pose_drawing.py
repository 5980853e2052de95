"""Poses as OpenPose ControlNets know them: colored limbs and joints, hands, faces as dots.

Source: the drawing of OpenPose (Cao et al. 2017) with ControlNet's colors and sizes.
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv

LIMBS = (
    (1, 2), (1, 5), (2, 3), (3, 4), (5, 6), (6, 7), (1, 8), (8, 9), (9, 10), (1, 11), (11, 12), (12, 13), (1, 0),
    (0, 14), (14, 16), (0, 15), (15, 17),
)  # fmt: skip
"""Pairs of OpenPose's 18 joints: nose, neck, right and left arm, right and left leg, eyes, ears."""
COLORS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85),
    (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255),
    (255, 0, 170), (255, 0, 85),
)  # fmt: skip
FINGERS = tuple((0 if joint % 4 == 1 else joint - 1, joint) for joint in range(1, 21))
"""Pairs of a hand's 21 points: from the wrist along each finger."""
STICK_PX, DIM = 4, 0.6
SURE = 0.3
"""Points with a lower score are left out."""


@dataclass(frozen=True)
class Pose:
    """One person; each array is float [points, 3]: x and y in px, and the score.

    Args:
        body: OpenPose's 18 joints.
        hands: 21 points each.
        face: 68 points.
    """

    body: Any
    hands: Sequence[Any] = ()
    face: Any = None


def draw_poses(poses: Sequence[Pose], height: int, width: int) -> Image:
    """Draw people on black, uint8 [height, width, 3]."""
    cv2 = opencv()
    canvas: Image = np.zeros((height, width, 3), np.uint8)
    for (first, second), color in zip(LIMBS, COLORS, strict=False):
        for pose in poses:
            _limb(cv2, canvas, (pose.body[first], pose.body[second]), color)
    canvas = (canvas * DIM).astype(np.uint8)
    for joint, color in enumerate(COLORS):
        for pose in poses:
            _dot(cv2, canvas, pose.body[joint], STICK_PX, color)
    for pose in poses:
        for hand in pose.hands:
            _hand(cv2, canvas, hand)
        for point in () if pose.face is None else pose.face:
            _dot(cv2, canvas, point, 3, (255, 255, 255))
    return canvas


def _limb(cv2: Any, canvas: Image, ends: tuple[Any, Any], color: tuple[int, int, int]) -> None:
    (x1, y1, sure1), (x2, y2, sure2) = ends
    if min(sure1, sure2) < SURE:
        return
    middle = (int((x1 + x2) / 2), int((y1 + y2) / 2))
    half, angle = int(math.hypot(x1 - x2, y1 - y2) / 2), int(math.degrees(math.atan2(y1 - y2, x1 - x2)))
    cv2.fillConvexPoly(canvas, cv2.ellipse2Poly(middle, (half, STICK_PX), angle, 0, 360, 1), color)


def _dot(cv2: Any, canvas: Image, point: Any, radius: int, color: tuple[int, int, int]) -> None:
    if point[2] >= SURE:
        cv2.circle(canvas, (int(point[0]), int(point[1])), radius, color, thickness=-1)


def _hand(cv2: Any, canvas: Image, hand: Any) -> None:
    for number, (first, second) in enumerate(FINGERS):
        (x1, y1, sure1), (x2, y2, sure2) = hand[first], hand[second]
        if min(sure1, sure2) >= SURE:
            color = [round(255 * each) for each in colorsys.hsv_to_rgb(number / len(FINGERS), 1.0, 1.0)]
            cv2.line(canvas, (int(x1), int(y1)), (int(x2), int(y2)), color, thickness=2)
    for point in hand:
        _dot(cv2, canvas, point, STICK_PX, (0, 0, 255))
