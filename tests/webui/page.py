"""What a person does on a WebUI's page, in the browser; screenshots go to $BOOTCAMP_SCREENSHOTS if set."""

from __future__ import annotations

import io
import os
import re
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lib_bootcamp.catalog import find

from .conftest import START_S, Webui

WAIT_MS = 240_000


def loaded(browser: Any, webui: Webui) -> Any:
    """The page as it comes."""
    page = browser.new_page(viewport={"width": 1400, "height": 1500})
    page.set_default_timeout(WAIT_MS)
    page.goto(webui.url, wait_until="domcontentloaded")
    page.wait_for_selector("#txt2img_generate")
    page.wait_for_function("() => typeof opts === 'object' && Object.keys(opts).length > 10")
    return page


def opened(browser: Any, webui: Webui) -> Any:
    """The page, small and quick to draw with."""
    page = loaded(browser, webui)
    for name, value in (("width", 256), ("height", 256), ("steps", 2)):
        number(page, f"#txt2img_{name}", value)
    page.locator("#txt2img_prompt textarea").fill("a red house")
    number(page, "#txt2img_seed", 1)
    return page


def number(page: Any, component: str, value: float) -> None:
    """Type a number into a component."""
    box = page.locator(f"{component} input[type=number]")
    box.fill(str(value))
    box.press("Tab")


def choose(page: Any, component: str, title: str) -> None:
    """Choose an entry of a dropdown."""
    page.locator(f"{component} input").first.click()
    page.locator(f"{component} li[data-testid=dropdown-option]", has_text=title).first.click()


def main_tab(page: Any, title: str) -> Any:
    """The button of one of the WebUI's tabs."""
    return tab_button(page, "#tabs", title)


def tab_button(page: Any, tabs: str, title: str) -> Any:
    """The button of one tab; a button by its role up to Gradio 4.20, a tab since."""
    return page.locator(f"{tabs} > .tab-nav > button", has_text=re.compile(rf"^\s*{re.escape(title)}\s*$"))


def our_frame(page: Any) -> Any:
    """Show our tab, and give the frame that its page is in once that is there."""
    main_tab(page, "Bootcamp").click()
    frame = page.wait_for_selector(".bootcamp-frame iframe").content_frame()
    frame.wait_for_selector("#bootcamp_tabs > .tab-nav")
    return frame


def our_tab(page: Any, name: str) -> Any:
    """Show an operation's tab: ours, its section, itself; returns the frame that it is in."""
    operation, frame = find(name), our_frame(page)
    tab_button(frame, "#bootcamp_tabs", operation.place).click()
    section = f"#bootcamp_tabs_{operation.place.lower().replace(' ', '_')}"
    tab_button(frame, section, operation.title).click()
    frame.wait_for_selector(f"#bootcamp_{name.replace('-', '_')}_run", state="visible")
    return frame


def frame_height(tab: Any) -> int:
    """How high our frame is, once nothing in it has to be scrolled."""
    tab.wait_for_function("() => document.documentElement.scrollHeight <= innerHeight")
    return int(tab.evaluate("innerHeight"))


def group(page: Any, area: str, title: str) -> None:
    """Open a group of fields."""
    page.locator(area).get_by_text(title, exact=True).first.click()


def press_interrupt(page: Any) -> None:
    """Press the WebUI's own Interrupt, which it hides while it draws nothing."""
    page.locator("#txt2img_interrupt").dispatch_event("click")


def show(page: Any, name: str) -> None:
    """Keep a screenshot."""
    folder = os.environ.get("BOOTCAMP_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"webui-{name}.png", full_page=True)


def shown(page: Any, selector: str) -> list[np.ndarray]:
    """The pictures at a selector, as they were sent to the page."""
    urls = page.eval_on_selector_all(selector, "all => all.map(each => each.src)")
    return [np.asarray(Image.open(io.BytesIO(page.request.get(each).body())).convert("RGB")) for each in urls]


def reload_ui(browser: Any, webui: Webui) -> None:
    """Press "Reload UI" and wait until the page is there again.

    With Gradio 3 the WebUI waits for ever for what its page still asks for in this moment; so nothing is typed before.
    Two seconds after the press the page loads itself anew, on a busy machine before it was heard: here it waits longer.
    """
    before = webui.log.read_bytes().count(b"Startup time:")
    page = loaded(browser, webui)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2000)
    page.evaluate(
        "() => { const later = window.setTimeout;"
        " window.setTimeout = (work, ms, ...more) => later(work, ms === 2000 ? 30000 : ms, ...more); }"
    )
    page.locator("#footer a", has_text="Reload UI").click()
    end = time.monotonic() + START_S
    while webui.log.read_bytes().count(b"Startup time:") == before:
        assert time.monotonic() < end, "the page did not come back"
        time.sleep(0.5)
    page.close()
