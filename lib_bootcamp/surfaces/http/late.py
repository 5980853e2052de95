"""Routes that are made when they are first asked for: FastAPI takes a third of a second for ours."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from .access import route_path
from .wrong_method import include_routers


class LateRoutes(BaseRoute):
    """Stands for all routes below a prefix until one of them, or the app's own document, is asked for.

    Args:
        app: the FastAPI app that they belong to.
        prefix: what their paths begin with.
        make: makes the routers.
    """

    def __init__(self, app: Any, prefix: str, make: Callable[[], Sequence[Any]]) -> None:
        self._app, self._prefix, self._make = app, prefix, make
        self._lock, self._made = threading.Lock(), False

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Everything below the prefix, as long as the routes are not made."""
        ours = not self._made and scope["type"] == "http" and route_path(scope).startswith(f"{self._prefix}/")
        return (Match.FULL if ours else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """None of them is known by a name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Make them, and have the app look for the route again."""
        # not in a thread of the server's pool, which may all be taken
        await asyncio.get_running_loop().run_in_executor(None, self.include)
        await self._app.router(scope, receive, send)

    def include(self) -> None:
        """Make the routes, once, in this one's place: what was added to the app since stays behind them."""
        with self._lock:
            if not self._made:
                routes: list[BaseRoute] = self._app.router.routes
                before = len(routes)
                include_routers(self._app, self._make(), self._prefix)
                made = routes[before:]
                at = routes.index(self)
                routes[at:at] = made  # first: a request that is looking for its route misses none
                del routes[-len(made) :]
                self._made = True


def include_late(app: Any, prefix: str, make: Callable[[], Sequence[Any]]) -> None:
    """Include routers when they are first asked for; the app's own document lists its routes as ever."""
    late = LateRoutes(app, prefix, make)
    app.router.routes.append(late)
    document = app.openapi

    def openapi() -> Any:
        late.include()
        return document()

    app.openapi = openapi
