"""Files that a page's caller names: every way to name one is looked at, and only a file that was uploaded passes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from lib_bootcamp.surfaces.page import uploads as page_uploads
from lib_bootcamp.surfaces.page.upload_guard import UploadGuard
from lib_bootcamp.surfaces.page.uploads import NotUploadedError, check_uploads


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "uploads"
    (folder / "abc").mkdir(parents=True)
    (folder / "abc" / "a.png").write_bytes(b"x")
    monkeypatch.setattr(page_uploads, "upload_folder", lambda: folder)
    return folder


def decoys(good: str, bad: str) -> Iterator[dict[str, Any]]:
    """An uploaded file under one name, and another under the name that some Gradio reads."""
    yield {"path": good, "name": bad, "is_file": True, "data": None}
    yield {"path": good, "name": bad, "is_file": 1, "orig_name": "a.png"}
    yield {"path": bad, "name": good, "is_file": True}


def test_a_file_is_looked_at_under_each_of_its_names(uploads: Path) -> None:
    good = str(uploads / "abc" / "a.png")
    check_uploads({"path": good, "name": good, "is_file": True})
    for value in decoys(good, "/etc/passwd"):
        with pytest.raises(NotUploadedError):
            check_uploads([value])


def test_a_zero_byte_in_a_path_is_refused(uploads: Path) -> None:
    for path in (f"{uploads}/abc/a.png\0", "/etc/passwd\0.png", f"{uploads}/\0"):
        with pytest.raises(NotUploadedError):
            check_uploads({"path": path})


def test_a_folder_is_no_upload(uploads: Path) -> None:
    for path in (uploads, uploads / "abc", uploads / "abc" / ".."):
        with pytest.raises(NotUploadedError):
            check_uploads({"path": str(path)})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_no_upload(uploads: Path) -> None:
    os.mkfifo(uploads / "abc" / "pipe.png")
    with pytest.raises(NotUploadedError):
        check_uploads({"path": str(uploads / "abc" / "pipe.png")})


@pytest.mark.parametrize("name", ["file=/etc/passwd\0.png", "file={uploads}/abc\0", "file={uploads}/abc", "file=\0"])
def test_what_is_no_file_is_refused_before_gradio_opens_it(uploads: Path, name: str) -> None:
    assert _status(f"/gradio_api/{name.format(uploads=uploads)}") == 403


def test_an_uploaded_file_is_served(uploads: Path) -> None:
    assert _status(f"/gradio_api/file={uploads}/abc/a.png") == 200


def _status(path: str) -> int:
    reported: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            reported.append(message["status"])

    scope = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    anyio.run(UploadGuard(app), scope, receive, send)
    return reported[0]
