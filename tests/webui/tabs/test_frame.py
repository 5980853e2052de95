"""The frame of the Bootcamp tab in the real WebUI's page: when it is asked for, what it sends, what it looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from lib_bootcamp.surfaces.webui.frame import FRAME
from tests.webui.conftest import LOGIN, Starter, Webui, with_mini
from tests.webui.page import (
    WAIT_MS,
    choose,
    frame_height,
    group,
    loaded,
    main_tab,
    opened,
    our_frame,
    our_tab,
    reload_ui,
    show,
)
from tests.webui.proxy import stripping
from tests.webui.section_requests import LINK


def make_map(page: Any) -> Any:
    """Make a code in the tab."""
    tab = our_tab(page, "qr")
    tab.locator("#bootcamp_qr_content textarea").fill(LINK)
    tab.click("#bootcamp_qr_run")
    tab.wait_for_selector("#bootcamp_qr_image_out img")
    return tab


@pytest.fixture
def page(browser: Any, webui: Webui) -> Iterator[Any]:
    """The WebUI's page."""
    made = opened(browser, webui)
    yield made
    made.close()


def test_nothing_of_the_tab_is_asked_for_before_it_is_shown(browser: Any, webui: Webui) -> None:
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(webui.url, wait_until="networkidle")
    page.wait_for_selector("#txt2img_generate")
    assert not [each for each in asked if FRAME in each]
    our_frame(page)
    assert [each for each in asked if f"{FRAME}/" in each]
    page.close()


def test_the_tab_sends_its_map_to_a_controlnet_unit(page: Any) -> None:
    tab = make_map(page)
    show(page, "tab")
    choose(tab, "#bootcamp_qr_send_unit", "1")
    tab.click("#bootcamp_qr_send_txt2img_controlnet")
    page.wait_for_selector("#txt2img_controlnet_ControlNet-1_input_image img", state="attached")
    sizes = "all => all.map(async each => (await each.decode(), [each.naturalWidth, each.naturalHeight]))"
    script = f"all => Promise.all(({sizes})(all))"
    got = page.eval_on_selector_all("#txt2img_controlnet_ControlNet-1_input_image img", script)
    assert [768, 768] in got
    assert page.locator("#txt2img_controlnet_ControlNet-1_controlnet_enable_checkbox input").is_checked()


def test_the_tab_sends_its_settings_to_the_section(page: Any) -> None:
    make_map(page).click("#bootcamp_qr_send_txt2img_section")
    content = "#bootcamp_txt2img_values :is(input, textarea)"
    page.wait_for_function(f"() => document.querySelector('{content}').value.includes('{LINK}')")
    page.wait_for_selector("#bootcamp_txt2img_qr_content", state="visible")
    assert page.locator("#bootcamp_txt2img_qr_content").input_value() == LINK
    assert page.locator("#txt2img_width input[type=number]").input_value() == "768"
    assert page.locator("#bootcamp_txt2img-checkbox input").is_checked()


@pytest.mark.parametrize(
    ("tab", "picture"),
    [
        ("img2img", "#img2img_image canvas, #img2img_image img"),
        ("inpaint", "#img2maskimg canvas[key=drawing]"),
        ("extras", "#extras_image img"),
    ],
)
def test_the_tab_sends_its_map(page: Any, tab: str, picture: str) -> None:
    make_map(page).click(f"#bootcamp_qr_send_{tab}")
    page.wait_for_selector(picture, state="visible")


def test_a_picture_of_the_gallery_goes_into_the_tab(page: Any) -> None:
    page.click("#txt2img_generate")
    page.wait_for_selector("#txt2img_gallery img")
    show(page, "chooser")
    page.locator("#image_buttons_txt2img .bootcamp-chooser").select_option("png-info")
    tab = our_frame(page)
    tab.wait_for_function(
        "() => document.querySelector('#bootcamp_png_info_fields')?.innerText.includes('a red house')"
    )
    main_tab(page, "txt2img").click()
    page.locator("#image_buttons_txt2img .bootcamp-chooser").select_option("brightness")
    tab.wait_for_selector("#bootcamp_brightness_image img", state="visible")
    show(page, "from-gallery")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_frame_has_the_theme_and_the_style_of_the_page(browser: Any, webui: Webui, theme: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.goto(f"{webui.url}/?__theme={theme}")
    page.wait_for_selector("#txt2img_generate")
    tab = make_map(page)
    look = "() => getComputedStyle(document.body).getPropertyValue('--{}')"
    for name in ("body-background-fill", "button-primary-background-fill", "body-text-color"):
        assert tab.evaluate(look.format(name)) == page.evaluate(look.format(name)) != ""
    assert tab.evaluate("document.body.classList.contains('dark')") is (theme == "dark")
    show(page, f"tab-{theme}")
    page.close()


def test_the_frame_is_as_high_as_its_page_whatever_is_shown_in_it(page: Any) -> None:
    heights = [frame_height(our_tab(page, each)) for each in ("classify", "train", "qr")]
    assert len(set(heights)) == 3
    assert max(heights) < 4000


def test_fields_of_the_frame_have_the_webuis_look(page: Any) -> None:
    tab = our_tab(page, "qr")
    border = "each => getComputedStyle(each.closest('.form')).borderTopWidth"
    tab.wait_for_selector("#bootcamp_qr_content textarea")
    assert tab.locator("#bootcamp_qr_content").evaluate(border) == "0px"


def test_values_of_the_tab_are_kept_as_defaults(browser: Any, webui: Webui) -> None:
    file = webui.data / "ui-config.json"
    page = loaded(browser, webui)
    tab = our_tab(page, "qr")
    tab.locator("#bootcamp_qr_content textarea").fill("kept as default")
    tab.click("#bootcamp_save_defaults")
    assert "Wrote 1 changes." in tab.wait_for_selector("#bootcamp_save_defaults_message .bootcamp-notice").inner_text()
    page.close()
    kept = json.loads(file.read_text(encoding="utf-8"))
    (key,) = [each for each, value in kept.items() if value == "kept as default"]
    assert key.startswith("customscript/bootcamp_qr_content/bootcamp/")
    try:
        reload_ui(browser, webui)
        page = loaded(browser, webui)
        assert our_tab(page, "qr").locator("#bootcamp_qr_content textarea").input_value() == "kept as default"
        page.close()
    finally:
        file.write_text(json.dumps({**kept, key: ""}), encoding="utf-8")
        reload_ui(browser, webui)


def test_behind_a_proxy_the_frame_asks_for_the_log_in_of_the_page(starter: Starter, browser: Any) -> None:
    locked = starter.start("--gradio-auth", LOGIN, "--subpath", "sd", controlnet=False, named=False)
    for path in ("/", "/config", "/theme.css"):
        status, answer = locked.call(FRAME + path)
        assert (status, answer["error"]) == (401, "LoginNeededError")
    with stripping(int(locked.url.rpartition(":")[2]), "/sd") as port:
        page = logged_in(browser, f"http://127.0.0.1:{port}/sd/")
        make_map(page).click("#bootcamp_qr_send_img2img")
        page.wait_for_selector("#img2img_image canvas, #img2img_image img", state="visible")
        page.close()


def logged_in(browser: Any, url: str) -> Any:
    """A WebUI's page after its log-in."""
    user, _, password = LOGIN.partition(":")
    page = browser.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.locator("input").nth(0).fill(user)
    page.locator("input").nth(1).fill(password)
    page.get_by_role("button", name="Login").click()
    page.wait_for_selector("#txt2img_generate")
    return page


def test_the_tab_sends_a_drawn_code(page: Any, webui: Webui) -> None:
    with with_mini(webui):
        tab = our_tab(page, "qr-art")
        tab.locator("#bootcamp_qr_art_content textarea").fill("HELLO")
        tab.locator("#bootcamp_qr_art_prompt textarea").fill("a blue star on a white background")
        group(tab, "#bootcamp_tab_qr_art", "Size")
        tab.locator("#bootcamp_qr_art_width").locator("textarea, input").fill("256")
        tab.locator("#bootcamp_qr_art_height").locator("textarea, input").fill("256")
        tab.click("#bootcamp_qr_art_run")
        tab.wait_for_selector("#bootcamp_qr_art_image_out img")
    tab.click("#bootcamp_qr_art_send_img2img")
    page.wait_for_selector("#img2img_image canvas, #img2img_image img", state="visible")
