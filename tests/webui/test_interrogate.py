"""Interrogation in the real WebUI: its port, its Interrupt, its page with the buttons that send a prompt."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from .conftest import Webui, encoded
from .page import group, loaded, opened, our_tab, press_interrupt, show
from .test_classify import CIRCLE

API = "/bootcamp/v1"
TABLES = ("mediums", "artists", "movements", "trendings", "flavors")


@pytest.fixture(scope="module", autouse=True)
def _tables(webui_python: str) -> None:
    """What install.py adds; the WebUI of these tests is started without it."""
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('clip_interrogator') is None)"
    if subprocess.run([webui_python, "-c", code], check=False).returncode:
        pytest.skip(f"{webui_python} -m pip install --no-deps clip-interrogator==0.6.0")


def test_a_picture_is_interrogated_over_the_webuis_port(webui: Webui) -> None:
    body = {"image": encoded(CIRCLE), "mode": "fast", "max_flavors": 5, "caption": "a shape", "top_k": 3}
    status, answer = webui.call(f"{API}/interrogate", body)
    assert status == 200, answer
    assert answer["prompt"].startswith("a shape, ")
    assert {each["name"]: len(each["scores"]) for each in answer["analysis"]} == dict.fromkeys(TABLES, 3)
    mediums = [score["label"] for score in answer["analysis"][0]["scores"]]
    assert "a picture" in mediums or "a drawing" in mediums
    assert answer["model"] == "mini"


def test_without_a_caption_model_caption_mode_says_what_to_do(webui: Webui) -> None:
    status, answer = webui.call(f"{API}/interrogate", {"image": encoded(CIRCLE), "mode": "caption"})
    assert status == 409, answer
    assert "set captioner to blip" in answer["detail"]


@pytest.mark.parametrize("given", [{"captioner": "blip:/etc"}, {"clip": "/etc/model.safetensors"}, {"tables": "/etc"}])
def test_a_caller_cannot_name_files(webui: Webui, given: dict[str, str]) -> None:
    status, answer = webui.call(f"{API}/interrogate", {"image": encoded(CIRCLE), "mode": "fast", **given})
    assert status in (403, 422), answer


def test_interrupt_stops_a_chain_within_a_batch(webui: Webui) -> None:
    body = {"image": encoded(CIRCLE), "mode": "best", "caption": "a shape", "min_flavors": 64, "max_flavors": 64}
    answers: list[Any] = []
    working = threading.Thread(target=lambda: answers.append(webui.call(f"{API}/interrogate", body)))
    working.start()
    shown = []
    while working.is_alive():
        state = webui.call("/sdapi/v1/progress?skip_current_image=true")[1]
        if state["state"]["job"]:
            shown.append(state["state"]["job"])
            webui.call("/sdapi/v1/interrupt", {})
        time.sleep(0.02)
    working.join()
    status, answer = answers[0]
    assert status == 409, answer
    assert answer["error"] == "CancelledError"
    assert shown


def test_drawing_and_interrogating_at_the_same_time_both_come_through(webui: Webui) -> None:
    answers: dict[str, Any] = {}

    def interrogate() -> None:
        body = {"image": encoded(CIRCLE), "mode": "best", "caption": "a shape", "min_flavors": 2, "max_flavors": 2}
        answers["interrogate"] = webui.call(f"{API}/interrogate", body)

    def draw() -> None:
        answers["draw"] = webui.draw(steps=4)

    threads = [threading.Thread(target=each) for each in (interrogate, draw)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers["interrogate"][0] == 200, answers["interrogate"]
    assert answers["draw"].status == 200


def test_the_tab_makes_a_prompt_and_sends_it_to_txt2img(webui: Webui, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "circle.png"
    Image.fromarray(CIRCLE).save(file)
    page = opened(browser, webui)
    page.locator("#txt2img_neg_prompt textarea").fill("stays")
    tab = our_tab(page, "interrogate")
    tab.locator("#bootcamp_interrogate_image input[type=file]").set_input_files(str(file))
    tab.wait_for_selector("#bootcamp_interrogate_image img")
    tab.locator("#bootcamp_interrogate_mode").get_by_text("Fast", exact=False).first.click()
    tab.locator("#bootcamp_interrogate_run").click()
    tab.wait_for_selector("#bootcamp_interrogate_chart .bootcamp-bar-best")
    prompt = tab.locator("#bootcamp_interrogate_prompt_out textarea").input_value()
    assert ", " in prompt
    show(page, "interrogate")
    tab.locator("#bootcamp_interrogate_send_txt2img").click()
    page.wait_for_function("(text) => document.querySelector('#txt2img_prompt textarea').value === text", arg=prompt)
    assert page.locator("#txt2img_prompt").is_visible()
    assert page.locator("#txt2img_neg_prompt textarea").input_value() == "stays"
    page.close()


@pytest.fixture
def working(webui: Webui, browser: Any, allowed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page and its tab, which interrogates with long tables of its own, and shows how far it is."""
    tables = allowed / request.node.name
    tables.mkdir()
    for name in (*TABLES, "negative"):
        (tables / f"{name}.txt").write_text(f"a {name}\nanother one\n")
    many = (f"{request.node.name} {number} of a kind\n" for number in range(100_000))
    (tables / "flavors.txt").write_text("".join(many))
    file = tmp_path / "circle.png"
    Image.fromarray(CIRCLE).save(file)
    page = loaded(browser, webui)
    tab = our_tab(page, "interrogate")
    tab.locator("#bootcamp_interrogate_image input[type=file]").set_input_files(str(file))
    tab.wait_for_selector("#bootcamp_interrogate_image img")
    tab.locator("#bootcamp_interrogate_caption textarea").fill("a shape")
    group(tab, "#bootcamp_tab_interrogate", "Labels")
    tab.locator("#bootcamp_interrogate_tables").locator("input, textarea").first.fill(str(tables))
    tab.locator("#bootcamp_interrogate_run").click()
    tab.wait_for_function(
        "() => [...document.querySelectorAll('#bootcamp_tab_interrogate .progress-level-inner')]"
        ".some(each => /flavors - [1-9]\\d*\\.\\d%/.test(each.innerText))"
    )
    yield page, tab
    page.close()


def reported(tab: Any) -> str:
    return str(tab.wait_for_selector("#bootcamp_interrogate_message .bootcamp-notice").inner_text())


def test_the_tab_shows_a_bar_and_the_webuis_interrupt_stops_it(working: Any) -> None:
    page, tab = working
    press_interrupt(page)
    assert re.search(r"Stopped after \d+ finished\.", reported(tab))


def test_the_tabs_own_stop_ends_it_too(working: Any) -> None:
    _, tab = working
    tab.click("#bootcamp_interrogate_stop")
    assert re.search(r"Stopped after \d+ finished\.", reported(tab))
