"""What OpenAPI tells of bodies and answers: derived from declarations and results, under pydantic 1 and 2."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import numpy as np
import pydantic
from fastapi import FastAPI
from pydantic import BaseModel, Field, create_model

from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Param, fields_of, plain
from lib_bootcamp.ports import HostInfo, ModelInfo
from lib_bootcamp.results import Result
from lib_bootcamp.schema import json_schema

PYDANTIC_1 = pydantic.VERSION.startswith("1.")


@functools.cache
def example_picture() -> str:
    """A gray square in base64, for the docs' examples."""
    return encode_base64(np.full((64, 64), 128, np.uint8))


@functools.cache
def openapi_30() -> bool:
    """Whether the installed FastAPI writes OpenAPI 3.0 (before 0.99) and not 3.1."""
    return FastAPI().openapi_version.startswith("3.0")


def result_model(result: type[Any]) -> type[BaseModel]:
    """The response model of a result: its fields, and for a `Result` also `summary` and `succeeded`.

    Pictures are base64 texts. The model documents the answer; it does not check it.
    """
    return _model(result, frozenset({"summary", "succeeded"}) if issubclass(result, Result) else frozenset())


_MODELS: dict[tuple[type[Any], frozenset[str]], type[BaseModel]] = {}


def _model(declaration: type[Any], extra: frozenset[str] = frozenset()) -> type[BaseModel]:
    key = (declaration, extra)
    return _MODELS.get(key) or _MODELS.setdefault(key, _build_model(declaration, extra))


def _build_model(declaration: type[Any], extra: frozenset[str]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for param in fields_of(declaration):
        name = f"{param.name}_" if hasattr(BaseModel, param.name) else param.name
        fields[name] = _field(param, alias=param.name if name != param.name else None)
    if "summary" in extra:
        fields.setdefault("summary", (str, Field(..., title="Summary", description="The answer in one line.")))
    if "succeeded" in extra:
        help_text = "False when the answer to the question is no."
        fields.setdefault("succeeded", (bool, Field(..., title="Succeeded", description=help_text)))
    options: dict[str, Any] = {} if PYDANTIC_1 else {"__config__": {"protected_namespaces": ()}}
    return create_model(declaration.__name__, __module__=declaration.__module__, **options, **fields)


def _field(param: Param, alias: str | None) -> tuple[Any, Any]:
    spec, hint = param.spec, _hint(param)
    marks: dict[str, Any] = {"x-unit": spec.unit} if spec.unit else {}
    if param.kind == "image":
        marks |= {"format": "byte"} if openapi_30() else {"contentEncoding": "base64", "contentMediaType": "image/png"}
    if param.kind == "file":
        marks |= {"format": "byte"} if openapi_30() else {"contentEncoding": "base64"}
    if param.optional:
        hint = hint | None
    settings: dict[str, Any] = {"title": spec.title, "description": spec.help or None, "alias": alias}
    if param.kind in {"integer", "number"}:
        settings |= {"ge": spec.ge, "gt": spec.gt, "le": spec.le, "lt": spec.lt}
        if openapi_30():
            low, high = (spec.gt if spec.ge is None else spec.ge), (spec.lt if spec.le is None else spec.le)
            settings |= {"ge": low, "gt": None, "le": high, "lt": None}
    settings = {key: value for key, value in settings.items() if value is not None}
    return hint, Field(..., **settings, **extras(marks, optional=param.optional))


def extras(marks: dict[str, Any], *, optional: bool = False) -> dict[str, Any]:
    """Arguments of `Field` that put marks into its schema; pydantic 1 does not say by itself what may be null."""
    if PYDANTIC_1:
        return {**marks, "nullable": True} if optional else marks
    return {"json_schema_extra": marks} if marks else {}


def _hint(param: Param) -> Any:
    if param.kind == "choice":
        return Literal[param.choices]
    if param.kind == "list" and param.item is not None:
        return list[_hint(param.item)]  # type: ignore[misc]
    if param.kind == "object" and param.nested is not None:
        return _model(param.nested)
    simple = {"boolean": bool, "integer": int, "number": float, "string": str, "image": str, "file": str}
    return simple.get(param.kind, dict[str, Any])


def request_body(operation: Operation[Any, Any]) -> dict[str, Any]:
    """OpenAPI's request body of an operation: as JSON and as a multipart form, with examples."""
    schema = json_schema(operation.params)
    form = json_schema(operation.params)
    params = fields_of(operation.params)
    for each in (schema, form):
        each["title"] = f"{operation.title}"
        if operation.presets:
            each["properties"]["preset"] = {
                "anyOf": [{"type": "string", "enum": list(operation.presets)}, {"type": "null"}],
                "title": "Preset",
                "description": "A named set of values; values that are given as well go over it.",
            }
    encoding: dict[str, Any] = {}
    for param in params:
        if param.kind == "image":
            form["properties"][param.name] = _file(form["properties"][param.name])
            encoding[param.name] = {"contentType": "image/png, image/jpeg, image/webp"}
        elif param.kind == "file":
            form["properties"][param.name] = _file(form["properties"][param.name])
        elif param.kind == "list" and param.item is not None and param.item.kind in {"image", "file"}:
            form["properties"][param.name]["items"] = {"type": "string", "format": "binary"}
        elif param.kind in {"list", "object", "mapping"}:
            encoding[param.name] = {"contentType": "application/json"}
    content: dict[str, Any] = {
        "application/json": {"schema": schema, "examples": dict(_examples(operation))},
        "multipart/form-data": {"schema": form, **({"encoding": encoding} if encoding else {})},
    }
    if openapi_30():
        for each in content.values():
            each["schema"] = to_openapi_30(each["schema"])
    return {"required": True, "content": content}


def _file(schema: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in schema.items() if key in {"title", "description", "x-group", "x-when"}}
    return {"type": "string", "format": "binary", **kept}


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


def info_model() -> type[BaseModel]:
    """The answer of `GET /info`: what a host tells of itself, and this package's version."""
    extension = (str, Field(..., title="Version of this package"))
    return create_model("InfoAnswer", __base__=_model(HostInfo), __module__=__name__, extension=extension)


def model_answer() -> type[BaseModel]:
    """The answer of `GET /model`."""
    return _model(ModelInfo)


class OperationAnswer(BaseModel):
    """One operation in the answer of `GET /operations`."""

    name: str = Field(..., title="Name")
    title: str = Field(..., title="Title")
    summary: str = Field(..., title="Summary")
    path: str = Field(..., title="Path", description="Where to POST.")
    kind: str = Field(..., title="Kind", description="`control-map`: the result has an `image` that steers generation.")
    presets: dict[str, dict[str, Any]] = Field(..., title="Presets")
    params: dict[str, Any] = Field(..., title="Parameters", description="JSON Schema.")
    result: dict[str, Any] = Field(..., title="Result", description="JSON Schema.")
