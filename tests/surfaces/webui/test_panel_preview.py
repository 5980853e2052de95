"""What the section says of a map before anything is drawn."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.controlnet.fitting import Fitting
from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.webui.panel.preview import PanelPreview, PreviewParams, preview
from lib_bootcamp.surfaces.webui.section import control_maps
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from tests.surfaces.webui.generations import MONSTER, QR, FakeWebUi, Generation, run, runner

LINK = {"qr.content": "https://example.com"}
GRAY = "data:image/png;base64," + encode_base64(np.full((64, 64, 3), 128, np.uint8))


def previewed(
    keyed: dict[str, Any], width: int = 512, height: int = 512, made: Any = None, **more: Any
) -> PanelPreview:
    params = PreviewParams.from_mapping({"values": json.dumps(keyed), "width": width, "height": height, **more})
    return preview(made or runner(), params)


def test_the_map_has_the_pictures_size() -> None:
    made = previewed(LINK, 640, 768)
    assert made.image is not None
    assert made.image.shape == (768, 640, 3)
    assert made.fits


GUIDED = {**LINK, "apply_by": "guidance"}


def test_it_says_how_much_of_the_picture_the_code_fills_and_when_its_modules_double() -> None:
    made = previewed(GUIDED, 512, 512)
    assert made.notes[:2] == (
        "The code fills 45% of the width; its modules are 8 px.",
        "At 592 px they double, and it scans better.",
    )
    assert made.side == 592


def test_at_the_size_that_is_named_the_modules_are_twice_as_large() -> None:
    assert "modules are 16 px" in previewed(GUIDED, 592, 592).notes[0]
    assert "modules are 8 px" in previewed(GUIDED, 584, 584).notes[0]


def test_a_code_that_does_not_fit_names_the_side_at_which_it_does() -> None:
    coarse = {**LINK, "preset": "monster", "qr.grid_px": 16}
    made = previewed(coarse, 512, 512)
    assert (made.fits, made.image, made.side) == (False, None, 592)
    assert previewed(coarse, 592, 592).fits


def test_a_link_is_drawn_at_the_first_size_with_a_model_that_wants_large_modules_too() -> None:
    small, large = (previewed({**LINK, "preset": "monster"}, side, side) for side in (512, 592))
    assert small.fits
    assert "modules are 8 px. At 592 px they double, and it scans better." in " ".join(small.notes)
    assert "modules are 16 px" in " ".join(large.notes)


def test_modules_too_small_for_a_model_are_told() -> None:
    made = previewed({**LINK, "qr.grid_px": 1}, 128, 128)
    assert not made.fits
    assert any("finer than what a model draws" in each for each in made.notes)


def test_a_map_that_no_reader_reads_is_told() -> None:
    made = previewed({**LINK, "qr.foreground": "#777777", "qr.background": "#a0a0a0"})
    assert not made.fits or made.notes[0].startswith("The code fills")


def test_how_it_is_applied_is_told() -> None:
    assert any(
        f"ControlNet with {MONSTER} at weight 1.5, from 0% to 100%" in each for each in previewed(LINK, 592, 592).notes
    )
    alone = SectionRunner(StandaloneHost(), FakeWebUi(), lambda: None)
    assert previewed(GUIDED, made=alone).notes[-1] == "Applied by luminance guidance."
    for made, what in ((alone, "ControlNet"), (runner("none_of_these"), "a ControlNet model for this map")):
        told = [each for each in previewed(LINK, made=made).notes if "guidance" in each]
        assert told == [f"Applied by luminance guidance, which needs no download: {what} is not installed."]


def test_of_a_checkpoint_that_no_controlnet_fits_that_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    made, why = runner("none_of_these"), "No ControlNet is known for this checkpoint."
    surroundings = made.surroundings

    def odd(*given: Any) -> Any:
        around = surroundings(*given)
        return replace(around, installed=replace(around.installed, fit=Fitting(models={}, note=why)))

    monkeypatch.setattr(made, "surroundings", odd)
    assert previewed(LINK, made=made).notes[-1] == (
        "Applied by luminance guidance, which needs no download: no ControlNet fits this checkpoint."
    )
    assert previewed({"control": "edges"}, made=made).notes[-1] == (
        f"{why} Or choose a QR code, or a map of brightness: guidance draws it."
    )


def test_of_a_colored_light_it_is_said_that_guidance_follows_its_brightness() -> None:
    alone = SectionRunner(StandaloneHost(), FakeWebUi(), lambda: None)
    said = "Guidance follows its brightness alone: name its colors in the prompt."
    for color, is_said in (("#ff8000", True), ("#ffffff", False)):
        keyed = {"control": "lighting", "lighting.lights": [{"kind": "point", "color": color}]}
        assert (said in previewed(keyed, made=alone).notes) == is_said


def test_a_map_that_needs_controlnet_says_so_before_there_is_a_picture() -> None:
    alone = SectionRunner(StandaloneHost(), FakeWebUi(), lambda: None)
    assert previewed({"control": "edges"}, made=alone).notes[-1] == (
        "The Bootcamp section needs ControlNet for this: install and enable sd-webui-controlnet."
    )


@pytest.mark.parametrize("width", [0, -64, 9])
def test_a_side_that_is_too_small_is_named_as_it_was_given(width: int) -> None:
    assert previewed(LINK, width).notes[0].endswith(f", not {width}.")
    assert run(Generation(width=width), {**QR, "grid_px": 1}).refused[0].endswith(f", not {width}.")


def test_what_is_missing_is_one_note_with_the_fields_label() -> None:
    made = previewed({})
    assert (made.fits, made.image) == (False, None)
    assert made.notes[0].startswith("Content is missing")


def test_a_map_from_a_picture_is_shown_once_there_is_one() -> None:
    keyed = {"control": "brightness"}
    assert "picture" in previewed(keyed).notes[0]
    assert previewed(keyed, unsaved=json.dumps({"brightness.image": GRAY})).image is not None
    assert "drawn over" in previewed(keyed, img2img=True).notes[-1]


def test_a_detectors_map_is_not_made_only_to_be_shown() -> None:
    made = previewed({"control": "detect"}, unsaved=json.dumps({"detect.image": GRAY}))
    assert made.image is None
    assert made.notes[-1] == "Its map is made when the picture is drawn."


def needs_a_picture(operation: Any) -> bool:
    return any(each.kind == "image" and each.required for each in operation.params.fields())


@pytest.mark.parametrize("control", [each.name for each in control_maps() if needs_a_picture(each)])
def test_a_map_whose_picture_is_missing_says_so_first(control: str) -> None:
    made = previewed({"control": control})
    assert not made.fits
    assert made.notes[0] == "Picture is missing; give a picture."
    assert "Its map is made when the picture is drawn." not in made.notes


def test_a_model_that_is_missing_is_told_and_the_map_is_shown_all_the_same() -> None:
    made = previewed({**LINK, "preset": "brightness-tile"})
    assert not made.fits
    assert made.image is not None
    assert any("put control_v11f1e_sd15_tile" in each for each in made.notes)


def test_the_routes_answer_the_page_alone() -> None:
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from lib_bootcamp.surfaces.webui.panel.routes import panel_router
    from lib_bootcamp.surfaces.webui.scripts.preview import preview_script

    app = fastapi.FastAPI()
    app.include_router(panel_router(runner(), preview_script))
    client = TestClient(app)
    told = client.post("/bootcamp/v1/panel/preview", json={"values": json.dumps(GUIDED), "width": 512, "height": 512})
    assert told.status_code == 200
    scanned = client.post("/bootcamp/v1/panel/scan", json={"image": told.json()["image"]})
    assert scanned.json()["text"].endswith("16 of 16 conditions")
    assert client.post("/bootcamp/v1/panel/preview", json={"width": "x"}).status_code == 422
