"""A mistake stands at its field: there it is read, by a screen reader too, until a run is right."""

from __future__ import annotations

from typing import Any

from tests.browser.test_page import fill, open_tab, run

FIELD = "#bootcamp_qr_content"
MARK = f"{FIELD} > .bootcamp-mark"


def test_a_wrong_value_is_told_at_its_field_until_a_run_is_right(page: Any, picture_of: Any) -> None:
    fill(page, "bootcamp_qr_content", "")
    message = run(page, "qr")
    mark = page.wait_for_selector(MARK)
    assert mark.inner_text() == message
    picture_of(page, "page-field-mark")
    fill(page, "bootcamp_qr_content", "HELLO")
    assert "px modules" in run(page, "qr")
    page.wait_for_selector(MARK, state="detached")


def test_it_is_announced_and_read_with_the_field(page: Any) -> None:
    fill(page, "bootcamp_qr_content", "")
    run(page, "qr")
    page.wait_for_selector(MARK)
    assert page.get_attribute("#bootcamp_qr_message .bootcamp-notice", "role") == "alert"
    field = page.locator(f"{FIELD} textarea, {FIELD} input")
    assert field.get_attribute("aria-invalid") == "true"
    described = field.get_attribute("aria-describedby")
    assert page.locator(f"#{described}").inner_text().startswith("Content is missing")
    fill(page, "bootcamp_qr_content", "HELLO")
    run(page, "qr")
    page.wait_for_selector(MARK, state="detached")
    assert field.get_attribute("aria-invalid") is None
    assert field.get_attribute("aria-describedby") is None


def test_only_the_field_that_it_is_about_is_marked(page: Any) -> None:
    open_tab(page, "brightness", "Brightness map")
    run(page, "brightness")
    page.wait_for_selector("#bootcamp_brightness_image > .bootcamp-mark")
    assert page.locator(".bootcamp-mark").count() == 1


def test_another_mistake_takes_the_place_of_the_first(page: Any) -> None:
    fill(page, "bootcamp_qr_content", "")
    run(page, "qr")
    page.wait_for_selector(MARK)
    fill(page, "bootcamp_qr_content", "x" * 4000)
    message = run(page, "qr")
    page.wait_for_function(f"text => document.querySelector('{MARK}')?.innerText === text", arg=message)
    assert page.locator(".bootcamp-mark").count() == 1
