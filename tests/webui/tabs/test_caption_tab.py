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
    """The WebUI's page."""
    made = loaded(browser, webui)
    yield made
    made.close()


@pytest.fixture
def tab(page: Any) -> Any:
    """The tab, with the preset whose model comes along."""
    made = our_tab(page, "caption")
    choose(made, f"{PREFIX}_preset", "drawn shapes (mini)")
    made.wait_for_function(f"document.querySelector('{PREFIX}_groups textarea')?.value.includes('red circle')")
    return made


def begin(tab: Any, folder: Path | str) -> None:
    tab.fill(f"{PREFIX}_folder textarea, {PREFIX}_folder input", str(folder))
    tab.click(f"{PREFIX}_run")


def card(tab: Any, state: str, folder: Path) -> str:
    """Wait until the folder's card shows a state, and give its text."""
    ours = f"document.querySelector('{CARD}-folder')?.title === '{folder}'"
    tab.wait_for_function(f"{ours} && document.querySelector('{CARD}-state')?.innerText === '{state}'")
    return " ".join(tab.inner_text(CARD).split())


def number(tab: Any) -> int:
    return int(tab.inner_text(f"{CARD}-head strong").removeprefix("Job "))


def test_a_folder_becomes_a_job_that_is_followed_and_undone(page: Any, tab: Any, allowed: Path) -> None:
    folder = dataset(allowed / "tab-whole", 12)
    (folder / "broken.png").write_bytes(b"no picture")
    begin(tab, folder)
    reported = card(tab, "done", folder)
    assert "12 of 13 done · 1 failed" in reported
    assert "broken.png The picture cannot be read" in reported
    assert captions(folder) == {at: f"{shape}, white background" for at, shape in wanted(range(12)).items()}
    assert tab.locator(f"{PREFIX}_table").get_by_text("12 of 13").count() >= 1
    show(page, "caption")
    tab.click(f"{PREFIX}_undo")
    assert "Its files are as they were before." in card(tab, "undone", folder)
    assert captions(folder) == {}


def test_the_webuis_interrupt_pauses_the_job_and_its_bar_shows_it(
    page: Any, tab: Any, webui: Webui, allowed: Path
) -> None:
    folder = dataset(allowed / "tab-interrupted", 3000, LARGE)
    begin(tab, folder)
    tab.wait_for_function(f"/about .* left/.test(document.querySelector('{CARD}')?.innerText)")
    show(page, "caption-running")
    assert bar(webui)[0] > 0
    interrupt(webui, number(tab), lambda: press_interrupt(page))
    card(tab, "paused", folder)
    done = captions(folder)
    assert 0 < len(done) < 3000
    assert done == done_in_journal(webui, number(tab))
    tab.click(f"{PREFIX}_resume")
    card(tab, "running", folder)
    tab.click(f"{PREFIX}_cancel")
    card(tab, "cancelled", folder)
    assert len(done) <= len(captions(folder)) < 3000


def test_a_job_of_the_api_is_chosen_and_its_captions_are_edited(tab: Any, allowed: Path) -> None:
    first, second = (dataset(allowed / f"tab-{name}", 2) for name in ("first", "second"))
    for folder in (first, second):
        begin(tab, folder)
        card(tab, "done", folder)
    tab.locator(f"{PREFIX}_table td", has_text="/tab-first").first.click()
    card(tab, "done", first)
    tab.click(f"{PREFIX}_to_captions")
    tab.wait_for_selector("#bootcamp_dataset_captions_run", state="visible")
    asked = tab.input_value("#bootcamp_dataset_captions_folder textarea, #bootcamp_dataset_captions_folder input")
    assert asked == str(first)


def test_a_visitor_of_a_page_that_others_reach_names_only_allowed_folders(tab: Any, tmp_path: Path) -> None:
    secret = dataset(tmp_path / "secret", 2)  # --server-name makes the page one that others reach
    begin(tab, secret)
    message = tab.wait_for_selector(f"{PREFIX}_message .bootcamp-error").inner_text()
    assert "--bootcamp-allow-dir" in message
    assert captions(secret) == {}
