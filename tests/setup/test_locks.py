"""The locks: they hold what the package declares, and CONTRIBUTING's commands renew them as they stand there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("standalone", "models", "test", "webui")


def lines(folder: Path, name: str) -> list[str]:
    text = (folder / f"{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def names(of: list[str]) -> set[str]:
    return {re.split(r"[<>=!~ ;\[]", line)[0].lower() for line in of}


def pins(folder: Path, name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in lines(folder, name):
        package, _, rest = line.partition("==")
        found.setdefault(package.lower(), set()).add(rest.partition(";")[0].strip())
    return found


def uv() -> str | None:
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return shutil.which("uv", path=beside)


def commands() -> str:
    """The block of CONTRIBUTING that renews the locks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    block = re.search(r"\n\n((?: {4}.*\n)*? {4}lock\(\).*\n(?: {4}.*\n)*)", text)
    assert block, "CONTRIBUTING.md has no block with lock()"
    return textwrap.dedent(block.group(1))


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of locks in a copy, after the commands."""
    program = uv()
    if os.environ.get("BOOTCAMP_PINS"):
        pytest.skip("run with the standalone lock")
    if program is None or os.name != "posix":
        pytest.skip("uv is not installed")
    copy = tmp_path_factory.mktemp("copy")
    for each in ("requirements", "lib_bootcamp/__init__.py", "pyproject.toml", "README.md", "LICENSE"):
        (copy / each).parent.mkdir(exist_ok=True)
        (shutil.copytree if (ROOT / each).is_dir() else shutil.copy)(ROOT / each, copy / each)
    settings = {**os.environ, "PATH": f"{Path(program).parent}{os.pathsep}{os.environ['PATH']}"}
    probe = [program, "pip", "compile", "-q", "-"]
    if subprocess.run(probe, input=b"six", env=settings, cwd=copy, capture_output=True, check=False).returncode:
        pytest.skip("no package index is reached")
    script = ["bash", "-euo", "pipefail", "-c", commands()]
    done = subprocess.run(script, cwd=copy, env=settings, capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stderr
    return copy / "requirements"


@pytest.fixture(params=["committed", "renewed"])
def folder(request: pytest.FixtureRequest) -> Path:
    return ROOT / "requirements" if request.param == "committed" else request.getfixturevalue("renewed")


@pytest.mark.parametrize("name", LOCKS)
def test_every_lock_pins_every_package(folder: Path, name: str) -> None:
    found = lines(folder, name)
    assert found
    assert all("==" in line.partition(";")[0] for line in found)


def test_cudas_packages_are_left_out(folder: Path) -> None:
    assert not [line for name in LOCKS for line in lines(folder, name) if line.startswith(("nvidia-", "triton=="))]


@pytest.mark.parametrize("name", ["models", "test"])
def test_a_lock_of_more_agrees_with_the_programs(folder: Path, name: str) -> None:
    program, more = pins(folder, "standalone"), pins(folder, name)
    assert {each: more[each] for each in program.keys() & more} == {
        each: program[each] for each in program.keys() & more
    }


def test_the_locks_hold_what_the_package_declares(folder: Path) -> None:
    if sys.version_info < (3, 11):
        pytest.skip("reads TOML")
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {"standalone": project["dependencies"], **project["optional-dependencies"]}
    for name, asked in declared.items():
        assert not names(asked) - names(lines(folder, name)), name
