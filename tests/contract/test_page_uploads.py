"""Files that the page is given: each of two doors alone, the installed Gradio's own and ours, holds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

gr = pytest.importorskip("gradio")

from fastapi.testclient import TestClient  # noqa: E402

from lib_bootcamp.core.images.codec import write_image  # noqa: E402
from lib_bootcamp.errors import ImageError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.surfaces import server  # noqa: E402
from lib_bootcamp.surfaces.page import upload_guard  # noqa: E402
from lib_bootcamp.surfaces.page.mistakes import WrongValuesError, shown_errors  # noqa: E402
from lib_bootcamp.surfaces.page.tabs.page import build_page  # noqa: E402
from lib_bootcamp.surfaces.page.upload_folder import public_text, upload_folder  # noqa: E402
from lib_bootcamp.surfaces.page.uploads import NotUploadedError, check_uploads  # noqa: E402
from lib_bootcamp.surfaces.page.work import in_queue  # noqa: E402
from lib_bootcamp.surfaces.shared.work_queue import WorkQueue  # noqa: E402

META = {"_type": "gradio.FileData"}
OLD = gr.__version__.startswith("3.")
TAKES_FILES = (gr.File, gr.Image, gr.Gallery, gr.UploadButton, gr.Video, gr.Audio)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where uploads lie."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads" / "a1").mkdir(parents=True)
    (tmp_path / "uploads" / "a1" / "a b.png").write_bytes(b"x")
    return tmp_path / "uploads"


def page_of(app: Any) -> Any:
    """The `gradio.Blocks` behind all doors of a server's app."""
    while not hasattr(app, "router"):
        app = getattr(app, "_app", None) or app.app
    return app.router.routes[-1].app.get_blocks()


def foreign(folder: Path) -> Iterator[str]:
    """Paths that name no upload."""
    outside = folder.parent / "b.png"
    write_image(outside, np.zeros((8, 8, 3), np.uint8))
    (folder / "link.png").symlink_to(outside)
    yield from (
        str(outside),
        str(folder / "link.png"),
        f"{folder}/../b.png",
        f"{folder}-else/c.png",
        f"file://{outside}",
    )
    yield from ("http://127.0.0.1/b.png", "b.png", "", f"{folder}/\x00", "~/b.png")


def test_every_shape_of_an_upload_is_read(folder: Path) -> None:
    path = str(folder / "a1" / "a b.png")
    for value in ({"path": path, "meta": META, "url": f"http://x/file={path}"}, {"name": path, "is_file": True}, path):
        check_uploads([{"deep": (value,)}])


def test_no_shape_of_anything_else_is(folder: Path) -> None:
    for path in foreign(folder):
        for value in ({"path": path, "meta": META}, {"name": path, "is_file": True}, {"path": path, "url": None}):
            with pytest.raises(NotUploadedError):
                check_uploads({"deep": [[value]]})


def test_a_name_of_data_that_was_sent_is_no_path() -> None:
    check_uploads({"name": "/etc/passwd", "is_file": False, "data": "data:image/png;base64,AA=="})


def test_the_refusal_names_no_path(folder: Path) -> None:
    assert "/" not in str(NotUploadedError())


def test_an_error_that_the_page_shows_names_no_folder_of_uploads(folder: Path) -> None:
    with pytest.raises(gr.Error) as shown, shown_errors(WrongValuesError):
        raise ImageError(f"{folder}/a1/a b.png cannot be read.")
    assert shown.value.message == "a b.png cannot be read."


def test_a_message_names_an_upload_by_its_name(folder: Path) -> None:
    assert public_text(f"{folder}/a1/a b.png: The picture is damaged.") == "a b.png: The picture is damaged."
    assert public_text("/data/set/a.png: The picture is damaged.").startswith("/data/set")


def test_a_press_that_fails_in_its_queue_names_no_folder_of_uploads() -> None:
    def work() -> None:
        raise ImageError(f"{upload_folder() / 'a1' / 'b.png'}: The picture is damaged.")

    with pytest.raises(gr.Error) as caught:
        asyncio.run(in_queue(WorkQueue("test", threads=1), work)())
    assert caught.value.message == "b.png: The picture is damaged."


@pytest.mark.thorough
def test_every_component_of_the_page_that_takes_files_asks_where_they_come_from(folder: Path) -> None:
    page = build_page(StandaloneHost(device="cpu", data_dir=folder.parent / "data"))
    functions = page.fns.values() if isinstance(page.fns, dict) else page.dependencies
    inputs = {part if OLD else part._id for each in functions for part in (each["inputs"] if OLD else each.inputs)}
    asked = [page.blocks[each] for each in inputs if isinstance(page.blocks[each], TAKES_FILES)]
    assert len(asked) > 10
    for each in asked:
        with pytest.raises(gr.Error, match="not uploaded"):
            each.preprocess({"path": "/etc/passwd", "name": "/etc/passwd", "is_file": True, "meta": META})


@pytest.mark.thorough
@pytest.mark.skipif(OLD, reason="Gradio 3 does not check what a request names")
def test_gradios_own_check_is_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_guard, "check_uploads", lambda value: None)
    app: Any = server.create_server_app(StandaloneHost(device="cpu", data_dir=folder.parent / "data"), port=1)
    page = page_of(app)
    function = next(
        number for number, each in page.fns.items() if any(isinstance(part, gr.File) for part in each.inputs)
    )
    outside = next(foreign(folder))
    data = [
        [{"path": outside, "meta": META}] if isinstance(part, gr.File) else part.value
        for part in page.fns[function].inputs
    ]
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.post("/gradio_api/run/any", json={"data": data, "fn_index": function, "session_hash": "a"})
    assert answer.status_code == 422
    assert not [each for each in folder.rglob("*") if each.is_file() and each.name == "b.png"]


@pytest.mark.thorough
def test_messages_of_what_went_wrong_inside_are_not_sent() -> None:
    app: Any = server.create_server_app(StandaloneHost(device="cpu"), port=1)
    assert page_of(app).show_error is False
