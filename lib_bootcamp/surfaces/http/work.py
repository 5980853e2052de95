"""Handlers of routes in the queues of `work_queue`, so that none holds a thread of the server's pool."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue

RETRY_S = 10
_NOTED: ContextVar[dict[str, BootcampError] | None] = ContextVar("bootcamp_noted", default=None)


def note_error(error: BootcampError) -> None:
    """Remember for the request that this runs in, if it does, why it is refused: Gradio answers any error with 500.

    The first is the one: what an error is turned into later says less.
    """
    noted = _NOTED.get()
    if noted is not None:
        noted.setdefault("error", error)


def noted_error() -> BootcampError | None:
    """What was noted for the request that this runs in."""
    return (_NOTED.get() or {}).get("error")


def left(request: Request) -> Callable[[], Awaitable[None]]:
    """What comes back when the caller closed the connection; the body has been read by then."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    return gone


def queued(handler: Callable[..., Any], queue: WorkQueue) -> Callable[..., Any]:
    """A plain handler as one that runs in a queue; FastAPI sees the same parameters."""

    async def endpoint(*args: Any, **values: Any) -> Any:
        return await queue.run(lambda _: handler(*args, **values))

    endpoint.__name__, endpoint.__doc__ = handler.__name__, handler.__doc__
    endpoint.__signature__ = inspect.signature(handler)  # type: ignore[attr-defined]
    return endpoint


class RetryAfter:
    """Every 503 says when to come again: Gradio's own queue, which has an end too, does not.

    A function of the page that is called directly, and fails, is answered with the status of its mistake.

    Args:
        app: the one inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app inside, with the header where it is missing."""

        noted: dict[str, BootcampError] = {}
        _NOTED.set(noted)

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                error = noted.get("error")
                if error is not None and message["status"] == 500:
                    message = {**message, "status": error.status}
                if message["status"] == 503:
                    headers = MutableHeaders(scope=message)
                    headers.setdefault("Retry-After", str(getattr(error, "retry_after_s", RETRY_S)))
            await send(message)

        await self.app(scope, receive, completed)
