"""Server-sent events: of a job, and of work whose caller wants to know how far it is."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from lib_bootcamp.job import Event
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue

from .document import EVENTS
from .errors import answer_to

HEARTBEAT_S = 15.0
HEARTBEAT = b": still here\n\n"
# Gzip holds small events back until the end: the host's leaves an answer alone that says how it is encoded, a proxy's
# one that says it must not be changed.
_UNBUFFERED = {
    "Cache-Control": "no-store, no-transform",
    "Content-Encoding": "identity",
    "X-Accel-Buffering": "no",
}
SendEvent = Callable[[Event], None]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = EVENTS

    def __init__(self, events: AsyncIterator[bytes]) -> None:
        super().__init__(events, headers=_UNBUFFERED)


def event(name: str, facts: Mapping[str, Any], number: int | None = None) -> bytes:
    """One event, with its number where it has one."""
    return event_of(name, json.dumps(facts).encode("ascii"), number)


def event_of(name: str, data: bytes, number: int | None = None) -> bytes:
    """The same of JSON on one line."""
    known = "" if number is None else f"id: {number}\n"
    return f"{known}event: {name}\ndata: ".encode("ascii") + data + b"\n\n"


async def streamed(
    queue: WorkQueue, work: Callable[[threading.Event, SendEvent], Response], request: Request
) -> AsyncIterator[bytes]:
    """What happens while work goes on, then `result`, or `error` with what the answer would have been.

    Args:
        queue: where it waits for its turn; who closes the connection stops it.
        work: gets the event that stops it, and what sends what happens.
        request: what the log calls it.
    """
    loop, happened = asyncio.get_running_loop(), asyncio.Queue[Event]()

    def send(each: Event) -> None:
        loop.call_soon_threadsafe(happened.put_nowait, each)

    working = asyncio.ensure_future(queue.run(lambda stop: work(stop, send)))
    waiting = asyncio.ensure_future(happened.get())
    try:
        while not working.done() or waiting.done():
            await asyncio.wait({working, waiting}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                each = waiting.result()
                waiting = asyncio.ensure_future(happened.get())
                yield event(each.kind, each.facts)
                await asyncio.sleep(0)
            elif not working.done():
                yield HEARTBEAT
        try:
            name, answer = "result", working.result()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is sent in the shape of an answer
            name, answer = "error", answer_to(error, request)
        yield event_of(name, bytes(answer.body))
    finally:
        working.cancel()
        waiting.cancel()
