"""One error shape for everything that goes wrong inside our routes, and for nothing outside them."""

from __future__ import annotations

import http.client
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from lib_bootcamp.core.text.terminal import shown
from lib_bootcamp.core.text.valid_text import valid_text
from lib_bootcamp.errors import BootcampError, QueueFullError, UnexpectedError
from lib_bootcamp.surfaces.shared.wording import pointer

EXPOSED = "Location, Retry-After, X-Bootcamp-Result"
"""Headers of ours that a page of another site may read, where the host or the server says that it may read at all."""
logger = logging.getLogger(__name__)
_PAGE = "lib_bootcamp.surfaces.page"
AT_END = "bootcamp.at_end"
"""Where a request's scope holds what is called when it is answered, or left."""

HEAD_ALONE = "bootcamp.head_alone"
"""Where a request's scope says that no body is asked for."""


class MalformedBodyError(BootcampError, ValueError):
    """The body is not what its content type says."""

    status = 400


class NotAcceptableError(BootcampError):
    """The answer cannot be given in a format that the caller accepts."""

    status = 406


class UnknownQueryError(BootcampError, ValueError):
    """What is given behind the question mark is no parameter of the route."""

    status = 422


class SlowBodyError(BootcampError):
    """The body did not arrive in time."""

    status = 408


def error_answer(
    status: int, error: str, detail: str, headers: Mapping[str, str] | None = None, **apart: str
) -> JSONResponse:
    """The answer in the one error shape, whatever a file's name in it holds.

    Lone surrogates, which JSON cannot carry as UTF-8, are replaced; signs that nobody sees are written as escapes.

    Args:
        status: of HTTP.
        error: the error's name.
        detail: the sentence.
        headers: of the answer.
        apart: `pointer`, `message` and `hint`; empty ones are left out.
    """
    info = {"error": error, "detail": detail, **{name: text for name, text in apart.items() if text}}
    clean = {name: shown(valid_text(text)) for name, text in info.items()}
    return JSONResponse(clean, status, dict(headers or {}))


def answer_to(error: Exception, request: Request) -> JSONResponse:
    """The answer to whatever a route raised; unexpected errors go to the log and only there."""
    if isinstance(error, BootcampError):
        wait = {"Retry-After": str(error.retry_after_s)} if isinstance(error, QueueFullError) else None
        apart = {"pointer": pointer(error.param), "hint": error.hint}
        apart |= {"message": error.message} if any(apart.values()) else {}
        return error_answer(error.status, type(error).__name__, str(error), wait, **apart)
    if isinstance(error, HTTPException):
        phrase = http.client.responses.get(error.status_code, "Error")
        detail = error.detail if isinstance(error.detail, str) else phrase
        name = re.sub(r"[^A-Za-z]|Error$", "", phrase.title())
        return error_answer(error.status_code, f"{name}Error", detail, error.headers)
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_answer(500, "InternalError", str(UnexpectedError()))


class BootcampRoute(APIRoute):
    """A route that answers its own errors, so that the host's app needs no exception handlers of ours.

    HEAD is answered as GET without the body, as Starlette's own routes do it (RFC 9110, 9.3.2). It is none of the
    route's methods: the host's document would describe it too.
    """

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `Route`."""
        return super().matches(self._as_get(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Route`."""
        await super().handle(self._as_get(scope), receive, send)

    def _as_get(self, scope: Scope) -> Scope:
        is_head = scope["type"] == "http" and scope["method"] == "HEAD" and "GET" in (self.methods or ())
        return {**scope, "method": "GET", HEAD_ALONE: True} if is_head else scope

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler with errors turned into answers."""
        handler = super().get_route_handler()

        async def shaped(request: Request) -> Response:
            try:
                answer = await handler(request)
            except Exception as error:  # noqa: BLE001 - whatever it is, the answer keeps its shape
                answer = answer_to(error, request)
            finally:
                for each in request.scope.pop(AT_END, ()):
                    each()
            if "origin" in request.headers:
                answer.headers["Access-Control-Expose-Headers"] = EXPOSED
            return _without_body(answer) if request.scope.get(HEAD_ALONE) else answer

        return shaped


def _without_body(answer: Response) -> Response:
    made = Response(status_code=answer.status_code)
    made.raw_headers = answer.raw_headers
    return made


def error_statuses() -> tuple[int, ...]:
    """The statuses that the known errors can lead to."""
    found, queue = {500}, [BootcampError]
    while queue:
        kind = queue.pop()
        if not kind.__module__.startswith(_PAGE):  # not the API's, and there only where the page was imported
            found.add(kind.status)
        queue += kind.__subclasses__()
    return tuple(sorted(found))
