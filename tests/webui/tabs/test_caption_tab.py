"""The caption tab in the real WebUI's page: a job that is followed, interrupted, resumed, stopped, undone, edited."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.webui.conftest import Webui
from tests.webui.datasets import LARGE, bar, captions, dataset, done_in_journal, interrupt, wanted
from tests.webui.page import choose, loaded, our_tab, press_interrupt, show

PREFIX = "#bootcamp_caption"
CARD = f"{PREFIX}_card .bootcamp-job"


@pytest.fixture
def page(webui: Webui, browser: Any) -> Iterator[Any]:
    """The tab, with the preset whose model comes along."""
    made = loaded(browser, webui)
    our_tab(made, "caption")
    choose(made, f"{PREFIX}_preset", "drawn shapes (mini)")
    made.wait_for_function(f"document.querySelector('{PREFIX}_groups textarea')?.value.includes('red circle')")
    yield made
    made.close()


def begin(page: Any, folder: Path | str) -> None:
    page.fill(f"{PREFIX}_folder textarea, {PREFIX}_folder input", str(folder))
    page.click(f"{PREFIX}_run")


def card(page: Any, state: str, folder: Path) -> str:
    """Wait until the folder's card shows a state, and give its text."""
    ours = f"document.querySelector('{CARD}-folder')?.title === '{folder}'"
    page.wait_for_function(f"{ours} && document.querySelector('{CARD}-state')?.innerText === '{state}'")
    return " ".join(page.inner_text(CARD).split())


def number(page: Any) -> int:
    return int(page.inner_text(f"{CARD}-head strong").removeprefix("Job "))


def test_a_folder_becomes_a_job_that_is_followed_and_undone(page: Any, allowed: Path) -> None:
    folder = dataset(allowed / "tab-whole", 12)
    (folder / "broken.png").write_bytes(b"no picture")
    begin(page, folder)
    reported = card(page, "done", folder)
    assert "12 of 13 done · 1 failed" in reported
    assert "broken.png The picture cannot be read" in reported
    assert captions(folder) == {at: f"{shape}, white background" for at, shape in wanted(range(12)).items()}
    assert page.locator(f"{PREFIX}_table").get_by_text("12 of 13").count() >= 1
    show(page, "caption")
    page.click(f"{PREFIX}_undo")
    assert "Its files are as they were before." in card(page, "undone", folder)
    assert captions(folder) == {}


def test_the_webuis_interrupt_pauses_the_job_and_its_bar_shows_it(page: Any, webui: Webui, allowed: Path) -> None:
    folder = dataset(allowed / "tab-interrupted", 3000, LARGE)
    begin(page, folder)
    page.wait_for_function(f"/about .* left/.test(document.querySelector('{CARD}')?.innerText)")
    show(page, "caption-running")
    assert bar(webui)[0] > 0
    interrupt(webui, number(page), lambda: press_interrupt(page))
    card(page, "paused", folder)
    done = captions(folder)
    assert 0 < len(done) < 3000
    assert done == done_in_journal(webui, number(page))
    page.click(f"{PREFIX}_resume")
    card(page, "running", folder)
    page.click(f"{PREFIX}_cancel")
    card(page, "cancelled", folder)
    assert len(done) <= len(captions(folder)) < 3000


def test_a_job_of_the_api_is_chosen_and_its_captions_are_edited(page: Any, allowed: Path) -> None:
    first, second = (dataset(allowed / f"tab-{name}", 2) for name in ("first", "second"))
    for folder in (first, second):
        begin(page, folder)
        card(page, "done", folder)
    page.locator(f"{PREFIX}_table td", has_text="/tab-first").first.click()
    card(page, "done", first)
    page.click(f"{PREFIX}_to_captions")
    page.wait_for_selector("#bootcamp_dataset_captions_run", state="visible")
    asked = page.input_value("#bootcamp_dataset_captions_folder textarea, #bootcamp_dataset_captions_folder input")
    assert asked == str(first)


def test_a_visitor_of_a_page_that_others_reach_names_only_allowed_folders(page: Any, tmp_path: Path) -> None:
    secret = dataset(tmp_path / "secret", 2)  # --server-name makes the page one that others reach
    begin(page, secret)
    message = page.wait_for_selector(f"{PREFIX}_message .bootcamp-error").inner_text()
    assert "--bootcamp-allow-dir" in message
    assert captions(secret) == {}
