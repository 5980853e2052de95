"""The scripts of the Script dropdown in the real WebUI's page, by clicking; screenshots go to $BOOTCAMP_SCREENSHOTS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webui.conftest import Webui, with_mini
from tests.webui.page import choose, main_tab, number, opened, show

UNTIL, COMPARE = "QR art until it scans", "Compare control"
FORM = "#bootcamp_txt2img_until_it_scans"
# the pictures of the gallery, which has them twice while one of them is shown large, without the live preview before it
PICTURES = """() => new Set([...document.querySelectorAll('#txt2img_gallery img')]
    .filter(each => !each.closest('.livePreview')).map(each => each.src)).size"""
OTHER = "#bootcamp_txt2img_compare_control"


@pytest.fixture(scope="module")
def mini(webui: Webui) -> Iterator[Webui]:
    with with_mini(webui) as loaded:
        yield loaded


def fill(page: Any, prefix: str, name: str, value: str) -> None:
    """Type into a field of a drawn form, one behind "More" too."""
    box = page.locator(f"{prefix}_{name}")
    if not box.is_visible():
        page.locator(f"{prefix}_form details").evaluate_all("all => all.forEach(each => { each.open = true; })")
    if box.evaluate("each => each.tagName") == "SELECT":
        box.select_option(value)
    else:
        box.fill(value)


def with_script(browser: Any, webui: Webui, title: str, prefix: str) -> Any:
    page = opened(browser, webui)
    for name, value in (("width", 232), ("height", 232), ("steps", 12), ("cfg_scale", 5)):
        number(page, f"#txt2img_{name}", value)
    page.locator("#txt2img_prompt textarea").fill("a blue star on a yellow background")
    choose(page, "#tab_txt2img #script_list", title)
    page.wait_for_selector(f"{prefix}_strengths", state="visible")
    return page


def values(page: Any) -> Any:
    """What the form holds, whichever way it was set."""
    return json.loads(page.locator(f"{FORM}_values").locator("textarea, input").input_value())


@pytest.fixture(scope="module")
def drawn(browser: Any, mini: Webui) -> Iterator[Any]:
    """A page after a run of QR art until it scans."""
    page = with_script(browser, mini, UNTIL, FORM)
    values = {"content": "HELLO", "strengths": "0.5, 1", "seeds": "2", "stop_after": "0", "max_tries": "1"}
    more = {"apply_by": "guidance", "margin": "0.4", "dead_zone": "0.3", "grid_px": "8"}
    for name, value in {**values, **more}.items():
        fill(page, FORM, name, value)
    page.click("#txt2img_generate")
    page.wait_for_function("() => document.querySelector('#html_log_txt2img').textContent.includes('of 4 scan')")
    show(page, "script")
    yield page
    page.close()


def test_the_gallery_has_the_grid_and_a_picture_of_each_seed_and_strength(drawn: Any) -> None:
    assert drawn.evaluate(PICTURES) == 5


def test_the_comments_name_the_best_picture(drawn: Any) -> None:
    assert "Best: seed" in drawn.locator("#html_log_txt2img").first.text_content()


def test_the_grids_infotext_chooses_the_script_and_fills_it_again(
    drawn: Any, browser: Any, mini: Webui, tmp_path: Path
) -> None:
    before = values(drawn)
    picture = tmp_path / "grid.png"
    source = drawn.locator("#txt2img_gallery .thumbnail-item img").first.get_attribute("src")
    picture.write_bytes(drawn.request.get(source).body())
    page = opened(browser, mini)
    main_tab(page, "PNG Info").click()
    page.locator("#pnginfo_image input[type=file]").set_input_files(picture)
    page.wait_for_function("() => document.querySelector('#tab_pnginfo').textContent.includes('Bootcamp script')")
    page.locator("#tab_pnginfo #txt2img_tab").click()
    page.wait_for_selector(f"{FORM}_content", state="visible")
    page.wait_for_function(f"() => document.querySelector('{FORM}_content').value !== ''")
    assert values(page) == before
    assert page.locator(f"{FORM}_content").input_value() == "HELLO"
    assert page.locator(f"{FORM}_strengths").input_value() == "0.5, 1"
    page.close()


def test_a_mistake_is_told_below_the_gallery(browser: Any, mini: Webui) -> None:
    page = with_script(browser, mini, UNTIL, FORM)
    page.click("#txt2img_generate")
    page.wait_for_function("() => document.body.textContent.includes('enter a text or URL')")
    page.close()


@pytest.mark.parametrize(("title", "name"), [(UNTIL, "until_it_scans"), (COMPARE, "compare_control")])
def test_img2img_without_a_picture_is_one_sentence_and_no_infotext(
    browser: Any, mini: Webui, title: str, name: str
) -> None:
    page = opened(browser, mini)
    main_tab(page, "img2img").click()
    choose(page, "#tab_img2img #script_list", title)
    page.wait_for_selector(f"#bootcamp_img2img_{name}_strengths", state="visible")
    page.click("#img2img_generate")
    said = "document.querySelector('#html_log_img2img').textContent.includes('img2img holds no picture')"
    page.wait_for_function(f"() => {said}")
    assert page.locator("#html_info_img2img").first.text_content().strip() == ""
    page.close()


def test_maps_are_compared(browser: Any, mini: Webui) -> None:
    page = with_script(browser, mini, COMPARE, OTHER)
    page.locator(f"{OTHER}_controls input[value=brightness]").uncheck()
    page.locator(f"{OTHER}_controls input[value=edges]").uncheck()
    page.locator(f"{OTHER}_controls input[value=lighting]").check()
    for name, value in {"content": "HELLO", "strengths": "0.5, 1.5", "apply_by": "guidance"}.items():
        fill(page, OTHER, name, value)
    page.locator(f"{OTHER}_preview img").wait_for()
    assert "QR control map: The code fills " in page.locator(f"{OTHER}_preview").inner_text()
    page.click("#txt2img_generate")
    page.wait_for_function(f"() => ({PICTURES})() === 5")
    show(page, "compare")
    page.close()
