"""What a page's requests may ask of Gradio's own routes, looked at before Gradio sees them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import anyio
from starlette.datastructures import MutableHeaders
from starlette.status import WS_1009_MESSAGE_TOO_BIG
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.errors import BootcampError, TooLargeError
from lib_bootcamp.params import TooManyValuesError, has_too_many_values, read_json
from lib_bootcamp.surfaces.http.access import refuse, request_head, route_path
from lib_bootcamp.surfaces.http.body import IDLE_S, MAX_BODY, WHOLE_S
from lib_bootcamp.surfaces.http.errors import MalformedBodyError, SlowBodyError
from lib_bootcamp.surfaces.shared.described import PREFIX

from .uploads import check_uploads

MAX_ADDRESS = 16 * 1024
MAX_ITEMS = 2000
"""Of a list, such as a thousand files or a table's rows: Gradio 6 words a mistake for each item of a wrong kind."""
UNUSED = ("/proxy=", "/deep_link", "/process_recording", "/vibe-", "/dev/reload", "/run-history/", "/monitoring")
"""Endpoints of Gradio's that this page has no use for: they fetch, convert, write or reveal more than it needs."""
_SHOWN = re.compile(r"(?:image/(?!svg)|audio/|video/|application/json\b|text/plain\b)", re.IGNORECASE)
"""Kinds of files that run nothing."""
_SERVED = re.compile(r"/(?:gradio_api/)?file[=/](.*)", re.DOTALL)


class AddressTooLongError(BootcampError):
    """More stands in a request's address than any address of the page's has."""

    status = 414

    def __init__(self) -> None:
        super().__init__(f"The address has more than {MAX_ADDRESS // 1024} KiB", hint="send a shorter one.")


class NotOfferedError(BootcampError):
    """The server's libraries would answer this, and the page has no use for it."""

    status = 404


class UploadGuard:
    """An ASGI middleware before Gradio's app: bodies that name other files than uploaded ones get no further.

    Args:
        app: what is guarded.
        max_bytes: of a body.
        idle_s, whole_s: seconds to wait for a piece of a body, and for all of it.
    """

    def __init__(
        self, app: ASGIApp, *, max_bytes: int = MAX_BODY, idle_s: float = IDLE_S, whole_s: float = WHOLE_S
    ) -> None:
        self._app, self._max_bytes = app, max_bytes
        self._idle_s, self._whole_s = idle_s, whole_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or let one conversation begin."""
        if scope["type"] == "websocket":
            await self._app(scope, _short(receive, send), send)
            return
        if scope["type"] != "http" or scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        try:
            if len(scope["path"]) + len(scope["query_string"]) > MAX_ADDRESS:
                raise AddressTooLongError
            if _check_path(route_path(scope)):
                send = _harmless(send)
            head = request_head(scope)
            if head.changes and "json" in "".join(head.content_types).lower():
                receive = await self._checked(receive)
        except BootcampError as error:
            await refuse(error, scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _checked(self, receive: Receive) -> Receive:
        body = await self._body(receive)
        await anyio.to_thread.run_sync(_check_body, body)
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        return again

    async def _body(self, receive: Receive) -> bytes:
        chunks, size, ends = [], 0, anyio.current_time() + self._whole_s
        try:
            while True:
                with anyio.fail_after(min(self._idle_s, ends - anyio.current_time())):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise MalformedBodyError("The connection was closed before the body was complete.")
                size += len(message.get("body", b""))
                if size > self._max_bytes:
                    raise TooLargeError(f"The body has more than {self._max_bytes / 2**20:g} MiB.")
                chunks.append(message.get("body", b""))
                if not message.get("more_body", False):
                    return b"".join(chunks)
        except TimeoutError:
            raise SlowBodyError("The body did not arrive in time", hint="send it again.") from None


def _check_path(path: str) -> bool:
    """Refuse what is not offered; whether a file is asked for."""
    served = _SERVED.fullmatch(path)
    if served is not None:  # Gradio 3 gives whatever lies in the folder that the server was started in
        check_uploads({"path": served[1]})
    elif any(each in path for each in UNUSED):
        raise NotOfferedError("There is no such page.")
    return served is not None


def _harmless(send: Send) -> Send:
    """Whatever somebody uploaded is no page of ours: what could run a script is saved and not shown.

    Later Gradios do so by themselves.
    """

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Content-Type-Options"] = "nosniff"
            if not _SHOWN.match(headers.get("Content-Type", "")):
                headers["Content-Type"] = "application/octet-stream"
                headers.setdefault("Content-Disposition", "attachment")
        await send(message)

    return sent


def _short(receive: Receive, send: Send) -> Receive:
    """The messages of a websocket, which Gradio 3 parses in the server's own turn: one of too many values ends it."""

    async def received() -> Message:
        message = await receive()
        text = message.get("text") or message.get("bytes") or ""
        if message["type"] == "websocket.receive" and has_too_many_values(
            text if isinstance(text, str) else text.decode("latin-1")
        ):
            await send({"type": "websocket.close", "code": WS_1009_MESSAGE_TOO_BIG})
            return {"type": "websocket.disconnect", "code": WS_1009_MESSAGE_TOO_BIG}
        return message

    return received


def _check_body(body: bytes) -> None:
    if not body.strip():
        return
    try:
        text = body.decode("utf-8")
        value = read_json(text)
        if "\\ud" in text.lower():  # half a pair of surrogates is no text: no answer could repeat it
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except TooManyValuesError:
        raise TooManyValuesError("The body") from None
    except UnicodeDecodeError:
        raise MalformedBodyError("The body is not UTF-8.") from None
    except UnicodeEncodeError:
        raise MalformedBodyError("The body holds a lone surrogate, which is not valid Unicode.") from None
    except ValueError as error:
        raise MalformedBodyError(f"The body is not valid JSON: {error}.") from None
    if any(len(each) > MAX_ITEMS for each in _lists(value)):
        raise TooLargeError(f"The body has a list of more than {MAX_ITEMS:,} items", hint="send less at a time.")
    check_uploads(value)


def _lists(value: Any) -> Iterator[list[Any]]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            yield each
            waiting += [inner for inner in each if isinstance(inner, (list, dict))]
        elif isinstance(each, dict):
            waiting += each.values()
