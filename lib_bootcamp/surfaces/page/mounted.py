"""A page on a server: Gradio's app for it, behind the guards of uploads."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import gradio as gr
import httpx
from starlette.status import WS_1008_POLICY_VIOLATION

from lib_bootcamp.core.images.codec import MAX_BYTES
from lib_bootcamp.shipped import SHIPPED
from lib_bootcamp.surfaces.http.errors import error_answer
from lib_bootcamp.surfaces.http.work import RetryAfter
from lib_bootcamp.surfaces.shared.work_queue import WAITING

from .events import supported_arguments
from .mistakes import AnswersMistakes, WrongRequestError, show_mistakes
from .upload_guard import UploadGuard
from .upload_limits import UploadLimits

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

INSIDE = "http://127.0.0.1/"
"""What is asked by this name goes to an app in this process, and nowhere else."""
SCRIPTS = ("bootcamp.js", "bootcamp_stage.js")
"""Of the folder `javascript`, what the tabs need; a WebUI loads all of it into its own page."""


def page_script() -> str:
    """The script of the tabs."""
    return "".join((SHIPPED / "javascript" / name).read_text(encoding="utf-8") for name in SCRIPTS)


def mounted_page(app: FastAPI, page: Any, *, workers: int = 1, **settings: Any) -> ASGIApp:
    """Put a page at the root of an app.

    Args:
        app: its own routes come first.
        page: a `gradio.Blocks`.
        workers: how many presses Gradio 3 works on at once; later versions count for each button.
        settings: of `gradio.mount_gradio_app`; those that the installed Gradio does not know are left out.
    Returns:
        the app behind the guards of uploads, and what answers mistakes of its callers.
    """
    counted = {"concurrency_count": workers} if gr.__version__.startswith("3.") else {}
    page.queue(max_size=WAITING, **counted)
    show_mistakes(page)
    page.has_launched = True  # else Gradio 6 does not check paths; `UploadGuard` does so whatever Gradio does
    extras = supported_arguments(gr.mount_gradio_app, max_file_size=MAX_BYTES, show_error=False, **settings)
    mounted = gr.mount_gradio_app(app, page, path="/", **extras)
    _answer_shortly(mounted)
    page.show_error = False  # as the argument, which Gradio 3 does not have
    guarded = UploadLimits(UploadGuard(RetryAfter(AnswersMistakes(mounted))))
    _answer_within(page, guarded)
    _ask_before_waiting(page)
    return guarded


def _answer_shortly(app: FastAPI) -> None:
    """Have Gradio's app inside answer what is of a wrong shape in a sentence; it would send all of it back."""
    from fastapi import FastAPI
    from fastapi.exceptions import RequestValidationError

    async def wrong(request: Any, error: Exception) -> Any:
        del request, error
        mistake = WrongRequestError()
        return error_answer(422, type(mistake).__name__, str(mistake))

    for route in app.routes:
        inside = getattr(route, "app", None)
        if isinstance(inside, FastAPI):
            inside.add_exception_handler(RequestValidationError, wrong)


def client_within(app: ASGIApp) -> httpx.AsyncClient:
    """A client that asks an app in this process, without any network."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=INSIDE, timeout=None)


def _answer_within(page: Any, app: ASGIApp) -> None:
    """Have the queue of Gradio 3 call the app itself; it sends each press over the network, to the name it was called.

    The first request's `Host` decides that name: it may be a proxy's, or anybody's who wants the others' presses.
    """
    queue = page._queue
    if not hasattr(queue, "set_url"):
        return
    start = queue.start

    async def started(*args: Any, **more: Any) -> None:
        await start(*args, **more)
        queue.queue_client = client_within(app)

    queue.set_url(INSIDE)
    queue.start = started


def _ask_before_waiting(page: Any) -> None:
    """Have the queue of Gradio 3 ask a visitor for a press's values before the press has a place in it.

    It asks in the turn of the press, and would wait for one that answers nothing, for a minute each, before all others.
    """
    queue = page._queue
    if not hasattr(queue, "gather_event_data"):
        return
    push = queue.push
    asking: set[asyncio.Task[None]] = set()

    async def asked(event: Any) -> None:
        try:
            if not await queue.gather_event_data(event):
                await event.disconnect()
            elif push(event) is None:
                await queue.send_message(event, {"msg": "queue_full"})
                await event.disconnect()
        except Exception:  # noqa: BLE001 - what it sent is no press of ours, or it has left
            with contextlib.suppress(Exception):
                await event.disconnect(WS_1008_POLICY_VIOLATION)

    def pushed(event: Any) -> int | None:
        if event.data is not None:
            rank: int | None = push(event)
            return rank
        if queue.max_size is not None and len(queue.event_queue) >= queue.max_size:
            return None
        task = asyncio.get_running_loop().create_task(asked(event))
        asking.add(task)
        task.add_done_callback(asking.discard)
        return len(queue.event_queue)

    queue.push = pushed
