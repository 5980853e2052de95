"""What importing costs: the catalogue alone, in a process of its own, above an empty one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from .timing import medians

STATEMENTS = {
    "python": "pass",
    "numpy and Pillow": "import numpy, PIL.Image",
    "catalogue": "import lib_bootcamp.catalog",
    "command line": "import lib_bootcamp.surfaces.cli.main",
}


def _start(statement: str) -> Callable[[], Any]:
    # with bytecode, as everybody has it after the first start; the warm-up round writes it
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True, env=environment)


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """Milliseconds above an empty process."""
    found = medians({name: _start(each) for name, each in STATEMENTS.items()}, rounds=5 if quick else 15, warm_up=1)
    return {f"{name}_ms": round(value - found["python"], 1) for name, value in found.items() if name != "python"}


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [f"| {name.removesuffix('_ms')} | {value:g} |" for name, value in result.items()]
    return "\n".join(["| import of | ms above an empty process |", "|---|---|", *lines])
