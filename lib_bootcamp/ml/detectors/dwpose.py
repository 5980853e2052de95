"""DWPose from its two ONNX files: people by YOLOX, 133 points of each by a SimCC network.

controlnet-aux asks for mmdet and mmpose, which WebUIs do not have; what is done around the networks is written here.
Source: Yang et al., "Effective Whole-body Pose Estimation with Two-stages Distillation" (2023); Ge et al., "YOLOX"
(2021); Li et al., "SimCC" (2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.controlnet.detector_options import Options
from lib_bootcamp.core.controlnet.detectors import Weights
from lib_bootcamp.core.controlnet.pose_drawing import SURE, Pose, draw_poses
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.core.images.opencv import opencv
from lib_bootcamp.core.images.resize import resize
from lib_bootcamp.errors import ModelError, first_line

from .base import Detected, Find, Loaded

PEOPLE_PX, STRIDES, GRAY = 640, (8, 16, 32), 114
POSE_SIZE, PADDING, SPLIT = (288, 384), 1.25, 2.0
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
PERSON_SURE, OVERLAP = 0.3, 0.45
MOST_PEOPLE = 40
# COCO's whole body: 17 joints, 6 of the feet, 68 of the face, 21 of each hand; OpenPose's joints among them, neck aside
_OPENPOSE = (0, -1, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3)
_FACE, _HANDS = slice(23, 91), (slice(91, 112), slice(112, 133))


class Session:
    """An ONNX file, run by ONNX Runtime where it is installed, else by OpenCV."""

    def __init__(self, path: Path) -> None:
        self._run: Callable[[Any], list[Any]]
        try:
            import onnxruntime
        except ImportError:
            self._run = self._opencv(path)
            return
        try:
            session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ModelError(
                f"{path.name} cannot be loaded ({first_line(error)})", hint="delete it to fetch it again", place=path
            ) from error
        name = session.get_inputs()[0].name
        self._run = lambda given: list(session.run(None, {name: given}))

    @staticmethod
    def _opencv(path: Path) -> Callable[[Any], list[Any]]:
        cv2 = opencv()
        try:
            net = cv2.dnn.readNetFromONNX(str(path))
        except cv2.error as error:
            raise ModelError(
                f"{path.name} cannot be loaded ({first_line(error)})", hint="delete it to fetch it again", place=path
            ) from error
        names = net.getUnconnectedOutLayersNames()

        def run(given: Any) -> list[Any]:
            net.setInput(given)
            return list(net.forward(names))

        return run

    def __call__(self, given: Any) -> list[Any]:
        """Its outputs for float32 [N, 3, H, W]."""
        return self._run(np.ascontiguousarray(given, np.float32))


@dataclass
class DwPose:
    """Both networks."""

    people: Session
    points: Session

    def modules(self) -> list[torch.nn.Module]:
        """None of torch's."""
        return []

    def to(self, device: str) -> None:
        """They stay on the processor."""

    def detect(self, image: Image, options: Options) -> Detected:
        """Find people, their joints, and draw them."""
        height, width = image.shape[:2]
        scale = options.resolution / min(height, width)
        small = np.ascontiguousarray(resize(image, max(1, round(width * scale)), max(1, round(height * scale))))
        given, ratio = letterbox(small)
        boxes = people_of(self.people(given[None])[0], ratio)
        poses = [self._pose(small, box, options) for box, _ in boxes]
        sides = np.asarray([small.shape[1], small.shape[0]] * 2, np.float32)
        found = tuple(
            Find("person", round(float(score), 4), tuple(np.clip(box / sides, 0, 1).round(4).tolist()))
            for box, score in boxes
        )
        return Detected(draw_poses(poses, *small.shape[:2]), found)

    def _pose(self, image: Image, box: Any, options: Options) -> Pose:
        patch, center, extent = pose_patch(image, box)
        x, y = self.points(patch[None])[:2]
        points = points_of(x[0], y[0], center, extent)
        return Pose(
            body=openpose_joints(points),
            hands=tuple(points[each] for each in _HANDS) if options.hands else (),
            face=points[_FACE] if options.face else None,
        )


def letterbox(image: Image) -> tuple[Any, float]:
    """YOLOX's input, float32 [3, 640, 640] in the order blue, green, red, and what the picture was scaled by."""
    ratio = PEOPLE_PX / max(image.shape[:2])
    height, width = (min(PEOPLE_PX, max(1, round(each * ratio))) for each in image.shape[:2])
    canvas = np.full((PEOPLE_PX, PEOPLE_PX, 3), GRAY, np.float32)
    canvas[:height, :width] = opencv().resize(image, (width, height), interpolation=opencv().INTER_LINEAR)
    return canvas[:, :, ::-1].transpose(2, 0, 1), ratio


def people_of(output: Any, ratio: float) -> list[tuple[Any, float]]:
    """The people in YOLOX's answer, the surest first; each box is float32 [4], left, top, right, bottom in px.

    Args:
        output: [1, 8400, 85], offsets and sizes in a grid's cells, objectness and 80 classes, the first of them people.
        ratio: what the picture was scaled by.
    """
    grids, strides = [], []
    for stride in STRIDES:
        count = PEOPLE_PX // stride
        rows, columns = np.mgrid[:count, :count]
        grids.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((count * count, 1), stride))
    grid, stride_of = np.concatenate(grids), np.concatenate(strides)
    raw = np.asarray(output, np.float32)[0]
    scores = raw[:, 4] * raw[:, 5]
    sure = scores > PERSON_SURE
    centers = (raw[sure, :2] + grid[sure]) * stride_of[sure] / ratio
    sizes = np.exp(np.minimum(raw[sure, 2:4], 20)) * stride_of[sure] / ratio
    boxes, scores = np.concatenate([centers - sizes / 2, centers + sizes / 2], axis=1).astype(np.float32), scores[sure]
    kept: list[int] = []
    for at in np.argsort(-scores, kind="stable"):
        if len(kept) < MOST_PEOPLE and all(_overlap(boxes[at], boxes[other]) <= OVERLAP for other in kept):
            kept.append(int(at))
    return [(boxes[at], float(scores[at])) for at in kept]


def _overlap(first: Any, second: Any) -> float:
    sides = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    areas = [float(np.prod(each[2:] - each[:2])) for each in (first, second)]
    return shared / max(sum(areas) - shared, 1e-9)


def pose_patch(image: Image, box: Any) -> tuple[Any, Any, Any]:
    """A person cut out for the second network.

    Returns:
        float32 [3, 384, 288], normalized; the middle and the width and height of what was cut out, in px.
    """
    cv2 = opencv()
    center = (box[:2] + box[2:]) / 2
    width, height = (box[2:] - box[:2]) * PADDING
    ratio = POSE_SIZE[0] / POSE_SIZE[1]
    extent = np.asarray([max(width, height * ratio), max(height, width / ratio)], np.float32)
    corner, scale = center - extent / 2, np.asarray(POSE_SIZE) / extent
    matrix = np.asarray([[scale[0], 0, -corner[0] * scale[0]], [0, scale[1], -corner[1] * scale[1]]], np.float32)
    patch = cv2.warpAffine(image, matrix, POSE_SIZE, flags=cv2.INTER_LINEAR)
    normal = (patch.astype(np.float32) - np.asarray(MEAN, np.float32)) / np.asarray(STD, np.float32)
    return normal.transpose(2, 0, 1), center, extent


def points_of(x: Any, y: Any, center: Sequence[float], extent: Sequence[float]) -> Any:
    """SimCC's answer as float [133, 3]: x and y in px of the picture, and the score.

    Args:
        x: [133, 576], how likely each half pixel of the patch's width is.
        y: [133, 768], the same of its height.
        center: of the patch in the picture, as `pose_patch` gives it.
        extent: its width and height there.
    """
    places = np.stack([x.argmax(axis=1), y.argmax(axis=1)], axis=1) / SPLIT
    scores = np.minimum(x.max(axis=1), y.max(axis=1))
    corner = np.asarray(center) - np.asarray(extent) / 2
    return np.concatenate([places / POSE_SIZE * extent + corner, scores[:, None]], axis=1)


def openpose_joints(points: Any) -> Any:
    """OpenPose's 18 joints of COCO's; the neck is in the middle of the shoulders where both are sure."""
    left, right = points[5], points[6]
    sure = 1.0 if min(left[2], right[2]) >= SURE else 0.0
    neck = np.asarray([(left[0] + right[0]) / 2, (left[1] + right[1]) / 2, sure])
    return np.stack([neck if each < 0 else points[each] for each in _OPENPOSE])


def _dwpose(files: Mapping[Weights, Path]) -> Loaded:
    people, points = (Session(path) for path in files.values())
    return DwPose(people, points)


BUILDERS: dict[str, Callable[[Mapping[Weights, Path]], Loaded]] = {"dwpose": _dwpose}
