"""The end of the standalone server: running work is stopped and answered, and nobody sees a traceback.

The first Ctrl+C (or SIGTERM) ends it in order; the next one at once, whatever it waits for: jobs go on from their
journal, and files are written whole or not at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import HANDLED_SIGNALS

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

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them: `run_server` hears them until the program has ended, and not only the server."""
        yield

    def _close_connections(self) -> None:
        for each in list(self.server_state.connections):
            transport: Any = getattr(each, "transport", None)
            if transport is not None:
                transport.close()


class QuietEnd:
    """Outermost: a request that ends because the server does is answered, where it can be, and no mistake; nor is one
    of a page that is refused in the middle of its answer.

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
        except RuntimeError as error:
            # Gradio ends the stream of a page that the server does not know (any more) so: the stream itself states it
            if not (started and isinstance(error.__cause__, HTTPException)):
                raise
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def run_server(app: Any, queues: WorkQueues, **settings: Any) -> int:
    """Run an app until Ctrl+C; returns the exit code.

    Args:
        app: the ASGI app.
        queues: where its work runs.
        settings: uvicorn's.
    """
    server = StoppingServer(uvicorn.Config(QuietEnd(app), **settings), queues)
    _hear_signals(server)
    server.run()
    if server.ended:
        logger.warning("Stopped; unfinished requests: %d.", server.ended)
    if not queues.are_at_rest(THREADS_S) or any(each.name == JOBS_THREAD for each in threading.enumerate()):
        # a native library at work would abort the program while Python ends; a job's journal outlives any end
        _leave_at_once(0)
    return 0 if server.started else 3


def _hear_signals(server: uvicorn.Server) -> None:
    def pressed(number: int, frame: Any) -> None:
        del frame
        if server.should_exit:
            _leave_at_once(128 + number)
        server.should_exit = True

    if threading.current_thread() is threading.main_thread():
        for each in HANDLED_SIGNALS:
            signal.signal(each, pressed)


def _leave_at_once(code: int) -> None:
    # nothing is imported here: this may stand in the middle of an import, and of another call of itself
    readers = getattr(sys.modules.get("lib_bootcamp.core.scan.worker"), "POOL", None)
    if readers is not None:
        readers.close()
    for each in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # closed, full, or just being written to
            each.flush()
    os._exit(code)
