"""A picture that is there: its full score by the text it was drawn for, its touch-up, and what its next steps say."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lib_bootcamp.core.images.codec import decode_base64, encode_base64
from lib_bootcamp.core.png_info.infotext import parse
from lib_bootcamp.surfaces.webui.panel.finished import FinishedParams, NoTouchUpError, code_of, score, touch_up
from tests.surfaces.webui.generations import Generation, from_page, run, runner

READ = re.compile(r"(0\.[89]|1\.0)\d of all readings \(zxing-cpp")
OURS = {"qr.content": "https://example.com", "qr.grid_px": 1}


def drawn(keyed: dict[str, Any], side: int = 296) -> tuple[str, np.ndarray]:
    """A picture's infotext, and the map."""
    p = run(Generation(width=side, height=side), from_page(**keyed))
    return infotext_of(p.extra_generation_params["Bootcamp"], side), p.units()[0]["image"]


def infotext_of(made_with: str, side: int = 296) -> str:
    """As the WebUI writes it."""
    scan = 'Bootcamp scan: "0.00 (no reader), 0 of 16 conditions"'
    return f"a star\nSteps: 20, Seed: 11, Size: {side}x{side}, Bootcamp: {made_with}, {scan}, Version: v1.10.1"


def asked(image: np.ndarray, infotext: str = "") -> FinishedParams:
    return FinishedParams.from_mapping({"image": image, "infotext": infotext})


def pale(code: np.ndarray) -> np.ndarray:
    """The code as hardly more than grain on gray."""
    grain = np.random.default_rng(0).normal(0, 4, code.shape[:2])[..., None]
    return np.clip(150 + (code.astype(float) - 128) / 40 + grain, 0, 255).astype(np.uint8)


def test_the_map_is_made_again_from_the_infotext() -> None:
    for preset in ({}, {"preset": "monster", "qr.content": "HI"}):
        text, image = drawn({**OURS, **preset}, 592)
        made = code_of(runner(), asked(image, text))
        assert made is not None
        assert np.array_equal(np.broadcast_to(made.image.reshape(*made.image.shape[:2], -1), image.shape), image)


@pytest.mark.thorough
def test_the_full_score_counts_the_text_alone_that_was_drawn() -> None:
    text, _ = drawn(OURS)
    _, other = drawn({**OURS, "qr.content": "https://example.org"})
    assert score(runner(), asked(other, text)).startswith("0.00 of all readings (no reader)")
    assert READ.match(score(runner(), asked(other)))


@pytest.mark.parametrize("made_with", ["", "control=qr", "control=nothing", "control=brightness", "content=x", "&&"])
def test_where_the_text_is_not_known_any_text_counts(made_with: str) -> None:
    assert READ.match(score(runner(), asked(drawn(OURS)[1], infotext_of(made_with) if made_with else "")))


@pytest.mark.thorough
def test_a_picture_that_is_there_is_touched_up() -> None:
    text, image = drawn(OURS)
    picture = pale(image)
    assert not READ.match(score(runner(), asked(picture, text)))
    made = touch_up(runner(), asked(picture, text))
    assert re.fullmatch(
        r"[01]\.\d\d of all readings \(.+\), \d+ of 16 conditions, touched up by \d+ gray levels", made.text
    )
    assert not made.text.startswith("0.00")
    assert 0 < np.abs(made.image.astype(int) - picture).max() <= made.levels + 1


@pytest.mark.thorough
def test_a_picture_of_hires_fix_is_touched_up_where_its_code_lies() -> None:
    text, image = drawn(OURS)
    picture = pale(image.repeat(2, 0).repeat(2, 1))
    assert touch_up(runner(), asked(picture, text)).levels > 0


def test_a_picture_of_the_script_is_touched_up() -> None:
    text, image = drawn(OURS)
    text = text.replace("Bootcamp: control=qr&", "Script: QR art until it scans, Bootcamp script: seeds=1&")
    assert touch_up(runner(), asked(pale(image), text)).levels > 0


@pytest.mark.parametrize(("made_with", "words"), [("", "which code"), ("control=lighting", "which code")])
def test_without_its_code_a_picture_is_not_touched_up(made_with: str, words: str) -> None:
    with pytest.raises(NoTouchUpError, match=words):
        touch_up(runner(), asked(drawn(OURS)[1], infotext_of(made_with) if made_with else ""))


def test_a_picture_without_the_code_is_not_stamped_with_it() -> None:
    text, image = drawn(OURS)
    with pytest.raises(NoTouchUpError, match="not enough"):
        touch_up(runner(), asked(np.random.default_rng(0).integers(0, 256, image.shape, np.uint8), text))


@pytest.mark.thorough
def test_the_routes_answer_with_the_picture() -> None:
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from lib_bootcamp.surfaces.webui.panel.routes import panel_router
    from lib_bootcamp.surfaces.webui.scripts.preview import preview_script

    app = fastapi.FastAPI()
    app.include_router(panel_router(runner(), preview_script))
    text, image = drawn(OURS)
    body = {"image": "data:image/png;base64," + encode_base64(pale(image)), "infotext": text}
    told = TestClient(app).post("/bootcamp/v1/panel/touch-up", json=body)
    assert told.status_code == 200
    assert decode_base64(told.json()["image"]).shape == image.shape
    kept = Image.open(io.BytesIO(base64.b64decode(told.json()["image"]))).info["parameters"]
    assert (kept.startswith("a star\nSteps: 20, "), parse(kept).fields["Bootcamp scan"]) == (True, told.json()["text"])
    refused = TestClient(app).post("/bootcamp/v1/panel/touch-up", json={**body, "infotext": ""})
    assert (refused.status_code, "which code" in refused.json()["detail"]) == (422, True)


def test_the_form_names_what_the_courses_example_chooses() -> None:
    from lib_bootcamp.hosts.standalone import StandaloneHost
    from lib_bootcamp.surfaces.webui.panel.form import panel_form
    from tests.surfaces.webui.generations import FakeControlNet, FakeWebUi

    told = json.loads(json.dumps(panel_form(StandaloneHost(), FakeWebUi(), FakeControlNet(), img2img=True).describe()))
    assert told["example"]["set"]["choose"] == {"sampler": ["DPM++ 2M", "DPM++ 2M Karras"], "scheduler": "Karras"}
