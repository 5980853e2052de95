"""Suites: every test belongs to one, and who asks for the fast ones waits for no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_bootcamp.setup import development
from tests.markers import MARKERS, ROOT, marker_of

FILES = sorted(ROOT.rglob("test_*.py"))


@pytest.mark.parametrize(
    ("file", "marker"),
    [
        ("webui/test_host.py", "webui"),
        ("browser/test_page.py", "browser"),
        ("ml/diffusion/test_mini_sd.py", "models"),
        ("surfaces/cli/test_readme_models.py", "models"),
        ("setup/test_bootstrap.py", "slow"),
        ("contract/test_openapi.py", "slow"),
        ("core/qr/test_payload.py", "fast"),
    ],
)
def test_a_files_folder_and_needs_give_its_suite(file: str, marker: str) -> None:
    assert marker_of(ROOT / file) == marker


def test_every_file_has_a_suite() -> None:
    assert {marker_of(each) for each in FILES} == set(MARKERS)


def test_the_command_line_knows_the_suites() -> None:
    assert set(development.SUITES) == set(MARKERS)


def test_no_fast_file_imports_torch_at_its_top() -> None:
    fast = (each for each in FILES if marker_of(each) == "fast")
    assert not [each.name for each in fast if _imports_torch(each)]


def _imports_torch(file: Path) -> bool:
    return any(
        line.startswith(("import torch", "from torch")) for line in file.read_text(encoding="utf-8").splitlines()
    )
