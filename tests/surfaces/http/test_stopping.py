"""The end of the standalone server while it works."""

from __future__ import annotations

import asyncio
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")

from starlette.exceptions import HTTPException

from lib_bootcamp.surfaces.http.stopping import QuietEnd

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is sent to itself")

ROOT = Path(__file__).resolve().parents[3]
SERVER = """
import asyncio, os, signal, socket, sys, threading, time
from starlette.applications import Starlette
from starlette.responses import StreamingResponse
from starlette.routing import Route
from lib_bootcamp.surfaces.http.errors import answer_to
from lib_bootcamp.surfaces.http.stopping import run_server
from lib_bootcamp.surfaces.shared.one_line import tracebacks_on_one_line
from lib_bootcamp.surfaces.shared.work_queue import WorkQueues
import lib_bootcamp.surfaces.http.stopping as stopping

tracebacks_on_one_line()  # as `serve` does
stopping.THREADS_S = 0.3
if len(sys.argv) > 4:  # the second signal is what ends it, however late that comes
    stopping.ANSWER_S = 30
queues, began = WorkQueues(), threading.Event()

def worked(stop):
    began.set()
    threading.Event().wait() if KIND == "deaf" else stop.wait()

async def work(request):
    try:
        await queues.pictures.run(worked)
    except Exception as error:
        return answer_to(error, request)

async def stream(request):
    async def parts():
        yield b"first"
        began.set()
        await asyncio.Event().wait()
    return StreamingResponse(parts())

async def growing(request):
    async def parts():
        yield b"first"
        began.set()
        while True:
            await queues.quick.run(lambda stop: None)
            await asyncio.sleep(0.01)
    return StreamingResponse(parts())

async def waits(request):
    began.set()
    await asyncio.Event().wait()

async def body(request):
    began.set()
    await request.body()

KIND = sys.argv[1]
kinds = {"stream": stream, "growing": growing, "waits": waits, "body": body}
app = Starlette(routes=[Route("/", kinds.get(KIND, work), methods=["GET", "POST"])])

def asked():
    while True:
        try:
            caller = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
            break
        except OSError:
            time.sleep(0.05)
    if KIND == "body":
        caller.sendall(b"POST / HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 100\\r\\n\\r\\n{")
    elif KIND != "idle":
        caller.sendall(b"GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
    began.wait(0 if KIND == "idle" else None)
    for each in sys.argv[3:]:
        number, pause = each.split(":")
        os.kill(os.getpid(), int(number))
        time.sleep(float(pause))
    print("answered", caller.recv(12), flush=True)
    while caller.recv(4096):  # who leaves would end a stream before the server does
        pass

threading.Thread(target=asked, daemon=True).start()
patience = 30 if len(sys.argv) > 4 else 1
settings = dict(host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", timeout_graceful_shutdown=patience)
sys.exit(run_server(app, queues, **settings))
"""


FIRST = ((signal.SIGINT, 0.0),)


def stopped(kind: str, signals: Sequence[tuple[int, float]] = FIRST) -> subprocess.CompletedProcess[str]:
    """What a server says that gets signals, each with a pause behind it, while a request of this kind is open."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVER, kind, str(port), *(f"{int(each)}:{pause}" for each, pause in signals)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("kind", ["work", "deaf", "stream", "growing", "waits"])
def test_a_server_that_is_interrupted_while_it_works_ends_with_0_and_without_a_traceback(kind: str) -> None:
    ended = stopped(kind)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 0, said
    assert "Traceback" not in said
    assert "terminate called" not in said


PAUSES = pytest.mark.parametrize("pause", [0.0, 0.3], ids=["at once", "a moment later"])


@pytest.mark.parametrize("kind", ["deaf", "stream", "body"])
@PAUSES
def test_ctrl_c_that_is_pressed_again_ends_it_at_once_and_without_a_traceback(kind: str, pause: float) -> None:
    ended = stopped(kind, [(signal.SIGINT, pause), (signal.SIGINT, pause), (signal.SIGINT, 0)])
    said = ended.stdout + ended.stderr
    # of signals that come at once Python may see one alone, after which the server ends in its own time
    assert ended.returncode in ((130,) if pause else (130, 0)), said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@PAUSES
def test_ctrl_c_that_is_pressed_again_while_an_idle_server_ends_leaves_no_traceback(pause: float) -> None:
    ended = stopped("idle", [(signal.SIGINT, pause), (signal.SIGINT, pause), (signal.SIGINT, 0)])
    assert ended.returncode in (0, 130, -signal.SIGINT)  # the last: Python itself has ended by then
    assert ended.stderr == ""


def test_a_second_signal_is_told_apart_from_the_first_by_the_exit_code() -> None:
    assert stopped("body", [(signal.SIGTERM, 0)]).returncode == 0
    assert stopped("body", [(signal.SIGINT, 0.1), (signal.SIGTERM, 0)]).returncode == 143


def test_work_that_is_ended_is_answered_with_503_and_said_in_one_sentence() -> None:
    ended = stopped("work")
    assert "answered b'HTTP/1.1 503'" in ended.stdout
    assert ended.stderr.splitlines() == ["WARNING:  Stopped; unfinished requests: 1."]


@pytest.mark.parametrize("started", [True, False])
def test_a_page_that_is_refused_in_the_middle_of_its_stream_is_no_mistake_of_the_program(started: bool) -> None:
    """As Gradio ends the stream of a page that it does not know (any more)."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("Caught handled exception, but response already started.") from HTTPException(404)

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    ended = QuietEnd(app)({"type": "http"}, receive, send)
    if started:
        asyncio.run(ended)
        assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    else:
        with pytest.raises(RuntimeError):
            asyncio.run(ended)
