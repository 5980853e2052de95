"""The dataset report and the caption editor on the standalone page."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.app import main
from tests.browser.test_page import fill, open_tab, run
from tests.operations.datasets.folders import add, faulty, picture

REPORT, CAPTIONS = "bootcamp_dataset_report", "bootcamp_dataset_captions"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number, caption in enumerate(("a red dog, on grass", "a red cat, on grass", "a blue dog, <b>sky</b>")):
        add(tmp_path / "set", f"{number}.png", picture(number), caption)
    return tmp_path / "set"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_one_file_loads_nothing_and_runs_nothing(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, theme: str
) -> None:
    faulty(tmp_path / "photos")
    add(tmp_path / "photos" / "10_dog", "<img src=x onerror=alert(1)>.png", picture(1), "<script>alert(2)</script>")
    monkeypatch.chdir(tmp_path)
    assert main(["dataset", "report", "photos", "--html", "report.html", "--quiet"]) == 0
    context = browser.new_context(viewport={"width": 1180, "height": 1500}, color_scheme=theme)
    page = context.new_page()
    page.set_default_timeout(180_000)
    asked, sentence = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (sentence.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda line: sentence.append(line.text))
    page.goto((tmp_path / "report.html").as_uri())
    page.wait_for_timeout(500)
    folder = os.environ.get("BOOTCAMP_SCREENSHOTS")
    if folder:
        page.screenshot(path=f"{folder}/dataset-report{'-dark' if theme == 'dark' else ''}.png")
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert sentence == []
    assert page.locator("script").count() == 0
    assert page.locator(".verdict").count() == 8
    assert page.get_by_text("<img src=x onerror=alert(1)>.png").count() > 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def press(page: Any, name: str) -> str:
    """Press a button of the editor and give the message that comes."""
    page.evaluate(f"document.querySelector('#{CAPTIONS}_message .bootcamp-notice')?.remove()")
    page.click(f"#{CAPTIONS}_{name}")
    return str(page.wait_for_selector(f"#{CAPTIONS}_message .bootcamp-notice").inner_text())


def test_a_report_is_shown_in_a_frame_and_can_be_downloaded(page: Any, tmp_path: Path, picture_of: Any) -> None:
    open_tab(page, "dataset_report", "Dataset report")
    fill(page, f"{REPORT}_folder", str(faulty(tmp_path / "set")))
    assert run(page, "dataset_report").startswith("21 pictures, 17 with a caption: fix files")
    frame = page.frame_locator("iframe.bootcamp-report")
    frame.locator("h1").wait_for()
    assert frame.locator(".verdict").count() == 8
    assert frame.locator("figure img").count() > 10
    assert frame.locator("svg.chart").count() == 3
    assert frame.locator(".bootcamp-bars").count() == 3
    page.wait_for_timeout(500)
    picture_of(page, "page-dataset")
    with page.expect_download() as downloading:
        page.click(f"#{REPORT}_files a[download] >> nth=1")
    assert json.loads(Path(downloading.value.path()).read_text(encoding="utf-8"))["count"] == 21


@pytest.mark.parametrize(("theme", "paper"), [("dark", "rgb(20, 23, 27)"), ("light", "rgb(255, 255, 255)")])
def test_the_report_follows_the_theme_of_the_page(
    browser: Any, root: Path, address: str, picture_of: Any, theme: str, paper: str
) -> None:
    # without Playwright's own choice of a color scheme, which would hold in the frame too
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="null")
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}?__theme={theme}", wait_until="domcontentloaded")
    page.wait_for_selector("#bootcamp_qr_run")
    open_tab(page, "dataset_report", "Dataset report")
    fill(page, f"{REPORT}_folder", str(root))
    run(page, "dataset_report")
    frame = page.frame_locator("iframe.bootcamp-report")
    frame.locator("h1").wait_for()
    color = frame.locator("body").evaluate("body => getComputedStyle(body).backgroundColor")
    picture_of(page, f"page-dataset-{theme}")
    context.close()
    assert color == paper


def test_captions_are_found_by_a_click_on_a_tag_edited_saved_and_undone(page: Any, root: Path, picture_of: Any) -> None:
    open_tab(page, "dataset_report", "Dataset report")
    fill(page, f"{REPORT}_folder", str(root))
    page.click(f"#{REPORT}_to_captions")  # hands the folder over
    page.wait_for_selector(f"#{CAPTIONS}_run", state="visible")
    assert run(page, "dataset_captions") == "3 of 3 pictures found, 0 changed."
    page.wait_for_selector(f"#{CAPTIONS}_gallery img")
    assert page.locator(f"#{CAPTIONS}_gallery img").count() == 3

    page.evaluate(f"document.querySelector('#{CAPTIONS}_message .bootcamp-notice').remove()")
    page.locator(f"#{CAPTIONS}_tags [role=gridcell]", has_text="on grass").first.click()
    notice = page.wait_for_selector(f"#{CAPTIONS}_message .bootcamp-notice")
    assert notice.inner_text() == "2 of 3 pictures found, 0 changed."
    assert page.input_value(f"#{CAPTIONS}_where textarea, #{CAPTIONS}_where input") == "on grass"

    fill(page, f"{CAPTIONS}_rename", "on grass => on a lawn")
    assert press(page, "preview") == "2 of 3 pictures found, 2 would be changed."
    assert (root / "0.txt").read_text() == "a red dog, on grass"
    assert "on a lawn" in page.inner_text(f"#{CAPTIONS}_changes")
    assert press(page, "apply") == "2 of 3 pictures found, 2 changed."
    assert (root / "0.txt").read_text() == "a red dog, on a lawn"
    picture_of(page, "page-captions")
    assert press(page, "undo") == "2 undone."
    assert (root / "0.txt").read_text() == "a red dog, on grass"


def test_a_caption_is_written_by_hand(page: Any, root: Path) -> None:
    open_tab(page, "dataset_captions", "Caption editor")
    fill(page, f"{CAPTIONS}_folder", str(root))
    run(page, "dataset_captions")
    page.wait_for_selector(f"#{CAPTIONS}_gallery img")
    page.locator(f"#{CAPTIONS}_gallery button img").nth(2).click()
    text = f"#{CAPTIONS}_text textarea"
    page.wait_for_function(f"document.querySelector('{text}').value.includes('sky')")
    page.fill(text, "a blue dog under the sky")
    assert press(page, "save") == "1 of 3 pictures found, 1 changed."
    assert (root / "2.txt").read_text() == "a blue dog under the sky"
