"""Results that are seen while they are made: drawings on the standalone page, captions one below the other."""

from __future__ import annotations

import base64
import contextlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from tests.browser.test_page import download, fill, open_tab
from tests.ml.needs import skip_without_models

skip_without_models("diffusers")

from tests.browser.test_caption import opened, shapes  # noqa: E402

GROWTH = "#bootcamp_txt2img_message .bootcamp-growth"
SEEN = """selector => {
    const seen = window.seen = { pictures: [], texts: [], values: [], box: null, began: performance.now() };
    const look = () => {
        const image = document.querySelector(`${selector} img`);
        if (!image) return;
        if (image.src !== seen.pictures.at(-1)) seen.pictures.push(image.src);
        seen.texts.push(document.querySelector(`${selector} p`)?.innerText);
        seen.values.push(Number(document.querySelector(`${selector} [role=progressbar]`)?.ariaValueNow));
        const { x, width } = image.getBoundingClientRect();
        if (width) seen.box = { x, width };
    };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
}"""


def settled(page: Any, field: str, value: str) -> None:
    """Fill a field of an accordion that was just opened: Gradio may put its default into it once more."""
    for _ in range(20):
        page.fill(field, value)
        page.wait_for_timeout(300)
        if page.input_value(field) == value:
            return
    raise AssertionError(f"{field} does not take {value}")


def drawing(page: Any, steps: int, side: int = 0) -> None:
    """Begin a drawing of so many steps, at a size of its own where a step shall take long."""
    open_tab(page, "txt2img", "Text to image")
    fill(page, "bootcamp_txt2img_prompt", "a red circle on a white background")
    page.get_by_role("button", name="Sampling").locator("visible=true").click()
    for name, value in (("steps", steps), ("seed", 1)):
        settled(page, f"#bootcamp_txt2img_{name} input[type=number]", str(value))
    for each in ("width", "height") if side else ():
        fill(page, f"bootcamp_txt2img_{each}", str(side))
    page.evaluate(SEEN, GROWTH)
    page.click("#bootcamp_txt2img_run")


def test_a_drawing_is_seen_while_it_is_made_once_in_a_second_at_most(page: Any, picture_of: Any) -> None:
    drawing(page, 150)
    page.wait_for_function("() => seen.pictures.length")  # it may be over when this is noticed
    picture_of(page, "page-drawing")
    page.wait_for_selector("#bootcamp_txt2img_message .bootcamp-done")
    page.wait_for_selector(GROWTH, state="detached")
    texts, values = page.evaluate("[seen.texts, seen.values]")
    assert all(texts), texts
    assert all(0 <= each <= 150 for each in values), values
    sources, seconds = page.evaluate("[seen.pictures, (performance.now() - seen.began) / 1000]")
    assert 1 <= len(sources) <= seconds + 2, seconds
    looks = [Pil.open(io.BytesIO(base64.b64decode(each.partition(",")[2]))) for each in sources]
    assert {each.size for each in looks} == {(128, 128)}


def test_the_picture_in_the_end_is_the_one_of_the_api(page: Any, address: str) -> None:
    drawing(page, 20)
    page.wait_for_selector("#bootcamp_txt2img_message .bootcamp-done")
    page.wait_for_selector("#bootcamp_txt2img_image_out img")
    asked = {"prompt": "a red circle on a white background", "steps": 20, "seed": 1}
    answer = page.request.post(f"{address}/bootcamp/v1/txt2img", data=asked).json()
    alone = np.asarray(Pil.open(io.BytesIO(base64.b64decode(answer["image"]))))
    assert (download(page, "txt2img") == alone).all()


def test_stop_is_heard_between_two_steps(page: Any) -> None:
    drawing(page, 150, side=640)
    page.wait_for_selector(f"{GROWTH} img", timeout=180_000)
    assert re.search(r"txt2img: step \d+ of 150", page.locator(f"{GROWTH} p").inner_text())
    stopped = "document.querySelector('#bootcamp_txt2img_message')?.innerText.includes('Stopped after')"
    for _ in range(12):  # the look that grows may move the button away from under a press
        with contextlib.suppress(Exception):
            page.click("#bootcamp_txt2img_stop", timeout=5_000)
        with contextlib.suppress(Exception):
            page.wait_for_function(stopped, timeout=15_000)
            break
    assert page.evaluate(stopped)
    assert page.locator("#bootcamp_txt2img_image_out img").count() == 0


def test_the_tries_of_qr_art_are_seen_and_stop_keeps_the_best(page: Any, picture_of: Any) -> None:
    open_tab(page, "qr_art", "QR art")
    fill(page, "bootcamp_qr_art_content", "HELLO")
    fill(page, "bootcamp_qr_art_prompt", "a blue star on a white background")
    page.get_by_role("button", name="Sampling").locator("visible=true").click()
    settled(page, "#bootcamp_qr_art_steps input[type=number]", "30")
    page.evaluate(SEEN, "#bootcamp_qr_art_message .bootcamp-growth")
    page.click("#bootcamp_qr_art_run")
    page.wait_for_function("() => seen.pictures.length")
    assert any(", try " in each for each in page.evaluate("seen.texts"))
    picture_of(page, "page-qr-art-drawing")
    page.wait_for_selector("#bootcamp_qr_art_message .bootcamp-notice", timeout=180_000)
    page.wait_for_selector("#bootcamp_qr_art_image_out img")


def test_captions_of_several_pictures_stand_behind_their_names(page: Any, tmp_path: Path, picture_of: Any) -> None:
    folder = shapes(tmp_path / "three", 3)
    opened(page)
    page.get_by_role("button", name="Try it on some pictures").click()
    page.set_input_files("#bootcamp_caption_uploads input[type=file]", [str(each) for each in sorted(folder.iterdir())])
    page.wait_for_function("document.querySelector('#bootcamp_caption_uploads')?.innerText.includes('0002')")
    page.click("#bootcamp_caption_try")
    page.wait_for_selector("#bootcamp_caption_chart .bootcamp-texts li >> nth=2")
    told = page.locator("#bootcamp_caption_chart .bootcamp-texts li").all_inner_texts()
    assert told[0].split() == ["0000.png", "red", "circle,", "white", "background"]
    picture_of(page, "page-caption-several")
    copied = page.input_value("#bootcamp_caption_text textarea").splitlines()
    assert copied[0] == "red circle, white background"
    assert len(copied) == 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_seen_on_a_narrow_screen(browser: Any, address: str, picture_of: Any, theme: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}?__theme={theme}", wait_until="domcontentloaded")
    page.wait_for_selector("#bootcamp_qr_run", state="attached")
    drawing(page, 150)
    box = page.wait_for_function("seen.box").json_value()
    picture_of(page, f"page-drawing-narrow-{theme}")
    context.close()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
