"""The interrogate tab on the standalone page: a picture's prompt, its charts, Stop, and the prompt handed over."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pil

from tests.browser.test_page import fill, open_tab
from tests.ml.needs import skip_without_models

skip_without_models()

from tests.ml.clip.interrogations import WORDS, write_tables  # noqa: E402
from tests.ml.clip.test_classify_mini import drawn  # noqa: E402

PREFIX = "#bootcamp_interrogate"


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Lists in words that the embedded model knows."""
    return write_tables(tmp_path / "tables", WORDS)


@pytest.fixture
def circle(tmp_path: Path) -> Path:
    path = tmp_path / "circle.png"
    Pil.fromarray(drawn("circle", "red")).save(path)
    return path


def asked(page: Any, picture: Path, mode: str, **fields: str) -> None:
    """Give a picture and the fields, and press the button."""
    open_tab(page, "interrogate", "Interrogate")
    page.locator(f"{PREFIX}_image input[type=file]").set_input_files(str(picture))
    page.wait_for_selector(f"{PREFIX}_image img")
    page.locator(f"{PREFIX}_mode").get_by_text(mode, exact=False).first.click()
    if "tables" in fields:
        page.get_by_role("button", name="Labels").click()  # a closed section holds nothing on Gradio 6
    for name, value in fields.items():
        fill(page, f"bootcamp_interrogate_{name}", value)
    page.click(f"{PREFIX}_run")


def test_a_picture_becomes_a_prompt_that_is_handed_to_txt2img(
    page: Any, circle: Path, tables: Path, picture_of: Any
) -> None:
    asked(page, circle, "Fast", tables=str(tables), caption="a drawing")
    page.wait_for_selector(f"{PREFIX}_chart .bootcamp-bar-best")
    prompt = page.locator(f"{PREFIX}_prompt_out textarea").input_value()
    assert prompt.startswith("a drawing, ")
    assert "a red circle" in prompt
    assert page.locator(f"{PREFIX}_chart h4").all_inner_texts() == [
        *("Mediums", "Artists", "Movements", "Trendings", "Flavors")
    ]
    assert "your own caption" in page.inner_text(f"{PREFIX}_message").lower()
    picture_of(page, "interrogate")
    page.click(f"{PREFIX}_to_txt2img")
    page.wait_for_selector("#bootcamp_txt2img_run:visible")
    assert page.locator("#bootcamp_txt2img_prompt textarea").input_value() == prompt


def test_a_mistake_is_reported_and_the_page_goes_on(page: Any, circle: Path, tables: Path) -> None:
    (tables / "flavors.txt").write_bytes(b"\xff\xfe")
    asked(page, circle, "Fast", tables=str(tables))
    message = page.wait_for_selector(f"{PREFIX}_message .bootcamp-error").inner_text()
    assert "flavors.txt is not UTF-8" in message


@pytest.mark.skipif(importlib.util.find_spec("clip_interrogator") is None, reason="clip-interrogator is not installed")
def test_stop_ends_a_long_chain(page: Any, circle: Path) -> None:
    asked(page, circle, "Best")
    for _ in range(40):  # pressed before the run has begun it stops nothing, and a quick machine is done soon
        page.wait_for_timeout(200)
        page.click(f"{PREFIX}_stop")
        if page.locator(f"{PREFIX}_message .bootcamp-notice").count():
            break
    message = page.wait_for_selector(f"{PREFIX}_message .bootcamp-notice", timeout=60_000).inner_text()
    assert re.search(r"Stopped after \d+ finished\.", message)
