"""The page's functions in the queues of `work_queue`: Gradio would give each a thread of the server's pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar

from lib_bootcamp.errors import BootcampError
from lib_bootcamp.surfaces.http.work import note_error
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue

from .mistakes import page_error

T = TypeVar("T")
LOOK_S = 1.0


async def on_page(queue: WorkQueue, work: Callable[[], T]) -> T:
    """Do what a press asks for when its turn comes; it stops when the visitor leaves the page.

    Raises:
        gradio.Error: the queue is full; the page shows its sentence.
    """
    try:
        return await queue.run(lambda _: work(), left=_left)
    except BootcampError as error:
        note_error(error)
        raise page_error(error) from None


async def as_it_grows(
    queue: WorkQueue, work: Callable[[], T], look: Callable[[], T | None], given_up: Callable[[], T | None]
) -> AsyncIterator[T]:
    """What a press shows while it is worked on, at most once in a second, and then what came of it.

    A WebUI's page is drawn anew for each: with more of them it hears Stop when all of them were drawn.

    Args:
        queue: as `on_page` takes it.
        work: likewise.
        look: what there is so far; None where that is what it was.
        given_up: what is shown where nobody waits for its turn any more; else None.
    Raises:
        gradio.Error: as `on_page`.
    """
    working = asyncio.ensure_future(on_page(queue, work))
    try:
        while not working.done():
            if (seen := look()) is not None:
                yield seen
            await asyncio.wait({working}, timeout=LOOK_S)
            if not working.done() and (last := given_up()) is not None:
                working.cancel()
                await asyncio.wait({working})  # it has left the queue when that is shown
                yield last
                return
        yield working.result()
    finally:
        working.cancel()


def in_queue(queue: WorkQueue, work: Callable[..., Any]) -> Callable[..., Any]:
    """A function of components' values alone as one that runs in a queue."""

    async def pressed(*values: Any) -> Any:
        return await on_page(queue, lambda: work(*values))

    return pressed


async def _left() -> None:
    """Come back when Gradio has noticed that the visitor is gone (version 4 and later: 3 does not look)."""
    try:
        from gradio.context import LocalContext

        blocks, event = LocalContext.blocks.get(None), LocalContext.event_id.get(None)
    except (ImportError, AttributeError):
        blocks = event = None
    while True:
        await asyncio.sleep(LOOK_S)
        batches = getattr(getattr(blocks, "_queue", None), "active_jobs", ())
        running = [each for batch in batches for each in batch or ()]
        if event and any(getattr(each, "_id", None) == event and not getattr(each, "alive", True) for each in running):
            return
