"""The caption tab on the standalone page: a folder as a job that is followed, paused, resumed, stopped and undone."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as Pil

from tests.browser.test_page import fill, open_tab
from tests.ml.needs import skip_without_models

skip_without_models()

from tests.ml.clip.test_classify_mini import COLORS, SHAPES, drawn  # noqa: E402

PREFIX = "#bootcamp_caption"
CARD = f"document.querySelector('{PREFIX}_card .bootcamp-job')"
KINDS = [(shape, color) for shape in SHAPES for color in COLORS]


def shapes(folder: Path, count: int) -> Path:
    """Pictures of shapes."""
    folder.mkdir(parents=True)
    files = []
    for kind in KINDS:
        out = io.BytesIO()
        Pil.fromarray(drawn(*kind, 64)).save(out, "PNG")
        files.append(out.getvalue())
    for at in range(count):
        (folder / f"{at:04}.png").write_bytes(files[at % len(files)])
    return folder


def opened(page: Any) -> None:
    """Show the tab, with a preset whose model comes along."""
    open_tab(page, "caption", "Caption")
    page.click(f"{PREFIX}_preset input")
    page.get_by_role("option", name="drawn shapes (mini)").click()
    page.wait_for_selector(f"{PREFIX}_groups textarea")
    page.wait_for_function(f"document.querySelector('{PREFIX}_groups textarea').value.includes('red circle')")


def begin(page: Any, folder: Path) -> None:
    fill(page, "bootcamp_caption_folder", str(folder))
    page.click(f"{PREFIX}_run")


def card(page: Any, state: str, folder: Path) -> str:
    """Wait until the folder's card shows a state, and give its text."""
    text = f"{CARD}?.innerText.includes('/{folder.name}')"
    shown = f"document.querySelector('#bootcamp_caption_card .bootcamp-job-state')?.innerText === '{state}'"
    page.wait_for_function(f"{text} && {shown}", timeout=180_000)  # the first job loads the model
    return " ".join(page.inner_text("#bootcamp_caption_card .bootcamp-job").split())


def captions(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.txt"))


def test_a_folder_becomes_a_job_that_is_followed_and_undone(page: Any, tmp_path: Path, picture_of: Any) -> None:
    folder = shapes(tmp_path / "few", 12)
    (folder / "broken.png").write_bytes(b"no picture")
    opened(page)
    begin(page, folder)
    reported = card(page, "done", folder)
    assert "12 of 13 done · 1 failed" in reported
    assert "broken.png The picture cannot be read" in reported
    assert len(captions(folder)) == 12
    assert (folder / "0000.txt").read_text() == "red circle, white background"
    assert page.locator(f"{PREFIX}_table").get_by_text("12 of 13").count() >= 1
    picture_of(page, "page-caption")
    assert page.is_disabled(f"{PREFIX}_pause")
    page.click(f"{PREFIX}_undo")
    assert "Its files are as they were before." in card(page, "undone", folder)
    assert "12 files are as they were before job" in page.inner_text(f"{PREFIX}_message")
    assert captions(folder) == []


def test_a_job_is_paused_goes_on_after_the_page_was_loaded_again_and_is_stopped(
    page: Any, tmp_path: Path, picture_of: Any
) -> None:
    folder = shapes(tmp_path / "datasets" / "shapes", 12_000)
    opened(page)
    begin(page, folder)
    fill(page, "bootcamp_caption_folder", "datasets/shapes")  # as the picture shows it
    page.wait_for_function(f"/about .* left/.test({CARD}?.innerText)", timeout=180_000)
    if os.environ.get("BOOTCAMP_SCREENSHOTS"):  # it takes time, in which the job may end
        picture_of(page, "page-caption-running")
    page.click(f"{PREFIX}_pause")
    card(page, "paused", folder)
    done = len(captions(folder))
    assert 0 < done < 12_000
    page.reload(wait_until="domcontentloaded")
    page.wait_for_selector("#bootcamp_qr_run")
    open_tab(page, "caption", "Caption")
    assert f"{done:,} of 12,000 done" in card(page, "paused", folder)
    page.click(f"{PREFIX}_resume")
    card(page, "running", folder)
    page.click(f"{PREFIX}_cancel")
    card(page, "cancelled", folder)
    assert done <= len(captions(folder)) < 12_000
    page.click(f"{PREFIX}_undo")
    card(page, "undone", folder)
    assert captions(folder) == []


def test_a_job_is_chosen_in_the_table_and_its_captions_are_edited(page: Any, tmp_path: Path) -> None:
    first, second = shapes(tmp_path / "first", 2), shapes(tmp_path / "second", 2)
    opened(page)
    for folder in (first, second):
        begin(page, folder)
        card(page, "done", folder)
    page.locator(f"{PREFIX}_table [role=gridcell]", has_text="/first").first.click()
    card(page, "done", first)
    page.click(f"{PREFIX}_to_captions")
    page.wait_for_selector("#bootcamp_dataset_captions_run:visible")
    asked = page.input_value("#bootcamp_dataset_captions_folder textarea, #bootcamp_dataset_captions_folder input")
    assert asked == str(first)


def test_one_picture_is_tried(page: Any, tmp_path: Path) -> None:
    folder = shapes(tmp_path / "one", 1)
    opened(page)
    page.get_by_role("button", name="Try it on some pictures").click()
    page.set_input_files(f"{PREFIX}_picture input[type=file]", str(folder / "0000.png"))
    page.wait_for_selector(f"{PREFIX}_picture img")
    page.click(f"{PREFIX}_try")
    page.wait_for_function(f"document.querySelector('{PREFIX}_text textarea')?.value")
    assert page.input_value(f"{PREFIX}_text textarea") == "red circle, white background"
    assert page.locator(f"{PREFIX}_chart .bootcamp-bar").count() == 2
    assert captions(folder) == []


def test_a_mistake_is_reported(page: Any, tmp_path: Path) -> None:
    opened(page)
    begin(page, tmp_path / "none")
    message = page.wait_for_selector(f"{PREFIX}_message .bootcamp-error").inner_text()
    assert f"Folder not found: {tmp_path / 'none'}" in message


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_state_of_a_job_can_be_read_in_both_themes(
    browser: Any, address: str, tmp_path: Path, picture_of: Any, theme: str
) -> None:
    folder = shapes(tmp_path / theme, 3)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(180_000)
    page.goto(f"{address}?__theme={theme}", wait_until="domcontentloaded")
    page.wait_for_selector("#bootcamp_qr_run")
    opened(page)
    begin(page, folder)
    card(page, "done", folder)
    picture_of(page, f"page-caption-{theme}")
    script = """state => {
        const numbers = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
        const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
        const text = light(numbers(getComputedStyle(state).color));
        let behind = state.parentElement;
        const clear = each => /, 0\\)$|transparent/.test(getComputedStyle(each).backgroundColor);
        while (behind.parentElement && clear(behind)) behind = behind.parentElement;
        const ground = light(numbers(getComputedStyle(behind).backgroundColor));
        return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    }"""
    contrast = page.locator("#bootcamp_caption_card .bootcamp-job-state").evaluate(script)
    context.close()
    assert contrast >= 4.5  # WCAG 2.2, 1.4.3
