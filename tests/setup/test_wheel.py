"""The wheel: one package with all that it needs inside of it, which runs without a clone."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> list[str]:
    return zipfile.ZipFile(wheel).namelist()


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with this one in it, as pip lays it."""
    folder = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(folder)
    return folder


def bootcamp(installed: Path, cwd: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    code = "import sys; from lib_bootcamp.start import run; sys.exit(run())"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("BOOTCAMP")}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=cwd,
        env={**environment, "PYTHONPATH": str(installed), "BOOTCAMP_DATA": str(cwd / "data")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_nothing_but_the_package_is_installed(names: list[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"lib_bootcamp"}


def test_it_stays_below_80_mb(wheel: Path) -> None:
    assert wheel.stat().st_size < 80_000_000


def test_it_informs_type_checkers_of_its_types(names: list[str]) -> None:
    assert "lib_bootcamp/py.typed" in names


@pytest.mark.parametrize("folder", ["models", "examples", "javascript"])
def test_it_holds_all_files_of_a_folder_of_the_clone(names: list[str], folder: str) -> None:
    files = {each.relative_to(ROOT).as_posix() for each in (ROOT / folder).rglob("*") if each.is_file()}
    assert {f"lib_bootcamp/data/{each}" for each in files} <= set(names)


def test_its_command_is_called_bootcamp(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    entry = next(name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "bootcamp = lib_bootcamp.start:run" in archive.read(entry).decode()


def test_it_makes_a_code(installed: Path, tmp_path: Path) -> None:
    done = bootcamp(installed, tmp_path, "qr", "https://example.com", "--out", "map.png")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "map.png").stat().st_size > 100


def test_it_finds_its_own_models(installed: Path, tmp_path: Path) -> None:
    code = "from lib_bootcamp.core.models.files import MODELS; print((MODELS / 'mini-sd/model_index.json').is_file())"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "True\n"


@pytest.mark.parametrize("command", ["check", "test"])
def test_what_needs_a_clone_says_so(installed: Path, tmp_path: Path, command: str) -> None:
    done = bootcamp(installed, tmp_path, command)
    assert (done.returncode, done.stderr) == (
        3,
        f"error: `{command}` is run in a clone of the repository; this is an installed package.\n",
    )


def test_set_up_has_nothing_to_do(installed: Path, tmp_path: Path) -> None:
    assert bootcamp(installed, tmp_path, "setup").stdout == f"Ready: {sys.executable}\n"


def test_without_torch_a_command_with_a_model_names_the_extra(installed: Path, tmp_path: Path) -> None:
    code = (
        "import importlib.util, sys; found = importlib.util.find_spec; "
        "importlib.util.find_spec = lambda name, *rest: None if name == 'torch' else found(name, *rest); "
        "from lib_bootcamp.start import main; sys.exit(main(['txt2img', 'a']))"
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "pip install 'sd-webui-bootcamp[models]'" in done.stderr
