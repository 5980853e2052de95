"""A depth map of 16 bits reaches the operation with all of them, from every surface."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from PIL import Image as Pil

from lib_bootcamp.app import main
from lib_bootcamp.core.images.codec import decode_image, read_image
from lib_bootcamp.operations.maps.lighting import LIGHTING
from lib_bootcamp.surfaces.http.routes import build_router
from lib_bootcamp.surfaces.page.fields import component
from lib_bootcamp.surfaces.page.values import FieldStyle, read
from lib_bootcamp.surfaces.webui.section import SECTION_STYLE
from lib_bootcamp.surfaces.webui.section_values import parse
from tests.contract.http_client import Client
from tests.fakes import FakeHost

DEPTH = next(each for each in LIGHTING.params.fields() if each.name == "depth_map")
IMAGE = next(each for each in LIGHTING.params.fields() if each.name == "image")
LIGHTS = '[{"kind": "directional", "azimuth": 180, "elevation": 30}]'
LEVELS = np.repeat(20000 + np.arange(96, dtype=np.uint16)[None] * 66, 64, axis=0)
SHARES = LEVELS.astype(np.float32) / 65535
# the slope is 66/65535 * 64 = 0.06445; (0.06445 cos 30 + sin 30) / sqrt(1 + 0.06445^2) = 0.5547
GRAY = 141


def png() -> bytes:
    out = io.BytesIO()
    Pil.fromarray(LEVELS).save(out, "PNG")
    return out.getvalue()


def is_smooth(image: np.ndarray) -> bool:
    return bool(np.abs(image.astype(int) - GRAY).max() <= 1)


def test_from_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "depth.png").write_bytes(png())
    out = tmp_path / "out.png"
    given = ["--depth-map", str(tmp_path / "depth.png"), "--relief", "1", "--lights", LIGHTS, "--out", str(out)]
    assert main(["lighting", *given]) == 0
    assert is_smooth(read_image(out))


@pytest.fixture
def client() -> Client:
    app = FastAPI()
    app.include_router(build_router(FakeHost(), operations=[LIGHTING]))
    return Client(app)


def test_from_base64(client: Client) -> None:
    body = {"depth_map": base64.b64encode(png()).decode(), "relief": 1, "lights": [{**_light()}]}
    answer = client.post(f"/bootcamp/v1/{LIGHTING.path}", json=body)
    assert is_smooth(decode_image(base64.b64decode(answer.json()["image"])))


def test_from_an_upload(client: Client) -> None:
    files = {"depth_map": ("depth.png", png())}
    answer = client.post(f"/bootcamp/v1/{LIGHTING.path}", data={"relief": "1", "lights": LIGHTS}, files=files)
    assert is_smooth(decode_image(base64.b64decode(answer.json()["image"])))


def _light() -> dict[str, Any]:
    return {"kind": "directional", "azimuth": 180, "elevation": 30}


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the page keeps what was uploaded."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    return tmp_path


def payload_of(made: Any, data: bytes, folder: Path) -> Any:
    """What the installed Gradio's page sends for an uploaded file."""
    import gradio

    if int(gradio.__version__.split(".")[0]) == 3:
        return "data:image/png;base64," + base64.b64encode(data).decode()
    (folder / "upload").write_bytes(data)
    return made.data_model(path=str(folder / "upload"), meta={"_type": "gradio.FileData"})


@pytest.mark.parametrize("style", [FieldStyle(), SECTION_STYLE], ids=["the page", "the section"])
def test_from_a_page(uploads: Path, style: FieldStyle) -> None:
    made = component(DEPTH, prefix="a", style=style)
    given = made.preprocess(payload_of(made, png(), uploads))
    assert np.allclose(read(DEPTH, given, style), SHARES)


@pytest.mark.parametrize("style", [FieldStyle(), SECTION_STYLE], ids=["the page", "the section"])
def test_a_page_takes_decimals_for_what_they_are(uploads: Path, style: FieldStyle) -> None:
    out = io.BytesIO()
    Pil.fromarray(np.full((4, 4), 0.7, np.float32)).save(out, "TIFF")
    made = component(IMAGE, prefix="a", style=style)
    given = made.preprocess(payload_of(made, out.getvalue(), uploads))
    assert read(IMAGE, given, style).tolist() == np.full((4, 4, 3), 179).tolist()


def test_from_the_api_of_a_webui() -> None:
    text = base64.b64encode(png()).decode()
    asked = parse([{"enabled": True, "control": "lighting", "depth_map": text, "apply_by": "guidance"}])
    assert asked is not None
    assert np.allclose(asked.values["depth_map"], SHARES)
