"""The doors inside a WebUI: its app is not ours, so that our tab's functions ask by themselves who calls them."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.core.web_access import AccessRules, RequestHead
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.http.access import request_head
from lib_bootcamp.surfaces.page.mistakes import page_error
from lib_bootcamp.surfaces.page.uploads import without_addresses
from lib_bootcamp.surfaces.shared.described import PREFIX

from .frame import FRAME

_CALLER: ContextVar[RequestHead | None] = ContextVar("bootcamp_caller", default=None)


class RememberCaller:
    """An ASGI middleware that refuses nothing: our functions can ask for the request that they run in.

    Gradio 3 takes what it passes them of the request from the body, where a direct call may write what it likes.
    Gradio 4 lets pages of other programs on this machine, and pages without an origin, read every answer: of our routes
    they read none.

    Args:
        app: the WebUI's.
        rules: whose pages may read.
    """

    def __init__(self, app: ASGIApp, rules: AccessRules) -> None:
        self._app, self._rules = app, rules

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let everything pass."""
        if scope["type"] == "http":
            head = request_head(scope)
            _CALLER.set(head)
            if any(f"{each}/" in scope["path"] for each in (PREFIX, FRAME)) and not self._may_read(head):
                send = _unreadable(send)
        await self._app(scope, receive, send)

    def _may_read(self, head: RequestHead) -> bool:
        return all(self._rules.is_own(each, head) or self._rules.is_allowed(each) for each in head.origins)


def _unreadable(send: Send) -> Send:
    """Take out of an answer that a page of another site may read it."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [each for each in message["headers"] if not each[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": headers}
        await send(message)

    return sent


def remember_callers(app: Any, rules: AccessRules) -> None:
    """Put `RememberCaller` around a WebUI's app, as the WebUI adds its own middleware while the app answers already."""
    app.middleware_stack = None
    app.add_middleware(RememberCaller, rules=rules)


def keep_from_page(demo: Any, folder: Path) -> None:
    """Have Gradio serve nothing of a folder: the WebUI serves what lies below its own one to whoever asks."""
    blocked = getattr(demo, "blocked_paths", None)
    if isinstance(blocked, list) and str(folder) not in blocked:
        blocked.append(str(folder))


def guard_functions(page: Any, rules: AccessRules) -> None:
    """Have every function of a `gradio.Blocks` refuse callers as the rules say, and its components ask no address."""
    for component in page.blocks.values():
        without_addresses(component)
    functions = page.fns.values() if isinstance(page.fns, Mapping) else page.fns
    for each in functions:
        if each.fn is not None:
            each.fn = guarded(each.fn, rules)


def guarded(function: Any, rules: AccessRules) -> Any:
    """A function of a page's that Gradio also gives the request; refuses with a message on the page."""

    def check(caller: Any) -> None:
        try:
            for head in _heads(caller):
                rules.check_host(head)
                rules.check_origin(head)
        except BootcampError as error:
            raise page_error(error) from None

    if inspect.iscoroutinefunction(function):  # Gradio looks at what it calls, not at what comes of it

        @functools.wraps(function)
        async def asked(bootcamp_caller: gr.Request, *values: Any, **named: Any) -> Any:
            check(bootcamp_caller)
            return await function(*values, **named)
    else:

        @functools.wraps(function)
        def asked(bootcamp_caller: gr.Request, *values: Any, **named: Any) -> Any:
            check(bootcamp_caller)
            return function(*values, **named)

    own = inspect.Parameter("bootcamp_caller", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=gr.Request)
    signature = inspect.signature(function)
    asked.__signature__ = signature.replace(parameters=[own, *signature.parameters.values()])  # type: ignore[attr-defined]
    asked.__annotations__ = {"bootcamp_caller": gr.Request, **getattr(function, "__annotations__", {})}
    return asked


def _heads(caller: Any) -> list[RequestHead]:
    """The request that Gradio passes (one without a name, where it passes none), and the one that this runs in."""
    request, kwargs = getattr(caller, "request", None), getattr(caller, "kwargs", None)
    headers = request.headers if request is not None else (kwargs or {}).get("headers", {})
    named = {str(name).lower(): str(value) for name, value in dict(headers).items()}
    reported = RequestHead(
        method="POST",
        hosts=[named["host"]] if "host" in named else [],
        origins=[named["origin"]] if "origin" in named else [],
        fetch_site=named.get("sec-fetch-site", "").strip().lower(),
    )
    running = _CALLER.get()
    return [reported] if running is None else [reported, running]
