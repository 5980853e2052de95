"""Suites: every test belongs to one, and who asks for the fast ones waits for no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_bootcamp.setup import development
from tests import markers
from tests.markers import MARKERS, ROOT, is_asked_for, marker_of, suites_of

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
    assert set().union(*map(suites_of, FILES)) == set(MARKERS)


def test_the_command_line_knows_the_suites() -> None:
    assert set(development.SUITES) == {*MARKERS, "not fast"}


@pytest.mark.parametrize(
    ("text", "expressions"),
    [
        ("def test_a(): pass", {"", "fast", "fast or models"}),
        ("@pytest.mark.thorough\ndef test_a(): pass", {"", "fast", "not fast", "thorough", "fast or models"}),
        ("import subprocess", {"", "not fast", "slow", "fast or models"}),
    ],
)
def test_a_file_is_read_where_its_tests_may_be_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expressions: set[str]
) -> None:
    monkeypatch.setattr(markers, "ROOT", tmp_path)
    file = tmp_path / "test_some.py"
    file.write_text(text, encoding="utf-8")
    asked = ("", "fast", "not fast", "thorough", "slow", "models", "fast or models")
    assert {each for each in asked if is_asked_for(file, each)} == expressions


def test_no_fast_file_imports_torch_at_its_top() -> None:
    fast = (each for each in FILES if marker_of(each) == "fast")
    assert not [each.name for each in fast if _imports_torch(each)]


def _imports_torch(file: Path) -> bool:
    return any(
        line.startswith(("import torch", "from torch")) for line in file.read_text(encoding="utf-8").splitlines()
    )
