"""The section in the real WebUI's page, by clicking; screenshots go to $BOOTCAMP_SCREENSHOTS if set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.webui.conftest import Webui
from tests.webui.page import choose, group, main_tab, number, opened, reload_ui, show, shown
from tests.webui.section_requests import LINK, made


def fill_section(page: Any) -> None:
    """Enable the section with a preset chosen by hand."""
    page.locator("#bootcamp_txt2img .label-wrap").first.click()
    page.locator("#bootcamp_txt2img_qr_content textarea").fill(LINK)
    choose(page, "#bootcamp_txt2img_preset", "QR Code Monster (SD1.5)")
    page.wait_for_selector("#bootcamp_txt2img_weight input[type=number]", state="visible")
    number(page, "#bootcamp_txt2img_weight", 1.2)
    group(page, "#bootcamp_txt2img_qr", "Layout")
    number(page, "#bootcamp_txt2img_qr_grid_px", 1)


@pytest.fixture(scope="module")
def drawn(browser: Any, webui: Webui) -> Iterator[Any]:
    """A page after one generation with the section on."""
    page = opened(browser, webui)
    fill_section(page)
    page.click("#txt2img_generate")
    page.wait_for_selector("#txt2img_gallery img")
    page.wait_for_function("() => document.querySelector('#html_info_txt2img').textContent.includes('Bootcamp scan')")
    show(page, "section")
    yield page
    page.close()


def test_choosing_a_preset_sets_the_maps_fields_too(drawn: Any) -> None:
    checked = drawn.locator("#bootcamp_txt2img_qr_surround input:checked").get_attribute("value")
    assert checked == "gray (#808080)"


def test_the_detected_map_in_the_gallery_is_the_operations(drawn: Any) -> None:
    expected = made("qr", content=LINK, grid_px=1, surround="gray", width=256, height=256)
    assert any(np.array_equal(each, expected) for each in shown(drawn, "#txt2img_gallery .thumbnail-item img"))


def test_a_badge_says_whether_the_picture_scans(drawn: Any) -> None:
    badge = drawn.locator("#html_info_txt2img .bootcamp-scan-badge").inner_text()
    assert re.fullmatch(r"(Scans|Does not scan) · \d\.\d\d · .+", badge)


def section_state(page: Any) -> dict[str, str]:
    """Everything the section shows, by element."""
    script = """root => Object.fromEntries([...root.querySelectorAll('input, textarea')].map((each, at) =>
        [at + (each.closest('[id^=bootcamp_]')?.id ?? ''), each.type === 'checkbox' || each.type === 'radio'
            ? String(each.checked) : each.type === 'file' ? '' : each.value]))"""
    return dict(page.locator("#bootcamp_txt2img").evaluate(script))


def test_pasted_infotext_fills_the_section_exactly(drawn: Any, browser: Any, webui: Webui, tmp_path: Path) -> None:
    before = section_state(drawn)
    page = opened(browser, webui)
    picture = tmp_path / "picture.png"
    picture.write_bytes(page.request.get(drawn.locator("#txt2img_gallery img").first.get_attribute("src")).body())
    main_tab(page, "PNG Info").click()
    page.locator("#pnginfo_image input[type=file]").set_input_files(picture)
    page.wait_for_function("() => document.querySelector('#tab_pnginfo').textContent.includes('Bootcamp')")
    page.locator("#tab_pnginfo #txt2img_tab").click()
    page.wait_for_function("() => document.querySelector('#bootcamp_txt2img_qr_content textarea').value !== ''")
    page.wait_for_timeout(2000)
    assert section_state(page) == before
    page.close()


def test_a_mistake_is_shown_on_the_page(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    page.locator("#bootcamp_txt2img .label-wrap").first.click()
    page.click("#txt2img_generate")
    message = page.wait_for_selector("#html_log_txt2img .error, #txt2img_results .error").inner_text()
    assert message.startswith("Bootcamp: Content is missing")
    page.close()


def test_settings_have_a_section(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    main_tab(page, "Settings").click()
    page.locator("#settings > .tab-nav").get_by_role("button", name="Bootcamp", exact=True).click()
    assert page.locator("#setting_bootcamp_payload_in_infotext").is_visible()
    show(page, "settings")
    page.close()


def test_a_saved_style_and_the_section_work_together(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    page.click("#txt2img_styles_edit_button")
    name = page.locator("#txt2img_styles_edit_select input").first
    name.fill("painted")
    name.press("Enter")
    page.wait_for_selector("#txt2img_edit_style_save", state="visible")
    page.locator("#txt2img_edit_style_prompt textarea").fill("oil painting")
    page.click("#txt2img_edit_style_save")
    page.wait_for_selector("#txt2img_edit_style_delete", state="visible")
    page.click("#txt2img_edit_style_close")
    choose(page, "#txt2img_styles", "painted")
    fill_section(page)
    page.click("#txt2img_generate")
    page.wait_for_function("() => document.querySelector('#html_info_txt2img').textContent.includes('Bootcamp scan')")
    assert page.locator("#html_info_txt2img").first.inner_text().startswith("a red house, oil painting")
    page.close()


def test_reloading_the_page_twice_leaves_one_of_everything(browser: Any, webui: Webui) -> None:
    reload_ui(browser, webui)
    reload_ui(browser, webui)
    page = opened(browser, webui)
    assert page.locator("#bootcamp_txt2img").count() == 1
    assert main_tab(page, "Bootcamp").count() == 1
    page.close()
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "x/y/z plot")
    ours = [each for each in script["args"][0]["choices"] if each.startswith("[Bootcamp]")]
    assert len(ours) == len(set(ours)) > 5
    assert webui.draw(section=[{"control": "qr", "content": LINK, "grid_px": 1}]).status == 200
    assert b"Traceback" not in webui.log.read_bytes().split(b"Restarting UI...")[-1]


def test_ui_config_changes_the_sections_defaults(browser: Any, webui: Webui) -> None:
    file = webui.data / "ui-config.json"
    before = file.read_text(encoding="utf-8")
    chosen = {"Control": "Brightness map", "Control weight": 0.65, "Scan the pictures": False, "Tiles per side": 5}
    keys = {f"customscript/bootcamp.py/txt2img/{label}/value": value for label, value in chosen.items()}
    known = json.loads(before)
    assert set(keys) <= set(known)
    file.write_text(json.dumps(known | keys), encoding="utf-8")
    try:
        reload_ui(browser, webui)
        page = opened(browser, webui)
        page.locator("#bootcamp_txt2img .label-wrap").first.click()
        page.wait_for_selector("#bootcamp_txt2img_brightness", state="visible")
        assert not page.locator("#bootcamp_txt2img_scan input").is_checked()
        values = page.locator("#bootcamp_txt2img input[type=number]").evaluate_all("all => all.map(each => each.value)")
        assert {"0.65", "5"} <= set(values)
        page.close()
    finally:
        file.write_text(before, encoding="utf-8")
        reload_ui(browser, webui)
