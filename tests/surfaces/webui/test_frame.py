"""The frame's page inside a host whose app is not ours: when it is made, who gets it, what its HTML holds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

gr = pytest.importorskip("gradio")

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402
from starlette.websockets import WebSocketDisconnect  # noqa: E402

from lib_bootcamp.core.web_access import AccessRules, HostNames  # noqa: E402
from lib_bootcamp.surfaces.webui.frame import FRAME, mount_frame  # noqa: E402

OWN = "http://127.0.0.1:7860"
VERSION = int(gr.__version__.split(".")[0])
old_and_4 = pytest.mark.skipif(VERSION > 4, reason="no WebUI has this Gradio")


class Framed:
    """A host's app with a frame of ours, and how often its page was made."""

    def __init__(self, kept: Path, *, known: bool = True) -> None:
        self.made: list[str] = []
        self.app = FastAPI()
        rules = AccessRules(hosts=HostNames())
        mount_frame(self.app, self.page, lambda: ["a tab"], rules=rules, login=lambda _: known, kept=kept)
        self.client = TestClient(self.app, base_url=OWN)

    def page(self) -> Any:
        self.made.append(threading.current_thread().name)
        with gr.Blocks(title="Framed", analytics_enabled=False) as page:
            text = gr.Textbox(elem_id="bootcamp_text")
            gr.Button("Run").click(lambda value: f"did {value}", [text], [text], api_name="run_it")
        return page


@pytest.fixture
def framed(tmp_path: Path) -> Iterator[Framed]:
    made = Framed(tmp_path / "kept")
    with made.client:  # one event loop, as a server has
        yield made


def test_the_page_is_made_when_it_is_first_asked_for(framed: Framed) -> None:
    assert framed.made == []
    assert framed.client.get(f"{FRAME}/config").status_code == 200
    assert len(framed.made) == 1


def test_it_is_made_once_for_all_who_ask_at_the_same_time(framed: Framed) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: framed.client.get(f"{FRAME}/config").status_code, range(6)))
    assert (answers, len(framed.made)) == ([200] * 6, 1)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "evil.example"}, 400),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, 403),
    ],
)
def test_strangers_get_nothing_and_nothing_is_made(framed: Framed, headers: dict[str, str], status: int) -> None:
    for path in ("/", "/config"):
        assert framed.client.get(FRAME + path, headers=headers).status_code == status
    assert framed.made == []


def test_a_foreign_page_sends_nothing(framed: Framed) -> None:
    answer = framed.client.post(f"{FRAME}/run/run_it", json={"data": ["x"]}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert framed.made == []


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {"host": "evil.example"}, {"origin": "null"}])
def test_a_foreign_page_opens_no_websocket(framed: Framed, headers: dict[str, str]) -> None:
    with pytest.raises(WebSocketDisconnect), framed.client.websocket_connect(f"{FRAME}/queue/join", headers=headers):
        pass
    assert framed.made == []


def test_without_a_log_in_there_is_neither_page_nor_websocket(tmp_path: Path) -> None:
    framed = Framed(tmp_path, known=False)
    answer = framed.client.get(f"{FRAME}/")
    assert (answer.status_code, answer.json()["error"]) == (401, "LoginNeededError")
    with pytest.raises(WebSocketDisconnect), framed.client.websocket_connect(f"{FRAME}/queue/join"):
        pass
    assert framed.made == []


@old_and_4
def test_its_html_is_its_own_even_where_the_host_puts_scripts_into_gradios(
    framed: Framed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_the_host(*_: Any, **__: Any) -> Any:
        raise AssertionError("asked for the host's HTML")

    monkeypatch.setattr(gr.routes.templates, "TemplateResponse", of_the_host)
    html = framed.client.get(f"{FRAME}/?__theme=dark").text
    assert "window.gradio_config = {" in html
    assert "bootcamp_text" in html
    assert "class Stage" in html  # javascript/bootcamp_stage.js


@old_and_4
def test_its_html_asks_nothing_of_other_servers(framed: Framed) -> None:
    html = framed.client.get(f"{FRAME}/").text
    assert 'src="https://' not in html
    assert 'href="https://' not in html


@old_and_4
def test_a_press_runs_its_function(framed: Framed) -> None:
    answer = framed.client.post(f"{FRAME}/run/run_it", json={"data": ["it"]})
    assert answer.json()["data"] == ["did it"]


@pytest.mark.skipif(VERSION != 3, reason="later versions call the function themselves")
def test_a_waiting_press_is_answered_without_the_network(framed: Framed) -> None:
    """Gradio 3 would call the name that the browser used, which may be a proxy's."""
    with framed.client.websocket_connect(f"{FRAME}/queue/join", headers={"host": "127.0.0.1:1"}) as socket:
        told: list[Any] = []
        while not told or told[-1]["msg"] != "process_completed":
            told.append(socket.receive_json())
            if told[-1]["msg"] == "send_hash":
                socket.send_json({"session_hash": "a", "fn_index": 0})
            elif told[-1]["msg"] == "send_data":
                socket.send_json({"session_hash": "a", "fn_index": 0, "data": ["it"], "event_data": None})
    assert told[-1]["output"]["data"] == ["did it"]


def test_files_beside_uploads_are_not_served(framed: Framed, tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "journal.txt"
    kept.parent.mkdir()
    kept.write_text("private")
    for path in (kept, Path(__file__), Path("pyproject.toml").resolve()):
        for where in ("file=", "gradio_api/file="):
            answer = framed.client.get(f"{FRAME}/{where}{path}")
            assert answer.status_code >= 400
            assert "private" not in answer.text


def test_pages_of_other_sites_do_not_frame_it(framed: Framed) -> None:
    assert "frame-ancestors 'self'" in framed.client.get(f"{FRAME}/config").headers["content-security-policy"]


def test_the_tabs_that_take_a_picture_are_listed_without_the_page(framed: Framed) -> None:
    assert framed.client.get(f"{FRAME}/taking").json() == ["a tab"]
    assert framed.client.get(f"{FRAME}/taking", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_the_tab_takes_is_read_by_get_alone(framed: Any, method: str) -> None:
    answer = framed.client.request(method, f"{FRAME}/taking")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert framed.made == []
