"""The attacks of `tests/security` on a real WebUI: local, with `--api-auth`, under `--listen`; and on a local Forge."""

from __future__ import annotations

import base64
import json
import os
import re
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.surfaces.webui.frame import FRAME
from tests.security import attacks_files, attacks_names, attacks_origins
from tests.security.material import make_folder, make_secret
from tests.security.target import API, JSON, Target

from .conftest import LOGIN, UPLOADS, Starter

NAMED, FILES = attacks_names.ATTACKS, attacks_files.ATTACKS
FORGED = (*attacks_origins.ATTACKS, *attacks_origins.WHOLE)


def aimed(starter: Starter, base: Path, *flags: str, **more: Any) -> Target:
    """A WebUI with a page, whose journal lies where Gradio would serve it."""
    secret, folder, data = make_secret(base / "secret"), make_folder(base / "shared"), base / "served" / "journals"
    data.mkdir(parents=True)
    own = ("--bootcamp-allow-dir", str(folder), "--bootcamp-data-dir", str(data))
    webui = starter.start(*own, "--gradio-allowed-path", str(data.parent), *flags, controlnet=False, named=False)
    return Target(int(webui.url.rpartition(":")[2]), data, webui.data / UPLOADS, secret, folder, page=FRAME, **more)


@pytest.fixture(scope="module")
def alone(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """For this machine alone, without a log-in."""
    return aimed(starter, tmp_path_factory.mktemp("alone"))


@pytest.fixture(scope="module")
def locked(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """For this machine alone, with `--api-auth`, and a name behind a proxy."""
    flags = ("--api-auth", LOGIN, "--bootcamp-allow-host", "studio.test", "--cors-allow-origins", "https://friend.test")
    return aimed(starter, tmp_path_factory.mktemp("locked"), *flags, login=LOGIN)


@pytest.fixture(scope="module")
def listening(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """That other machines reach."""
    return aimed(starter, tmp_path_factory.mktemp("listening"), "--listen")


@pytest.fixture(scope="module")
def without_page(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Target:
    """The API alone, with its log-in."""
    return aimed(starter, tmp_path_factory.mktemp("without_page"), "--nowebui", "--api-auth", LOGIN, login=LOGIN)


@pytest.fixture(scope="module")
def forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A Forge for this machine alone."""
    from .test_forge import forges

    base = tmp_path_factory.mktemp("forge")
    with forges(base) as starter:
        yield aimed(starter, base, "--gradio-allowed-path", os.environ["FORGE_DIR"])


@pytest.mark.parametrize("attack", [*FILES, *NAMED, *FORGED], ids=lambda each: each.__name__)
def test_for_this_machine_alone(alone: Target, attack: Any) -> None:
    attack(alone)


@pytest.mark.parametrize("attack", [*FILES, *NAMED, *FORGED], ids=lambda each: each.__name__)
def test_with_a_log_in_of_the_api(locked: Target, attack: Any) -> None:
    attack(locked)


@pytest.fixture(scope="module")
def own_page(alone: Target) -> Target:
    """What is ours in the WebUI's own page, beside the tab's frame."""
    return Target(**{**vars(alone), "page": "", "whole": False, "_config": None})


def test_no_function_of_ours_in_the_webuis_own_page_takes_a_file(own_page: Target) -> None:
    assert [each.name for each in own_page.functions() if each.takes_files()] == []


def test_no_text_field_of_ours_in_the_webuis_own_page_reads_a_file(own_page: Target) -> None:
    attacks_files.no_text_field_reads_a_file(own_page)


@pytest.mark.parametrize("attack", [*NAMED, *attacks_origins.ATTACKS], ids=lambda each: each.__name__)
def test_without_a_page(without_page: Target, attack: Any) -> None:
    attack(without_page)


@pytest.mark.parametrize("attack", [*FILES, *FORGED], ids=lambda each: each.__name__)
def test_for_other_machines(listening: Target, attack: Any) -> None:
    attack(listening)


@pytest.mark.parametrize("attack", [*FILES, *NAMED, *FORGED], ids=lambda each: each.__name__)
def test_forge(forge: Target, attack: Any) -> None:
    attack(forge)


def test_what_the_owner_allowed_is_answered(locked: Target) -> None:
    assert locked.send("GET", f"{API}/info", host="studio.test").status == 200
    origin = [("Origin", "https://friend.test"), *JSON]
    assert locked.send("POST", f"{API}/jobs/999999/undo", headers=origin).status == 404
    function = next(each for each in locked.functions() if each.name.startswith("bootcamp_qr"))
    assert "bootcamp-notice" in locked.call(function, function.filled(None), host="studio.test:8080")


def test_a_log_in_is_asked_for_after_the_name_and_the_site(locked: Target) -> None:
    stranger = Target(**{**vars(locked), "login": None})
    assert stranger.send("GET", f"{API}/info").status == 401
    assert stranger.send("GET", f"{API}/info", host="evil.test").status == 400


@pytest.mark.parametrize("target", ["alone", "locked", "listening", "forge"])
def test_gradio_gives_no_file_of_our_journals_away(request: pytest.FixtureRequest, target: str) -> None:
    aim: Target = request.getfixturevalue(target)
    assert aim.send("POST", f"{API}/jobs/caption", {"folder": str(aim.folder), "preset": "none"}, JSON).status >= 400
    (aim.data / "jobs").mkdir(exist_ok=True)
    (aim.data / "jobs" / "found.txt").write_text("private", encoding="utf-8")
    (aim.data.parent / "open.txt").write_text("public", encoding="utf-8")
    assert aim.send("GET", f"/file={aim.data.parent / 'open.txt'}").text == "public"
    for path in ("jobs/found.txt", "../journals/jobs/found.txt", "jobs/../jobs/found.txt"):
        answer = aim.send("GET", f"/file={aim.data / path}")
        assert answer.status in {403, 404}, (path, answer.text[:100])


CROWD, MOST = 90, 65
"""How many ask at once, and how many are worked on or wait at most."""


@pytest.mark.parametrize("target", ["alone", "locked", "forge"])
def test_a_crowd_is_asked_to_come_again_and_quick_routes_answer_meanwhile(
    request: pytest.FixtureRequest, target: str
) -> None:
    aim: Target = request.getfixturevalue(target)
    noise = np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8)
    body = json.dumps({"image": base64.b64encode(encode_png(noise)).decode()}).encode()
    login = "".join(f"{name}: {value}\r\n" for name, value in aim._login())
    head = f"POST {API}/interrogate HTTP/1.1\r\nHost: {aim.host}\r\n{login}Content-Type: application/json\r\n"
    with ExitStack() as open_:
        crowd = [open_.enter_context(socket.create_connection(("127.0.0.1", aim.port), 60)) for _ in range(CROWD)]
        for each in crowd:
            each.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        answers = [each.recv(65536) for each in answered_of(crowd, CROWD - MOST)]
        refused = [each for each in answers if each.startswith(b"HTTP/1.1 503 ")]
        assert len(refused) > (CROWD - MOST) // 2
        for answer in refused:
            assert re.search(rb"\r\nretry-after: [1-9]\d*\r\n", answer.lower())
        for path in (f"{API}/info", f"{API}/jobs", "/sdapi/v1/progress"):
            assert aim.send("GET", path).status == 200
    # the places of those who left are free again
    end = time.monotonic() + 300
    while not is_done(aim, body):
        assert time.monotonic() < end
        time.sleep(1)


def is_done(aim: Target, body: bytes) -> bool:
    """Whether an interrogation is; a busy machine takes its time."""
    try:
        return aim.send("POST", f"{API}/interrogate", body, JSON).status == 200
    except TimeoutError:
        return False


def answered_of(crowd: list[socket.socket], count: int) -> list[socket.socket]:
    """The first so many that are answered."""
    found: list[socket.socket] = []
    while len(found) < count:
        ready = select.select([each for each in crowd if each not in found], [], [], 120)[0]
        assert ready, "nobody is answered"
        found += ready
    return found


def test_a_visitor_under_listen_names_allowed_folders_alone(listening: Target, alone: Target) -> None:
    """By the page's own function; where the page is for this machine alone it names any."""
    for aim, refused in ((listening, True), (alone, False)):
        function = next(each for each in aim.functions() if each.name == "bootcamp_dataset_report")
        messages = [aim.call(function, with_folder(function, str(each))) for each in (aim.secret.parent, aim.folder)]
        assert ["--bootcamp-allow-dir" in each for each in messages] == [refused, False]
        assert "1 pictures" in messages[1]


def with_folder(function: Any, folder: str) -> list[Any]:
    """A function's data as the page begins, with this folder."""
    return [
        folder if str(each["props"].get("elem_id", "")).endswith("_folder") else each["props"].get("value")
        for each in function.inputs
    ]
