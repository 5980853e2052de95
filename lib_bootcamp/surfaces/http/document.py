"""The OpenAPI document of our routes, from declarations alone: the same on every host, whatever its FastAPI."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from lib_bootcamp import __version__
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import Params, Spec
from lib_bootcamp.schema import param_schema
from lib_bootcamp.surfaces.shared.described import PREFIX

from .errors import UnknownQueryError
from .schemas import Components, request_body, to_openapi_30

JSON, PNG = "application/json", "image/png"
EVENTS = "text/event-stream"
TITLE = "Bootcamp"
DESCRIPTION = "Control maps, QR-code art and scanning, and what CLIP sees in pictures: one route for each operation."
_DESCRIPTIONS = {
    400: "The body is malformed, or `Host` is not a name of this server.",
    401: "The credentials are missing or wrong.",
    403: "The credentials do not allow this, or a page of a foreign site asks for it.",
    406: "The answer has no format that the caller accepts.",
    404: "There is no such job.",
    408: "The body did not arrive in time.",
    409: "The work was stopped, or there is no checkpoint for it, or the job's state does not allow this.",
    413: "The body or a picture is too large.",
    415: "The body's format is not read.",
    422: "A parameter is wrong; the sentence names it and the remedy.",
    500: "The program failed; its log says where.",
    501: "A package that this needs is not installed.",
    503: "As much work waits already as may; Retry-After says when to ask again.",
}
GUARDED = (400, 401, 403)
"""What the doors answer, on every route."""


APART = ("pointer", "message", "hint")
"""Of an `ErrorAnswer`, what is there only where it is given separately."""


@dataclass(frozen=True, kw_only=True)
class ErrorAnswer:
    """What every 4xx and 5xx of these routes looks like."""

    error: Annotated[str, Spec("Error", "The error's name, for programs, like InvalidParamError.")]
    detail: Annotated[str, Spec("Detail", "One sentence for a person.")]
    pointer: Annotated[
        str,
        Spec("Pointer", "Where in the body the wrong value is (RFC 6901), like /lights/0/color; missing elsewhere."),
    ] = ""
    message: Annotated[
        str,
        Spec("Message", "What is wrong, without the parameter and the remedy, where one of them is given separately."),
    ] = ""
    hint: Annotated[str, Spec("Hint", "The remedy; missing where the detail has none.")] = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Route:
    """One route, described.

    Args:
        method: GET, POST or DELETE.
        path: below `/bootcamp/v1`; names in braces are fields of `query`.
        operation_id: a name for programs.
        summary: one line.
        tag: what the docs group it by.
        answer: the declaration of what it answers with; None: it is no JSON.
        many: whether it answers with a list of those.
        statuses: of errors, beside those of the doors.
        query: the parameters in the path and behind the question mark.
        body: the operation whose parameters are the body.
        description: more than the summary.
        status: of the answer.
        answered: what the docs say of the answer.
        others: more answers, or more formats of one, as OpenAPI's "Responses Object".
    """

    method: str
    path: str
    operation_id: str
    summary: str
    tag: str
    answer: type[Any] | None = None
    many: bool = False
    statuses: Iterable[int] = ()
    query: type[Params] | None = None
    body: Operation[Any, Any] | None = None
    description: str = ""
    status: int = 200
    answered: str = "The answer."
    others: Mapping[int, dict[str, Any]] = field(default_factory=dict)

    def details(self, components: Components) -> dict[str, Any]:
        """Its parameters, body and responses, as in OpenAPI's "Operation Object"."""
        parts: dict[str, Any] = {"responses": self._responses(components)}
        if self.query is not None:
            parts["parameters"] = [_parameter(each, self.path) for each in self.query.fields()]
        if self.body is not None:
            parts["requestBody"] = request_body(self.body, components)
        return parts

    def operation(self, components: Components) -> dict[str, Any]:
        """The whole "Operation Object"."""
        head = {"tags": [self.tag], "summary": self.summary, "operationId": self.operation_id}
        return {**head, **({"description": self.description} if self.description else {}), **self.details(components)}

    def _responses(self, components: Components) -> dict[str, Any]:
        good: dict[str, Any] = {"description": self.answered}
        if self.answer is not None:
            one = components.answer(self.answer)
            good["content"] = {JSON: {"schema": {"type": "array", "items": one} if self.many else one}}
        responses: dict[str, Any] = {str(self.status): good}
        for status, other in self.others.items():
            known = responses.setdefault(str(status), {})
            content = {**known.get("content", {}), **other.get("content", {})}
            known |= {**other, **({"content": content} if content else {})}
        problem = {JSON: {"schema": components.answer(ErrorAnswer, missing=APART)}}
        for status in sorted({*self.statuses, *GUARDED, 422, 500}):
            info = _DESCRIPTIONS.get(status, "The request cannot be answered.")
            responses.setdefault(str(status), {"description": info, "content": problem})
        return responses


def _parameter(param: Any, path: str) -> dict[str, Any]:
    schema = param_schema(param)
    description = schema.pop("description", schema["title"])
    place = "path" if f"{{{param.name}}}" in path else "query"
    return {
        "name": param.name,
        "in": place,
        "required": place == "path",
        "description": description,
        "schema": schema,
    }


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these routes; what is declared has a name of its own below `components`."""
    components = Components()
    paths: dict[str, dict[str, Any]] = {}
    for each in routes:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = each.operation(components)
    return {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": __version__, "description": DESCRIPTION},
        "paths": paths,
        "components": {"schemas": dict(sorted(components.schemas.items()))},
    }


def add_route(router: APIRouter, route: Route, endpoint: Callable[..., Any]) -> None:
    """Add a route to a host's app, whose own document describes it too, in its dialect and without references."""
    router.add_api_route(
        route.path,
        endpoint,
        dependencies=[Depends(_refuses_unknown(route))],
        methods=[route.method],
        status_code=route.status,
        response_model=None,
        response_class=Response,
        summary=route.summary,
        description=route.description or route.summary,
        tags=[route.tag],
        operation_id=route.operation_id,
        openapi_extra=_Details(route),
    )


def _refuses_unknown(route: Route) -> Callable[[Request], Awaitable[None]]:
    """The dependency that refuses what is given behind the question mark and not declared.

    Raises:
        UnknownQueryError: one of the names is not.
    """
    fields = route.query.fields() if route.query is not None else ()
    known = [param.name for param in fields if f"{{{param.name}}}" not in route.path]

    values = "values go into the body" if route.body is not None else "it takes none"
    remedy = f"it takes {', '.join(known)}" if known else values

    async def check(request: Request) -> None:
        for name in request.query_params:
            if name not in known:
                # not the name of a parameter: a pointer would point into the body
                raise UnknownQueryError(f"{name[:40]!r} is not a query parameter of this route", hint=remedy)

    return check


def read_from(query: type[Params]) -> Callable[[Request], Awaitable[Params]]:
    """The FastAPI dependency that reads the parameters in the path and behind the question mark.

    Raises:
        InvalidParamError: one of them is not what it is declared to be.
    """
    known = {param.name: param for param in query.fields()}

    async def read(request: Request) -> Params:  # a plain one would run in a thread of the server's
        given = {**request.query_params, **request.path_params}
        return query.from_mapping({name: known[name].parse_text(str(given[name])) for name in known if name in given})

    return read


@functools.cache
def _is_openapi_30() -> bool:
    """Whether the installed FastAPI writes OpenAPI 3.0 (before 0.99) and not 3.1."""
    return FastAPI().openapi_version.startswith("3.0")


class _Details(dict[str, Any]):
    """A route's details, made when a host's document is: most starts never ask for it."""

    def __init__(self, route: Route) -> None:
        super().__init__(route=route)

    def items(self) -> Any:
        components = Components()
        details = self["route"].details(components)
        return _with_schemas(details, lambda schema: _in_dialect(components.inlined(schema))).items()


def _in_dialect(schema: dict[str, Any]) -> Any:
    return to_openapi_30(schema) if _is_openapi_30() else schema


def _with_schemas(node: Any, change: Callable[[dict[str, Any]], Any]) -> Any:
    """The same with every schema changed."""
    if isinstance(node, list):
        return [_with_schemas(each, change) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key == "examples" else change(value) if key == "schema" else _with_schemas(value, change)
        for key, value in node.items()
    }
