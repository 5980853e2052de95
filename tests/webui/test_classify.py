"""Classification in the real WebUI: its port, its queue, its Interrupt, its page."""

from __future__ import annotations

import io
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from .conftest import MINI, Webui, encoded
from .page import opened, our_tab, show

API = "/bootcamp/v1"
LABELS = ["a red circle", "a blue square", "a yellow triangle"]


def drawn(shape: str, color: tuple[int, int, int], side: int = 256) -> np.ndarray:
    """A shape on white that no training drew."""
    canvas = Image.new("RGB", (side, side), (255, 255, 255))
    pen, low, high = ImageDraw.Draw(canvas), side // 4, side * 3 // 4
    if shape == "circle":
        pen.ellipse((low, low, high, high), fill=color)
    else:
        pen.rectangle((low, low, high, high), fill=color)
    return np.asarray(canvas)


CIRCLE, SQUARE = drawn("circle", (220, 20, 30)), drawn("square", (30, 70, 220))


def test_pictures_are_classified_over_the_webuis_port(webui: Webui) -> None:
    status, answer = webui.call(f"{API}/classify", {"images": [encoded(CIRCLE), encoded(SQUARE)], "labels": LABELS})
    assert status == 200, answer
    assert [each["label"] for each in answer["images"]] == LABELS[:2]
    assert all(each["scores"][0]["value"] > 0.7 for each in answer["images"])


@pytest.mark.parametrize("prompt", ["a red circle on a white background", "a blue square on a yellow background"])
def test_what_mini_sd_drew_as_the_loaded_checkpoint_is_named_over_the_same_port(webui: Webui, prompt: str) -> None:
    own = {"sd_model_checkpoint": MINI}
    drawn = webui.draw(prompt=prompt, width=128, height=128, steps=20, cfg_scale=5, batch_size=4, override_settings=own)
    assert drawn.status == 200, drawn.answer
    first = drawn.info["index_of_first_image"]  # a sheet of all may come before them
    body = {"images": [encoded(each) for each in drawn.pictures[first:]], "labels": LABELS}
    status, answer = webui.call(f"{API}/classify", body)
    assert status == 200, answer
    named = [each["label"] for each in answer["images"]]
    assert sum(label in prompt for label in named) >= 3, named


def test_info_counts_the_model_in_memory(webui: Webui) -> None:
    webui.call(f"{API}/classify", {"images": [encoded(CIRCLE)], "labels": LABELS})
    status, answer = webui.call(f"{API}/info")
    assert status == 200
    models = {each["name"]: each for each in answer["models"]}  # others are there after other tests
    assert models["mini"]["device"] == "cpu"
    assert models["mini"]["bytes"] > 1_000_000


def test_drawing_and_classifying_at_the_same_time_both_come_through(webui: Webui) -> None:
    answers: dict[str, Any] = {}

    def classify() -> None:
        body = {"images": [encoded(CIRCLE)] * 64, "labels": LABELS}
        answers["classify"] = webui.call(f"{API}/classify", body)

    def draw() -> None:
        answers["draw"] = webui.draw(steps=4)

    threads = [threading.Thread(target=each) for each in (classify, draw, classify)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers["classify"][0] == 200, answers["classify"]
    assert answers["draw"].status == 200
    assert len(answers["draw"].pictures) == 1


def test_interrupt_stops_classifying_within_a_batch(webui: Webui) -> None:
    large = encoded(drawn("circle", (220, 20, 30), 1400))
    body = {"images": [large] * 64, "labels": LABELS}
    answers: list[Any] = []
    working = threading.Thread(target=lambda: answers.append(webui.call(f"{API}/classify", body)))
    working.start()
    while working.is_alive():  # the body takes its time to be read; Interrupt before that is for nobody
        job = webui.call("/sdapi/v1/progress?skip_current_image=true")[1]["state"]["job"]
        if job:
            webui.call("/sdapi/v1/interrupt", {})
        time.sleep(0.02)
    working.join()
    status, answer = answers[0]
    assert status == 409, answer
    assert answer["error"] == "CancelledError"


def test_the_tab_names_a_picture(webui: Webui, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "circle.png"
    buffer = io.BytesIO()
    Image.fromarray(CIRCLE).save(buffer, "PNG")
    file.write_bytes(buffer.getvalue())
    page = opened(browser, webui)
    tab = our_tab(page, "classify")
    tab.locator("#bootcamp_classify_image input[type=file]").set_input_files(str(file))
    tab.wait_for_selector("#bootcamp_classify_image img")
    tab.locator("#bootcamp_classify_labels textarea").fill(", ".join(LABELS))
    tab.locator("#bootcamp_classify_run").click()
    tab.wait_for_function(
        "() => document.querySelector('#bootcamp_classify_chart')?.innerText.includes('a red circle')"
    )
    assert "a red circle" in tab.locator("#bootcamp_classify_chart .bootcamp-bar-label").first.inner_text()
    show(page, "classify")
    page.close()
