"""How an operation and a result describe themselves, alike on every surface."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from lib_bootcamp import __version__
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params
from lib_bootcamp.results import Result
from lib_bootcamp.schema import json_schema

PREFIX = "/bootcamp/v1"
# The text chunk of a PNG file that says how its picture was made.
CHUNK = "bootcamp"


def described(operations: Iterable[Operation[Any, Any]]) -> list[dict[str, Any]]:
    """What can be asked for: each operation with its parameters and result as JSON Schema."""
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


def picture_text(operation: Operation[Any, Any], params: Params, result: Result) -> Mapping[str, str]:
    """The text chunks of a result's PNG files: what made them, without pictures and secrets."""
    secret = {each.name for each in params.fields() if each.spec.format == "secret"}
    made = {
        "version": __version__,
        "operation": operation.name,
        "params": {name: value for name, value in params.to_mapping().items() if name not in secret},
        "result": result.facts(),
    }
    return {CHUNK: json.dumps(made, ensure_ascii=False)}
