"""The schemas of bodies and answers in the OpenAPI document: JSON Schema of declarations and results, by name."""

from __future__ import annotations

import copy
import functools
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, fields_of, plain
from lib_bootcamp.results import Result
from lib_bootcamp.schema import json_schema

REFERENCE = "#/components/schemas/"
# What an answer does not promise: how it would be filled in, and how long it may be.
_OF_REQUESTS = ("default", "maxLength", "maxItems", "minItems", "maxProperties")


class Components:
    """The schemas that others refer to, by the names of their declarations."""

    def __init__(self) -> None:
        self.schemas: dict[str, dict[str, Any]] = {}

    def request(self, declaration: type[Any]) -> dict[str, Any]:
        """A reference to what is sent: as `json_schema`, each declaration in it a schema of its own."""
        return self.named(declaration.__name__, json_schema(declaration, self.request), "Input")

    def answer(self, declaration: type[Any], *, missing: Collection[str] = ()) -> dict[str, Any]:
        """A reference to what is answered: a record's fields and, of a `Result`, `summary` and `succeeded`.

        Args:
            declaration: of the record.
            missing: fields that an answer may leave out.
        """
        return self._answer(declaration, _OUTCOME if issubclass(declaration, Result) else {}, missing)

    def _answer(
        self, declaration: type[Any], outcome: Mapping[str, Any], missing: Collection[str] = ()
    ) -> dict[str, Any]:
        schema = json_schema(declaration, lambda nested: self._answer(nested, {}))
        del schema["additionalProperties"]
        properties = {**outcome, **{name: _answered(each) for name, each in schema["properties"].items()}}
        schema |= {"properties": properties, "required": [name for name in properties if name not in missing]}
        return self.named(declaration.__name__, schema, "Answer")

    def named(self, name: str, schema: dict[str, Any], else_: str = "") -> dict[str, Any]:
        """Keep a schema under a name, or with an ending where what is sent and what is answered differ.

        Returns:
            a reference to it.
        Raises:
            ValueError: the name is that of another one.
        """
        if self.schemas.get(name, schema) != schema:
            name += else_
        if self.schemas.setdefault(name, schema) != schema:
            raise ValueError(f"two schemas are called {name}")
        return {"$ref": REFERENCE + name}

    def inlined(self, node: Any) -> Any:
        """The same with every reference replaced by what it refers to."""
        if isinstance(node, list):
            return [self.inlined(each) for each in node]
        if not isinstance(node, dict):
            return node
        rest = {key: self.inlined(value) for key, value in node.items() if key != "$ref"}
        reference = node.get("$ref")
        return rest if reference is None else {**self.inlined(self.schemas[reference[len(REFERENCE) :]]), **rest}


_OUTCOME: dict[str, dict[str, Any]] = {
    "summary": {"type": "string", "title": "Summary", "description": "The answer in one line."},
    "succeeded": {
        "type": "boolean",
        "title": "Succeeded",
        "description": "False when the answer to the question is no.",
    },
}


def _answered(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key not in _OF_REQUESTS}
    if kept.get("contentMediaType") == "image/*":
        kept["contentMediaType"] = "image/png"
    if "items" in kept:
        kept["items"] = _answered(kept["items"])
    if "anyOf" in kept:
        kept["anyOf"] = [_answered(each) for each in kept["anyOf"]]
    return kept


@functools.cache
def example_picture() -> str:
    """A gray square in base64, for the docs' examples."""
    return encode_base64(np.full((64, 64), 128, np.uint8))


def request_body(operation: Operation[Any, Any], components: Components) -> dict[str, Any]:
    """OpenAPI's request body of an operation: as JSON and as a multipart form, with examples."""
    schema, form = (json_schema(operation.params, components.request) for _ in range(2))
    encoding = {}
    for param in fields_of(operation.params):
        form["properties"][param.name], media_type = _in_form(param, form["properties"][param.name])
        if media_type:
            encoding[param.name] = {"contentType": media_type}
    for each in (schema, form):
        each["title"] = operation.title
        if operation.presets:
            each["properties"]["preset"] = _preset(operation)
    name = operation.params.__name__
    content = {
        "application/json": {"schema": components.named(name, schema), "examples": dict(_examples(operation))},
        "multipart/form-data": {
            "schema": components.named(f"{name}Form", form),
            **({"encoding": encoding} if encoding else {}),
        },
    }
    return {"required": True, "content": content}


def _preset(operation: Operation[Any, Any]) -> dict[str, Any]:
    return {
        "anyOf": [{"type": "string", "enum": list(operation.presets)}, {"type": "null"}],
        "title": "Preset",
        "description": "A named set of values; values that are given as well go over it.",
    }


def _in_form(param: Param, schema: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """A field of a form, and the media type of its part where that is not text."""
    if param.kind in {"image", "file"}:
        kept = {key: value for key, value in schema.items() if key in {"title", "description", "x-group", "x-when"}}
        media_type = "image/png, image/jpeg, image/webp" if param.kind == "image" else ""
        return {"type": "string", "format": "binary", **kept}, media_type
    if param.kind == "list" and param.item is not None and param.item.kind in {"image", "file"}:
        return {**schema, "items": {"type": "string", "format": "binary"}}, ""
    return schema, "application/json" if param.kind in {"list", "object", "mapping"} else ""


def _examples(operation: Operation[Any, Any]) -> Iterator[tuple[str, Any]]:
    params = fields_of(operation.params)
    defaults = {param.name: param.default for param in params}

    def shown(chosen: Mapping[str, Any]) -> dict[str, Any]:
        settings = {**defaults, **chosen}
        return {
            param.name: _example(param)
            for param in params
            if param.name not in chosen and (param.required or _is_shown(param, settings, chosen))
        }

    yield "example", {"summary": operation.summary, "value": shown({})}
    for name, values in operation.presets.items():
        yield name, {"summary": f"Preset {name}", "value": {**shown(values), "preset": name}}


def _is_shown(param: Param, settings: Mapping[str, Any], chosen: Mapping[str, Any]) -> bool:
    """Whether an optional field belongs into an example: its own example, or the picture that a preset works on."""
    if not all(settings[name] in among for name, among in param.spec.when.items()):
        return False
    return param.spec.example is not None or (param.name == "image" and bool(chosen))


def _example(param: Param) -> Any:
    spec = param.spec
    if param.kind in {"image", "file"}:
        return example_picture()
    if spec.example is not None:
        return plain(spec.example)
    if param.kind == "choice":
        return param.choices[0]
    if param.kind in {"integer", "number"}:
        low = spec.ge if spec.ge is not None else (spec.gt + 1 if spec.gt is not None else 0)
        return int(low) if param.kind == "integer" else low
    if param.kind == "list" and param.item is not None:
        return [_example(param.item)] * (spec.min_length or 1)
    if param.kind == "object" and param.nested is not None:
        return {each.name: _example(each) for each in fields_of(param.nested) if each.required}
    return {"boolean": True, "string": "text"}.get(param.kind, {})


def to_openapi_30(schema: Any) -> Any:
    """The same schema in OpenAPI 3.0's older dialect.

    Source: OpenAPI 3.0.3, "Schema Object": no null type, one example, no numeric exclusive bounds, format `byte`.
    """
    if isinstance(schema, list):
        return [to_openapi_30(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {"default", "example", "enum", "x-when"}
    new = {key: copy.deepcopy(value) if key in kept else to_openapi_30(value) for key, value in schema.items()}
    if {"type": "null"} in new.get("anyOf", []):
        rest = [each for each in new.pop("anyOf") if each != {"type": "null"}]
        new = {**rest[0], **new, "nullable": True} if len(rest) == 1 else {**new, "anyOf": rest, "nullable": True}
        if "enum" in new:
            new["enum"] = [*new["enum"], None]
    if isinstance(new.get("examples"), list):
        new["example"] = new.pop("examples")[0]
    # FastAPI before 0.99 turns the boolean exclusive bounds of 3.0 into numbers: the bound alone is valid, and wider
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if exclusive in new and not isinstance(new[exclusive], (bool, dict)):
            new.setdefault(bound, new.pop(exclusive))
    if new.get("contentEncoding") == "base64":
        new.pop("contentMediaType", None)
        new.pop("contentEncoding")
        new["format"] = "byte"
    return new
