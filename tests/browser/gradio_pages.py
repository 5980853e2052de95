"""Pages of plain Gradio, served by this Python and by those that `BOOTCAMP_GRADIO_PYTHONS` names."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [
    str(ROOT / ".venv-webui" / "bin" / "python"),
    *os.environ.get("BOOTCAMP_GRADIO_PYTHONS", "").split(os.pathsep),
]
PYTHONS = [sys.executable, *(each for each in OTHERS if each and Path(each).exists())]


def of_webui(python: str) -> bool:
    """Whether it has a Gradio that a WebUI has, 3 or 4."""
    code = "from importlib.metadata import version; print(version('gradio'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.startswith(("3.", "4."))


@contextmanager
def serving(python: str, module: str, uploads: Path) -> Iterator[str]:
    """A module that serves a page on the port that it is given; gives the address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    own = {"GRADIO_ANALYTICS_ENABLED": "False", "GRADIO_TEMP_DIR": str(uploads)}
    command = [python, "-m", module, str(port)]
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}) as server:
        try:
            url = f"http://127.0.0.1:{port}/"
            for _ in range(600):
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    assert server.poll() is None, "the page's server ended"
                    time.sleep(0.2)
            yield url
        finally:
            server.kill()  # it would wait for connections that nobody closes


@contextmanager
def with_scripts(
    browser: Any, url: str, ready: str, scripts: Sequence[str], *, before: str = "", timeout_ms: int = 60_000
) -> Iterator[Any]:
    """A page with our scripts and styles; what the block does fails when a script on it did.

    Args:
        browser: Chromium's.
        url: of the page.
        ready: selects what is there when it is loaded.
        scripts: names below `javascript`, in order.
        before: a script that is run before them.
        timeout_ms: of whatever is waited for.
    """
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(timeout_ms)
    page.route(lambda each: each.startswith("http") and "127.0.0.1" not in each, lambda route: route.abort())  # fonts
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector(ready)
    if before:
        page.add_script_tag(content=before)
    for name in scripts:
        page.add_script_tag(path=str(ROOT / "javascript" / name))
    page.add_style_tag(path=str(ROOT / "style.css"))
    yield page
    page.close()
    assert broken == []
