"""Detectors of controlnet-aux on random weights, through the operation: files found, loaded as data, run, given back.

BOOTCAMP_ALL_DETECTORS=1 adds the large ones (a few minutes and 6 GB of memory).
"""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from tests.fakes import FakeHost, FakeProgress
from tests.ml.needs import skip_without_models

skip_without_models("controlnet_aux", "skimage", "scipy", "einops")

import torch  # noqa: E402, TID253

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.errors import ModelError  # noqa: E402
from lib_bootcamp.ml.detectors import aux_networks as aux_detectors  # noqa: E402, F401 - torchvision's guard comes before controlnet-aux
from lib_bootcamp.operations.maps.detect import DETECT, DetectedMap  # noqa: E402
from tests.ml.detectors.detector_models import LIGHT, MAKERS, write  # noqa: E402

PHOTO = Path(__file__).resolve().parents[3] / "examples" / "photo.jpg"
CHOSEN = tuple(MAKERS) if os.environ.get("BOOTCAMP_ALL_DETECTORS") else LIGHT
MAPS_OF_NOISE = {"mlsd", "openpose", "segment_anything"}  # nothing is found with random weights, or anything


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(Pil.open(PHOTO).convert("RGB").resize((300, 200)))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("annotators")
    for name in CHOSEN:
        write(name, folder)
    return folder


def host_of(folder: Path) -> FakeHost:
    return FakeHost(model_folders={"annotator": (folder / "none-yet", folder)}, data_dir=folder / "data")


def detected(host: FakeHost, **values: Any) -> DetectedMap:
    params = DETECT.params_from({"resolution": 128, **values})
    return DETECT.run(params, Context.of_terminal(host, FakeProgress()))


@pytest.mark.parametrize("name", CHOSEN)
def test_a_detectors_map_has_the_pictures_size_and_is_the_same_each_time(
    name: str, photo: np.ndarray, files: Path
) -> None:
    host = host_of(files)
    more = {"hands": True, "face": True} if name == "openpose" else {}
    first, second = (detected(host, image=photo, detector=name, **more) for _ in range(2))
    assert first.image.shape == (200, 300, 3)
    assert first.image.dtype == np.uint8
    assert (first.image == second.image).all()
    assert first.device == "cpu"
    assert set(first.weights) <= set(MAKERS[name]())
    if name not in MAPS_OF_NOISE:
        assert first.image.min() != first.image.max()
    assert [each.name for each in host.model_cache.listed()] == [name]
    assert host.model_cache.listed()[0].bytes > 100_000
    assert host.jobs == ["Detector"] * 2
    host.model_cache.clear()
    assert host.model_cache.listed() == ()


def test_a_map_takes_the_size_and_the_inversion_it_is_asked_for(photo: np.ndarray, files: Path) -> None:
    host = host_of(files)
    plain, inverted = (
        detected(host, image=photo, detector="hed", width=96, height=64, invert=each) for each in (False, True)
    )
    assert plain.image.shape == (64, 96, 3)
    assert (plain.image == 255 - inverted.image).all()


def test_scribbles_are_black_and_white(photo: np.ndarray, files: Path) -> None:
    made = detected(host_of(files), image=photo, detector="hed", scribble=True)
    assert set(np.unique(made.image)) <= {0, 255}


def test_coarse_line_art_is_the_other_networks(photo: np.ndarray, files: Path) -> None:
    host = host_of(files)
    fine, coarse = (detected(host, image=photo, detector="lineart", coarse=each) for each in (False, True))
    assert coarse.weights == ("sk_model.pth", "sk_model2.pth")
    assert (fine.image != coarse.image).any()


def test_nothing_in_a_weights_file_is_run(photo: np.ndarray, tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> Any:
            return Path.touch, (tmp_path / "ran",)

    for at, save in enumerate((torch.save, lambda data, path: path.write_bytes(pickle.dumps(data)))):
        folder = tmp_path / str(at)
        folder.mkdir()
        save({"norm": Harm()}, folder / "ControlNetHED.pth")
        with pytest.raises(ModelError, match="cannot be loaded"):
            detected(host_of(folder), image=photo, detector="hed")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("contents", [b"", b"no weights", {"a": torch.zeros(1)}, [1]])
def test_a_file_that_is_no_detectors_is_known_by_its_name(contents: Any, photo: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "ControlNetHED.pth"
    if isinstance(contents, bytes):
        path.write_bytes(contents)
    else:
        torch.save(contents, path)
    with pytest.raises(ModelError, match=r"ControlNetHED\.pth"):
        detected(host_of(tmp_path), image=photo, detector="hed")


def test_suppression_keeps_the_surest_of_boxes_that_overlap() -> None:
    from lib_bootcamp.ml.runtime.torchvision_nms import nms

    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [0, 5, 10, 15]])
    scores = torch.tensor([0.5, 0.9, 0.1, 0.4])
    # 0 shares 90 of 100 with 1; 3 shares 40 of 150 with 1
    assert nms(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert nms(boxes, scores, 0.2).tolist() == [1, 2]
    assert nms(boxes[:0], scores[:0], 0.5).tolist() == []
