"""The dataset report and the caption editor in the real WebUI's page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.operations.datasets.folders import add, faulty, picture
from tests.webui.conftest import Webui
from tests.webui.page import loaded, our_tab, show

REPORT, CAPTIONS = "#bootcamp_dataset_report", "#bootcamp_dataset_captions"


def fill(page: Any, field: str, text: str) -> None:
    page.fill(f"{field} textarea, {field} input", text)


def press(page: Any, prefix: str, name: str) -> str:
    """Press a button and give the message that comes."""
    page.evaluate(f"document.querySelector('{prefix}_message .bootcamp-notice')?.remove()")
    page.click(f"{prefix}_{name}")
    return str(page.wait_for_selector(f"{prefix}_message .bootcamp-notice").inner_text())


def test_a_report_is_shown_in_a_frame_and_can_be_downloaded(webui: Webui, browser: Any, allowed: Path) -> None:
    page = loaded(browser, webui)
    our_tab(page, "dataset-report")
    fill(page, f"{REPORT}_folder", str(faulty(allowed / "faulty")))
    assert press(page, REPORT, "run").startswith("21 pictures, 17 with a caption: fix files")
    frame = page.frame_locator("iframe.bootcamp-report")
    frame.locator("h1").wait_for()
    assert frame.locator(".verdict").count() == 8
    assert frame.locator("figure img").count() > 10
    show(page, "dataset")
    with page.expect_download() as downloading:
        page.click(f"{REPORT}_files a[download] >> nth=1")
    assert json.loads(Path(downloading.value.path()).read_text(encoding="utf-8"))["count"] == 21
    page.close()


def test_captions_are_found_edited_saved_and_undone(webui: Webui, browser: Any, allowed: Path) -> None:
    root = allowed / "edited"
    for at, caption in enumerate(("a red dog, on grass", "a red cat, on grass", "a blue dog, <b>sky</b>")):
        add(root, f"{at}.png", picture(at), caption)
    page = loaded(browser, webui)
    our_tab(page, "dataset-report")
    fill(page, f"{REPORT}_folder", str(root))
    page.click(f"{REPORT}_to_captions")  # hands the folder over
    page.wait_for_selector(f"{CAPTIONS}_run", state="visible")
    assert press(page, CAPTIONS, "run") == "3 of 3 pictures found, 0 changed."
    page.wait_for_selector(f"{CAPTIONS}_gallery img")
    assert page.locator(f"{CAPTIONS}_gallery .thumbnail-item img").count() == 3

    page.evaluate(f"document.querySelector('{CAPTIONS}_message .bootcamp-notice').remove()")
    page.locator(f"{CAPTIONS}_tags td", has_text="on grass").first.click()
    notice = page.wait_for_selector(f"{CAPTIONS}_message .bootcamp-notice")
    assert notice.inner_text() == "2 of 3 pictures found, 0 changed."

    fill(page, f"{CAPTIONS}_rename", "on grass => on a lawn")
    assert press(page, CAPTIONS, "preview") == "2 of 3 pictures found, 2 would be changed."
    assert (root / "0.txt").read_text() == "a red dog, on grass"
    assert press(page, CAPTIONS, "apply") == "2 of 3 pictures found, 2 changed."
    assert (root / "0.txt").read_text() == "a red dog, on a lawn"
    assert "on a lawn" in page.inner_text(f"{CAPTIONS}_changes")
    show(page, "captions")
    assert press(page, CAPTIONS, "undo") == "2 undone."
    assert (root / "0.txt").read_text() == "a red dog, on grass"

    fill(page, f"{CAPTIONS}_where", "")
    press(page, CAPTIONS, "run")
    page.locator(f"{CAPTIONS}_gallery .thumbnail-item").nth(2).click()
    text = f"{CAPTIONS}_text textarea"
    page.wait_for_function(f"() => document.querySelector('{text}').value.includes('sky')")
    page.fill(text, "a blue dog under the sky")
    assert press(page, CAPTIONS, "save") == "1 of 3 pictures found, 1 changed."
    assert (root / "2.txt").read_text() == "a blue dog under the sky"
    assert page.locator("b", has_text="sky").count() == 0
    page.close()


def test_a_page_for_this_machine_alone_uses_its_folders_and_callers_do_not(
    starter: Any, browser: Any, tmp_path: Path
) -> None:
    mine, allowed = tmp_path / "mine", tmp_path / "allowed"
    for each in (mine, allowed):
        add(each, "0.png", picture(0), "a red dog")
    fresh = starter.start(controlnet=False, named=False, bootcamp_allowed_folders=f"{allowed}\n")
    page = loaded(browser, fresh)
    for name, prefix in (("dataset-report", REPORT), ("dataset-captions", CAPTIONS)):
        our_tab(page, name)
        fill(page, f"{prefix}_folder", str(mine))
        assert press(page, prefix, "run").startswith("1 pictures, 1" if prefix == REPORT else "1 of 1 pictures")
    assert page.evaluate("opts.bootcamp_allowed_folders") == f"{allowed}\n"
    page.close()
    status, answer = fresh.call("/bootcamp/v1/dataset/report", {"folder": str(mine)})
    assert status == 403
    assert 'Settings, Bootcamp, "Folders that callers may use"' in answer["detail"]
    assert fresh.call("/bootcamp/v1/dataset/report", {"folder": str(allowed)})[0] == 200


def test_a_visitor_of_a_page_that_others_reach_names_only_allowed_folders(
    webui: Webui, browser: Any, tmp_path: Path
) -> None:
    add(tmp_path, "0.png", picture(0), "secret words")
    page = loaded(browser, webui)
    for name, prefix in (("dataset-report", REPORT), ("dataset-captions", CAPTIONS)):
        our_tab(page, name)
        fill(page, f"{prefix}_folder", str(tmp_path))
        assert "--bootcamp-allow-dir" in press(page, prefix, "run")
    assert "secret words" not in page.content()
    page.close()
