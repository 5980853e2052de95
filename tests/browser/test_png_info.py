"""The PNG info tab in Chromium: files are read when given, compared, written anew, handed over; a folder's tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.images.codec import read_image
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.core.png_info.edit import with_infotext
from lib_bootcamp.operations.png_info.read import read_info
from tests.browser.test_page import PHOTO, open_tab
from tests.core.png_info.samples import INFOTEXT, comfy, png

PREFIX = "#bootcamp_png_info"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """The same photograph twice with different parameters, and one of ComfyUI."""
    photo = encode_png(read_image(PHOTO))
    other = INFOTEXT.replace("a cat,", "a dog,").replace("CFG scale: 7", "CFG scale: 5")
    contents = {
        "cat.png": with_infotext(photo, INFOTEXT),
        "dog.png": with_infotext(photo, other),
        "comfy.png": png(prompt=json.dumps(comfy())),
    }
    for name, data in contents.items():
        (tmp_path / name).write_bytes(data)
    return [str(tmp_path / name) for name in contents]


def view(page: Any, title: str) -> None:
    page.locator(f"{PREFIX}_views").get_by_role("tab", name=title, exact=True).click()


def given(page: Any, *files: str) -> None:
    """Give files; they are read without a click."""
    open_tab(page, "png_info", "PNG info")
    page.set_input_files(f"{PREFIX}_files input[type=file]", list(files))
    page.wait_for_selector(f"{PREFIX}_message .bootcamp-notice")


def infotext(page: Any) -> str:
    return str(page.locator(f"{PREFIX}_edit_infotext textarea").input_value())


def test_a_file_is_read_when_it_is_given_and_its_fields_draw(page: Any, files: list[str], picture_of: Any) -> None:
    given(page, files[0])
    assert infotext(page) == INFOTEXT
    page.wait_for_selector(f"{PREFIX}_image_out img")
    assert "965400086" in page.inner_text(f"{PREFIX}_fields")
    page.wait_for_timeout(700)
    picture_of(page, "page-png-info")
    view(page, "Raw texts")
    assert "ADetailer" in page.inner_text(f"{PREFIX}_raw")
    page.click(f"{PREFIX}_to_txt2img")
    page.wait_for_selector("#bootcamp_txt2img_run:visible")
    assert page.input_value("#bootcamp_txt2img_prompt textarea").startswith("a cat, <lora:x:0.8>")
    assert page.input_value("#bootcamp_txt2img_prompt textarea").endswith("line two")
    assert "Not taken over: Model" in page.inner_text("#bootcamp_txt2img_message")


def test_two_files_are_compared_and_another_is_chosen(page: Any, files: list[str], picture_of: Any) -> None:
    given(page, *files)
    assert "3 of 3 files" in page.inner_text(f"{PREFIX}_message")
    page.click(f"{PREFIX}_against input")
    page.get_by_role("option", name="2. dog.png").click()
    view(page, "Differences")
    page.wait_for_selector(f"{PREFIX}_differences mark")
    assert page.locator(f"{PREFIX}_differences tbody th").all_inner_texts() == ["Prompt", "CFG scale"]
    page.wait_for_timeout(700)
    picture_of(page, "page-png-info-differences")
    page.click(f"{PREFIX}_chosen input")
    page.get_by_role("option", name="3. comfy.png").click()
    page.wait_for_function(f"document.querySelector('{PREFIX}_edit_infotext textarea').value.includes('Euler a')")


def test_a_copy_is_downloaded_without_metadata(page: Any, files: list[str]) -> None:
    given(page, files[0])
    view(page, "Write a copy")
    page.click(f"{PREFIX}_strip")
    page.wait_for_selector(f"{PREFIX}_copy_message .bootcamp-done")
    with page.expect_download() as downloading:
        page.click(f"{PREFIX}_copy a[download]")
    assert downloading.value.suggested_filename == "cat-bare.png"
    assert read_info(Path(downloading.value.path()).read_bytes()).texts == {}


def test_a_folder_is_read_into_tables(page: Any, files: list[str]) -> None:
    open_tab(page, "png_info", "PNG info")
    page.get_by_role("button", name="A whole folder").click()
    page.fill(f"{PREFIX}_folder textarea, {PREFIX}_folder input", str(Path(files[0]).parent))
    page.click(f"{PREFIX}_tables")
    message = page.wait_for_selector(f"{PREFIX}_folder_message .bootcamp-notice").inner_text()
    assert message == "3 files read, 3 with generation data"
    assert page.locator(f"{PREFIX}_folder_files a[download]").count() == 2
