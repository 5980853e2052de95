"""The standalone page in a real Chromium.

`BOOTCAMP_SCREENSHOTS=docs/images` renews the pictures that the README shows.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import find_chromium

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")  # longer, and its event loop would stand in the way of other tests' asyncio.run
def browser() -> Iterator[Any]:
    """Chromium of the system."""
    chromium_path = find_chromium()
    if chromium_path is None:
        pytest.skip("no Chromium: install it, or name it in CHROMIUM")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page, freshly opened; the test fails when a script on it does."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(180_000)
    broken: list[str] = []
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.goto(address, wait_until="domcontentloaded")
    opened.wait_for_selector("#bootcamp_qr_run")
    yield opened
    context.close()
    assert broken == []


@pytest.fixture
def picture_of(tmp_path: Path) -> Any:
    """Takes a screenshot, into $BOOTCAMP_SCREENSHOTS if set."""
    folder = Path(os.environ.get("BOOTCAMP_SCREENSHOTS") or tmp_path)
    folder.mkdir(exist_ok=True)

    def take(page: Any, name: str) -> Path:
        path = folder / f"{name}.png"
        page.screenshot(path=str(path), full_page=True)
        return path

    return take
