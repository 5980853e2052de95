"""Files of detectors: found where ControlNet keeps them, fetched from a hub on this machine, never half or another."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.controlnet.detector_options import Options, needed
from lib_bootcamp.core.controlnet.detectors import DETECTORS, Weights
from lib_bootcamp.errors import CancelledError, ModelError
from lib_bootcamp.ml.detectors.files import folders, locate, provide
from tests.fakes import FakeHost, FakeProgress

pytest.importorskip("huggingface_hub")

DATA = bytes(range(256)) * 20_000  # 5 MB: a few steps of progress
LARGE = Weights("owner/model", "net.pth", 5)
SMALL = Weights("owner/model", "config.json", 0, folder="model")


class Hub(ThreadingHTTPServer):
    """Answers as the hub does: hash, commit and size with HEAD, the bytes with GET."""

    etag = hashlib.sha256(DATA).hexdigest()
    data = DATA
    length = len(DATA)
    asked: list[str]

    class Handler(BaseHTTPRequestHandler):
        """One request."""

        def do_HEAD(self) -> None:
            hub: Any = self.server
            hub.asked.append(f"{self.command} {self.path}")
            self.send_response(200)
            self.send_header("ETag", f'"{hub.etag}"')
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("Content-Length", str(hub.length))
            self.end_headers()

        def do_GET(self) -> None:
            self.do_HEAD()
            self.wfile.write(self.server.data)  # type: ignore[attr-defined]

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.asked = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server = Hub()
    working = threading.Thread(target=server.serve_forever, daemon=True)
    working.start()
    yield server
    server.shutdown()
    server.server_close()


def fetch(hub: Hub, place: Path, *wanted: Weights, progress: FakeProgress | None = None) -> dict[Weights, Path]:
    return provide(wanted or (LARGE,), (place,), progress or FakeProgress(), hub.url)


def test_a_missing_file_is_fetched_once_with_its_progress(hub: Hub, tmp_path: Path) -> None:
    progress = FakeProgress()
    found = fetch(hub, tmp_path, progress=progress)
    assert found == {LARGE: tmp_path / "net.pth"}
    assert (tmp_path / "net.pth").read_bytes() == DATA
    assert progress.started == [("Fetching net.pth", 4, "MB")]
    assert [done for done, _ in progress.steps][-1] == 4
    asked = len(hub.asked)
    assert "GET /owner/model/resolve/main/net.pth" in hub.asked
    fetch(hub, tmp_path)
    assert len(hub.asked) == asked


def test_a_small_file_is_held_against_gits_hash(hub: Hub, tmp_path: Path) -> None:
    hub.data = b"{}"
    hub.length, hub.etag = 2, hashlib.sha1(b"blob 2\0{}").hexdigest()
    assert fetch(hub, tmp_path, SMALL)[SMALL].read_bytes() == b"{}"
    assert (tmp_path / "model" / "config.json").exists()
    hub.etag = "0" * 40
    with pytest.raises(ModelError, match="the hub has another"):
        fetch(hub, tmp_path / "b", SMALL)


@pytest.mark.parametrize(
    ("etag", "length", "starts", "message"),
    [
        ("0" * 64, len(DATA), "", "the hub has another"),
        (Hub.etag, len(DATA) + 1, "", "cut off"),
        (Hub.etag, len(DATA), "501f0c75", "should begin with 501f0c75"),
    ],
)
def test_what_is_not_the_hubs_file_is_not_kept(
    hub: Hub, tmp_path: Path, etag: str, length: int, starts: str, message: str
) -> None:
    hub.etag, hub.length = etag, length
    with pytest.raises(ModelError, match=message):
        fetch(hub, tmp_path, Weights("owner/model", "net.pth", 5, starts=starts))
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_fetch_leaves_nothing(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(CancelledError):
        fetch(hub, tmp_path, progress=FakeProgress(stop_after=2))
    assert list(tmp_path.iterdir()) == []


def test_without_a_hub_the_sentence_names_file_size_address_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError) as raised:
        provide((LARGE,), (tmp_path / "put-here",), FakeProgress(), "http://127.0.0.1:9")
    for each in ("net.pth", "about 5 MB", "https://huggingface.co/owner/model", "the folder put-here"):
        assert each in str(raised.value)
    assert str(tmp_path) not in str(raised.value)
    assert raised.value.place == tmp_path / "put-here"


def test_offline_nothing_is_asked(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set"):
        fetch(hub, tmp_path)
    assert hub.asked == []


@pytest.mark.parametrize("place", ["net.pth", "openpose/net.pth", "a/b/net.pth"])
def test_a_file_is_found_where_controlnet_keeps_it(place: str, tmp_path: Path) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x")
    assert locate(LARGE, (tmp_path / "other", tmp_path)) == path


def test_a_models_small_files_are_looked_for_in_its_own_folder_only(tmp_path: Path) -> None:
    (tmp_path / "another").mkdir()
    (tmp_path / "another" / "config.json").write_bytes(b"{}")
    assert locate(SMALL, (tmp_path,)) is None


def test_a_file_may_go_by_another_name(tmp_path: Path) -> None:
    (tmp_path / "7_model.pth").write_bytes(b"x")
    assert locate(DETECTORS["teed"].weights[0], (tmp_path,)) == tmp_path / "7_model.pth"


def test_new_files_go_to_the_hosts_first_folder_else_to_the_data_folder(tmp_path: Path) -> None:
    assert folders(FakeHost(model_folders={"annotator": (tmp_path / "a", tmp_path / "b")}))[0] == tmp_path / "a"
    assert folders(FakeHost(data_dir=tmp_path)) == (tmp_path / "detectors",)


def test_only_the_files_that_a_run_uses_are_asked_for() -> None:
    assert [each.file for each in needed(Options(detector="openpose"))] == ["body_pose_model.pth"]
    assert len(needed(Options(detector="openpose", hands=True, face=True))) == 3
    masks, boxes = (needed(Options(detector="objects", phrases=("a cup",), outline=each)) for each in ("mask", "box"))
    assert {each.repo for each in boxes} == {"google/owlvit-base-patch32"}
    assert {each.repo for each in masks} > {"facebook/sam-vit-base"}
