"""The section in the real WebUI's page, by clicking; screenshots go to $BOOTCAMP_SCREENSHOTS if set."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.webui.conftest import Webui, pixels
from tests.webui.page import WAIT_MS, choose, main_tab, opened, reload_ui, show, shown
from tests.webui.section_requests import LINK, made

PANEL = "#bootcamp_txt2img"
FORM = "#bootcamp_txt2img_form"
BADGE = "#html_info_txt2img .bootcamp-scan-badge"


def unfold(page: Any, tab: str = "txt2img") -> None:
    """Open the section and wait for its form."""
    if not page.locator(f"#bootcamp_{tab}_form").is_visible():
        page.locator(f"#bootcamp_{tab} .label-wrap").first.click()
    page.wait_for_selector(f"#bootcamp_{tab}_control", state="visible")


def turn_on(page: Any) -> None:
    """Check the section's box, as opening it does not."""
    box = page.locator(f"{PANEL}-checkbox input")
    if not box.is_checked():
        box.dispatch_event("click")


def fill_section(page: Any) -> None:
    """Enable the section with a preset chosen by hand."""
    unfold(page)
    turn_on(page)
    page.locator(f"{PANEL}_qr_content").fill(LINK)
    page.locator(FORM).get_by_text("More", exact=True).click()
    page.locator(FORM).get_by_text("How it is applied", exact=True).click()
    page.locator(f"{PANEL}_preset").select_option("monster")
    page.locator(f"{PANEL}_weight").fill("1.2")
    page.locator(FORM).get_by_text("Layout", exact=True).click()
    page.locator(f"{PANEL}_qr_grid_px").fill("1")


@pytest.fixture(scope="module")
def drawn(browser: Any, webui: Webui) -> Iterator[Any]:
    """A page after one generation with the section on."""
    page = opened(browser, webui)
    fill_section(page)
    page.click("#txt2img_generate")
    page.wait_for_selector("#txt2img_gallery img")
    page.wait_for_function("() => document.querySelector('#html_info_txt2img').textContent.includes('Bootcamp scan')")
    more = page.locator(FORM).get_by_text("More", exact=True)
    more.click()  # README's picture has the form as it is opened
    page.wait_for_selector(BADGE)
    show(page, "section")
    more.click()
    yield page
    page.close()


def test_choosing_a_preset_sets_the_maps_fields_too(drawn: Any) -> None:
    assert drawn.locator(f"{PANEL}_qr_surround").input_value() == "gray"


def test_the_detected_map_in_the_gallery_is_the_operations(drawn: Any) -> None:
    expected = made("qr", content=LINK, grid_px=1, surround="gray", width=256, height=256)
    assert any(np.array_equal(each, expected) for each in shown(drawn, "#txt2img_gallery .thumbnail-item img"))


def test_a_badge_says_what_the_scan_means(drawn: Any) -> None:
    badge = drawn.locator(f"{BADGE} > span").inner_text()
    assert re.fullmatch(r"Scans: read by .+\.|Does not scan: no reader reads its code\.", badge)


def test_the_full_score_is_told_on_demand(drawn: Any) -> None:
    drawn.locator(BADGE).get_by_role("button", name="Full score").click()
    drawn.wait_for_function(
        "() => /phone conditions|Does not scan/.test(document.querySelector('.bootcamp-scan-badge span').textContent)"
    )
    drawn.wait_for_selector(
        f"{BADGE} button:has-text('Full score'), {BADGE} button:has-text('Scanning')", state="detached"
    )


def test_the_map_is_shown_before_anything_is_drawn(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    fill_section(page)
    page.wait_for_selector(f"{FORM} .bootcamp-panel > img", state="visible")
    expected = made("qr", content=LINK, grid_px=1, surround="gray", width=256, height=256)
    page.wait_for_function(f"() => document.querySelector('{FORM} .bootcamp-panel > img').naturalWidth === 256")
    page.wait_for_timeout(2000)
    source = page.locator(f"{FORM} .bootcamp-panel > img").get_attribute("src")
    assert np.array_equal(pixels(source.split(",", 1)[1]), expected)
    notes = page.locator(f"{FORM} .bootcamp-panel-notes").inner_text()
    assert notes.startswith("The code fills ")
    show(page, "panel")
    page.close()


def test_one_click_makes_the_picture_as_large_as_the_code_needs(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    unfold(page)
    page.locator(f"{PANEL}_qr_content").fill(LINK)
    page.get_by_role("button", name="Make the picture larger: 296 px").click()
    assert page.locator("#txt2img_width input[type=number]").input_value() == "296"
    page.wait_for_function(f"() => document.querySelector('{FORM} .bootcamp-panel > img').naturalWidth === 296")
    page.close()


def test_the_courses_exercise_is_one_click(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    page.locator("#tabs > .tab-nav").get_by_role("button", name="img2img", exact=True).click()
    unfold(page, "img2img")
    page.locator("#bootcamp_img2img_form").get_by_role("button", name="Example: the course's exercise").click()
    assert page.locator("#img2img_denoising_strength input[type=number]").input_value() == "0.75"
    assert page.locator("#img2img_steps input[type=number]").input_value() == "50"
    for name, value in (("sampling", "DPM++ 2M"), ("scheduler", "Karras")):
        page.wait_for_function(f"() => document.querySelector('#img2img_{name} input').value === '{value}'")
    held = json.loads(page.locator("#bootcamp_img2img_values :is(input, textarea)").input_value())
    assert held["qr.content"] == LINK
    assert held.get("preset") == "course" or held.get("apply_by") == "guidance"
    assert page.locator("#bootcamp_img2img-checkbox input").is_checked()
    page.close()


def test_closed_the_section_is_few_elements_and_asks_nothing(browser: Any, webui: Webui) -> None:
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(webui.url, wait_until="domcontentloaded")
    page.wait_for_selector("#txt2img_generate")
    page.wait_for_timeout(3000)
    assert page.locator(f"{PANEL} *").count() < 60
    assert not [each for each in asked if "/bootcamp/v1/" in each]
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_form_has_no_serious_mistake_of_accessibility(browser: Any, webui: Webui, theme: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{webui.url}/?__theme={theme}", wait_until="domcontentloaded")
    page.wait_for_selector("#txt2img_generate")
    page.wait_for_function("() => typeof opts === 'object' && Object.keys(opts).length > 10")
    fill_section(page)
    for name in ("Code", "Look", "Guidance", "After each picture"):
        page.locator(FORM).get_by_text(name, exact=True).first.click()
    unnamed = page.locator(FORM).evaluate(
        """root => [...root.querySelectorAll('input, select, textarea, button')]
            .filter(each => each.offsetParent && !each.labels?.length && !each.ariaLabel && !each.textContent.trim())
            .map(each => each.id)"""
    )
    assert unnamed == []
    show(page, f"panel-{theme}")
    page.close()


def section_values(page: Any) -> tuple[bool, dict[str, Any]]:
    """Whether the section is on, and what its form holds."""
    text = page.locator(f"{PANEL}_values :is(input, textarea)").input_value()
    return page.locator(f"{PANEL}-checkbox input").is_checked(), json.loads(text or "{}")


def test_pasted_infotext_fills_the_section_exactly(drawn: Any, browser: Any, webui: Webui, tmp_path: Path) -> None:
    is_on, before = section_values(drawn)
    page = opened(browser, webui)
    picture = tmp_path / "picture.png"
    picture.write_bytes(page.request.get(drawn.locator("#txt2img_gallery img").first.get_attribute("src")).body())
    main_tab(page, "PNG Info").click()
    page.locator("#pnginfo_image input[type=file]").set_input_files(picture)
    page.wait_for_function("() => document.querySelector('#tab_pnginfo').textContent.includes('Bootcamp')")
    page.locator("#tab_pnginfo #txt2img_tab").click()
    page.wait_for_function(f"() => document.querySelector('{PANEL}_values :is(input, textarea)').value !== ''")
    page.wait_for_timeout(2000)
    unfold(page)
    assert page.locator(f"{PANEL}_qr_content").input_value() == LINK
    assert page.locator(f"{PANEL}_qr_surround").input_value() == "gray"
    on_now, now = section_values(page)
    assert (on_now, {**now, "qr.surround": "gray"}) == (is_on, {**before, "control": "qr", "qr.surround": "gray"})
    page.close()


def test_a_mistake_is_shown_on_the_page(browser: Any, webui: Webui) -> None:
    page = opened(browser, webui)
    unfold(page)
    turn_on(page)
    page.click("#txt2img_generate")
    message = page.wait_for_selector("#html_log_txt2img .comments").inner_text()
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
    key = "customscript/bootcamp.py/txt2img/Bootcamp values/value"
    assert json.loads(before)[key] == ""
    # as a version kept them that had a component for each field
    chosen = {"Control": "Brightness map", "Scan the pictures": False, "Tiles per side": 5}
    old = {f"customscript/bootcamp.py/txt2img/{label}/value": value for label, value in chosen.items()}
    file.write_text(json.dumps(json.loads(before) | old), encoding="utf-8")
    try:
        reload_ui(browser, webui)
        kept = json.loads(file.read_text(encoding="utf-8"))
        assert json.loads(kept[key]) == {"control": "brightness", "scan": False, "brightness.clahe_tiles": 5}
        assert not set(old) & set(kept)
        page = opened(browser, webui)
        unfold(page)
        assert page.locator(f"{PANEL}_control").input_value() == "brightness"
        page.close()
    finally:
        file.write_text(before, encoding="utf-8")
        reload_ui(browser, webui)
