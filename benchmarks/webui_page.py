"""What the extension costs a WebUI's page: a real one with it and without, started in turn, looked at in a browser.

Needs what tests/webui needs: WEBUI_DIR, its Python, and Chromium through Playwright.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.webui.conftest import RESOLVER, Starter, Webui, environment

NEEDS = ("playwright",)
ROOT = Path(__file__).resolve().parents[1]
PHASES = {
    "load scripts": "load scripts",
    "before_ui": "scripts before_ui_callback",
    "create_ui": "create ui",
    "launch": "gradio launch",
    "app_started": "app_started_callback",
}
WAIT_MS = 240_000
SETTLED_MS = 3_000
LOADS = 3


def why_not() -> str | None:
    """Why it cannot be measured here."""
    return None if os.environ.get("WEBUI_DIR") else "WEBUI_DIR is not set"


def _models(folder: Path, webui: str, python: str) -> None:
    maker = ROOT / "tests" / "webui" / "make_models.py"
    subprocess.run(
        [python, str(maker), "--webui", webui, "--out", str(folder)],
        cwd=webui,
        check=True,
        capture_output=True,
        env=environment(),
    )


def _served(webui: Webui) -> dict[str, float]:
    config = webui.call("/config")[1]
    size = len(json.dumps(config, separators=(",", ":")))
    records = webui.call("/internal/profile-startup")[1]["records"]
    found = {name: float(records.get(key, 0)) for name, key in PHASES.items()}
    own = sum(seconds for name, seconds in records.items() if "/" not in name)
    return {
        "components": len(config["components"]),
        "config_kb": size / 1e3,
        **found,
        "phases": sum(found.values()),
        "start": own,
    }


def _shown(browser: Any, webui: Webui, *, extension: bool) -> dict[str, float]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT_MS)
    begin = time.perf_counter()
    page.goto(webui.url, wait_until="domcontentloaded")
    page.wait_for_selector("#txt2img_generate")
    page.wait_for_function("() => typeof opts === 'object' && Object.keys(opts).length > 10")
    found = {"load": time.perf_counter() - begin}
    page.wait_for_timeout(SETTLED_MS)
    nodes = "document.querySelectorAll('*').length"
    found["nodes"] = page.evaluate(nodes)
    if extension:
        begin = time.perf_counter()
        page.locator("#tabs > .tab-nav").get_by_role("button", name="Bootcamp", exact=True).click()
        frame = page.wait_for_selector(".bootcamp-frame iframe").content_frame()
        frame.wait_for_selector("#bootcamp_tabs > .tab-nav")
        found["open"] = time.perf_counter() - begin
        found["frame_nodes"] = frame.evaluate(nodes)
    page.close()
    return found


def _measured(browser: Any, starter: Starter, *, extension: bool) -> dict[str, float]:
    webui = starter.start(extension=extension, controlnet=False)
    starter.kill_and_start(webui)  # a first start compiles Python's files and makes what later ones read
    try:
        served = _served(webui)
        _shown(browser, webui, extension=False)  # the browser's own first time
        loads = [_shown(browser, webui, extension=False)["load"] for _ in range(LOADS)]
        return {**served, **_shown(browser, webui, extension=extension), "load": statistics.median(loads)}
    finally:
        webui.process.terminate()
        webui.process.wait()


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Medians with and without the extension, and what it adds."""
    from playwright.sync_api import sync_playwright

    webui = os.environ["WEBUI_DIR"]
    python = os.environ.get("WEBUI_PYTHON") or str(Path(webui) / "venv" / "bin" / "python")
    found: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        # compiled files are kept, as they are on a person's machine, whatever the shell says
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
        _models(Path(folder) / "models", webui, python)
        starter = Starter(Path(webui), python, Path(folder) / "models", Path(folder))
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", RESOLVER])
        for round_ in range(1 if quick else 5):
            for extension in (False, True) if round_ % 2 else (True, False):
                found[extension].append(_measured(browser, starter, extension=extension))
        browser.close()
    rows = {
        name: {str(extension): statistics.median(each[name] for each in found[extension]) for extension in found}
        for name in found[False][0]
    }
    own = {name: statistics.median(each[name] for each in found[True]) for name in ("open", "frame_nodes")}
    return {"rounds": len(found[True]), "rows": rows, "frame": own, "load_1m": round(os.getloadavg()[0], 1)}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    names = {
        "components": "Gradio components",
        "nodes": "DOM nodes",
        "config_kb": "`/config`, kB",
        "load": "page load, s",
        **{each: f"start-up, {each}, s" for each in PHASES},
        "phases": "start-up, these phases together, s",
        "start": "start-up in all, s",
    }
    lines = ["| A1111, medians | without | with | more |", "|---|---|---|---|"]
    for name, title in names.items():
        without, own = (result["rows"][name][each] for each in ("False", "True"))
        digits = 0 if name in {"components", "nodes", "config_kb"} else 2
        lines.append(f"| {title} | {without:,.{digits}f} | {own:,.{digits}f} | {own - without:,.{digits}f} |")
    frame = result["frame"]
    own = f"{frame['open']:.1f} s, {frame['frame_nodes']:,.0f} nodes of its own"
    lines += ["", f"The Bootcamp tab, when it is first shown: {own}."]
    lines.append(f"{result['rounds']} starts of each in turn; the machine's load was {result['load_1m']:g} at the end.")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run(quick=True)))
