"""How an operation and a result describe themselves, alike on every surface."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lib_bootcamp.operation import Operation

PREFIX = "/bootcamp/v1"


def described(operations: Iterable[Operation[Any, Any]]) -> list[dict[str, Any]]:
    """What can be asked for: each operation with its parameters and result as JSON Schema."""
    from lib_bootcamp.schema import json_schema

    return [
        {
            "name": each.name,
            "title": each.title,
            "summary": each.summary,
            "path": f"{PREFIX}/{each.path.strip('/')}",
            "kind": each.kind,
            "presets": each.presets,
            "params": json_schema(each.params),
            "result": json_schema(each.result),
        }
        for each in operations
    ]
