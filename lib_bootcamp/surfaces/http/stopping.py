"""The end of the standalone server: running work is stopped and answered, and nobody sees a traceback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import threading
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from lib_bootcamp.errors import StoppingError
from lib_bootcamp.jobs.facts import JOBS_THREAD
from lib_bootcamp.surfaces.shared.work_queue import WorkQueues

from .access import refuse

logger = logging.getLogger("uvicorn.error")
ANSWER_S, THREADS_S = 0.5, 5.0
"""How long answers may take to be sent, and threads to stop, once the server is asked to end."""


class StoppingServer(uvicorn.Server):
    """uvicorn's server, which stops what runs in the queues before it waits for its connections.

    Args:
        config: uvicorn's.
        queues: where the work is.
    """

    def __init__(self, config: uvicorn.Config, queues: WorkQueues) -> None:
        super().__init__(config)
        self._queues = queues
        self.ended = 0

    async def shutdown(self, sockets: Any = None) -> None:
        """Answer what runs, close what is still open (pages keep streams), and end."""
        self.ended = self._queues.stop()
        asyncio.get_running_loop().call_later(ANSWER_S, self._close_connections)
        await super().shutdown(sockets)

    def _close_connections(self) -> None:
        for each in list(self.server_state.connections):
            transport: Any = getattr(each, "transport", None)
            if transport is not None:
                transport.close()


class QuietEnd:
    """Outermost: a request that ends because the server does is answered, where it can be, and no mistake.

    Args:
        app: the one inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the app inside."""
        started = False

        async def sent(message: Any) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except (asyncio.CancelledError, StoppingError):
            if scope["type"] == "lifespan":
                raise
            if not started:
                await refuse(StoppingError(), scope, receive, send)


def run_server(app: Any, queues: WorkQueues, **settings: Any) -> int:
    """Run an app until Ctrl+C; returns the exit code.

    Args:
        app: the ASGI app.
        queues: where its work runs.
        settings: uvicorn's.
    """
    server = StoppingServer(uvicorn.Config(QuietEnd(app), **settings), queues)
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn sends itself the signal again once it has ended
        server.run()
    if server.ended:
        logger.warning("Stopped; unfinished requests: %d.", server.ended)
    if not _at_rest(queues):
        # a native library at work would abort the program while Python ends; a job's journal outlives any end
        _leave_at_once(0)
    return 0 if server.started else 3


def _at_rest(queues: WorkQueues) -> bool:
    try:
        return queues.are_at_rest(THREADS_S) and not any(each.name == JOBS_THREAD for each in threading.enumerate())
    except KeyboardInterrupt:  # pressed once more
        return False


def _leave_at_once(code: int) -> None:
    from lib_bootcamp.core.scan.worker import POOL

    POOL.close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
