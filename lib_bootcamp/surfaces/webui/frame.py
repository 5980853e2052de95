"""The page of the Bootcamp tab on a path of its own, for a frame of the WebUI's page: built when it is first shown."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from lib_bootcamp.core.web_access import AccessRules
from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.http.access import AccessMiddleware, refuse, route_path
from lib_bootcamp.surfaces.http.wrong_method import answer_wrong_method

FRAME = "/bootcamp/tab"
WORKERS = 64
"""How many presses Gradio 3 works on at once; as many as the WebUI's own page has."""
STYLE = "<style>body > gradio-app .gradio-container > .main { padding: 0 !important; }</style>"
"""The space around the page is that of the tab."""
_ELSEWHERE = re.compile(r"<(?:link|script)\b[^>]*\b(?:href|src)=\"https?://[^>]*>(?:\s*</script>)?")


class LoginNeededError(BootcampError):
    """The page asks for a log-in."""

    status = 401

    def __init__(self) -> None:
        super().__init__("Log in on the WebUI's page first.")


def mount_frame(  # noqa: PLR0913 - what a host has of its own
    app: Any,
    make: Callable[[], Any],
    taking: Callable[[], Any],
    *,
    rules: AccessRules,
    login: Callable[[HTTPConnection], bool],
    kept: Path,
) -> None:
    """Answer below `FRAME` with the page, behind the doors of ours.

    Args:
        app: the WebUI's.
        make: builds the page, a `gradio.Blocks`.
        taking: lists the tabs that a picture can be sent to; answered without the page.
        rules: whose requests are answered, websockets too.
        login: whether the sender of a request may see the WebUI's page.
        kept: a folder of which nothing is served.
    """
    root = f"{getattr(app, 'root_path', '')}{FRAME}"

    def made() -> tuple[Any, ASGIApp]:
        return _page_app(make(), root, kept)

    app.mount(FRAME, AccessMiddleware(LoginDoor(LatePage(made, taking), login), rules))


class LoginDoor:
    """An ASGI middleware: who may not see the WebUI's page does not see this one.

    Args:
        app: what is guarded.
        login: whether the sender of a request may see it.
    """

    def __init__(self, app: ASGIApp, login: Callable[[HTTPConnection], bool]) -> None:
        self._app, self._login = app, login

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request or open one websocket, or refuse to."""
        if self._login(HTTPConnection(scope)):
            await self._app(scope, receive, send)
        else:
            await refuse(LoginNeededError(), scope, receive, send)


class LatePage:
    """An ASGI app that is made when it is first asked for; who asks meanwhile waits for it.

    Args:
        make: gives the page and its app.
        taking: what is answered at `/taking`.
    """

    def __init__(self, make: Callable[[], tuple[Any, ASGIApp]], taking: Callable[[], Any]) -> None:
        self._make, self._taking = make, taking
        self._made: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and route_path(scope) == "/taking":
            if scope["method"] != "GET":
                await answer_wrong_method(["GET"], scope, receive, send)
                return
            listed = await asyncio.get_running_loop().run_in_executor(None, self._taking)
            await JSONResponse(listed)(scope, receive, send)
            return
        async with self._lock:
            if self._made is None:
                # not in a thread of the server's pool, which may all be taken
                page, app = await asyncio.get_running_loop().run_in_executor(None, _with_loop, self._make)
                (getattr(page, "startup_events", None) or page.run_startup_events)()  # its name since Gradio 5
                self._made = app
        if scope["type"] == "http" and route_path(scope) in {"", "/"}:
            await HTMLResponse(await _index(self._made))(scope, receive, send)
        else:
            await self._made(scope, receive, send)


def _with_loop(make: Callable[[], Any]) -> Any:
    """Make something in a thread that has an event loop: without one Gradio 4 makes no locks."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return make()
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _page_app(page: Any, root: str, kept: Path) -> tuple[Any, ASGIApp]:
    from fastapi import FastAPI

    from lib_bootcamp.surfaces.page.mounted import mounted_page

    page.root_path = root
    inside = mounted_page(FastAPI(), page, workers=WORKERS)
    page.blocked_paths = [str(kept)]
    return page, inside


async def _index(app: ASGIApp) -> str:
    """The page's HTML; Gradio's own answer is one that the WebUI puts all of its scripts into."""
    from gradio.routes import templates

    from lib_bootcamp.surfaces.page.mounted import client_within, page_script

    async with client_within(app) as client:
        config = json.loads((await client.get("config")).text)
        old = str(config["version"]).startswith("3.")
        known = None if old else json.loads((await client.get("info")).text)
    template = templates.get_template("frontend/index.html")
    page = _ELSEWHERE.sub("", template.render(config=config, gradio_api_info=known))
    # the page's own address, whatever proxies make of it: with the host since Gradio 4
    host = "" if old else "location.origin + "
    root = f'window.gradio_config.root = {host}location.pathname.replace(/\\/$/, "");'
    return page.replace("</head>", f"<script>{root}\n{page_script()}</script>{STYLE}</head>", 1)
