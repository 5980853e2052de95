"""Which suite a test belongs to, by its file: `python -m lib_bootcamp test -m fast`.

| marker | what it is |
|---|---|
| webui | a real WebUI, Forge or reForge |
| browser | Chromium on the standalone page |
| models | torch, and models that run on it |
| slow | none of these, and started processes, servers or environments that take their time |
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
MARKERS = ("fast", "slow", "models", "browser", "webui")


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


def mark(items: list[pytest.Item]) -> None:
    """Give every test its marker."""
    known: dict[Path, str] = {}
    for item in items:
        if item.path not in known:
            known[item.path] = marker_of(item.path)
        item.add_marker(known[item.path])
