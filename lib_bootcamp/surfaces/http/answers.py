"""Answers of routes: results and records as JSON, pictures as PNG, and which of them the caller wants."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from starlette.responses import Response

from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import fields_of, plain
from lib_bootcamp.results import Result

from .document import EVENTS, JSON, PNG
from .errors import NotAcceptableError

MAX_HEADER = 4096


def plain_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A record without pictures, or a list of them, as JSON."""
    text = json.dumps(plain(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(text.encode("utf-8", "replace"), status, headers, media_type=JSON)


def json_answer(result: Result) -> Response:
    """A result as JSON: pictures as PNG in base64 without a `data:` prefix, facts, `summary`, `succeeded`."""
    values = {each.name: getattr(result, each.name) for each in fields_of(type(result)) if each.kind == "image"}
    values |= result.files() | result.to_json() | {"summary": result.summary(), "succeeded": result.succeeded()}
    ordered = {each.name: values[each.name] for each in fields_of(type(result))} | values
    return Response(_dumps(ordered, ensure_ascii=False).encode("utf-8", "replace"), media_type=JSON)


def facts_of(part: Result) -> dict[str, Any]:
    """A part of a result that grows, for an event: its pictures as in `json_answer`, and its facts."""
    return {name: encode_base64(picture) for name, picture in part.pictures().items()} | part.to_json()


def picture_answer(result: Result) -> Response:
    """A result's picture as PNG; its facts, where they are short, in the header `X-Bootcamp-Result` as JSON.

    Raises:
        NotAcceptableError: this result has no picture.
    """
    picture = result.pictures().get("image")
    if picture is None:
        raise NotAcceptableError("This answer has no picture", hint=f"ask for it with `Accept: {JSON}`.")
    outcome = {"summary": result.summary(), "succeeded": result.succeeded()}
    header = _dumps({**result.to_json(), **outcome})
    if len(header) > MAX_HEADER:
        header = _dumps(outcome)
    headers = {"X-Bootcamp-Result": header} if len(header) <= MAX_HEADER else {}
    return Response(encode_png(picture), media_type=PNG, headers=headers)


def _dumps(value: Any, *, ensure_ascii: bool = True) -> str:
    return json.dumps(value, default=_plain, ensure_ascii=ensure_ascii, allow_nan=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == np.uint8:
        return encode_base64(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def has_picture(operation: Operation[Any, Any]) -> bool:
    """Whether its result has a picture that can be the whole answer."""
    return any(each.name == "image" and each.kind == "image" for each in fields_of(operation.result))


def wants_events(accept: str) -> bool:
    """Whether the caller asks for server-sent events by name; `*/*` does not."""
    names = [each.split(";")[0].strip() for each in accept.lower().split(",")[:64]]
    return EVENTS in names and _quality(accept, EVENTS) > 0


def wants_picture(accept: str, *, possible: bool) -> bool:
    """Choose by the header's preferences; JSON where they say nothing.

    Raises:
        NotAcceptableError: the caller accepts neither.
    Source: RFC 9110, 12.5.1.
    """
    json_quality, png_quality = _quality(accept, JSON), _quality(accept, PNG) if possible else 0.0
    if not json_quality and not png_quality:
        formats = f"{JSON} or {PNG}" if possible else JSON
        raise NotAcceptableError(f"The answer is {formats}", hint="name it in Accept.")
    return png_quality > json_quality


def _quality(accept: str, media_type: str) -> float:
    ranges = {}
    for each in accept.lower().split(",")[:64]:
        name, *parameters = (part.strip() for part in each.split(";"))
        found = [re.fullmatch(r"q\s*=\s*([01](?:\.\d{0,3})?)", part) for part in parameters]
        ranges[name] = next((float(match[1]) for match in found if match), 1.0)
    if not accept.strip():
        return 1.0 if media_type == JSON else 0.5
    for name in (media_type, media_type.split("/")[0] + "/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0
