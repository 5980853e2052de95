"""Python files that are no modules of a package, loaded by their path as the WebUI loads scripts."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def load_file(path: Path, name: str = "") -> ModuleType:
    """The file's module, run anew and not kept in `sys.modules`.

    Args:
        path: of the file.
        name: of the module; empty: that of the file.
    """
    spec = importlib.util.spec_from_file_location(name or path.name, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made
