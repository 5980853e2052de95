"""The dataset report and the caption editor in the real WebUI's page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.operations.datasets.folders import add, faulty, picture
from tests.webui.conftest import Webui
from tests.webui.page import loaded, our_tab, show

REPORT, CAPTIONS = "#bootcamp_dataset_report", "#bootcamp_dataset_captions"


def fill(tab: Any, field: str, text: str) -> None:
    tab.fill(f"{field} textarea, {field} input", text)


def press(tab: Any, prefix: str, name: str) -> str:
    """Press a button and give the message that comes."""
    tab.evaluate(f"document.querySelector('{prefix}_message .bootcamp-notice')?.remove()")
    tab.click(f"{prefix}_{name}")
    return str(tab.wait_for_selector(f"{prefix}_message .bootcamp-notice").inner_text())


def test_a_report_is_shown_in_a_frame_and_can_be_downloaded(webui: Webui, browser: Any, allowed: Path) -> None:
    page = loaded(browser, webui)
    tab = our_tab(page, "dataset-report")
    fill(tab, f"{REPORT}_folder", str(faulty(allowed / "faulty")))
    assert press(tab, REPORT, "run").startswith("21 pictures, 17 with a caption: fix files")
    frame = tab.frame_locator("iframe.bootcamp-report")
    frame.locator("h1").wait_for()
    assert frame.locator(".verdict").count() == 8
    assert frame.locator("figure img").count() > 10
    show(page, "dataset")
    with page.expect_download() as downloading:
        tab.click(f"{REPORT}_files a[download] >> nth=1")
    assert json.loads(Path(downloading.value.path()).read_text(encoding="utf-8"))["count"] == 21
    page.close()


def test_captions_are_found_edited_saved_and_undone(webui: Webui, browser: Any, allowed: Path) -> None:
    root = allowed / "edited"
    for at, caption in enumerate(("a red dog, on grass", "a red cat, on grass", "a blue dog, <b>sky</b>")):
        add(root, f"{at}.png", picture(at), caption)
    page = loaded(browser, webui)
    tab = our_tab(page, "dataset-report")
    fill(tab, f"{REPORT}_folder", str(root))
    tab.click(f"{REPORT}_to_captions")  # hands the folder over
    tab.wait_for_selector(f"{CAPTIONS}_run", state="visible")
    assert press(tab, CAPTIONS, "run") == "3 of 3 pictures found, 0 changed."
    tab.wait_for_selector(f"{CAPTIONS}_gallery img")
    assert tab.locator(f"{CAPTIONS}_gallery .thumbnail-item img").count() == 3

    tab.evaluate(f"document.querySelector('{CAPTIONS}_message .bootcamp-notice').remove()")
    tab.locator(f"{CAPTIONS}_tags td", has_text="on grass").first.click()
    notice = tab.wait_for_selector(f"{CAPTIONS}_message .bootcamp-notice")
    assert notice.inner_text() == "2 of 3 pictures found, 0 changed."

    fill(tab, f"{CAPTIONS}_rename", "on grass => on a lawn")
    assert press(tab, CAPTIONS, "preview") == "2 of 3 pictures found, 2 would be changed."
    assert (root / "0.txt").read_text() == "a red dog, on grass"
    assert press(tab, CAPTIONS, "apply") == "2 of 3 pictures found, 2 changed."
    assert (root / "0.txt").read_text() == "a red dog, on a lawn"
    assert "on a lawn" in tab.inner_text(f"{CAPTIONS}_changes")
    show(page, "captions")
    assert press(tab, CAPTIONS, "undo") == "2 undone."
    assert (root / "0.txt").read_text() == "a red dog, on grass"

    fill(tab, f"{CAPTIONS}_where", "")
    press(tab, CAPTIONS, "run")
    tab.locator(f"{CAPTIONS}_gallery .thumbnail-item").nth(2).click()
    text = f"{CAPTIONS}_text textarea"
    tab.wait_for_function(f"() => document.querySelector('{text}').value.includes('sky')")
    tab.fill(text, "a blue dog under the sky")
    assert press(tab, CAPTIONS, "save") == "1 of 3 pictures found, 1 changed."
    assert (root / "2.txt").read_text() == "a blue dog under the sky"
    assert tab.locator("b", has_text="sky").count() == 0
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
        tab = our_tab(page, name)
        fill(tab, f"{prefix}_folder", str(mine))
        assert press(tab, prefix, "run").startswith("1 pictures, 1" if prefix == REPORT else "1 of 1 pictures")
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
        tab = our_tab(page, name)
        fill(tab, f"{prefix}_folder", str(tmp_path))
        assert "--bootcamp-allow-dir" in press(tab, prefix, "run")
    assert "secret words" not in tab.content()
    page.close()
