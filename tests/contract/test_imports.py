"""What importing costs nothing of: no heavy package before it is used, nothing at all before the set-up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {
    "torch",
    "gradio",
    "fastapi",
    "starlette",
    "diffusers",
    "transformers",
    "cv2",
    "pydantic",
    "open_clip",
    "pandas",
}
FOLDER = ROOT / "lib_bootcamp" / "operations"
OPERATIONS = sorted(".".join(each.relative_to(FOLDER).with_suffix("").parts) for each in FOLDER.rglob("[!_]*.py"))


def loaded_by(statement: str, *flags: str, modules: bool = False) -> set[str]:
    """What a fresh Python has loaded after this statement and had not before: packages, or all their modules."""
    code = (
        f"import sys, json; before = set(sys.modules); sys.path.insert(0, {str(ROOT)!r}); {statement}; "
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    reported = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BOOTCAMP_VENV": "off"},
    )
    loaded = json.loads(reported.stdout.splitlines()[-1])
    return set(loaded) if modules else {name.partition(".")[0] for name in loaded}


def test_the_catalog_loads_nothing_heavy() -> None:
    assert not loaded_by("import lib_bootcamp.catalog") & HEAVY


def test_the_help_loads_no_operation_and_nothing_that_one_stands_on() -> None:
    from lib_bootcamp.catalog import ENTRIES

    code = "import lib_bootcamp.app; from lib_bootcamp.surfaces.cli.parser import build_parser"
    loaded = loaded_by(f"{code}; build_parser().format_help()", modules=True)
    assert not {name.partition(".")[0] for name in loaded} & {*HEAVY, "numpy", "PIL", "sqlite3"}
    assert not loaded & {f"lib_bootcamp.operations.{each.module}" for each in ENTRIES}


def test_a_commands_help_loads_its_own_operation_alone() -> None:
    code = "from lib_bootcamp.surfaces.cli.parser import build_parser"
    loaded = loaded_by(f"{code}; build_parser().parse_args(['lighting', '--preset', 'left'])", modules=True)
    assert "lib_bootcamp.operations.maps.lighting" in loaded
    assert not loaded & {"lib_bootcamp.operations.draw.txt2img", "lib_bootcamp.operations.datasets.report"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_loads_nothing_heavy(name: str) -> None:
    assert not loaded_by(f"import lib_bootcamp.operations.{name}") & HEAVY


def test_the_package_itself_loads_nothing() -> None:
    assert loaded_by("import lib_bootcamp") == {"lib_bootcamp"}


@pytest.mark.parametrize("name", ["start", "setup.bootstrap", "setup.installer", "setup.development"])
def test_what_runs_before_the_set_up_is_standard_library_only(name: str) -> None:
    # -S: without site-packages nothing else can be found
    loaded = loaded_by(f"import lib_bootcamp.{name}", "-S")
    assert not loaded - set(sys.stdlib_module_names) - {"lib_bootcamp"}


def test_a_second_call_loads_no_module_that_only_a_set_up_needs() -> None:
    loaded = loaded_by("import lib_bootcamp.start as start; start.bootstrap.is_set_up()", "-S")
    assert not loaded & {"subprocess", "threading", "shutil", "hashlib", "tempfile", "argparse", "venv"}


def test_this_test_sees_a_heavy_import() -> None:
    assert "sqlite3" in loaded_by("import sqlite3")
