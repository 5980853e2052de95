"""JSON Schema (2020-12, also valid OpenAPI 3.0 where it can be) of declarations and results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from .params import Param, fields_of, plain

Nested: TypeAlias = Callable[[type[Any]], dict[str, Any]]
"""What stands where a declaration holds another one: its schema, or a reference to it."""


def _number(param: Param) -> dict[str, Any]:
    spec = param.spec
    schema: dict[str, Any] = {"type": param.kind}
    bounds = {"minimum": spec.ge, "maximum": spec.le, "multipleOf": spec.multiple_of}
    schema |= {key: bound for key, bound in bounds.items() if bound is not None}
    if spec.gt is not None:
        schema["exclusiveMinimum"] = spec.gt
    if spec.lt is not None:
        schema["exclusiveMaximum"] = spec.lt
    return schema


def _text(param: Param) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "maxLength": param.max_length}
    if param.spec.min_length:
        schema["minLength"] = param.spec.min_length
    if param.spec.pattern:
        schema["pattern"] = f"^(?:{param.spec.pattern})$"
    return schema


def _core(param: Param, nested: Nested) -> dict[str, Any]:
    spec = param.spec
    if param.kind in {"integer", "number"}:
        return _number(param)
    if param.kind == "choice":
        return {"type": "string", "enum": list(param.choices)}
    if param.kind == "image":
        return {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/*"}
    if param.kind == "file":
        return {"type": "string", "contentEncoding": "base64"}
    if param.kind == "string":
        return _text(param)
    if param.kind == "list" and param.item is not None:
        schema: dict[str, Any] = {"type": "array", "items": _core(param.item, nested), "maxItems": param.max_length}
        if spec.min_length:
            schema["minItems"] = spec.min_length
        return schema
    if param.kind == "object" and param.nested is not None:
        return nested(param.nested)
    if param.kind == "mapping":
        return {"type": "object", "maxProperties": param.max_length}
    return {"type": {"boolean": "boolean"}.get(param.kind, "object")}


def param_schema(param: Param, nested: Nested | None = None) -> dict[str, Any]:
    """The JSON Schema of one field, with title, description, default, example, unit, group and condition."""
    spec, schema = param.spec, _core(param, nested or json_schema)
    if param.optional:
        schema = {"anyOf": [schema, {"type": "null"}]}
    schema["title"] = spec.title
    if spec.help:
        schema["description"] = spec.help
    if not param.required:
        schema["default"] = plain(param.default)
    if spec.example is not None:
        schema["examples"] = [plain(spec.example)]
    if spec.format == "secret":
        schema["format"] = "password"
    extras = {"x-unit": spec.unit, "x-group": spec.group, "x-when": {k: list(v) for k, v in spec.when.items()}}
    schema |= {key: value for key, value in extras.items() if value}
    return schema


def json_schema(declaration: type[Any], nested: Nested | None = None) -> dict[str, Any]:
    """The JSON Schema of a declaration (unknown keys refused) or of a result's dataclass.

    Args:
        declaration: a dataclass.
        nested: what stands for the declarations in it; None: their schemas.
    """
    params = fields_of(declaration)
    schema: dict[str, Any] = {
        "type": "object",
        "title": declaration.__name__,
        "properties": {param.name: param_schema(param, nested) for param in params},
        "additionalProperties": False,
    }
    required = [param.name for param in params if param.required]
    if required:
        schema["required"] = required
    return schema
