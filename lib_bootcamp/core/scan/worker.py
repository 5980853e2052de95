"""Run the readers that can crash or hang in a process of their own.

OpenCV's WeChatQRCode has been seen to end the process on some pictures (opencv_contrib #3570, open) and its
QRCodeDetector to run for ten minutes (opencv #26642). A server must outlive both, and no exception handler
can catch either, so their pictures go through a pipe to a child process, which is killed at a deadline.
The child costs about 0.3 s once and a millisecond a picture; it is kept for the next picture.
"""

from __future__ import annotations

import atexit
import json
import os
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import numpy as np

from lib_bootcamp.core.images.arrays import Image

DEADLINE_S = 5.0
_STARTING_S = 30.0
_KEPT = 2
_LOOK_S = 0.1
_PIPE_BYTES = 1 << 20
_HEAD = struct.Struct("<16sII")
_LENGTH = struct.Struct("<I")
_MOST_BYTES = 1 << 22
_START = "import sys; sys.path.insert(0, sys.argv[1]); from lib_bootcamp.core.scan.worker import serve; serve()"


class ReaderLostError(RuntimeError):
    """The reader crashed or did not answer in time; its process is gone and the next picture gets a new one."""


class Worker:
    """One child process that reads pictures, one at a time.

    Raises:
        OSError: no process can be started here.
        ReaderLostError: it started but does not answer.
    """

    def __init__(self) -> None:
        import subprocess

        self.killed = False
        root = str(Path(__file__).resolve().parents[3])
        self._process = subprocess.Popen(
            [sys.executable, "-c", _START, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        _widen(self._process.stdin)
        self._answer(_STARTING_S)

    def read(
        self, decoder: str, gray: Image, deadline_s: float = DEADLINE_S, stopped: Callable[[], bool] | None = None
    ) -> list[str]:
        """Read uint8 [H, W] with the named reader.

        Raises:
            ReaderLostError: it crashed, or was killed at the deadline or because the person asked to stop.
        """
        try:
            if self._process.stdin is not None:
                self._process.stdin.write(_HEAD.pack(decoder.encode(), *gray.shape))
                self._process.stdin.write(np.ascontiguousarray(gray).data)
                self._process.stdin.flush()
        except OSError:
            self.close()
            raise ReaderLostError(decoder) from None
        return self._answer(deadline_s, stopped)

    def _answer(self, deadline_s: float, stopped: Callable[[], bool] | None = None) -> list[str]:
        stdout, answered = self._process.stdout, threading.Event()
        # A pipe cannot be waited for with a time-out on Windows; killing the child ends the wait everywhere.
        watch = threading.Thread(target=self._watch, args=(answered, deadline_s, stopped), daemon=True)
        watch.start()
        try:
            body = _receive(stdout) if stdout is not None else None
        finally:
            answered.set()
            watch.join()
        if body is None:
            self.close()
            raise ReaderLostError
        return [str(each) for each in json.loads(body)]

    def _watch(self, answered: threading.Event, deadline_s: float, stopped: Callable[[], bool] | None) -> None:
        """Kill the child at the deadline, or when the person asks to stop, unless it answers before."""
        end = time.monotonic() + deadline_s
        while not answered.wait(max(0.0, min(end - time.monotonic(), deadline_s if stopped is None else _LOOK_S))):
            if time.monotonic() >= end or (stopped is not None and stopped()):
                self.kill()
                return

    def kill(self) -> None:
        """End the process, and whoever reads from it finds it lost."""
        self.killed = True
        self._process.kill()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    continue


def _receive(stream: IO[bytes]) -> bytes | None:
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length) if length <= _MOST_BYTES else b""
    return body if len(body) == length else None


def _widen(pipe: IO[bytes] | None) -> None:
    """Let a pipe hold a megabyte where the system can: pictures go through it in a third of the time."""
    try:
        import fcntl

        if pipe is not None:
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    except (ImportError, AttributeError, OSError):
        return


class WorkerPool:
    """Idle workers for whoever asks next; at most two are kept."""

    def __init__(self) -> None:
        self._idle: list[Worker] = []
        self._busy: set[Worker] = set()
        self._lock = threading.Lock()

    def read(
        self, decoder: str, gray: Image, deadline_s: float = DEADLINE_S, stopped: Callable[[], bool] | None = None
    ) -> list[str]:
        """Read uint8 [H, W] with the named reader in a process of its own.

        Raises:
            OSError: no process can be started here.
            ReaderLostError: it crashed, or was killed at the deadline or because the person asked to stop.
        """
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        worker = worker or Worker()
        self._busy.add(worker)
        try:
            texts = worker.read(decoder, gray, deadline_s, stopped)
        finally:
            self._busy.discard(worker)
        with self._lock:
            if len(self._idle) < _KEPT and not worker.killed:
                self._idle.append(worker)
                return texts
        worker.close()
        return texts

    def close(self) -> None:
        """End all workers; who waits for one finds it lost."""
        with self._lock:
            idle, self._idle = self._idle, []
        for each in self._busy.copy():
            each.kill()
        for each in idle:
            each.close()


POOL = WorkerPool()
atexit.register(POOL.close)


def serve() -> None:
    """The child's side: answer pictures on standard input until it closes."""
    from .decoders import DECODERS, decode_here

    # Native libraries may print; the answers go out on a copy of the descriptor that they do not know.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    readers = {each.name: each for each in DECODERS}
    _send(out, [])
    while len(head := sys.stdin.buffer.read(_HEAD.size)) == _HEAD.size:
        name, height, width = _HEAD.unpack(head)
        data = sys.stdin.buffer.read(height * width)
        if len(data) < height * width:
            return
        gray = np.frombuffer(data, np.uint8).reshape(height, width)
        _send(out, list(decode_here(readers[name.rstrip(b"\0").decode()], gray)))


def _send(out: IO[bytes], texts: list[str]) -> None:
    body = json.dumps(texts).encode()
    out.write(_LENGTH.pack(len(body)) + body)
    out.flush()
