"""Learned detectors and the maps of a folder in the real WebUI: ControlNet's own files, the section, jobs, the page."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from .conftest import Webui, encoded, pixels
from .datasets import JOBS, until
from .page import loaded, our_tab, show

DETECT = "/bootcamp/v1/control-maps/detect"
PHOTO = Path(__file__).resolve().parents[2] / "examples" / "photo.jpg"


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(Image.open(PHOTO).convert("RGB").resize((256, 256)))


@pytest.fixture(scope="module")
def detected(webui: Webui, photo: np.ndarray) -> Any:
    status, answer = webui.call(DETECT, {"image": encoded(photo), "detector": "hed", "resolution": 512})
    assert status == 200, answer
    return answer


def test_a_detector_runs_on_the_file_that_controlnet_has(webui: Webui, photo: np.ndarray, detected: Any) -> None:
    made = pixels(detected["image"])
    assert made.shape == photo.shape
    assert made.min() != made.max()
    assert (detected["weights"], detected["device"]) == (["ControlNetHED.pth"], "cpu")
    again = webui.call(DETECT, {"image": encoded(photo), "detector": "hed", "resolution": 512})[1]
    assert np.array_equal(pixels(again["image"]), made)


def test_mediapipe_finds_a_real_face_in_a_real_photograph(webui: Webui, webui_python: str) -> None:
    """Its weights come with the package that ControlNet installs, the photograph with scikit-image."""
    find = "import pathlib, skimage.data; print(pathlib.Path(skimage.data.__file__).parent / 'astronaut.png')"
    done = subprocess.run([webui_python, "-c", find], capture_output=True, text=True, check=True)
    picture = np.asarray(Image.open(done.stdout.split()[-1]).convert("RGB"))
    asked = {"image": encoded(picture), "detector": "mediapipe_face", "threshold": 0.5}
    status, answer = webui.call(DETECT, asked)
    assert status == 200, answer
    rows, columns = np.nonzero(pixels(answer["image"]).max(axis=2))
    assert 60 < rows.min() < 120
    assert 150 < rows.max() < 220
    assert 160 < columns.min() < 215
    assert 240 < columns.max() < 290


def test_a_file_that_is_not_here_is_named_with_its_folder(webui: Webui, photo: np.ndarray) -> None:
    status, answer = webui.call(DETECT, {"image": encoded(photo), "detector": "depth_midas"})
    assert status in (409, 422, 502, 503)
    assert "dpt_hybrid-midas-501f0c75.pt" in answer["detail"]
    assert "ControlNetPreprocessor" in answer["detail"] or "annotator" in answer["detail"]


def test_the_section_gives_the_detectors_map_to_the_model_that_takes_it(
    webui: Webui, photo: np.ndarray, detected: Any
) -> None:
    drawn = webui.draw(section=[{"control": "detect", "detector": "hed", "image": encoded(photo)}])
    assert drawn.status == 200, drawn.answer
    assert np.array_equal(drawn.pictures[1], pixels(detected["image"]))
    assert "preset=detect-softedge" in drawn.texts[0]
    assert "control_v11p_sd15_softedge" in drawn.texts[0]


def test_the_section_takes_no_model_for_other_maps(webui: Webui, photo: np.ndarray) -> None:
    drawn = webui.draw(section=[{"control": "detect", "detector": "openpose", "image": encoded(photo)}])
    assert drawn.status == 422
    assert "put control_v11p_sd15_openpose.pth into" in str(drawn.answer)


def test_the_maps_of_a_folder_are_a_job(webui: Webui, allowed: Path) -> None:
    folder = allowed / "maps"
    folder.mkdir()
    for number in range(20):
        Image.open(PHOTO).resize((200, 150 + number)).save(folder / f"{number:02}.jpg")
    status, job = webui.call(f"{JOBS}/edges", {"folder": str(folder), "preset": "canny"})
    assert status == 202, job
    assert until(webui, job["id"], "done")["done"] == 20
    one = webui.call("/bootcamp/v1/control-maps/edges", {"image": _read(folder / "07.jpg"), "preset": "canny"})[1]
    shown = np.asarray(Image.open(folder / "maps/edges/07.png").convert("RGB"))
    assert np.array_equal(shown, pixels(one["image"]))
    assert webui.call(f"{JOBS}/{job['id']}/undo", {})[1]["restored"] == 20
    assert not (folder / "maps").exists()
    status, detected = webui.call(f"{JOBS}/detect", {"folder": str(folder), "detector": "hed", "resolution": 128})
    assert status == 202, detected
    assert until(webui, detected["id"], "done")["done"] == 20


def test_a_folder_that_was_not_allowed_is_refused(webui: Webui, tmp_path: Path) -> None:
    assert webui.call(f"{JOBS}/edges", {"folder": str(tmp_path)})[0] == 403


def test_the_page_makes_the_maps_of_a_folder(webui: Webui, browser: Any, allowed: Path) -> None:
    folder = allowed / "photos"
    folder.mkdir()
    Image.open(PHOTO).resize((160, 120)).save(folder / "one.jpg")
    page = loaded(browser, webui)
    tab = our_tab(page, "brightness")
    tab.click("#bootcamp_brightness_folder >> text=Maps of a folder")
    prefix = "#bootcamp_brightness_folder"
    tab.fill(f"{prefix}_folder textarea, {prefix}_folder input", str(folder))
    tab.click(f"{prefix}_run")
    tab.wait_for_function(f"document.querySelector('{prefix}_card').innerText.includes('1 of 1 done')")
    show(page, "maps-folder")
    assert (folder / "maps/brightness/one.png").exists()
    page.close()


def _read(path: Path) -> str:
    return encoded(np.asarray(Image.open(path).convert("RGB")))
