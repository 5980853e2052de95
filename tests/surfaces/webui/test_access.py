"""The tab's functions inside a host whose app is not ours: who may run them, over HTTP, with the installed Gradio."""

from __future__ import annotations

import functools
from typing import Any

import pytest

gr = pytest.importorskip("gradio")

from fastapi import FastAPI  # noqa: E402
from fastapi.testclient import TestClient  # noqa: E402

from lib_bootcamp.core.web_access import AccessRules, HostNames, origin_list  # noqa: E402
from lib_bootcamp.hosts.webui_access import FLAGS  # noqa: E402
from lib_bootcamp.surfaces.page.uploads import NotUploadedError  # noqa: E402
from lib_bootcamp.surfaces.webui.access import RememberCaller, guard_functions, keep_from_page, remember_callers  # noqa: E402

OWN = "http://127.0.0.1:7860"
RULES = AccessRules(hosts=HostNames(), origins=origin_list("http://localhost:3000"), flags=FLAGS)
OLD = gr.__version__.startswith("3.")


class Blocks:
    """A host's page with a tab of ours in it, as a WebUI makes one, and how often its function ran."""

    def __init__(self, rules: AccessRules, *, waits: bool = False) -> None:
        self.ran: list[str] = []

        def pressed(request: gr.Request, text: str, progress: Any = gr.Progress()) -> str:  # noqa: B008 - Gradio finds it so
            self.ran.append(text)
            return f"{text} {type(request).__name__}"

        async def waited(request: gr.Request, text: str) -> str:
            return pressed(request, text)

        with gr.Blocks() as self.tab:
            text = gr.Textbox()
            gr.Button("Run").click(waited if waits else pressed, [text], [text], queue=False, api_name="run_it")
        guard_functions(self.tab, rules)
        with gr.Blocks() as self.page:
            self.tab.render()
        self.page.queue()
        app = FastAPI()
        self.client = TestClient(gr.mount_gradio_app(app, self.page, path="/"), base_url=OWN)
        remember_callers(app, rules)
        self.where = f"{'' if OLD else self.client.get('/config').json().get('api_prefix', '')}/run/run_it"

    def press(self, headers: dict[str, str] | None = None, **body: Any) -> Any:
        given = {"data": ["hello"], "fn_index": 0, "session_hash": "a", **body}
        return self.client.post(self.where, json=given, headers=headers or {})


@pytest.fixture(params=[False, True], ids=["at once", "waiting in a queue"])
def blocks(request: pytest.FixtureRequest) -> Blocks:
    made = _made(waits=request.param)
    made.ran.clear()
    return made


@functools.cache
def _made(*, waits: bool) -> Blocks:
    return Blocks(RULES, waits=waits)


@pytest.mark.thorough
@pytest.mark.parametrize("headers", [{}, {"origin": OWN}, {"origin": "http://localhost:3000"}])
def test_the_own_page_a_program_and_an_allowed_site_run_a_function(blocks: Blocks, headers: dict[str, str]) -> None:
    answer = blocks.press(headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["data"] == ["hello Request"]
    assert blocks.ran == ["hello"]


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "evil.example", "x-forwarded-host": "127.0.0.1:7860"},
    ],
)
def test_a_foreign_page_and_a_foreign_name_run_nothing(blocks: Blocks, headers: dict[str, str]) -> None:
    blocks.press(headers)
    assert blocks.ran == []


def test_what_a_body_says_of_its_request_is_not_believed(blocks: Blocks) -> None:
    reported = {"headers": {"host": "127.0.0.1:7860"}, "client": {"host": "127.0.0.1", "port": 1}}
    blocks.press({"origin": "https://evil.example"}, request=reported)
    assert blocks.ran == []


@pytest.mark.skipif(not OLD, reason="later versions take nothing of a request from a body")
@pytest.mark.parametrize("reported", [{"headers": {"host": "evil.example"}}, {"headers": {}}, {"url": "x"}])
def test_what_a_queue_reports_of_a_request_is_asked_too(blocks: Blocks, reported: dict[str, Any]) -> None:
    blocks.press(request=reported)
    assert blocks.ran == []


def test_every_name_is_answered_where_others_reach_the_host() -> None:
    blocks = Blocks(AccessRules(flags=FLAGS))
    assert blocks.press({"host": "studio.example", "origin": "http://studio.example"}).status_code == 200
    assert blocks.press({"host": "studio.example", "origin": "http://evil.example"}).status_code == 500
    assert blocks.ran == ["hello"]


def test_the_refusal_names_the_hosts_flag(blocks: Blocks) -> None:
    assert "--bootcamp-allow-host evil.example" in blocks.press({"host": "evil.example"}).text


def test_a_folder_that_is_kept_from_the_page_is_named_once(blocks: Blocks, tmp_path: Any) -> None:
    page = type("Page", (), {"blocked_paths": ["/x"]})()
    for _ in range(2):
        keep_from_page(page, tmp_path)
    assert page.blocked_paths == ["/x", str(tmp_path)]


def test_no_component_of_the_tab_asks_an_address(blocks: Blocks) -> None:
    moved = [
        getattr(each, name)
        for each in blocks.tab.blocks.values()
        for name in ("move_resource_to_block_cache", "async_move_resource_to_block_cache")
        if hasattr(each, name)
    ]
    if not OLD:
        assert moved
    for move in moved:
        for address in ("http://127.0.0.1:1/x.png", "HTTPS://evil.example/x.png"):
            with pytest.raises(NotUploadedError):
                move(address)


class Answers:
    """An app that lets every page read, as Gradio 4 does pages without an origin."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"access-control-allow-origin", b"*"), (b"x-kept", b"1")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@pytest.mark.parametrize(
    ("path", "origin", "readable"),
    [
        ("/bootcamp/v1/info", "null", False),
        ("/bootcamp/v1/info", "http://localhost:1", False),
        ("/bootcamp/v1/info", "http://localhost:3000", True),
        ("/bootcamp/v1/info", OWN, True),
        ("/sdapi/v1/options", "null", True),  # the WebUI's own matter
    ],
)
def test_what_other_pages_may_read_of_our_routes_is_ours_to_say(path: str, origin: str, *, readable: bool) -> None:
    answer = TestClient(RememberCaller(Answers(), RULES), base_url=OWN).get(path, headers={"origin": origin})
    assert ("access-control-allow-origin" in answer.headers) is readable
    assert answer.headers["x-kept"] == "1"
