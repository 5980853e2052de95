"""Detectors' maps in the section: which ControlNet model is taken for which detector."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.controlnet.compatibility import MAP_KINDS
from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.operations.maps import detect
from tests.surfaces.webui.generations import Generation, run

DEPTH, POSE, HED, ANIME = (
    "control_v11f1p_sd15_depth",
    "control_v11p_sd15_openpose",
    "control_v11p_sd15_softedge",
    "control_v11p_sd15s2_lineart_anime",
)
ALL = (POSE, HED, ANIME, DEPTH, "control_v11p_sd15_scribble")


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Detectors without networks; the settings that each was called with."""
    seen: list[Any] = []

    @contextmanager
    def detector(params: Any, context: Any) -> Iterator[Any]:
        del context
        seen.append(params)
        yield lambda image: detect.DetectedMap(
            image=np.zeros_like(image), detector=params.detector, weights=(), device="cpu", width=8, height=8, found=()
        )

    monkeypatch.setattr(detect, "detector", detector)
    return seen


def section(**values: Any) -> dict[str, Any]:
    return {"control": "detect", "image": np.zeros((64, 64, 3), np.uint8), **values}


@pytest.mark.parametrize(
    ("values", "model"),
    [
        ({}, DEPTH),
        ({"detector": "depth_zoe"}, DEPTH),
        ({"detector": "dwpose"}, POSE),
        ({"detector": "pidinet"}, HED),
        ({"detector": "pidinet", "scribble": True}, "control_v11p_sd15_scribble"),
        ({"detector": "lineart_anime"}, ANIME),
    ],
)
def test_automatic_takes_the_model_of_the_detectors_maps(values: Any, model: str, asked: list[Any]) -> None:
    unit = run(Generation(), section(**values), *ALL).units()[0]
    assert unit["model"].startswith(model)
    assert asked[0].detector == values.get("detector", "depth_midas")
    assert asked[0].resolution == 512


def test_a_model_for_other_maps_is_not_taken() -> None:
    sentence, status = run(Generation(), section(detector="openpose"), DEPTH).refused
    assert status == 422
    assert "put control_v11p_sd15_openpose.pth into" in sentence
    assert "softedge" not in sentence


def test_what_no_model_was_trained_on_is_reported() -> None:
    sentence, _ = run(Generation(), section(detector="mediapipe_face"), *ALL).refused
    assert "No preset is known for detect with a checkpoint for SD1.5; choose a model by hand." in sentence


def test_a_preset_brings_its_detector_and_the_checkpoints_resolution(asked: list[Any]) -> None:
    p = run(Generation(), section(preset="detect-openpose-sdxl"), "controlnet-openpose-sdxl-1.0", base="sdxl")
    assert p.units()[0]["model"].startswith("controlnet-openpose-sdxl")
    assert (asked[0].detector, asked[0].resolution) == ("openpose", 1024)


def test_every_detector_whose_maps_a_model_takes_has_presets_for_each_of_its_bases() -> None:
    kinds = {each.name: each for each in MAP_KINDS}
    for name, each in DETECTORS.items():
        if not each.map_kind:
            continue
        values = {"detector": name, "scribble": False}
        bases = {preset.base for preset in UNIT_PRESETS if preset.controls == ("detect",) and preset.takes(values)}
        assert bases >= {family.base for family in kinds[each.map_kind].families}
