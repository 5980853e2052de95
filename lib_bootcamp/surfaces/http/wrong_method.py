"""Requests of a route of ours with a method that it does not have: a page at `/` would answer them with 404."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from lib_bootcamp.surfaces.shared.described import PREFIX

from .access import route_path
from .errors import error_answer

METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")


class WrongMethod(BaseRoute):
    """Stands behind the routes below a prefix and answers 405 where one of them has the path and not the method.

    Args:
        app: the app that they belong to.
        prefix: what their paths begin with.
    """

    def __init__(self, app: Any, prefix: str) -> None:
        self._app, self._prefix = app, prefix

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A path of one of them; it is asked after them, when none has answered."""
        return (Match.FULL if self._allowed(scope) else Match.NONE), {}

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """It has no name."""
        raise NoMatchFound(name, path_params)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Name the methods that there are."""
        await answer_wrong_method(self._allowed(scope), scope, receive, send)

    def _allowed(self, scope: Scope) -> list[str]:
        if scope["type"] != "http" or not route_path(scope).startswith(f"{self._prefix}/"):
            return []
        routes: list[BaseRoute] = self._app.router.routes
        ours = routes[: routes.index(self)]
        return [each for each in METHODS if any(_answers(route, {**scope, "method": each}) for route in ours)]


async def answer_wrong_method(methods: Sequence[str], scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 405, naming the methods that there are."""
    allowed = ", ".join(methods)
    detail = f"{scope['method']} is not possible here; use {allowed}."
    await error_answer(405, "MethodNotAllowedError", detail, {"Allow": allowed})(scope, receive, send)


def _answers(route: BaseRoute, scope: Scope) -> bool:
    return route.matches(scope)[0] is Match.FULL


def include_routers(app: Any, routers: Iterable[Any], prefix: str = PREFIX) -> None:
    """Add our routes to an app, and what answers a wrong method of theirs."""
    for router in routers:
        app.include_router(router)
    app.router.routes.append(WrongMethod(app, prefix))
