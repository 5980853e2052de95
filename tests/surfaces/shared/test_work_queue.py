"""Heavy work waits in queues of our own: with an end, beside the server's threads, and not for who has left."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import inspect
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.errors import CancelledError, QueueFullError, StoppingError
from lib_bootcamp.hosts.webui_auth import Guard
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue, WorkQueues
from tests.contract.fake_operation import COUNT, CountParams, CountResult
from tests.contract.http_client import Client
from tests.fakes import FakeHost

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")

from fastapi import Depends, FastAPI

from lib_bootcamp.surfaces.http.routes import build_router

WAITING = 50


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass within ten seconds")


# --- the queue by itself


def test_work_beyond_the_end_of_the_queue_is_refused_with_a_time_to_come_again() -> None:
    async def tried() -> QueueFullError:
        queue, go = WorkQueue("test", threads=1, waiting=2), threading.Event()
        held = [asyncio.ensure_future(queue.run(lambda _: go.wait(10))) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError) as refused:
            await queue.run(lambda _: None)
        go.set()
        assert await asyncio.gather(*held) == [True] * 3
        return refused.value

    error = asyncio.run(tried())
    assert error.status == 503
    assert error.retry_after_s >= 1


def test_who_leaves_a_queue_frees_the_place_at_once() -> None:
    async def tried() -> None:
        queue, go = WorkQueue("test", threads=1, waiting=1), threading.Event()
        first = asyncio.ensure_future(queue.run(lambda _: go.wait(10)))
        done: list[int] = []
        for _ in range(100):
            waits = asyncio.ensure_future(queue.run(lambda _: done.append(1)))
            await asyncio.sleep(0)
            waits.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await waits
        go.set()
        await first
        await queue.run(lambda _: None)
        assert done == []

    asyncio.run(tried())


def test_work_that_nobody_waits_for_any_more_learns_it() -> None:
    async def tried() -> None:
        queue, began, reported = WorkQueue("test", threads=1), threading.Event(), threading.Event()

        def work(stop: threading.Event) -> None:
            began.set()
            if stop.wait(10):
                reported.set()

        async def left() -> None:
            while not began.is_set():
                await asyncio.sleep(0.01)

        with pytest.raises(CancelledError):
            await queue.run(work, left=left)
        assert await asyncio.get_running_loop().run_in_executor(None, reported.wait, 10)

    asyncio.run(tried())


def test_a_mistake_is_raised_where_the_work_is_waited_for() -> None:
    def fail(_: threading.Event) -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        asyncio.run(WorkQueue("test", threads=1).run(fail))


# --- the routes


@dataclass
class Held:
    """An operation that a test holds, and what came to it."""

    go: threading.Event = field(default_factory=threading.Event)
    threads: list[str] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)

    def run(self, params: CountParams, context: Context) -> CountResult:
        """Wait until the test lets go, or the caller left."""
        self.threads.append(threading.current_thread().name)
        self.texts.append(params.text)
        self.begun.set()
        while not self.go.wait(0.01):
            if context.progress.cancelled():
                self.stopped.append(params.text)
                raise CancelledError(0)
        return CountResult(characters=len(params.text))


@dataclass
class Served:
    """A server of our routes in this process."""

    port: int
    held: Held
    queues: WorkQueues
    limiter: list[Any]

    def get(self, path: str) -> tuple[int, bytes]:
        """One answer."""
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def post(self, text: str = "x") -> tuple[int, dict[str, str], Any]:
        """Ask for the work."""
        with contextlib.closing(self.asked(text)) as connection:
            answer = connection.getresponse()
            return answer.status, {k.lower(): v for k, v in answer.getheaders()}, json.loads(answer.read())

    def asked(self, text: str) -> http.client.HTTPConnection:
        """Ask for the work, and wait for nothing."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        body = json.dumps({"text": text})
        connection.request("POST", "/bootcamp/v1/text/count", body, {"Content-Type": "application/json"})
        return connection

    def waiting(self) -> int:
        """How much work waits."""
        return self.queues.models.counts()[1]


@contextlib.contextmanager
def served(tmp_path: Path) -> Iterator[Served]:
    import anyio.to_thread
    import uvicorn

    from lib_bootcamp.surfaces.http.patient_server import PatientProtocol

    held, limiter = Held(), []
    heavy = replace(COUNT, run=held.run, needs="models")
    queues = WorkQueues(models=WorkQueue("models", threads=1, waiting=WAITING))
    app = FastAPI()
    host = FakeHost(data_dir=tmp_path / "data")
    app.include_router(build_router(host, operations=[heavy], queues=queues))

    @app.middleware("http")
    async def of_the_host(request: Any, call_next: Any) -> Any:  # as a WebUI has several
        return await call_next(request)

    @app.get("/limiter")
    async def borrowed() -> int:
        limiter.append(anyio.to_thread.current_default_thread_limiter().borrowed_tokens)
        return int(limiter[-1])

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", http=PatientProtocol))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        eventually(lambda: server.started)
        try:
            yield Served(listening.getsockname()[1], held, queues, limiter)
        finally:
            held.go.set()
            server.should_exit = True
            thread.join()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as made:
        yield made


@pytest.fixture
def full(server: Served) -> Iterator[Served]:
    """The same with one heavy request that runs and as many that wait as may."""
    connections = [server.asked(str(number)) for number in range(WAITING + 1)]
    eventually(lambda: server.waiting() == WAITING)
    yield server
    for each in connections:
        each.close()


def test_quick_routes_answer_while_the_queue_is_full(full: Served) -> None:
    for path in ("/bootcamp/v1/info", "/bootcamp/v1/operations", "/limiter"):
        assert full.get(path)[0] == 200
    assert len(full.held.texts) == 1


def test_waiting_work_holds_no_thread_of_the_servers(full: Served) -> None:
    assert full.get("/limiter") == (200, b"0")
    assert full.held.threads == ["bootcamp-models"]


def test_one_more_gets_503_and_when_to_come_again(full: Served) -> None:
    status, headers, body = full.post("too much")
    assert (status, body["error"]) == (503, "QueueFullError")
    assert int(headers["retry-after"]) >= 1


def test_a_wrong_parameter_is_reported_before_the_work_waits(server: Served) -> None:
    first = server.asked("held")
    assert server.held.begun.wait(10)
    status, _, reported = server.post("x" * 41)
    assert (status, reported["error"]) == (422, "InvalidParamError")
    assert server.held.texts == ["held"]
    first.close()


def test_all_that_waited_is_answered(server: Served) -> None:
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(server.post, "four") for _ in range(8)]
        server.held.begun.wait(10)
        server.held.go.set()
        assert {each.result()[0] for each in asked} == {200}


def test_a_client_that_leaves_has_its_work_taken_out_of_the_queue(server: Served) -> None:
    first, second = server.asked("first"), server.asked("second")
    eventually(lambda: server.held.begun.is_set() and server.waiting() == 1)
    leaves = second if server.held.texts == ["first"] else first
    leaves.close()
    eventually(lambda: server.waiting() == 0)
    server.held.go.set()
    assert len(server.held.texts) == 1
    first.close()
    second.close()


def test_a_client_that_leaves_has_its_work_stopped(server: Served) -> None:
    connection = server.asked("mine")
    assert server.held.begun.wait(10)
    connection.close()
    eventually(lambda: server.held.stopped == ["mine"])
    eventually(lambda: server.queues.models.counts() == (0, 0))


def test_no_route_of_ours_takes_a_thread_of_the_servers() -> None:
    """Neither its handler nor what it depends on: in a WebUI all of those threads may wait for its queue."""
    router = build_router(FakeHost(), [Depends(Guard({"ann": "secret"}))])
    called = {
        str(route.path): [route.endpoint, *(each.call for each in route.dependant.dependencies)]  # type: ignore[attr-defined]
        for route in router.routes
    }
    plain = {path: [each for each in calls if not _is_awaited(each)] for path, calls in called.items()}
    assert len(called) > 20
    assert {path: each for path, each in plain.items() if each} == {}


def _is_awaited(called: Any) -> bool:
    return inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(type(called).__call__)


# --- unfinished requests


def ends(port: int, data: bytes, more: bytes = b"", every_s: float = 0.05) -> bytes:
    """What is answered to a request that is never finished, until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(data)
        connection.settimeout(every_s)
        heard, end = b"", time.monotonic() + 20
        while time.monotonic() < end:
            try:
                got = connection.recv(4096)
            except TimeoutError:
                with contextlib.suppress(OSError):
                    connection.sendall(more)
                continue
            except OSError:
                return heard
            if not got:
                return heard
            heard += got
    raise AssertionError("the connection stays open")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Served]:
    from lib_bootcamp.surfaces.http import patient_server

    for name, value in {"HEAD_S": 0.3, "BODY_IDLE_S": 0.3, "BODY_WHOLE_S": 1.0, "LOOK_S": 0.05}.items():
        monkeypatch.setattr(patient_server, name, value)
    with served(tmp_path) as made:
        yield made


HEAD = b"POST /bootcamp/v1/text/count HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n"


@pytest.mark.parametrize("data", [b"", b"GET /bootcamp/v1/info HTTP/1.1\r\nHost: a\r\n"])
def test_a_head_that_is_never_complete_is_ended(impatient: Served, data: bytes) -> None:
    assert b" 408 " in ends(impatient.port, data, b"X-A: b\r\n" if data else b"")


def test_a_second_head_on_a_connection_is_ended_too(impatient: Served) -> None:
    heard = ends(impatient.port, b"GET /bootcamp/v1/info HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n", b"X-A: b\r\n")
    assert heard.startswith(b"HTTP/1.1 200")


def test_a_body_that_stops_is_ended(impatient: Served) -> None:
    ends(impatient.port, HEAD + b"\r\n{")


def test_a_body_that_drips_is_ended(impatient: Served) -> None:
    ends(impatient.port, HEAD + b"\r\n{", b" ")


@pytest.mark.thorough
def test_work_that_takes_longer_than_a_head_may_is_not_ended(impatient: Served) -> None:
    threading.Timer(1.2, impatient.held.go.set).start()
    assert impatient.post("four")[0] == 200


def test_of_too_many_connections_the_one_that_has_sent_nothing_longest_goes(
    monkeypatch: pytest.MonkeyPatch, server: Served
) -> None:
    from lib_bootcamp.surfaces.http import patient_server

    monkeypatch.setattr(patient_server, "MOST_CONNECTIONS", 3)
    with contextlib.ExitStack() as opened:
        idle = []
        for _ in range(3):
            idle.append(opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10)))
            time.sleep(0.05)
        assert server.get("/bootcamp/v1/info")[0] == 200
        assert gone(idle[0])


def gone(connection: socket.socket) -> bool:
    """Whether the server has closed it."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


# --- the page


def test_what_a_press_does_runs_in_a_queue_and_a_full_one_says_so() -> None:
    gr = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.page.work import in_queue

    async def tried() -> tuple[str, list[Any]]:
        queue, go = WorkQueue("test", threads=1, waiting=1), threading.Event()

        def work(text: str) -> str:
            go.wait(10)
            return f"{text} {threading.current_thread().name}"

        pressed = in_queue(queue, work)
        held = [asyncio.ensure_future(pressed("a")) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(gr.Error) as refused:
            await pressed("b")
        go.set()
        return str(refused.value), await asyncio.gather(*held)

    message, made = asyncio.run(tried())
    assert "full" in message
    assert made == ["a bootcamp-test"] * 2


@pytest.mark.thorough
def test_every_function_of_the_page_that_has_a_name_runs_in_a_queue(tmp_path: Path) -> None:
    gr = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.page.tabs.page import build_tabs

    with gr.Blocks() as page:
        build_tabs(FakeHost(data_dir=tmp_path))
    if isinstance(page.fns, dict):
        named = [(each.api_name, each.fn) for each in page.fns.values() if each.fn]
    else:
        named = [
            (reported["api_name"], each.fn)
            for each, reported in zip(page.fns, page.dependencies, strict=True)
            if each.fn
        ]
    runs = [(name, each) for name, each in named if isinstance(name, str) and name.startswith("bootcamp_")]
    assert len(runs) > 15
    in_a_thread = [
        name for name, each in runs if not (inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each))
    ]
    assert in_a_thread == []


def test_a_run_of_many_quick_steps_moves_the_pages_bar_once_a_second() -> None:
    pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.page.tab import GradioProgress

    shown: list[tuple[float, str]] = []
    now = iter(number / 100 for number in range(1_000))
    progress = GradioProgress(lambda share, desc: shown.append((share, desc)), SilentProgress(), lambda: next(now))
    progress.start("Label table: artists", 1, "label")
    progress.start("Label table: flavors", 499, "label")
    for done in range(499):
        progress.step(done)
    assert [text for _, text in shown] == ["Label table: artists"] + ["Label table: flavors"] * 5
    assert [share for share, _ in shown] == sorted(share for share, _ in shown)


def test_a_visitor_who_leaves_the_page_has_their_work_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Gradio 4 and later tell it: the event in their queue is not alive any more."""
    LocalContext = getattr(pytest.importorskip("gradio.context"), "LocalContext", None)
    if LocalContext is None:
        pytest.skip("Gradio 3 does not tell")
    from lib_bootcamp.surfaces.page import work as page_work
    from lib_bootcamp.surfaces.page.tab import GradioProgress

    monkeypatch.setattr(page_work, "LOOK_S", 0.01)
    event = SimpleNamespace(_id="mine", alive=True)
    begun, stopped = threading.Event(), threading.Event()

    def work() -> None:
        progress = GradioProgress(lambda *_, **__: None, SilentProgress())
        begun.set()
        while not progress.cancelled():
            time.sleep(0.01)
        stopped.set()

    async def tried() -> None:
        LocalContext.blocks.set(SimpleNamespace(_queue=SimpleNamespace(active_jobs=[None, [event]])))
        LocalContext.event_id.set("mine")
        pressed = asyncio.ensure_future(page_work.in_queue(WorkQueue("test", threads=1), work)())
        while not begun.is_set():
            await asyncio.sleep(0.01)
        event.alive = False
        with contextlib.suppress(Exception):
            await pressed

    asyncio.run(tried())
    assert stopped.wait(10)


@pytest.mark.parametrize(("given", "reported"), [({}, "10"), ({"Retry-After": "3"}, "3")])
def test_a_full_queue_of_gradios_says_when_to_come_again_too(given: dict[str, str], reported: str) -> None:
    from starlette.responses import Response

    from lib_bootcamp.surfaces.http.work import RetryAfter

    answer = Client(RetryAfter(Response("Queue is full.", 503, given))).get("/")  # type: ignore[arg-type]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, reported)


@pytest.mark.thorough
def test_a_direct_call_of_the_page_on_a_full_queue_is_503_and_says_when_to_come_again() -> None:
    gr = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.http.work import RetryAfter
    from lib_bootcamp.surfaces.page.work import in_queue

    class Full(WorkQueue):
        async def run(self, *_: Any, **__: Any) -> Any:
            raise QueueFullError(7)

    def broken() -> None:
        raise ZeroDivisionError

    with gr.Blocks() as page:
        text = gr.Textbox()
        gr.Button("a").click(in_queue(Full("test", threads=1), str), [text], [text], api_name="run_it")
        gr.Button("b").click(broken, None, [text], api_name="break_it")
    page.queue()
    client = Client(RetryAfter(gr.mount_gradio_app(FastAPI(), page, path="/")))
    prefix = client.get("/config").json().get("api_prefix", "")
    answer = client.post(f"{prefix}/run/run_it", json={"data": ["x"], "session_hash": "a"})
    assert (answer.status_code, answer.headers.get("retry-after")) == (503, "7")
    assert client.post(f"{prefix}/run/break_it", json={"data": [], "session_hash": "a"}).status_code == 500


def test_a_data_set_report_waits_for_models_only_where_it_compares_with_one() -> None:
    from lib_bootcamp.operations.datasets.report import DATASET_REPORT, DatasetParams

    queues = WorkQueues()
    assert queues.of(DATASET_REPORT, DatasetParams(folder="x")) is queues.pictures
    assert queues.of(DATASET_REPORT, DatasetParams(folder="x", clip="mini")) is queues.models


def test_a_queue_that_is_stopped_ends_what_runs_and_what_waits_and_takes_no_more() -> None:
    queue = WorkQueue("test", threads=1)
    stops: list[threading.Event] = []

    def work(stop: threading.Event) -> None:
        stops.append(stop)
        stop.wait()

    async def stopped() -> list[Any]:
        asked = [asyncio.create_task(queue.run(work)) for _ in range(2)]
        while not stops:
            await asyncio.sleep(0.01)
        assert queue.stop() == 2
        return await asyncio.gather(*asked, queue.run(work), return_exceptions=True)

    assert [type(each) for each in asyncio.run(stopped())] == [StoppingError] * 3
    assert queue.is_at_rest(10)
    assert len(stops) == 1
