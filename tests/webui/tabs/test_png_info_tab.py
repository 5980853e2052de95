"""The PNG info tab in the real WebUI's page: a picture it drew is read, and sent by the WebUI's own paste."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.webui.conftest import Webui
from tests.webui.page import main_tab, opened, our_tab, show

PREFIX = "#bootcamp_png_info"


@pytest.fixture
def drawn(webui: Webui, tmp_path: Path) -> Path:
    """A picture as the WebUI writes it, with its parameters."""
    made = webui.draw(prompt="a blue boat", negative_prompt="fog", seed=77, steps=3, cfg_scale=4.5, height=320)
    assert made.status == 200, made.answer
    path = tmp_path / "boat.png"
    path.write_bytes(base64.b64decode(made.answer["images"][0]))
    return path


def test_a_picture_is_read_and_sent_with_its_parameters(webui: Webui, browser: Any, drawn: Path) -> None:
    page = opened(browser, webui)
    tab = our_tab(page, "png-info")
    assert tab.locator(f"{PREFIX}_send_img2img").is_disabled()
    tab.locator(f"{PREFIX}_files input[type=file]").set_input_files(str(drawn))
    tab.wait_for_function(f"() => document.querySelector('{PREFIX}_fields')?.innerText.includes('a blue boat')")
    assert "Seed: 77" in tab.locator(f"{PREFIX}_edit_infotext textarea").input_value()
    tab.wait_for_selector(f"{PREFIX}_image_out img")
    tab.wait_for_function(f"() => !document.querySelector('{PREFIX}_send_img2img').disabled")
    show(page, "png-info")
    for name in ("img2img", "txt2img"):
        if name == "txt2img":
            main_tab(page, "Bootcamp").click()
        tab.locator(f"{PREFIX}_send_{name}").click()
        wanted = f"() => document.querySelector('#{name}_prompt textarea').value === 'a blue boat'"
        page.wait_for_function(wanted)
        page.wait_for_function("(name) => document.querySelector(`#${name}_seed input`).value === '77'", arg=name)
        assert page.locator(f"#{name}_prompt").is_visible()
        assert page.locator(f"#{name}_neg_prompt textarea").input_value() == "fog"
        assert page.locator(f"#{name}_steps input[type=number]").input_value() == "3"
        assert page.locator(f"#{name}_height input[type=number]").input_value() == "320"
    main_tab(page, "img2img").click()
    page.wait_for_selector("#img2img_image img")
    page.close()
