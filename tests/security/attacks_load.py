"""Too much at once: requests that are never finished, and more work than there is room for."""

from __future__ import annotations

import base64
import http.client
import io
import json
import random
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from PIL import Image as Pil

from tests.security.target import API, JSON, Target

UNFINISHED, HEAVY = 120, 90
SCAN = f"{API}/qr/scan"


def _quick(target: Target) -> list[int]:
    return [target.send("GET", f"{API}{path}").status for path in ("/info", "/operations", "/jobs")]


@contextmanager
def _connections(target: Target, data: bytes, count: int) -> Iterator[list[socket.socket]]:
    with ExitStack() as opened:
        made = []
        for _ in range(count):
            made.append(opened.enter_context(socket.create_connection(("127.0.0.1", target.port), timeout=30)))
            made[-1].sendall(data)
        yield made


def unfinished_heads_stop_nobody(target: Target) -> None:
    """A byte of a head now and then, on many connections."""
    with _connections(target, f"GET {API}/info HTTP/1.1\r\nHost: {target.host}\r\nX-A: ".encode(), UNFINISHED):
        assert _quick(target) == [200, 200, 200]


def unfinished_bodies_stop_nobody(target: Target) -> None:
    """A body that is announced and does not come, on many connections."""
    head = f"POST {SCAN} HTTP/1.1\r\nHost: {target.host}\r\nContent-Type: application/json\r\n"
    with _connections(target, f"{head}Content-Length: 100000\r\n\r\n{{".encode(), UNFINISHED):
        assert _quick(target) == [200, 200, 200]


def more_work_than_there_is_room_for_is_refused_and_the_rest_answers(target: Target) -> None:
    """Pictures of noise to scan: each takes all that its readers try. Then all callers leave at once."""
    body, statuses = _noise(), []
    with ExitStack() as opened:
        asked = []
        for _ in range(HEAVY):
            connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
            opened.callback(connection.close)
            connection.request("POST", SCAN, body, dict([*JSON, *target._login()]))
            asked.append(connection)
        assert _quick(target) == [200, 200, 200]
        # those that were refused answer at once, whatever the others do
        end = time.monotonic() + 30
        while 503 not in statuses and time.monotonic() < end and asked:
            statuses += [_status(each) for each in asked if _has_answered(each)]
            asked = [each for each in asked if each.sock is not None and not _has_answered(each)]
            time.sleep(0.1)
        assert 503 in statuses
        assert set(statuses) <= {200, 503}
    _until_there_is_room(target)


def more_values_than_anybody_needs_are_not_parsed(target: Target) -> None:
    """Many small values in one body: a reader takes seconds for them, in which nobody else is answered."""
    many = "[],{}," * 100_000 + "0"
    bodies = {
        "data": f'{{"fn_index":0,"session_hash":"a","data":[{many}]}}',
        "nested": '{"data":' + "[" * 200_000,
        "names": "{" + ",".join(f'"{at:x}":0' for at in range(100_000)) + "}",
        "words": '{"data":["\\\\","' + '\\",' * 100_000 + '",' + '"a","b",' * 100_000 + '"c"]}',
    }
    paths = [f"{API}/png-info/edit", f"{API}/control-maps/qr", f"{API}/jobs/caption"]
    if target.has_page():
        named = ("run/predict", "api/predict", "queue/join", "call/bootcamp_qr", "run/bootcamp_qr", "component_server")
        paths += [f"{target.gradio_api}/{each}" for each in named]
    for path in paths:
        for kind, body in bodies.items():
            answer = target.send("POST", path, body.encode(), JSON)
            assert (answer.status, "50,000 values" in answer.text) == (413, True), (path, kind, answer.text[:200])


def _has_answered(connection: http.client.HTTPConnection) -> bool:
    connection.sock.setblocking(False)
    try:
        return bool(connection.sock.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.sock.settimeout(60)


def _status(connection: http.client.HTTPConnection) -> int:
    answer = connection.getresponse()
    status, wait = answer.status, answer.getheader("Retry-After")
    answer.read()
    connection.close()
    assert status != 503 or int(wait or 0) >= 1
    return status


def _noise() -> bytes:
    picture = Pil.frombytes("L", (400, 400), random.Random(1).randbytes(400 * 400))
    held = io.BytesIO()
    picture.save(held, "PNG")
    return json.dumps({"image": base64.b64encode(held.getvalue()).decode(), "depth": "full"}).encode()


def _until_there_is_room(target: Target) -> None:
    """Who left has no work in the queue any more: a small code is made soon, and not after all that was asked for."""
    end = time.monotonic() + 40
    while time.monotonic() < end:
        if target.send("POST", f"{API}/control-maps/qr", {"content": "A"}, JSON).status == 200:
            return
        time.sleep(0.2)
    raise AssertionError("the queue stays full of work that nobody waits for")


ATTACKS = (
    unfinished_heads_stop_nobody,
    unfinished_bodies_stop_nobody,
    more_work_than_there_is_room_for_is_refused_and_the_rest_answers,
    more_values_than_anybody_needs_are_not_parsed,
)
