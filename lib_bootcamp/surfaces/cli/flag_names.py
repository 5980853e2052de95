"""What parameters are called on the command line."""

from __future__ import annotations

from typing import Any

from lib_bootcamp.operation import Operation
from lib_bootcamp.params import fields_of


def flags_of(operation: Operation[Any, Any]) -> dict[str, str]:
    """What each parameter of a command is called on the command line."""
    declarations = (operation.params, *([operation.over_files.params] if operation.over_files is not None else []))
    fields = {each.name: each for declaration in declarations for each in fields_of(declaration)}
    return {name: name.upper() if each.spec.positional else flag_of(name) for name, each in fields.items()}


def flag_of(name: str) -> str:
    """A parameter's flag on the command line."""
    return "--" + name.replace("_", "-")
