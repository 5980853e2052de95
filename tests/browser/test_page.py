"""What a person does on the standalone page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zxingcpp
from PIL import Image as Pil
from PIL import ImageDraw

from lib_bootcamp.catalog import find
from tests.ml.needs import missing

PHOTO = Path(__file__).resolve().parents[2] / "examples" / "photo.jpg"


def fill(page: Any, name: str, text: str) -> None:
    page.fill(f"#{name} textarea, #{name} input[type=text]", text)


def run(page: Any, operation: str) -> str:
    """Press the button and give the message that comes."""
    page.evaluate(f"document.querySelector('#bootcamp_{operation}_message .bootcamp-notice')?.remove()")
    page.click(f"#bootcamp_{operation}_run")
    notice = page.wait_for_selector(f"#bootcamp_{operation}_message .bootcamp-notice")
    return str(notice.inner_text())


def open_tab(page: Any, operation: str, title: str) -> None:
    """Show an operation's tab: first its section, then the tab inside."""
    page.wait_for_selector("#bootcamp_tabs [role=tab]")
    page.get_by_role("tab", name=find(operation.replace("_", "-")).place, exact=True).click()
    page.get_by_role("tab", name=title, exact=True).click()
    page.wait_for_selector(f"#bootcamp_{operation}_run", state="visible")


def download(page: Any, operation: str) -> Any:
    with page.expect_download() as downloading:
        page.click(f"#bootcamp_{operation}_files a[download]")
    return np.asarray(Pil.open(downloading.value.path()).convert("RGB"))


def test_the_form_makes_a_code_that_can_be_downloaded_and_scans(page: Any, picture_of: Any) -> None:
    fill(page, "bootcamp_qr_content", "https://example.com")
    assert "px modules" in run(page, "qr")
    page.wait_for_selector("#bootcamp_qr_image_out img")
    page.wait_for_timeout(500)
    picture_of(page, "page-qr")
    code = download(page, "qr")
    assert code.shape == (768, 768, 3)
    assert [each.text for each in zxingcpp.read_barcodes(code)] == ["https://example.com"]


def test_a_mistake_is_reported_in_one_sentence(page: Any, picture_of: Any) -> None:
    fill(page, "bootcamp_qr_content", "")
    message = run(page, "qr")
    assert message.startswith("Content is missing")
    assert page.get_attribute("#bootcamp_qr_message .bootcamp-notice", "role") == "alert"
    assert page.locator("#bootcamp_qr_image_out img").count() == 0
    picture_of(page, "page-error")


def test_fields_of_a_payload_appear_when_it_is_chosen(page: Any) -> None:
    assert page.locator("#bootcamp_qr_wifi_ssid").is_hidden()
    page.click("#bootcamp_qr_payload input")
    page.get_by_role("option", name="Wi-Fi network").click()
    page.wait_for_selector("#bootcamp_qr_wifi_ssid", state="visible")
    assert page.locator("#bootcamp_qr_content").is_hidden()


def test_an_uploaded_photograph_becomes_a_brightness_map(page: Any) -> None:
    open_tab(page, "brightness", "Brightness map")
    page.set_input_files("#bootcamp_brightness_image input[type=file]", str(PHOTO))
    page.wait_for_selector("#bootcamp_brightness_image img")
    assert "600 x 400" in run(page, "brightness")
    map_ = download(page, "brightness")
    assert (map_[:, :, 0] == map_[:, :, 2]).all()


def test_a_light_is_added_and_dragged_on_the_stage(page: Any, picture_of: Any) -> None:
    open_tab(page, "lighting", "Lighting map")
    page.click(".bootcamp-stage-bar button:has-text('point')")
    page.wait_for_selector("#bootcamp_lighting_message .bootcamp-notice")
    page.wait_for_function("document.querySelector('.bootcamp-stage-view img')?.complete")
    page.wait_for_timeout(1000)
    assert page.locator(".bootcamp-stage-view g > text").all_text_contents() == ["1"]
    assert page.locator(".bootcamp-stage-view g > title").all_text_contents() == ["point 1"]
    handle = page.locator(".bootcamp-stage-view circle").first.bounding_box()
    stage = page.locator(".bootcamp-stage-view svg").bounding_box()
    page.evaluate("document.querySelector('#bootcamp_lighting_message .bootcamp-notice').remove()")
    page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.down()
    page.mouse.move(stage["x"] + stage["width"] * 0.75, stage["y"] + stage["height"] * 0.25, steps=5)
    page.mouse.up()
    page.wait_for_selector("#bootcamp_lighting_message .bootcamp-notice")
    (light,) = json.loads(page.input_value("#bootcamp_lighting_lights textarea"))
    assert not page.locator("#bootcamp_lighting_lights").is_visible()
    shown = page.get_by_role("button", name="As JSON")
    shown.click()
    assert page.locator("#bootcamp_lighting_lights textarea").is_visible()
    assert shown.get_attribute("aria-expanded") == "true"
    shown.click()
    assert abs(light["x"] - 0.75) < 0.02
    assert abs(light["y"] - 0.25) < 0.02
    brightest = page.inner_text("#bootcamp_lighting_message .bootcamp-notice").split("at ")[-1]
    assert all(abs(float(a) - b) < 0.03 for a, b in zip(brightest.split(", "), (0.75, 0.25), strict=True))
    page.wait_for_timeout(1000)
    picture_of(page, "page-lighting")


def test_a_code_is_scanned_in_the_scan_tab_with_its_layout(page: Any, picture_of: Any) -> None:
    fill(page, "bootcamp_qr_content", "https://example.com")
    run(page, "qr")
    page.click("#bootcamp_qr_to_scan")
    page.wait_for_selector("#bootcamp_scan_image img")
    page.wait_for_function("document.querySelector('#bootcamp_scan_layout textarea')?.value.includes('module_px')")
    message = page.wait_for_selector("#bootcamp_scan_message .bootcamp-notice").inner_text()
    assert message.startswith("Scans: ")
    assert "0 of 841 modules wrong" in message
    page.wait_for_selector("#bootcamp_scan_error_map_out img")
    page.wait_for_timeout(500)
    picture_of(page, "page-scan")


def test_without_a_code_nothing_is_scanned_and_the_page_says_so(page: Any) -> None:
    page.click("#bootcamp_qr_to_scan")
    page.get_by_text("Code is missing; make one first.").first.wait_for()
    assert page.locator("#bootcamp_qr_run").is_visible()
    assert page.locator("#bootcamp_scan_message .bootcamp-notice").count() == 0


def test_a_text_file_named_png_is_reported_in_one_sentence(page: Any, tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_text("no picture", encoding="utf-8")
    open_tab(page, "scan", "Scan QR code")
    page.set_input_files("#bootcamp_scan_image input[type=file]", str(bad))
    page.wait_for_timeout(2000)
    message = run(page, "scan")
    assert "picture" in message
    assert "Traceback" not in page.content()


def test_the_api_docs_open_beside_the_page(page: Any, address: str) -> None:
    answer = page.request.get(f"{address}/openapi.json")
    assert answer.ok
    assert "/bootcamp/v1/control-maps/qr" in answer.json()["paths"]


def test_a_picture_is_classified_and_several_are_a_table_and_a_gallery(
    page: Any, tmp_path: Path, picture_of: Any
) -> None:
    if missing():
        pytest.skip(f"{', '.join(missing())} not installed")
    for name, color in {"red": (220, 20, 30), "blue": (30, 70, 220), "green": (20, 150, 40)}.items():
        canvas = Pil.new("RGB", (256, 256), "white")
        ImageDraw.Draw(canvas).ellipse((64, 64, 192, 192), fill=color)
        canvas.save(tmp_path / f"{name}.png")
    (tmp_path / "bad.png").write_text("no picture", encoding="utf-8")
    open_tab(page, "classify", "Classify")
    page.set_input_files("#bootcamp_classify_image input[type=file]", str(tmp_path / "red.png"))
    page.wait_for_selector("#bootcamp_classify_image img")
    fill(page, "bootcamp_classify_labels", "a blue circle\na red circle\na green circle")
    assert run(page, "classify").startswith("a red circle")
    page.wait_for_selector("#bootcamp_classify_chart .bootcamp-bar")
    assert page.locator("#bootcamp_classify_chart .bootcamp-bar-label").first.inner_text() == "a red circle"
    picture_of(page, "page-classify")
    files = [str(tmp_path / f"{name}.png") for name in ("blue", "bad", "green")]
    page.set_input_files("#bootcamp_classify_uploads input[type=file]", files)
    page.wait_for_function("document.querySelector('#bootcamp_classify_uploads')?.innerText.includes('green')")
    assert run(page, "classify") == "3 classified, 1 failed"
    page.wait_for_selector("#bootcamp_classify_gallery img")
    assert page.locator("#bootcamp_classify_chart tbody tr").count() == 4
    page.wait_for_timeout(1000)
    picture_of(page, "page-classify-several")


def test_the_maps_of_a_folder_are_a_job_below_the_tab(page: Any, tmp_path: Path, picture_of: Any) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("one", "two"):
        Pil.open(PHOTO).resize((320, 240)).save(folder / f"{name}.jpg")
    done = "document.querySelector('#bootcamp_edges_folder_card').innerText.includes('2 of 2 done')"
    other = page.context.new_page()
    other.goto(page.url)
    for each in (other, page):
        open_tab(each, "edges", "Edge map")
        each.click("#bootcamp_edges_folder button:has-text('Maps of a folder')")
    fill(page, "bootcamp_edges_folder_folder", str(folder))
    page.click("#bootcamp_edges_folder_run")
    page.wait_for_function(done)
    other.bring_to_front()
    other.wait_for_function(done)  # a page that only looks on sees it too
    other.close()
    picture_of(page, "page-maps-folder")
    assert sorted(path.name for path in (folder / "maps" / "edges").iterdir()) == ["one.png", "two.png"]
    page.click("#bootcamp_edges_folder_undo")
    page.wait_for_function("document.querySelector('#bootcamp_edges_folder_message').innerText.includes('2 files are')")
    assert not (folder / "maps").exists()
