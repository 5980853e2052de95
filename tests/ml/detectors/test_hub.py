"""Detectors of transformers on small random models of the true classes, through the operation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from tests.fakes import FakeHost, FakeProgress
from tests.ml.needs import skip_without_models

skip_without_models("transformers")

import torch  # noqa: E402, TID253

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.controlnet.ade20k import ADE20K_COLORS  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.ml.detectors.hub import finds_of, pixels_of  # noqa: E402
from lib_bootcamp.operations.maps.detect import DETECT, DetectedMap  # noqa: E402
from tests.ml.detectors import hub_models  # noqa: E402

PHOTO = Path(__file__).resolve().parents[3] / "examples" / "photo.jpg"


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(Pil.open(PHOTO).convert("RGB").resize((300, 200)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import transformers

    folder = tmp_path_factory.mktemp("annotators")
    hub_models.upernet(folder)
    hub_models.owlvit(folder)
    hub_models.sam(folder)
    if hasattr(transformers, "DepthAnythingForDepthEstimation"):
        hub_models.depth_anything(folder)
    return folder


HOSTS: dict[Path, FakeHost] = {}


def detected(folder: Path, **values: Any) -> DetectedMap:
    host = HOSTS.setdefault(folder, FakeHost(model_folders={"annotator": (folder,)}))
    return DETECT.run(DETECT.params_from({"resolution": 128, **values}), Context.of_terminal(host, FakeProgress()))


def test_depth_anything_gives_gray_from_black_to_white(photo: Any, files: Path) -> None:
    if not (files / "depth-anything-small-hf").exists():
        with pytest.raises(BootcampError):  # this transformers does not know it
            detected(files, image=photo, detector="depth_anything")
        return
    first, second = (detected(files, image=photo, detector="depth_anything") for _ in range(2))
    assert first.image.shape == photo.shape
    assert (first.image[:, :, 0] == first.image[:, :, 2]).all()
    assert first.image.min() < 5
    assert first.image.max() > 250
    assert (first.image == second.image).all()


def test_segmentation_paints_classes_in_ade20ks_colors(photo: Any, files: Path) -> None:
    made = detected(files, image=photo, detector="segment_ade20k", width=192, height=128)
    colors = {tuple(each) for each in made.image.reshape(-1, 3).tolist()}
    assert made.found
    assert sum(each.score for each in made.found) == pytest.approx(1, abs=0.01)
    assert colors & set(ADE20K_COLORS)


def test_ade20ks_colors_are_150_of_which_two_are_the_same() -> None:
    assert (len(ADE20K_COLORS), len(set(ADE20K_COLORS))) == (150, 149)  # road and another are both gray of 140
    assert ADE20K_COLORS[:3] == ((120, 120, 120), (180, 120, 120), (6, 230, 230))


@pytest.mark.parametrize("outline", ["mask", "box"])
def test_objects_are_white_on_black_with_their_boxes(outline: str, photo: Any, files: Path) -> None:
    values = {"image": photo, "detector": "objects", "phrases": ["a cup", " a spoon "], "outline": outline}
    made = detected(files, threshold=0.01, **values)
    assert set(np.unique(made.image)) <= {0, 255}
    assert {each.label for each in made.found} <= {"a cup", "a spoon"}
    assert made.found
    assert all(0 <= side <= 1 for each in made.found for side in each.box)
    assert (made.image == detected(files, threshold=0.01, **values).image).all()
    nothing = detected(files, threshold=1.0, **values)
    assert (nothing.found, nothing.image.max()) == ((), 0)
    assert any("sam" in each or each == "model.safetensors" for each in made.weights)


def test_objects_need_a_phrase_that_is_not_too_long(photo: Any, files: Path) -> None:
    for phrases in ([], [" "]):
        with pytest.raises(InvalidParamError, match="say what to look for"):
            detected(files, image=photo, detector="objects", phrases=phrases)
    with pytest.raises(InvalidParamError, match="too long"):
        detected(files, image=photo, detector="objects", phrases=["a cup " * 20])


def test_finds_are_the_likeliest_phrase_of_each_box_above_the_threshold() -> None:
    logits = torch.tensor([[0.0, 2.0], [-1.0, -5.0], [-9.0, -9.0]])
    boxes = torch.tensor([[0.5, 0.5, 0.5, 1.0], [0.1, 0.1, 0.4, 0.2], [0.5, 0.5, 0.1, 0.1]])
    found = finds_of(logits, boxes, ("a", "b"), 0.2)
    assert [(each.label, each.score) for each in found] == [("b", 0.8808), ("a", 0.2689)]
    assert found[0].box == (0.25, 0.0, 0.75, 1.0)
    assert found[1].box == pytest.approx((0.0, 0.0, 0.3, 0.2))


def test_a_box_has_at_least_a_pixel() -> None:
    assert pixels_of((0.25, 0.0, 0.75, 1.0), (100, 200)) == (50, 0, 150, 100)
    assert pixels_of((1.0, 1.0, 1.0, 1.0), (10, 10)) == (9, 9, 10, 10)


def test_a_folder_without_safetensors_is_reported(photo: Any, tmp_path: Path) -> None:
    hub_models.upernet(tmp_path)
    folder = tmp_path / "upernet-convnext-tiny"
    (folder / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be loaded"):
        detected(tmp_path, image=photo, detector="segment_ade20k")
