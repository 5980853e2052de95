"""Luminance guidance with a checkpoint of SDXL's kind in the real WebUI."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from .conftest import MINI, REPOSITORY, Webui, encoded, environment
from .guided import CODE, draw, read, wrong

SDXL = "tiny-sdxl.safetensors"


@pytest.fixture(scope="module")
def sdxl(webui: Webui, models: Path, webui_dir: Path, webui_python: str) -> Iterator[Webui]:
    """The WebUI with the checkpoint loaded, until the tests end."""
    checkpoints = models / "checkpoints"
    command = [webui_python, str(Path(__file__).with_name("make_sdxl.py")), "--webui", str(webui_dir)]
    command += ["--mini", str(checkpoints / MINI), "--out", str(checkpoints / SDXL)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, env=environment())
    assert done.returncode == 0, done.stderr[-3000:]
    assert webui.draw(steps=1).status == 200  # the checkpoint of the start is there
    before = webui.call("/sdapi/v1/options")[1]["sd_model_checkpoint"]
    assert webui.call("/sdapi/v1/refresh-checkpoints", {})[0] == 200
    # the WebUI would fetch a network for previews of SDXL's latents
    assert webui.call("/sdapi/v1/options", {"sd_model_checkpoint": SDXL, "live_previews_enable": False})[0] == 200
    yield webui
    webui.call("/sdapi/v1/options", {"sd_model_checkpoint": before, "live_previews_enable": True})
    (checkpoints / SDXL).unlink()
    webui.call("/sdapi/v1/refresh-checkpoints", {})


def test_the_checkpoint_is_known_for_what_it_is(sdxl: Webui) -> None:
    assert f"Model: {Path(SDXL).stem}" in draw(sdxl, steps=1).texts[0]
    assert sdxl.call("/bootcamp/v1/compatibility")[1]["base"] == "sdxl"


@pytest.mark.parametrize("sampler", ["Euler", "DPM++ 2M", "DDIM", "UniPC"])
def test_the_code_is_drawn_and_read(sdxl: Webui, sampler: str) -> None:
    assert wrong(draw(sdxl, sampler_name=sampler).pictures[0]) > 0.3
    picture = draw(sdxl, CODE, sampler_name=sampler).pictures[0]
    assert wrong(picture) < 0.05
    assert read(picture) == ["HELLO"]


def test_a_batch_with_a_hires_pass_and_img2img(sdxl: Webui) -> None:
    drawn = draw(sdxl, CODE, batch_size=2, enable_hr=True, hr_scale=2, hr_upscaler="Latent", denoising_strength=0.5)
    pictures = [each for each in drawn.pictures if each.shape[0] == 464][:2]
    assert [wrong(each) < 0.05 for each in pictures] == [True, True]
    ground = np.full((232, 232, 3), 128, np.uint8)
    over = draw(sdxl, CODE, "img2img", init_images=[encoded(ground)], denoising_strength=0.7).pictures[0]
    assert wrong(over) < 0.05
