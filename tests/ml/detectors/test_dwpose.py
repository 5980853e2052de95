"""DWPose on answers made by hand, and on ONNX files of the true inputs and outputs, by both programs that run them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.controlnet.pose_drawing import COLORS, LIMBS, Pose, draw_poses
from tests.fakes import FakeHost, FakeProgress
from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.errors import ModelError  # noqa: E402
from lib_bootcamp.ml.detectors.dwpose import (  # noqa: E402
    GRAY,
    POSE_SIZE,
    Session,
    letterbox,
    openpose_joints,
    people_of,
    points_of,
    pose_patch,
)
from lib_bootcamp.operations.maps.detect import DETECT  # noqa: E402

CELLS = 80 * 80 + 40 * 40 + 20 * 20


def answer(*people: tuple[int, float, float, float, float, float]) -> np.ndarray:
    """YOLOX's answer: cell, offset x and y, logarithms of width and height in cells, score."""
    made = np.zeros((1, CELLS, 85), np.float32)
    for cell, x, y, width, height, score in people:
        made[0, cell, :6] = (x, y, width, height, 1.0, score)
    return made


def test_the_picture_is_scaled_and_padded_with_gray_in_blue_green_red() -> None:
    given, ratio = letterbox(np.full((320, 1280, 3), (10, 20, 30), np.uint8))
    assert (given.shape, ratio) == ((3, 640, 640), 0.5)
    assert given[:, 0, 0].tolist() == [30, 20, 10]
    assert given[:, 160, 0].tolist() == [GRAY] * 3


def test_a_persons_box_is_read_from_its_cell() -> None:
    # cell (column 3, row 2) of the grid of 8 px: center (3.5 * 8, 2.25 * 8), 8 * e^0 wide and 8 * 2 high
    ((box, score),) = people_of(answer((2 * 80 + 3, 0.5, 0.25, 0.0, np.log(2), 0.8)), 0.5)
    assert score == pytest.approx(0.8)
    assert box.tolist() == pytest.approx([(28 - 4) / 0.5, (18 - 8) / 0.5, (28 + 4) / 0.5, (18 + 8) / 0.5])


def test_of_boxes_that_overlap_the_surest_is_kept_and_unsure_ones_go() -> None:
    same, far = (0, 0.5, 0.5, 1.0, 1.0), (6400 + 39, 0.0, 0.0, 1.0, 1.0)
    found = people_of(answer((*same, 0.5), (1, -0.5, 0.5, 1.0, 1.0, 0.9), (*far, 0.4), (50, 0, 0, 1, 1, 0.2)), 1.0)
    assert [round(score, 2) for _, score in found] == [0.9, 0.4]


def test_a_point_comes_back_to_where_it_was_in_the_picture() -> None:
    image = np.zeros((400, 600, 3), np.uint8)
    image[200:204, 300:304] = 255
    patch, center, extent = pose_patch(image, np.asarray([250.0, 100.0, 350.0, 300.0], np.float32))
    assert patch.shape == (3, POSE_SIZE[1], POSE_SIZE[0])
    y, x = np.unravel_index(patch[0].argmax(), patch[0].shape)
    xs, ys = np.zeros((133, POSE_SIZE[0] * 2)), np.zeros((133, POSE_SIZE[1] * 2))
    xs[:, 2 * x], ys[:, 2 * y] = 0.9, 0.7
    points = points_of(xs, ys, center, extent)
    assert points[0, 2] == pytest.approx(0.7)
    assert points[0, :2] == pytest.approx([302, 202], abs=3)


def test_joints_are_in_openposes_order_with_a_neck_between_the_shoulders() -> None:
    points = np.stack([np.arange(133.0), np.arange(133.0) * 2, np.ones(133)], axis=1)
    joints = openpose_joints(points)
    # nose, neck, right shoulder, elbow, wrist, left, right hip, knee, ankle, left, eyes, ears
    assert joints[:, 0].tolist() == [0, 5.5, 6, 8, 10, 5, 7, 9, 12, 14, 16, 11, 13, 15, 2, 1, 4, 3]
    points[5, 2] = 0.1
    assert openpose_joints(points)[1, 2] == 0


def test_a_limb_is_drawn_in_its_color_and_unsure_joints_are_not() -> None:
    body = np.zeros((18, 3))
    body[1], body[2] = (20, 40, 1.0), (80, 40, 1.0)
    drawn = draw_poses([Pose(body)], 80, 100)
    assert LIMBS[0] == (1, 2)
    assert drawn[40, 50].tolist() == [int(each * 0.6) for each in COLORS[0]]
    assert drawn[40, 20].tolist() == list(COLORS[1])
    assert drawn[10, 10].tolist() == [0, 0, 0]
    body[2, 2] = 0.1
    assert draw_poses([Pose(body)], 80, 100)[40, 50].max() == 0


def test_hands_are_lines_of_many_colors_and_faces_white_dots() -> None:
    body, face = np.zeros((18, 3)), np.full((68, 3), (70.0, 70.0, 1.0))
    hand = np.stack([np.linspace(10, 410, 21), np.full(21, 20), np.ones(21)], axis=1)
    drawn = draw_poses([Pose(body, (hand,), face)], 80, 430)
    assert drawn[70, 70].tolist() == [255, 255, 255]
    assert drawn[20, 10].tolist() == [0, 0, 255]
    assert len({tuple(drawn[20, x]) for x in range(20, 410, 20)}) >= 4  # the last finger lies over the others


def onnx_files(folder: Path) -> None:
    """Networks that give the same answer to every picture, with the true shapes."""
    onnx = pytest.importorskip("onnx")
    make, kind = onnx.helper, onnx.TensorProto.FLOAT
    person = answer((6400 + 20 * 40 + 20, 0.0, 0.0, np.log(10), np.log(20), 0.9))
    x, y = np.zeros((1, 133, 576), np.float32), np.zeros((1, 133, 768), np.float32)
    for point in range(133):
        x[0, point, 100 + 3 * point], y[0, point, 100 + 4 * point] = 0.9, 0.9
    for name, side, outputs in (
        ("yolox_l.onnx", (640, 640), {"output": person}),
        ("dw-ll_ucoco_384.onnx", (384, 288), {"simcc_x": x, "simcc_y": y}),
    ):
        # what is given is brought to a zero and added, so that it is used
        nodes = [
            make.make_node("ReduceMean", ["input"], ["mean"], keepdims=0),
            make.make_node("Mul", ["mean", "zero"], ["nothing"]),
        ]
        nodes += [make.make_node("Add", [f"{each}_value", "nothing"], [each]) for each in outputs]
        values = [onnx.numpy_helper.from_array(value, f"{each}_value") for each, value in outputs.items()]
        values.append(onnx.numpy_helper.from_array(np.zeros(1, np.float32), "zero"))
        graph = make.make_graph(
            nodes,
            "net",
            [make.make_tensor_value_info("input", kind, [1, 3, *side])],
            [make.make_tensor_value_info(each, kind, value.shape) for each, value in outputs.items()],
            values,
        )
        model = make.make_model(graph, opset_imports=[make.make_opsetid("", 11)], ir_version=8)
        (folder / name).write_bytes(model.SerializeToString())


@pytest.mark.parametrize("runtime", ["onnxruntime", "opencv"])
def test_the_whole_way_from_a_picture_to_a_drawn_person(
    runtime: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if runtime == "opencv":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    else:
        pytest.importorskip("onnxruntime")
    onnx_files(tmp_path)
    host = FakeHost(model_folders={"annotator": (tmp_path,)}, device="cuda")
    picture = np.zeros((320, 480, 3), np.uint8)
    values = {"image": picture, "detector": "dwpose", "resolution": 320, "hands": True, "face": True}
    made = DETECT.run(DETECT.params_from(values), Context.of_terminal(host, FakeProgress()))
    assert made.image.shape == picture.shape
    assert made.image.max() == 255
    (person,) = made.found
    assert (person.label, person.score) == ("person", pytest.approx(0.9))
    assert made.device == "cpu"
    again = DETECT.run(DETECT.params_from(values), Context.of_terminal(host, FakeProgress()))
    assert (made.image == again.image).all()


def test_a_file_that_is_no_network_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path: Any = tmp_path / "yolox_l.onnx"
    path.write_bytes(b"no network")
    with pytest.raises(ModelError, match=r"yolox_l\.onnx cannot be loaded"):
        Session(path)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelError, match=r"yolox_l\.onnx cannot be loaded"):
        Session(path)
