"""What lies in examples/ is what its script makes, and the notebook's cells run in their order as they stand there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.learning.concepts import SUBJECT
from lib_bootcamp.core.images.codec import decode_image, read_image
from tests.ml.needs import missing
from tools.make_examples.__main__ import SEED
from tools.make_examples.notebook import NAME, notebook

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PICTURES = EXAMPLES / SUBJECT.name
PYTHON = "python -m lib_bootcamp "


def cells() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((EXAMPLES / NAME).read_text(encoding="utf-8"))["cells"]
    return found


def test_the_notebook_is_what_the_script_makes() -> None:
    assert (EXAMPLES / NAME).read_text(encoding="utf-8") == notebook()


def test_it_has_the_form_of_a_notebook_and_no_outputs() -> None:
    made = json.loads(notebook())
    assert (made["nbformat"], made["nbformat_minor"]) == (4, 5)
    assert len({each["id"] for each in cells()}) == len(cells())
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each["id"]) for each in cells())
    code = [each for each in cells() if each["cell_type"] == "code"]
    assert all(each["outputs"] == [] and each["execution_count"] is None for each in code)
    assert {each["cell_type"] for each in cells()} == {"code", "markdown"}


def test_the_pictures_are_what_the_script_makes_and_show_the_subject(tmp_path: Path) -> None:
    SUBJECT.write(tmp_path / "made", SEED)
    made = sorted((tmp_path / "made").iterdir())
    assert [each.name for each in made] == [each.name for each in sorted(PICTURES.iterdir())]
    assert sum(each.stat().st_size for each in PICTURES.iterdir()) < 200_000
    for each in made:
        kept = PICTURES / each.name
        if each.suffix == ".txt":
            assert each.read_bytes() == kept.read_bytes()
        else:
            picture = read_image(kept)
            assert SUBJECT.shows(picture)
            assert np.abs(read_image(each).astype(int) - picture).max() <= 1


def as_python(source: str) -> str:
    """A cell with its shell's lines as calls: `{NAME}` is a variable in them, as IPython has it."""
    return re.sub(r"^( *)!(.*)$", lambda each: f"{each[1]}run_shell(f{each[2]!r})", source, flags=re.MULTILINE)


def test_shell_lines_name_variables_alone() -> None:
    lines = [line.strip() for each in cells() for line in each["source"] if line.strip().startswith("!")]
    assert len(lines) > 7
    assert all(re.fullmatch(r"[A-Z_]+", each) for line in lines for each in re.findall(r"{(.*?)}", line))
    assert not any("$" in line for line in lines)


@pytest.mark.skipif(os.name != "posix", reason="its lines are a POSIX shell's")
@pytest.mark.skipif(bool(os.environ.get("BOOTCAMP_PINS")), reason="run with the standalone lock alone")
@pytest.mark.skipif(bool(missing("diffusers", "huggingface_hub")), reason="the models' packages are not installed")
def test_all_cells_run_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Path] = []
    ran: list[str] = []

    def run_shell(line: str) -> None:
        ran.append(line)
        command = line.replace(PYTHON, f'"{sys.executable}" -m lib_bootcamp ')
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"

    def picture(filename: str, width: int) -> None:
        assert width > 0
        decode_image(Path(filename).read_bytes())
        shown.append(Path(filename))

    display = types.ModuleType("IPython.display")
    display.__dict__.update(Image=picture, display=lambda _: None)
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.chdir(EXAMPLES)  # where who opens it in a clone stands
    given = {"STEPS": "2", "RESULTS": str(tmp_path / "my results"), "BOOTCAMP_DATA": str(tmp_path / "data")}
    for name, value in {**given, "BOOTCAMP_VENV": "off"}.items():
        monkeypatch.setenv(name, value)
    names: dict[str, Any] = {"run_shell": run_shell}
    for each in cells():
        if each["cell_type"] == "code":
            exec(compile(as_python("".join(each["source"])), each["id"], "exec"), names)
    commands = [line.removeprefix(PYTHON).split()[0] for line in ran]
    assert commands == ["info", "dataset", "train", "train", "txt2img", "txt2img", "compare-loras", "share-lora"]
    results = tmp_path / "my results"
    assert [each.name for each in shown if each.parent == results] == ["before.png", "after.png", "steps.png"]
    assert (results / "zorb.safetensors").is_file()
    assert not np.array_equal(read_image(results / "before.png"), read_image(results / "after.png"))
    assert len([each for each in shown if each.parent.name == "zorb-samples"]) == 3
