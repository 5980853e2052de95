"""Which suite a test belongs to, by its file or its own mark: `python -m lib_bootcamp test -m fast`.

| marker | what it is |
|---|---|
| webui | a real WebUI, Forge or reForge |
| browser | Chromium on the standalone page |
| models | torch, and models that run on it |
| slow | none of these, and started processes, servers or environments that take their time |
| thorough | of a fast file, a test that has `@pytest.mark.thorough`: many or large inputs, a whole page, torch |
| fast | all else: below 90 s on two cores, without models |
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent
FOLDERS = {"webui": "webui", "browser": "browser", "security": "slow", "setup": "slow"}
NEEDS_MODELS = ("skip_without_models(", "from tests.surfaces.cli.test_readme import WITH_MODELS")
STARTS = re.compile(r"\bsubprocess\b|\bschemathesis\b|\btests\.serving\b")
"""What starts processes or servers, or sends hundreds of requests."""
MARKERS = ("fast", "thorough", "slow", "models", "browser", "webui")


def marker_of(path: Path) -> str:
    """The one marker of a test file."""
    name = path.resolve().relative_to(ROOT).as_posix()
    folder = FOLDERS.get(name.partition("/")[0])
    if folder is not None:
        return folder
    text = path.read_text(encoding="utf-8")
    if any(each in text for each in NEEDS_MODELS):
        return "models"
    return "slow" if STARTS.search(text) else "fast"


def suites_of(path: Path) -> set[str]:
    """The markers of a file's tests."""
    marker = marker_of(path)
    thorough = marker == "fast" and "pytest.mark.thorough" in path.read_text(encoding="utf-8")
    return {marker, "thorough"} if thorough else {marker}


def is_asked_for(path: Path, expression: str) -> bool:
    """Whether `-m expression` can choose tests of a file; yes, for an expression of more than a suite."""
    suites = suites_of(path)
    if expression.startswith("not "):
        return suites != {expression.removeprefix("not ")}
    return expression not in MARKERS or expression in suites


def mark(items: list[pytest.Item]) -> None:
    """Give every test its marker."""
    known: dict[Path, str] = {}
    for item in items:
        if item.path not in known:
            known[item.path] = marker_of(item.path)
        if item.get_closest_marker("thorough") is None or known[item.path] != "fast":
            item.add_marker(known[item.path])
