"""uvicorn's HTTP/1.1 with an end to its patience: who sends a request too slowly, or not at all, is let go.

uvicorn waits for ever for the rest of a head or a body, and for as many connections as the system allows. Source of
what is looked at: `h11.Connection.their_state`, https://h11.readthedocs.io/en/latest/api.html#state-machine.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S, BODY_IDLE_S, BODY_WHOLE_S, LOOK_S = 20.0, 40.0, 660.0, 2.0
"""Until a head is complete, between two pieces of a body, until it is complete; how often this is looked at.

Our own routes answer 408 to a slow body before the second and the third (`http_body`)."""
MOST_CONNECTIONS = 512
LATE = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(H11Protocol):
    """One connection."""

    def connection_made(self, transport: Any) -> None:
        """Take it, and let go of the one that has waited longest for its head where there are too many."""
        super().connection_made(transport)
        now = self.loop.time()
        self._head_since: float | None = now
        self._body_since: float | None = None
        self._heard = now
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()
        self._look: asyncio.TimerHandle | None = self.loop.call_later(LOOK_S, self._looked)

    def data_received(self, data: bytes) -> None:
        """Hear what came, and note what is still missing."""
        self._heard = self.loop.time()
        if self._head_since is None and self.conn.their_state is h11.IDLE:
            self._head_since = self._heard
        super().data_received(data)
        self._note()

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._look is not None:
            self._look.cancel()
            self._look = None
        super().connection_lost(exc)

    def _note(self) -> None:
        state = self.conn.their_state
        if state is not h11.IDLE:
            self._head_since = None
        if state is not h11.SEND_BODY:
            self._body_since = None
        elif self._body_since is None:
            self._body_since = self._heard

    def _looked(self) -> None:
        self._look = None
        if self.transport.is_closing() or self.transport.get_protocol() is not self:  # a WebSocket by now
            return
        self._note()
        now = self.loop.time()
        if self._head_since is not None and now - self._head_since > HEAD_S:
            self.transport.write(LATE)
            self.transport.close()
        elif self._body_since is not None and self._is_late(now, self._body_since):
            self.transport.abort()
        else:
            self._look = self.loop.call_later(LOOK_S, self._looked)

    def _is_late(self, now: float, since: float) -> bool:
        # while the app does not read, nothing more can be sent: that is not the caller's fault
        silent = not self.flow.read_paused and now - self._heard > BODY_IDLE_S
        return silent or now - since > BODY_WHOLE_S

    def _make_room(self) -> None:
        waiting: list[Any] = [each for each in self.connections if getattr(each, "_head_since", None) is not None]
        oldest = min(waiting, key=lambda each: each._head_since, default=self)
        oldest.transport.abort()
