"""Every command in the README and in the pages of docs/ is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.surfaces.cli.commands import COMMANDS
from tests.ml.needs import missing

ROOT = Path(__file__).resolve().parents[3]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PYTHON = "python -m lib_bootcamp "
SERVER = "http://127.0.0.1:7862"
# What .ci/run does on a fresh clone, and what tests/browser starts.
ELSEWHERE = ("python -m lib_bootcamp test", "python -m lib_bootcamp serve", "python -m benchmarks")


def commands(page: Path) -> list[str]:
    found = [line for block in BLOCK.findall(page.read_text(encoding="utf-8")) for line in block.splitlines()]
    return [line for line in found if line.strip() and not line.startswith(("#", *ELSEWHERE))]


def needs_models(command: str) -> bool:
    """Whether a command or a request runs an operation that is made with torch."""
    if any(re.match(rf"{re.escape(PYTHON)}{each.name}\b", command) for each in COMMANDS if each.needs):
        return True
    return any(
        re.search(rf"lib_bootcamp {' '.join(each.words)}\b|/bootcamp/v1/(jobs/)?{each.path.strip('/')}\b", command)
        for each in OPERATIONS
        if each.needs or any(param.spec.needs and f"--{param.name} " in command for param in each.params.fields())
    )


WITH_COMMANDS = [page for page in PAGES if commands(page)]
# Their commands start torch each: a file of tests of their own, which runs beside the others.
WITH_MODELS = [page for page in WITH_COMMANDS if any(map(needs_models, commands(page)))]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader would stand: with a photograph, a folder of them and a batch file."""
    photo = ROOT / "examples" / "photo.jpg"
    shutil.copy(photo, tmp_path / "photo.jpg")
    (tmp_path / "photos").mkdir()
    shutil.copy(photo, tmp_path / "photos" / "one.jpg")
    (tmp_path / "links.jsonl").write_text('{"content": "https://example.com"}\n', encoding="utf-8")
    return tmp_path


def run(command: str, folder: Path) -> None:
    data = {"BOOTCAMP_DATA": str(folder / "data")}
    environment = {**os.environ, **data, "BOOTCAMP_VENV": "off", "PYTHONPATH": str(ROOT)}
    command = command.replace(PYTHON, f'"{sys.executable}" -m lib_bootcamp ')
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def named_outputs(command: str) -> Iterator[str]:
    match = re.search(r"(?:--out|-o) (\S+)", command)
    if match:
        yield match.group(1)


@pytest.mark.parametrize(
    "page", [page for page in WITH_COMMANDS if page not in WITH_MODELS], ids=lambda page: page.stem
)
def test_every_command_of_a_page_runs(page: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    run_page(page, folder, request)


def run_page(page: Path, folder: Path, request: pytest.FixtureRequest) -> None:
    """Run the commands of a page in their order, as a reader would."""
    for command in commands(page):
        if needs_models(command) and missing("diffusers"):
            pytest.skip(f"{', '.join(missing('diffusers'))} not installed")
        if needs_models(command) and os.environ.get("BOOTCAMP_PINS"):
            pytest.skip("commands with a model start for seconds each; they are run with the standalone lock")
        if "checkpoints/my-model" in command and not (folder / "checkpoints").exists():
            from tests.ml.tiny_sd import tiny_folder

            (folder / "checkpoints").mkdir()
            tiny_folder(folder / "scratch").rename(folder / "checkpoints" / "my-model")
        if "<lora:my-lora" in command and not (folder / "loras").exists():
            from tests.ml.networks.loras import lora_for_mini_sd

            lora_for_mini_sd(folder / "loras" / "my-lora.safetensors")
        if command.startswith("curl "):
            if shutil.which("curl") is None:
                pytest.skip("curl is not installed")
            address = request.getfixturevalue("address")
            assert SERVER in command
            run(command.replace(SERVER, address).replace("curl -s", "curl -sS --fail-with-body"), folder)
        else:
            assert command.startswith(PYTHON), f"{page.name} has a command that no test runs: {command}"
            run(command, folder)
        for name in named_outputs(command):
            assert (folder / name).exists(), command


def test_the_set_up_commands_of_the_readme_are_the_ones_ci_runs() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "python -m lib_bootcamp test" in text
    assert "-m lib_bootcamp test" in script


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
