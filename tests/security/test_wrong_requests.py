"""What a page's caller sends wrongly: a status of the caller's, a sentence, and no traceback in the terminal."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.security.target import ANSWER_S, JSON, Answer, Target, standalone

ROUTES = (
    *("run/predict", "api/predict", "run/x", "call/predict", "call/v2/predict", "queue/join"),
    *("component_server", "cancel", "reset", "stream/x", "stream/x/close", "login"),
)
BODIES = (
    *("{}", "null", "[]", '"x"', '{"data":[]}', '{"data":null}', '{"data":[],"fn_index":99999}'),
    *('{"data":[],"fn_index":0,"session_hash":"a"}', '{"data":{"a":1},"fn_index":1,"session_hash":"a"}'),
    *('{"data":["x"],"fn_index":"a"}', '{"data":[],"fn_index":-1}', '{"data":["x"],"fn_index":1e308}'),
    '{"data":["\\ud800"],"fn_index":3,"session_hash":"abc"}',
    '{"component_id":99999,"fn_name":"x","data":null,"session_hash":"x"}',
    '{"component_id":1,"fn_name":"__init__","data":null,"session_hash":"x"}',
)
VALUES = (None, 1.5, "\x1b[31mx", [], [["a"]], {"a": 1}, {"path": None, "meta": {"_type": "gradio.FileData"}})


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A server whose terminal is kept, and looked at when all was asked."""
    pytest.importorskip("gradio")
    base = tmp_path_factory.mktemp("wrong")
    heard = base / "terminal"
    with heard.open("wb") as errors, standalone(base, base / "secret", base, errors=errors.fileno()) as started:
        yield started
    written = heard.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in written, written
    assert "\x1b[31m" not in written


def _is_refused(answer: Answer, *, statuses: Any = range(400, 500)) -> None:
    assert answer.status in statuses, (answer.status, answer.text[:300])
    assert "Internal Server Error" not in answer.text


@pytest.mark.parametrize("route", ROUTES)
def test_no_body_is_a_mistake_of_the_servers(target: Target, route: str) -> None:
    for body in BODIES:
        answer = target.send("POST", f"{target.gradio_api}/{route}", body.encode(), JSON)
        _is_refused(answer, statuses=range(200, 500))


def test_a_function_that_there_is_none_of_is_404(target: Target) -> None:
    unknown = {"data": [], "fn_index": 99999}
    for route, body in (("run/predict", unknown), ("run/no-such-name", {"data": []})):
        answer = target.send("POST", f"{target.gradio_api}/{route}", body, JSON)
        _is_refused(answer, statuses={404})
        said = answer.json()
        assert len(said.get("detail") or said["error"]) > 20


def test_a_list_longer_than_anybody_needs_is_refused_before_each_item_is_a_mistake_of_its_own(target: Target) -> None:
    for route in ("run/predict", "queue/join"):
        body = {"fn_index": 0, "session_hash": "a", "data": [True, [1] * 2001]}
        answer = target.send("POST", f"{target.gradio_api}/{route}", body, JSON)
        _is_refused(answer, statuses={413})
        assert "a list of more than 2,000 items" in answer.json()["detail"]


@pytest.mark.parametrize("route", ["queue/join", "run/predict", "cancel", "reset"])
def test_what_is_of_a_wrong_shape_is_not_sent_back(target: Target, route: str) -> None:
    answer = target.send("POST", f"{target.gradio_api}/{route}", {"data": 7, "fn_index": ["canary"]}, JSON)
    _is_refused(answer)
    assert "canary" not in answer.text


def test_bytes_that_are_not_utf_8_are_a_sentence_of_ours(target: Target) -> None:
    answer = target.send("POST", f"{target.gradio_api}/run/predict", b'{"data":["\xff"]}', JSON)
    _is_refused(answer, statuses={400})
    assert answer.json()["detail"] == "The body is not UTF-8."


def test_half_a_pair_of_surrogates_is_refused_before_any_answer_repeats_it(target: Target) -> None:
    answer = target.send("POST", f"{target.gradio_api}/run/x", b'{"data":["\\uD800"],"fn_index":0}', JSON)
    _is_refused(answer, statuses={400})
    assert "surrogate" in answer.json()["detail"]
    smile = json.dumps({"data": ["\U0001f600"], "fn_index": 99999}).encode()  # a whole pair, as JSON escapes it
    assert target.send("POST", f"{target.gradio_api}/run/x", smile, JSON).status == 404


@pytest.mark.parametrize("length", [20_000, 80_000])
def test_an_address_that_is_too_long_is_414(target: Target, length: int) -> None:
    _is_refused(target.send("GET", "/?" + "a" * length), statuses={414})


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_of_a_wrong_type_are_no_mistake_of_any_function(target: Target, value: Any) -> None:
    """They are refused, or what a function makes of them is an answer like others."""
    for function in target.functions():
        body = {"data": function.everywhere(value), "fn_index": function.number, "session_hash": "a"}
        answer = target.send("POST", f"{target.gradio_api}/run/x", body, JSON)
        assert answer.status < 500, (function, answer.text[:300])
        assert "unexpectedly" not in answer.text, (function, answer.text[:300])


CLICKS = (
    *(None, {}, {"index": None}, {"index": "x"}, {"index": [0]}, {"index": [-1, 0]}, {"index": 1e308}, {"index": {}}),
    *({"index": [0, 0], "row_value": each} for each in ([], "x", {"a": 1}, [None], ["x"], [1e308], [[1]], [["x"]])),
)


@pytest.mark.parametrize("click", CLICKS, ids=repr)
def test_a_click_on_nothing_is_no_mistake_of_the_servers(target: Target, click: Any) -> None:
    for function in target.functions():
        if not {"state", "dataframe"} & {each["type"] for each in function.inputs}:
            continue  # nothing that is clicked
        body = {"data": function.everywhere(None), "fn_index": function.number, "event_data": click}
        for session in ({}, {"session_hash": "b"}):
            answer = target.send("POST", f"{target.gradio_api}/run/x", {**body, **session}, JSON)
            assert answer.status < 500, (function, answer.text[:300])


def test_no_function_needs_a_session(target: Target) -> None:
    """Whoever calls one as an API may have none: Gradio 3 then remembers nothing for it."""
    for function in target.functions():
        begins = [each["props"].get("value") for each in function.inputs]
        for beginning in (function.everywhere(None), begins, [None] * len(begins)):
            answer = target.send(
                "POST", f"{target.gradio_api}/run/x", {"data": beginning, "fn_index": function.number}, JSON
            )
            assert answer.status < 500, (function, answer.text[:300])
            assert "unexpectedly" not in answer.text, (function, answer.text[:300])


@pytest.mark.parametrize("name", [".", "..", "/", "a/..", "%2e%2e", ""])
def test_an_upload_whose_name_is_a_folders_is_no_mistake_of_the_servers(target: Target, name: str) -> None:
    form = f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\nhello\r\n--x--\r\n'
    kind = [("Content-Type", "multipart/form-data; boundary=x")]
    answer = target.send("POST", f"{target.gradio_api}/upload", form.encode(), kind)
    _is_refused(answer, statuses=range(200, 500))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *((name, "application/octet-stream") for name in ("x.html", "x.svg", "x.xhtml", "x.xml", "x.js", "x.pdf")),
        *(("x.png", "image/png"), ("x.txt", "text/plain"), ("x", "text/plain")),
    ],
)
def test_an_uploaded_file_runs_nothing_at_the_pages_address(target: Target, name: str, kind: str) -> None:
    form = (
        f'--x\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n<script>1</script>\r\n--x--\r\n'
    )
    answer = target.send(
        "POST", f"{target.gradio_api}/upload", form.encode(), [("Content-Type", "multipart/form-data; boundary=x")]
    )
    assert answer.status == 200
    place = answer.json()[0]
    for route in ("file=", "file/"):
        shown = target.send("GET", f"{target.gradio_api}/{route}{place}")
        if shown.status == 404:  # this Gradio has one of the two
            continue
        assert shown.headers["x-content-type-options"] == "nosniff"
        said = shown.headers["content-type"].partition(";")[0]
        assert said in {kind, "application/octet-stream"}
        assert ("attachment" in shown.headers.get("content-disposition", "")) or said in {"image/png", "text/plain"}


def test_an_error_reads_as_its_sentence(target: Target) -> None:
    function = next(each for each in target.functions() if each.name == "bootcamp_qr")
    answer = target.send("POST", f"{target.gradio_api}/run/x", {"data": ["x"], "fn_index": function.number}, JSON)
    said = answer.json()
    assert (said.get("error") or said["detail"]).startswith("The values are not")


def test_the_page_is_told_in_a_sentence_what_it_cannot_send(target: Target) -> None:
    function = next(each for each in target.functions() if each.name == "bootcamp_qr")
    said = target.call(function, ["x"])
    assert "The values are not what this part of the page sends; reload the page and try again." in said


@pytest.mark.parametrize("folder", ["static", "assets", "svelte", "file=", "custom_component/x"])
def test_a_file_whose_name_nothing_can_have_is_none_of_the_pages(target: Target, folder: str) -> None:
    for length in (256, 5000):
        _is_refused(target.send("GET", f"{target.gradio_api}/{folder}/{'a' * length}"))
        _is_refused(target.send("GET", f"/{folder}/{'a' * length}"))


def test_a_name_in_a_header_that_is_no_address_is_no_mistake_of_the_servers(target: Target) -> None:
    _is_refused(target.send("GET", "/", headers=[("X-Forwarded-Host", "a b\x7f")]), statuses=range(200, 500))


def _all_of(socket: Any) -> None:
    while True:
        socket.recv(timeout=ANSWER_S)


def test_a_websocket_that_says_nonsense_is_closed(target: Target) -> None:
    """Gradio 3's pages have one."""
    connect = pytest.importorskip("websockets.sync.client").connect
    from websockets.exceptions import ConnectionClosed

    if not str(target.config["version"]).startswith("3."):
        pytest.skip("this Gradio has no websocket")
    for said in ("{}", '{"session_hash":"a","fn_index":99999}', "null"):
        with connect(f"ws://{target.host}/queue/join") as socket:
            socket.recv()
            socket.send(said)
            with pytest.raises(ConnectionClosed, match="1008"):
                _all_of(socket)


def test_a_websocket_that_sends_more_values_than_anybody_needs_is_closed_before_they_are_read(target: Target) -> None:
    connect = pytest.importorskip("websockets.sync.client").connect
    from websockets.exceptions import ConnectionClosed

    if not str(target.config["version"]).startswith("3."):
        pytest.skip("this Gradio has no websocket")
    hello = json.dumps({"fn_index": 0, "session_hash": "a"})
    many = '{"fn_index":0,"session_hash":"a","data":[' + "[],{}," * 100_000 + "0]}"
    for first in ([], [hello]):
        with connect(f"ws://{target.host}/queue/join", max_size=None) as socket:
            socket.recv(timeout=ANSWER_S)
            for each in [*first, many]:
                socket.send(each)
            with pytest.raises(ConnectionClosed, match="1009"):
                _all_of(socket)


def test_visitors_that_answer_nothing_keep_nobody_else_waiting(target: Target) -> None:
    """Gradio 3 waits a minute for each one's values, in the place of those who have sent theirs."""
    connect = pytest.importorskip("websockets.sync.client").connect
    if not str(target.config["version"]).startswith("3."):
        pytest.skip("this Gradio has no websocket")
    function = next(each for each in target.functions() if each.name == "bootcamp_qr")
    values = [None if each["type"] == "state" else each["props"].get("value") for each in function.inputs]
    with contextlib.ExitStack() as silent:
        for at in range(40):
            held = silent.enter_context(connect(f"ws://{target.host}/queue/join", close_timeout=0.1))
            held.recv(timeout=ANSWER_S)
            held.send(json.dumps({"fn_index": function.number, "session_hash": f"s{at}"}))
        asked = {"fn_index": function.number, "session_hash": "mine"}
        with connect(f"ws://{target.host}/queue/join") as mine:
            heard: list[str] = []
            while "process_completed" not in heard:
                heard.append(json.loads(mine.recv(timeout=ANSWER_S))["msg"])
                if heard[-1] == "send_hash":
                    mine.send(json.dumps(asked))
                elif heard[-1] == "send_data":
                    mine.send(json.dumps({**asked, "data": values, "event_data": None}))


def test_the_queue_works_here_whatever_name_a_websocket_calls_the_server_by(target: Target) -> None:
    """Gradio 3 sends each press over the network, to the name that the first websocket called it by."""
    connect = pytest.importorskip("websockets.sync.client").connect
    if not str(target.config["version"]).startswith("3."):
        pytest.skip("this Gradio has no websocket")
    function = next(each for each in target.functions() if each.name == "bootcamp_qr")
    asked = {"fn_index": function.number, "session_hash": "zz"}
    values = [None if each["type"] == "state" else each["props"].get("value") for each in function.inputs]
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.settimeout(0.5)
        named = f"ws://127.0.0.1:{other.getsockname()[1]}/queue/join"
        with connect(named, sock=socket.create_connection(("127.0.0.1", target.port))) as websocket:
            said = {"msg": ""}
            while said["msg"] != "process_completed":
                said = json.loads(websocket.recv(timeout=ANSWER_S))
                if said["msg"] == "send_hash":
                    websocket.send(json.dumps(asked))
                elif said["msg"] == "send_data":
                    websocket.send(json.dumps({**asked, "data": values, "event_data": None}))
        with pytest.raises(TimeoutError):
            other.accept()
    assert said["success"]
    assert "Give" in json.dumps(said["output"]) or said["output"]["data"]
