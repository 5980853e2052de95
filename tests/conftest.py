"""What all tests share: how Hypothesis searches, and which suites this machine cannot run, reported at the head."""

from __future__ import annotations

import gc
import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.markers import MARKERS, is_asked_for, mark
from tests.ml.needs import missing
from tests.serving import address as address

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


LONG = ("test_readme_models.py", "test_interrogator_peer.py", "test_qr_art.py", "test_mini_sd.py")


def find_chromium() -> str | None:
    """The browser of the browser tests: `$CHROMIUM`, else Chromium in PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named if Path(named).exists() else None
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def unavailable() -> Iterator[str]:
    """Every suite that is skipped on this machine, with the reason."""
    if not os.environ.get("WEBUI_DIR"):
        yield "tests/webui skipped: WEBUI_DIR names no WebUI"
    if not os.environ.get("FORGE_DIR"):
        yield "tests/webui/test_forge.py skipped: FORGE_DIR names no Forge"
    if find_chromium() is None:
        yield "tests/browser skipped: no Chromium in PATH and CHROMIUM names none"
    elif importlib.util.find_spec("playwright") is None:
        yield "tests/browser skipped: playwright is not installed"
    if missing():
        yield f"models in tests/ml skipped: {', '.join(missing())} not installed"
    if importlib.util.find_spec("schemathesis") is None:
        yield "requests made from the schema skipped: schemathesis is not installed"


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest the markers."""
    for name in MARKERS:
        config.addinivalue_line("markers", f"{name}: see tests/markers.py")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Files of other suites than the one that is asked for are not even imported: torch alone takes seconds."""
    is_file = collection_path.name.startswith("test_") and collection_path.suffix == ".py"
    return True if is_file and not is_asked_for(collection_path, config.getoption("markexpr")) else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each gets its marker; the files that take longest come first, so that no core waits for them at the end."""
    mark(items)
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else len(LONG))


def pytest_collection_finish() -> None:
    """What is imported stays: tests that collect garbage, and there are many, do not walk through it each time."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> list[str]:
    """The head of a run; not shown with -q."""
    return list(unavailable())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The same at the end of a run whose head was not shown."""
    if config.get_verbosity() < 0:
        for line in unavailable():
            terminalreporter.write_line(line)
