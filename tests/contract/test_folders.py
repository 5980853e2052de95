"""The shape of the house: how many files a folder has, how long they are, and which folders import which."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOPS = ("lib_bootcamp", "tests", "benchmarks")
MOST_FILES, MOST_LINES = 20, 400


def python_files() -> list[Path]:
    return sorted(path for top in TOPS for path in (ROOT / top).rglob("*.py"))


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {dotted(path): path for path in python_files()}


def imported(path: Path) -> Iterator[str]:
    """The modules of ours that a file imports, anywhere in it."""
    package = dotted(path).split(".") if path.name == "__init__.py" else dotted(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names if each.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for each in node.names:
                found = next((name for name in (f"{base}.{each.name}", base) if name in MODULES), None)
                if found is not None:
                    yield found


def folder_of(path: Path) -> str:
    """The folder of a file; a file at the top of `lib_bootcamp` is a layer of its own."""
    below = path.relative_to(ROOT)
    return str(below.parent if below.parts[:-1] != ("lib_bootcamp",) else below.with_suffix("").as_posix())


def folder_imports() -> dict[str, set[str]]:
    """Folder to the folders that its files import from."""
    graph: dict[str, set[str]] = {}
    for path in python_files():
        mine = graph.setdefault(folder_of(path), set())
        mine |= {folder_of(MODULES[name]) for name in imported(path)} - {folder_of(path)}
    return graph


def reached(graph: dict[str, set[str]], start: str) -> set[str]:
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        new = graph.get(waiting.pop(), set()) - seen
        seen |= new
        waiting += new
    return seen


@pytest.mark.parametrize("folder", sorted({path.parent for path in python_files()}), ids=lambda each: each.name)
def test_no_folder_has_more_than_twenty_files_of_its_own(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_FILES


@pytest.mark.thorough
def test_no_folders_import_each_other_in_a_circle() -> None:
    graph = folder_imports()
    assert sorted(folder for folder in graph if folder in reached(graph, folder)) == []


def test_no_file_of_the_program_is_longer_than_four_hundred_lines() -> None:
    program = (path for path in python_files() if path.relative_to(ROOT).parts[0] == "lib_bootcamp")
    long = {dotted(path): lines for path in program if (lines := path.read_text("utf-8").count("\n")) >= MOST_LINES}
    assert long == {}


def test_the_architecture_page_names_files_where_they_lie() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    named = set(re.findall(r"`([\w./]+\.(?:py|js|md|toml|txt))(?:: ?\w+)?`", page))
    assert sorted(name for name in named if not any((top / name).is_file() for top in (ROOT, ROOT / TOPS[0]))) == []
