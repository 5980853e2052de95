"""The door of the server: what `core.web_access` refuses gets no further, and allowed sites may read the answers.

As an ASGI middleware around everything (standalone), and as a dependency of our routes (inside a WebUI, whose other
routes are none of ours).

No `from __future__ import annotations` here: FastAPI has to see the types of a dependency.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Depends
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.core.web_access import AccessRules, ForeignOriginError, RequestHead
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.shared.described import PREFIX

from .errors import EXPOSED, error_answer

PREFLIGHT_S = 600
DATA_PATHS = (f"{PREFIX}/", "/gradio_api/")


def request_head(scope: Mapping[str, Any]) -> RequestHead:
    """What an ASGI scope says of its request."""
    headers = Headers(raw=list(scope["headers"]))
    length = headers.get("content-length", "").strip().strip("0")
    shown = headers.get("sec-fetch-mode", "") == "navigate" and headers.get("sec-fetch-dest", "") == "document"
    return RequestHead(
        method=scope["method"].upper() if scope["type"] == "http" else "WEBSOCKET",
        hosts=headers.getlist("host"),
        origins=headers.getlist("origin"),
        content_types=headers.getlist("content-type"),
        has_body=bool(length) or "transfer-encoding" in headers,
        fetch_site=", ".join(headers.getlist("sec-fetch-site")).strip().lower(),
        shown=shown,
        api=scope["path"].startswith(DATA_PATHS),
    )


def route_path(scope: Mapping[str, Any]) -> str:
    """The path below the app that is asked, which Starlette gives with the folder of a mounted one since 0.33."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


@dataclass(frozen=True)
class AccessGuard:
    """A dependency of our routes: refuses before a body is read."""

    rules: AccessRules

    def __call__(self, request: Request) -> None:
        """Let a request pass.

        Raises:
            BootcampError: as `AccessRules.check`.
        """
        self.rules.check(request_head(request.scope))


def access_dependency(rules: AccessRules) -> Any:
    """The FastAPI dependency of every route of ours; the first, before any log-in."""
    return Depends(AccessGuard(rules))


class AccessMiddleware:
    """Around a whole app: refuses, answers preflights, and informs browsers which sites may read the answers.

    What an app inside says about that (Gradio allows whatever runs on this machine) is taken out of its answers.

    Args:
        app: what is guarded.
        rules: whose requests are answered.
    """

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or open one websocket, or refuse to."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        head = request_head(scope)
        try:
            self._rules.check_host(head)
            if scope["type"] == "http" and _is_preflight(scope):
                await self._preflight(scope)(scope, receive, send)
                return
            self._rules.check(head)
        except BootcampError as error:
            await refuse(error, scope, receive, send)
            return
        if scope["type"] == "http":
            send = self._readable(head, send)
        await self._app(scope, receive, send)

    def _readable(self, head: RequestHead, send: Send) -> Send:
        origin = head.origins[0] if len(head.origins) == 1 and self._rules.is_allowed(head.origins[0]) else None

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                for name in [each for each in headers if each.lower().startswith("access-control-")]:
                    del headers[name]
                headers.add_vary_header("Origin")
                if head.api:
                    headers["X-Content-Type-Options"] = "nosniff"
                headers["Content-Security-Policy"] = self._frames
                if origin is not None:
                    headers["Access-Control-Allow-Origin"] = origin
                    headers["Access-Control-Expose-Headers"] = EXPOSED
                message = {**message, "headers": headers.raw}
            await send(message)

        return sent

    @property
    def _frames(self) -> str:
        """Pages of other sites show ours in no frame, where a click would be led to it."""
        return " ".join(["frame-ancestors 'self'", *self._rules.origins])

    def _preflight(self, scope: Scope) -> Response:
        """What a browser asks before it sends a request for a page of another site.

        Source: WHATWG Fetch, "CORS-preflight fetch".
        """
        headers = Headers(scope=scope)
        origin = headers["origin"]
        if len(headers.getlist("origin")) != 1 or not self._rules.is_allowed(origin):
            raise ForeignOriginError(
                f"Pages of {origin[:200]} may not call this server",
                hint=f"if it is yours, start with {self._rules.flags.origins} {origin[:200]}.",
            )
        info = {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
            "Access-Control-Allow-Headers": headers.get("access-control-request-headers", ""),
            "Access-Control-Max-Age": str(PREFLIGHT_S),
            "Vary": "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
        }
        if headers.get("access-control-request-private-network") == "true":
            info["Access-Control-Allow-Private-Network"] = "true"
        return Response(status_code=204, headers={name: value for name, value in info.items() if value})


def _is_preflight(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    return scope["method"] == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


async def refuse(error: BootcampError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with an error in our one shape; a websocket is closed before it is open."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008, "reason": type(error).__name__})
        return
    headers = {"Vary": "Origin", "Connection": "close"} if error.status == 413 else {"Vary": "Origin"}
    await error_answer(error.status, type(error).__name__, str(error), headers)(scope, receive, send)
