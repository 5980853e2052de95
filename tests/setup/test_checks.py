"""The checks: what they hold, and that pre-commit runs each of them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lib_bootcamp.setup.checks import CHECKS

ROOT = Path(__file__).resolve().parents[2]
SITE = """\
site_name: a site
validation: {links: {not_found: warn, anchors: warn}}
"""
PROGRAM = """\
import sys
with open("asked.txt", "a") as file:
    print(*sys.argv[1:], file=file)
sys.exit("bad" in open("a.py").read())
"""


def need(module: str) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"{module} is not installed")


@pytest.mark.parametrize(("link", "fails"), [("other.md", 0), ("none.md", 1), ("other.md#none", 1)])
def test_the_docs_check_fails_at_a_link_that_leads_nowhere(tmp_path: Path, link: str, fails: int) -> None:
    need("mkdocs")
    docs = tmp_path / "docs"
    docs.mkdir()
    (tmp_path / "mkdocs.yml").write_text(SITE, encoding="utf-8")
    (docs / "index.md").write_text(f"[to]({link})\n", encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    command = [sys.executable, *CHECKS["docs"][:-1], str(tmp_path / "site")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == fails, done.stderr


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A repository with this one's hooks, and a program that writes down what it is asked; it fails at a bad file."""
    need("pre_commit")
    (tmp_path / "lib_bootcamp").mkdir()
    (tmp_path / "lib_bootcamp" / "__main__.py").write_text(PROGRAM, encoding="utf-8")
    (tmp_path / "a.py").write_text("good = 1\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Read\n", encoding="utf-8")
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, env=_without_git())
    return tmp_path


def _without_git() -> dict[str, str]:
    """This process' settings, without those of a hook that it may run in."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


def hooks(clone: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", "--all-files"],
        cwd=clone,
        env={**_without_git(), "PRE_COMMIT_HOME": str(clone / ".git" / "kept"), "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_pre_commit_runs_every_check_once(clone: Path) -> None:
    done = hooks(clone)
    assert done.returncode == 0, done.stdout
    asked = [line.split() for line in (clone / "asked.txt").read_text(encoding="utf-8").splitlines()]
    assert {words[0] for words in asked} == {"check"}
    assert sorted(name for words in asked for name in words[1:]) == sorted(CHECKS)


def test_pre_commit_fails_where_a_check_does(clone: Path) -> None:
    (clone / "a.py").write_text("bad = 1\n", encoding="utf-8")
    assert hooks(clone).returncode == 1
