"""Forms through the page: within limits, whole before Gradio sees them, and nothing is left of one that is neither."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import anyio
import pytest

from lib_bootcamp.surfaces.page.upload_limits import Limits, UploadLimits

BOUNDARY = "----some-boundary"
KIND = f"multipart/form-data; boundary={BOUNDARY}"
LIMITS = Limits(files=3, bytes=200_000, file_bytes=50_000)


def form(*files: bytes) -> bytes:
    head = 'Content-Disposition: form-data; name="files"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
    parts = [f"--{BOUNDARY}\r\n{head}".encode() + each + b"\r\n" for each in files]
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


class Sent:
    """One request to a guarded app, and what came of it."""

    def __init__(self, pieces: list[bytes], *, kind: str = KIND, ends: bool = True, **headers: str) -> None:
        self.seen, self.status, self.text = b"", 0, b""
        self.called = False
        given = {"content-type": kind, **headers}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/gradio_api/upload",
            "query_string": b"",
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        }
        left: list[dict[str, Any]] = [{"type": "http.request", "body": each, "more_body": True} for each in pieces]
        left.append({"type": "http.request", "body": b""} if ends else {"type": "http.disconnect"})

        async def receive() -> Any:
            return left.pop(0) if left else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            self.status = message.get("status", self.status)
            self.text += message.get("body", b"")

        anyio.run(UploadLimits(self._app, LIMITS), scope, receive, send)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        self.called, more = True, True
        while more:
            message = await receive()
            self.seen += message["body"]
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    @property
    def detail(self) -> str:
        return str(json.loads(self.text)["detail"])


def cut(data: bytes, step: int) -> list[bytes]:
    return [data[at : at + step] for at in range(0, len(data), step)]


@pytest.mark.parametrize("step", [7, 1000, 10**6])
def test_a_form_within_the_limits_arrives_as_it_was_sent(step: int) -> None:
    data = form(b"a" * 50_000, b"\r\n--" + BOUNDARY.encode()[:-1], b"")
    assert Sent(cut(data, step)).seen == data


@pytest.mark.parametrize("step", [7, 10**6])
def test_too_many_files_are_413_with_a_sentence(step: int) -> None:
    made = Sent(cut(form(*[b"x"] * 4), step))
    assert (made.status, made.called) == (413, False)
    assert made.detail == "The upload has more than 3 files; upload fewer at a time."


@pytest.mark.parametrize("step", [7, 10**6])
def test_a_file_that_is_too_large_is_413_with_a_sentence(step: int) -> None:
    made = Sent(cut(form(b"x", b"y" * 70_000), step))
    assert (made.status, made.called, made.detail) == (413, False, "A file of the upload has more than 48 KiB.")


def test_a_form_that_is_too_large_is_413_whether_its_length_is_stated_or_not() -> None:
    data = form(*[b"x" * 49_000] * 3) + b" " * 100_000
    for headers in ({}, {"content_length": str(len(data))}):
        made = Sent(cut(data, 10_000), **headers)
        assert (made.status, made.called) == (413, False)
        assert "upload less at a time" in made.detail


def test_a_form_that_ends_in_the_middle_never_reaches_gradio() -> None:
    made = Sent(cut(form(b"x" * 1000), 100)[:5], ends=False)
    assert (made.status, made.called) == (400, False)


def test_a_form_without_a_boundary_is_refused() -> None:
    assert Sent([b"x"], kind="multipart/form-data").status == 400


def test_what_is_no_form_passes_untouched() -> None:
    assert Sent([b"{}"], kind="application/json").seen == b"{}"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_reported_without_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    from lib_bootcamp.surfaces.page import upload_limits

    monkeypatch.setattr(
        upload_limits.tempfile, "TemporaryFile", functools.partial(Path("/dev/full").open, "r+b", buffering=0)
    )
    made = Sent([form(b"x" * 1000)])
    assert (made.status, made.called) == (507, False)
    assert "/" not in made.detail


@pytest.mark.thorough
def test_the_servers_page_is_behind_the_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gradio")
    from fastapi.testclient import TestClient

    from lib_bootcamp.surfaces import server
    from tests.fakes import FakeHost

    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    client = TestClient(server.create_server_app(FakeHost(data_dir=tmp_path), port=7862), base_url="http://127.0.0.1")
    upload = f"{client.get('/config').json().get('api_prefix', '')}/upload"
    good = client.post(upload, files=[("files", ("a.png", b"abc", "image/png"))])
    assert (good.status_code, Path(good.json()[0]).read_bytes()) == (200, b"abc")
    many = client.post(upload, files=[("files", (f"{each}.png", b"abc", "image/png")) for each in range(1001)])
    assert many.status_code == 413
    assert many.json()["detail"] == "The upload has more than 1,000 files; upload fewer at a time."
    assert len([each for each in (tmp_path / "uploads").rglob("*") if each.is_file()]) == 1
