"""Luminance guidance in the real WebUI: its own samplers on the small checkpoint, without any ControlNet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.scan.error_map import error_map
from tests.webui.conftest import Webui, encoded, with_mini
from tests.webui.guided import CODE, SIDE, assert_samplers_draw_the_code, draw, layout, read, shrunk, wrong
from tests.webui.section_requests import made

DETERMINISTIC = ("Euler", "DPM++ 2M", "DDIM", "UniPC")


@pytest.fixture(scope="module")
def mini(webui: Webui) -> Iterator[Webui]:
    with with_mini(webui) as loaded:
        yield loaded


def test_controlnet_and_guidance_at_once(webui: Webui) -> None:
    """Before `mini` is: the ControlNet models here are the first checkpoint's."""
    ways = {}
    for way in ("controlnet", "guidance", "both"):
        drawn = webui.draw(section=[{"control": "qr", "content": "HELLO", "grid_px": 8, "apply_by": way}], steps=4)
        assert drawn.status == 200, drawn.answer
        assert ("ControlNet 0" in drawn.texts[0]) is (way != "guidance")
        ways[way] = drawn.pictures[0].astype(int)
    assert all(np.abs(ways["both"] - ways[each]).mean() > 1 for each in ("controlnet", "guidance"))


def test_without_guidance_there_is_no_code(mini: Webui) -> None:
    assert wrong(draw(mini).pictures[0]) > 0.3


def test_every_sampler_of_the_webui_draws_the_code(mini: Webui, record_property: Callable[[str, object], None]) -> None:
    assert_samplers_draw_the_code(mini, record_property, 18)


def test_the_infotext_alone_draws_it_again(mini: Webui) -> None:
    first = draw(mini, CODE)
    assert "apply_by=guidance" in first.texts[0]
    assert "Bootcamp scan" in first.texts[0]
    assert np.array_equal(draw(mini, infotext=first.texts[0]).pictures[0], first.pictures[0])


def test_a_batch_and_a_hires_pass_scan(mini: Webui) -> None:
    hires = {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "Latent", "denoising_strength": 0.6}
    drawn = draw(mini, CODE, batch_size=2, **hires)
    assert [each.shape for each in drawn.pictures[-2:]] == [(2 * SIDE, 2 * SIDE, 3)] * 2
    smaller = [shrunk(each) for each in drawn.pictures[-2:]]
    assert max(map(wrong, smaller)) < 0.02
    assert [read(each) for each in smaller] == [["HELLO"]] * 2


def test_img2img_puts_the_code_into_the_picture_drawn_over(mini: Webui) -> None:
    start = draw(mini).pictures[0]
    picture = draw(mini, CODE, "img2img", init_images=[encoded(start)], denoising_strength=0.7).pictures[0]
    assert wrong(picture) < 0.1


@pytest.mark.parametrize("sampler", DETERMINISTIC)
def test_an_inpainted_picture_is_guided_under_its_mask_alone(mini: Webui, sampler: str) -> None:
    start, mask = draw(mini).pictures[0], np.zeros((SIDE, SIDE, 3), np.uint8)
    mask[:, SIDE // 2 :] = 255
    asked = {"init_images": [encoded(start)], "mask": encoded(mask), "denoising_strength": 0.8, "mask_blur": 0}
    picture = draw(mini, CODE, "img2img", sampler_name=sampler, inpainting_fill=1, **asked).pictures[0]
    assert np.abs(picture[:, : SIDE // 2 - 16].astype(int) - start[:, : SIDE // 2 - 16]).mean() < 2
    errors = error_map(picture, layout()).wrong
    assert errors[:, 11:].mean() < 0.15 < errors[:, :9].mean()


def test_light_falls_as_the_map_says(mini: Webui, record_property: Callable[[str, object], None]) -> None:
    section = {"control": "lighting", "gradient": "left", "apply_by": "guidance", "tolerance": 0.05}
    light = made("lighting", gradient="left", width=SIDE, height=SIDE).reshape(SIDE, SIDE, -1).mean(2)

    def follows(picture: np.ndarray) -> float:
        return float(np.corrcoef(picture.mean(2).ravel(), light.ravel())[0, 1])

    guided, free = follows(draw(mini, section).pictures[0]), follows(draw(mini).pictures[0])
    record_property("correlation", (guided, free))
    assert guided > 0.9
    assert abs(free) < 0.5


def test_no_batch_follows_the_one_that_scans(mini: Webui) -> None:
    drawn = draw(mini, {**CODE, "stop_at_first": True}, n_iter=4)
    assert len(drawn.info["infotexts"]) < 4
    assert read(drawn.pictures[-1]) == ["HELLO"]


def test_a_map_of_edges_is_refused(webui: Webui) -> None:
    asked = {"control": "edges", "image": encoded(np.zeros((64, 64, 3), np.uint8)), "apply_by": "guidance"}
    drawn = webui.draw(section=[asked])
    assert drawn.status == 422
    assert "luminance guidance: that follows brightness" in drawn.answer["detail"]


def test_a_fresh_webui_without_controlnet_makes_qr_art(starter: Any) -> None:
    section = {name: value for name, value in CODE.items() if name != "apply_by"}
    with with_mini(starter.start(controlnet=False)) as fresh:
        drawn = draw(fresh, section)
    assert "apply_by=guidance" in drawn.texts[0]
    assert read(drawn.pictures[0]) == ["HELLO"]
