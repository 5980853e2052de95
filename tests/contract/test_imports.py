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


def loaded_by(statement: str, *flags: str) -> set[str]:
    """The top-level modules that a fresh Python has after this statement and had not before."""
    code = (
        f"import sys, json; before = set(sys.modules); sys.path.insert(0, {str(ROOT)!r}); {statement}; "
        "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    )
    told = subprocess.run(
        [sys.executable, *flags, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "BOOTCAMP_VENV": "off"},
    )
    return set(json.loads(told.stdout.splitlines()[-1]))


def test_the_catalogue_loads_nothing_heavy() -> None:
    assert not loaded_by("import lib_bootcamp.catalog") & HEAVY


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
