"""Uploads through the page within limits, and whole: Gradio sees a form when all of it has arrived.

It writes each file of a form as it comes, and leaves what it wrote where a visitor goes in the middle. So the form is
kept in a file without a name until it is complete, which goes with the request however that ends.
"""

from __future__ import annotations

import email.message
import re
import tempfile
from dataclasses import dataclass
from typing import IO, Any

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lib_bootcamp.core.files.regular import CHUNK, shown_size
from lib_bootcamp.core.images.codec import MAX_BYTES
from lib_bootcamp.errors import BootcampError, StorageError, TooLargeError
from lib_bootcamp.surfaces.http.access import refuse, request_head
from lib_bootcamp.surfaces.http.body import FORM, IDLE_S, WHOLE_S
from lib_bootcamp.surfaces.http.errors import MalformedBodyError, SlowBodyError
from lib_bootcamp.surfaces.http.forms import MAX_PART_HEAD
from lib_bootcamp.surfaces.shared.described import PREFIX

MAX_FILES = 1000
"""As many as Gradio's page sends at once; it sends more in several forms."""
MAX_UPLOAD = 2 * 2**30


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Of one form.

    Args:
        files: how many parts it may have.
        bytes: in all.
        file_bytes: of each part.
        idle_s, whole_s: seconds to wait for a piece of it, and for all of it.
    """

    files: int = MAX_FILES
    bytes: int = MAX_UPLOAD
    file_bytes: int = MAX_BYTES
    idle_s: float = IDLE_S
    whole_s: float = WHOLE_S


class UploadLimits:
    """An ASGI middleware before Gradio's app.

    Args:
        app: what is guarded.
        limits: of each form.
    """

    def __init__(self, app: ASGIApp, limits: Limits = Limits()) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = request_head(scope) if scope["type"] == "http" else None
        kind = "".join(head.content_types) if head is not None and head.changes else ""
        if FORM not in kind.lower() or scope["path"].startswith(f"{PREFIX}/"):
            await self._app(scope, receive, send)
            return
        with tempfile.TemporaryFile() as kept:
            try:
                await self._keep(scope, kind, receive, kept)
            except BootcampError as error:
                await refuse(error, scope, receive, send)
                return
            kept.seek(0)
            await self._app(scope, _again(kept, receive), send)

    async def _keep(self, scope: Scope, kind: str, receive: Receive, kept: IO[bytes]) -> None:
        too_large = TooLargeError(
            f"The upload has more than {shown_size(self._limits.bytes)}", hint="upload less at a time."
        )
        length = dict(scope["headers"]).get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > self._limits.bytes:
            raise too_large
        parts = _Parts(_boundary(kind), self._limits)
        waiting, size, ends = bytearray(), 0, anyio.current_time() + self._limits.whole_s
        try:
            more = True
            while more:
                with anyio.fail_after(min(self._limits.idle_s, ends - anyio.current_time())):
                    message = await receive()
                if message["type"] == "http.disconnect":
                    raise MalformedBodyError("The connection was closed before the upload was complete.")
                piece, more = message.get("body", b""), message.get("more_body", False)
                size += len(piece)
                if size > self._limits.bytes:
                    raise too_large
                parts.take(piece)
                waiting += piece
                if len(waiting) >= CHUNK or not more:
                    await anyio.to_thread.run_sync(kept.write, bytes(waiting))
                    waiting.clear()
            await anyio.to_thread.run_sync(kept.flush)
        except TimeoutError:
            raise SlowBodyError("The upload did not arrive in time", hint="send it again.") from None
        except OSError:
            raise StorageError("The upload cannot be kept: the server's disk takes nothing more.") from None


class _Parts:
    """Counts a form's parts as it passes, and their bytes."""

    def __init__(self, boundary: bytes, limits: Limits) -> None:
        self._mark, self._tail, self._seen = b"--" + boundary, b"", 0
        self._find = re.compile(re.escape(self._mark))
        self._limits, self._left, self._begin = limits, limits.files + 1, 0

    def take(self, piece: bytes) -> None:
        """Look at the next bytes."""
        data = self._tail + piece
        start = self._seen - len(self._tail)
        self._seen += len(piece)
        for found in self._find.finditer(data):
            self._end_part(start + found.start())
            self._begin, self._left = start + found.end(), self._left - 1
            if self._left < 0:
                raise TooLargeError(
                    f"The upload has more than {self._limits.files:,} files", hint="upload fewer at a time."
                )
        self._end_part(self._seen)
        self._tail = data[max(0, len(data) - len(self._mark) + 1) :]

    def _end_part(self, end: int) -> None:
        if end - self._begin > self._limits.file_bytes + MAX_PART_HEAD:
            raise TooLargeError(f"A file of the upload has more than {shown_size(self._limits.file_bytes)}.")


def _boundary(kind: str) -> bytes:
    message = email.message.Message()
    message["content-type"] = kind
    boundary = str(message.get_param("boundary", ""))
    if not 1 <= len(boundary) <= 200:
        raise MalformedBodyError("The form's Content-Type has no usable boundary.")
    return boundary.encode("latin-1", "replace")


def _again(kept: IO[bytes], receive: Receive) -> Receive:
    """What a form's receiver gets: the pieces that were kept, then what the connection sends."""
    more: list[Any] = [True]

    async def again() -> Message:
        if not more:
            return await receive()
        piece = await anyio.to_thread.run_sync(kept.read, CHUNK)
        if not piece:
            more.clear()
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    return again
