"""The extension in a real Forge, on the small checkpoint that means something.

`FORGE_DIR` is a Forge (f2.0.1), `FORGE_PYTHON` its Python (default: `venv/bin/python` in it).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.surfaces.webui.infotext import parse

from .conftest import REPOSITORY, Starter, Webui, encoded, export_mini, pixels
from .guided import CODE, SIDE, assert_samplers_draw_the_code, draw, read, shrunk, wrong
from .page import WAIT_MS, choose, frame_height, main_tab, number, opened, our_tab, show
from .section_requests import LINK, NOT_UNDERSTOOD, made
from .test_host import API

# Forge knows a checkpoint by the sizes of its UNet, and builds it from a folder's configurations.
SHIM = f"""
from huggingface_guess import model_list

known = model_list.SD15
known.huggingface_repo = {str(REPOSITORY / "models" / "mini-sd")!r}
known.unet_config = {{**known.unet_config, "context_dim": 48, "model_channels": 64}}
known.unet_extra_config = {{**known.unet_extra_config, "num_heads": 4}}
"""

UNTIL, COMPARE = "QR art until it scans", "Compare control"
SCRIPT = {name: value for name, value in CODE.items() if name != "control"}


class ForgeStarter(Starter):
    """Starts a Forge that takes the small checkpoint for one of SD1.5."""

    FLAGS = ("--always-cpu",)

    def _extensions(self, folder: Path, *, extension: bool, controlnet: bool) -> None:
        del controlnet  # it is built in
        shim = folder / "a-small-checkpoint" / "scripts"
        shim.mkdir(parents=True)
        (shim / "small.py").write_text(SHIM)
        if extension:
            self._install(folder)


@contextmanager
def forges(root: Path) -> Iterator[ForgeStarter]:
    """Starts Forges that keep their data below a folder; skips where there is none."""
    given = os.environ.get("FORGE_DIR")
    if not given:
        pytest.skip("FORGE_DIR is not set: give the folder of a Forge f2.0.1")
    python = os.environ.get("FORGE_PYTHON") or str(Path(given) / "venv" / "bin" / "python")
    export_mini(python, root / "checkpoints")
    starter = ForgeStarter(Path(given), python, root, root)
    try:
        yield starter
    finally:
        starter.stop()


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webui]:
    root = tmp_path_factory.mktemp("forge")
    with forges(root) as starter:
        # with a data folder elsewhere, Forge's page is refused Forge's own scripts
        yield starter.start("--bootcamp-allow-dir", str(root), "--gradio-allowed-path", os.environ["FORGE_DIR"])


def test_info_names_it_and_a_route_makes_the_same_map(forge: Webui) -> None:
    assert forge.call(f"{API}/info")[1]["name"] == "forge"
    status, answer = forge.call(f"{API}/control-maps/qr", {"content": LINK, "width": 320, "height": 320})
    assert status == 200, answer
    assert np.array_equal(pixels(answer["image"]), made("qr", content=LINK, width=320, height=320))


def test_without_guidance_there_is_no_code(forge: Webui) -> None:
    assert wrong(draw(forge).pictures[0]) > 0.3


def test_every_sampler_of_forge_draws_the_code(forge: Webui, record_property: Callable[[str, object], None]) -> None:
    assert_samplers_draw_the_code(forge, record_property, 20)


def test_what_the_infotext_holds_draws_it_again(forge: Webui) -> None:
    first = draw(forge, {**CODE, "margin": 0.1, "dead_zone": 0.08})
    values, control = parse(re.search(r"Bootcamp: ([^,]+)", first.texts[0])[1])  # type: ignore[index]
    # not by "infotext": Forge f2.0.1 fails on every such request, with the extension and without
    assert np.array_equal(draw(forge, {**values, "control": control}).pictures[0], first.pictures[0])
    assert "Bootcamp scan" in first.texts[0]


@pytest.mark.parametrize(("section", "words"), NOT_UNDERSTOOD, ids=[each[1][-20:] for each in NOT_UNDERSTOOD])
def test_what_is_given_and_not_understood_is_named(forge: Webui, section: Any, words: str) -> None:
    drawn = forge.draw(section=section)
    assert drawn.status == 422
    assert words in drawn.answer["detail"]


def test_a_setting_that_names_files_is_not_set_over_the_api(forge: Webui) -> None:
    forge.call("/sdapi/v1/options", {"bootcamp_allowed_folders": "/", "bootcamp_maps_folder": "/tmp"})
    options = forge.call("/sdapi/v1/options")[1]
    assert not options.get("bootcamp_allowed_folders")
    assert options.get("bootcamp_maps_folder") != "/tmp"


def test_a_batch_a_hires_pass_and_img2img_scan(forge: Webui) -> None:
    hires = {"enable_hr": True, "hr_scale": 2, "hr_upscaler": "Latent", "denoising_strength": 0.6}
    modules = {"hr_additional_modules": ["Use same choices"]}
    drawn = draw(forge, CODE, batch_size=2, **hires, **modules)
    assert [each.shape for each in drawn.pictures[-2:]] == [(2 * SIDE, 2 * SIDE, 3)] * 2
    assert max(wrong(shrunk(each)) for each in drawn.pictures[-2:]) < 0.02
    over = draw(forge, CODE, "img2img", init_images=[encoded(draw(forge).pictures[0])], denoising_strength=0.7)
    assert wrong(over.pictures[0]) < 0.1


def test_an_inpainted_picture_is_guided_under_its_mask_alone(forge: Webui) -> None:
    start, mask = draw(forge).pictures[0], np.zeros((SIDE, SIDE, 3), np.uint8)
    mask[: SIDE // 2] = 255
    asked: dict[str, Any] = {"init_images": [encoded(start)], "mask": encoded(mask), "denoising_strength": 0.8}
    changed = [
        np.abs(draw(forge, section, "img2img", mask_blur=0, **asked).pictures[0].astype(int) - start).mean(2)
        for section in (None, CODE)
    ]
    below = [each[SIDE // 2 + 16 :].mean() for each in changed]
    assert below[1] < below[0] + 2
    assert changed[1][: SIDE // 2].mean() > changed[1][SIDE // 2 + 16 :].mean() + 5


def test_qr_art_is_drawn_by_the_loaded_checkpoint_and_leaves_it_as_it_was(forge: Webui) -> None:
    before = draw(forge).pictures[0]
    asked = {"content": "HELLO", "prompt": "a blue star", "seed": 1, "steps": 12, "width": 256, "height": 256}
    status, answer = forge.call(f"{API}/qr/art", {**asked, "cfg_scale": 5, "max_tries": 4})
    assert status == 200, answer
    assert answer["scans"]
    assert read(pixels(answer["image"])) == ["HELLO"]
    assert "with-mini-sd" in answer["checkpoint"]
    model = forge.call(f"{API}/model")[1]
    assert model["shared_bytes"] > 1000 * model["owned_bytes"]
    assert np.array_equal(draw(forge).pictures[0], before)


def test_in_the_page_a_code_is_drawn_without_any_controlnet_model(browser: Any, forge: Webui) -> None:
    page = opened(browser, forge)
    number(page, "#txt2img_steps", 12)
    number(page, "#txt2img_cfg_scale", 3)
    page.locator("#bootcamp_txt2img .label-wrap").first.click()
    page.locator("#bootcamp_txt2img_qr_content").fill("HELLO")
    page.click("#txt2img_generate")
    page.wait_for_function("() => document.querySelector('#html_info_txt2img').textContent.includes('Bootcamp scan')")
    badge = page.locator("#html_info_txt2img .bootcamp-scan-badge").inner_text()
    show(page, "forge-section")
    page.close()
    assert badge.startswith("Scans")


def test_the_scripts_draw_mend_and_compare(forge: Webui) -> None:
    weak = {**SCRIPT, "margin": 0.05, "dead_zone": 0.02, "touch_up": 0, "seeds": 1, "strengths": [1.0]}
    first, mended = (
        draw(forge, script_name=UNTIL, script_args=[{**weak, "max_tries": tries}]).pictures[0] for tries in (1, 3)
    )
    assert wrong(mended) < wrong(first)
    asked = {**SCRIPT, "controls": ["qr", "lighting"], "strengths": [0.5, 1.5]}
    asked.pop("grid_px")
    compared = draw(forge, script_name=COMPARE, script_args=[asked])
    assert len(compared.pictures) == 5
    assert "Script: Compare control" in compared.texts[0]


def test_a_script_stops_at_the_first_picture_that_scans(forge: Webui) -> None:
    drawn = draw(forge, script_name=UNTIL, script_args=[{**SCRIPT, "seeds": 4}])
    assert read(drawn.pictures[0]) == ["HELLO"]
    refused = forge.draw(script_name=UNTIL, script_args=[{"conten": "x"}])
    assert (refused.status, "did you mean content" in refused.answer["detail"]) == (422, True)


def test_a_map_that_cannot_be_drawn_is_left_out_of_a_comparison(forge: Webui) -> None:
    for content in ("", "https://example.com/a/path/too/long/for/this/size"):
        asked = {"controls": ["qr", "lighting"], "content": content, "apply_by": "guidance", "strengths": [1.0]}
        drawn = draw(forge, script_name=COMPARE, script_args=[asked])
        assert len(drawn.pictures) == 2, drawn.answer
        told = drawn.info["extra_generation_params"]["Bootcamp comments"]
        assert told.startswith("QR control map was left out: content ")
        assert "set grid_px in settings to" in told or not content


def said(page: Any, tab: str, words: str) -> str:
    """What stands below the gallery of a tab once its comments say the words."""
    page.wait_for_function(f"() => document.querySelector('#html_log_{tab}').textContent.includes('{words}')")
    return str(page.locator(f"#html_info_{tab}").text_content()).strip()


def test_in_the_page_a_map_that_does_not_fit_is_left_out_of_a_comparison(browser: Any, forge: Webui) -> None:
    page = opened(browser, forge)
    choose(page, "#tab_txt2img #script_list", COMPARE)
    page.wait_for_selector("#bootcamp_txt2img_compare_control_strengths", state="visible")
    page.locator("#bootcamp_txt2img_compare_control_strengths").fill("1")
    page.locator("#bootcamp_txt2img_compare_control_content").fill("https://example.com/a/path/too/long/for/this/size")
    page.click("#txt2img_generate")
    assert "Script: Compare control" in said(page, "txt2img", "QR control map was left out: Content does not fit")
    page.close()


def test_in_the_page_what_is_refused_is_one_sentence_and_no_infotext(browser: Any, forge: Webui) -> None:
    page = opened(browser, forge)
    page.locator("#bootcamp_txt2img .label-wrap").first.click()
    page.click("#txt2img_generate")
    assert said(page, "txt2img", "Content is missing") == ""
    main_tab(page, "Img2img").click()
    choose(page, "#tab_img2img #script_list", COMPARE)
    page.wait_for_selector("#bootcamp_img2img_compare_control_strengths", state="visible")
    page.click("#img2img_generate")
    assert said(page, "img2img", "img2img holds no picture; put one there, or use txt2img.") == ""
    page.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_tab_is_a_frame_whose_map_is_sent_to_the_page(browser: Any, forge: Webui, theme: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{forge.url}/?__theme={theme}")
    page.wait_for_selector("#txt2img_generate")
    tab = our_tab(page, "qr")
    assert tab.evaluate("document.body.classList.contains('dark')") is (theme == "dark")
    tab.locator("#bootcamp_qr_content textarea").fill(LINK)
    tab.click("#bootcamp_qr_run")
    tab.wait_for_selector("#bootcamp_qr_image_out img")
    assert frame_height(tab) < 2000
    show(page, f"forge-tab-{theme}")
    tab.click("#bootcamp_qr_send_img2img")
    page.wait_for_function("() => document.querySelector('#img2img_width input[type=number]').value === '768'")
    assert page.locator("#img2img_prompt").is_visible()
    page.close()
