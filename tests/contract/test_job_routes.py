"""The routes of jobs: begun, listed, followed by server-sent events, paused, resumed, undone, forgotten; confined."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.middleware.gzip import GZipMiddleware

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.hosts.webui_auth import Guard
from lib_bootcamp.jobs import opened as opened_jobs
from lib_bootcamp.surfaces.cli.jobs import find
from lib_bootcamp.surfaces.http import jobs as job_routes
from lib_bootcamp.surfaces.http.routes import build_router
from lib_bootcamp.surfaces.http.wrong_method import include_routers
from tests.contract.http_client import Client
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat_png
from tests.jobs.closing import close_jobs

JOBS = "/bootcamp/v1/jobs"
LABELS: dict[str, Any] = {"labels": ["red", "green", "blue"], "threshold": 0.5}
COLORS = {"a": RED, "b": GREEN, "c": BLUE}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder, with one beside it that is not."""
    folder = tmp_path / "sets" / "colors"
    for place in (folder, tmp_path / "secret"):
        place.mkdir(parents=True)
        for name, color in COLORS.items():
            (place / f"{name}.png").write_bytes(flat_png(color))
    return folder


@pytest.fixture
def host(tmp_path: Path, root: Path) -> Iterator[StandaloneHost]:
    yield StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=[root.parent])
    close_jobs(tmp_path / "data")


class CurrentHost:
    """The host of the test that runs: one app is built for all."""

    def __init__(self) -> None:
        self.host = StandaloneHost(device="cpu")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.host, name)


CURRENT = CurrentHost()


@pytest.fixture(scope="module")
def built() -> FastAPI:
    made = FastAPI()
    include_routers(made, [build_router(CURRENT)])
    return made


@pytest.fixture
def app(built: FastAPI, host: StandaloneHost) -> FastAPI:
    CURRENT.host = host
    return built


@pytest.fixture
def client(app: FastAPI) -> Client:
    return Client(app)


class Gate:
    """Holds the model's next batch until it is opened."""

    def __init__(self, clip: FakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        encode = clip.encode_prepared

        def held(prepared: Any) -> Any:
            self.reached.set()
            assert self.opened.wait(30)
            return encode(prepared)

        monkeypatch.setattr(clip, "encode_prepared", held)


@pytest.fixture
def gate(fake_clip: FakeClip, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    made = Gate(fake_clip, monkeypatch)
    yield made
    made.opened.set()


def begin(client: Client, root: Path, **values: Any) -> dict[str, Any]:
    answer = client.post(f"{JOBS}/caption", json={"folder": str(root), **LABELS, **values})
    assert answer.status_code == 202, answer.text
    return answer.json()


def ended(client: Client, number: int) -> dict[str, Any]:
    for _ in range(1500):
        job = client.get(f"{JOBS}/{number}").json()
        if job["state"] not in ("queued", "running", "undoing"):
            return job
        time.sleep(0.02)
    pytest.fail("the job did not end")


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.txt"))}


def assert_error(answer: httpx.Response, status: int, error: str) -> str:
    assert answer.status_code == status, answer.text
    reported = answer.json()
    assert {"error", "detail"} <= reported.keys() <= {"error", "detail", "pointer", "message", "hint"}
    assert reported["error"] == error
    return str(reported["detail"])


# --- begun and shown


def test_a_job_is_accepted_and_its_place_is_given(client: Client, root: Path) -> None:
    answer = client.post(f"{JOBS}/caption", json={"folder": str(root), **LABELS})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{job['id']}"
    assert job["state"] in ("queued", "running", "done")
    assert job["operation"] == "caption"
    assert job["folder"] == str(root)
    done = ended(client, job["id"])
    assert (done["state"], done["total"], done["done"], done["actions"]) == ("done", 3, 3, ["undo", "remove"])
    assert texts(root) == {"a.txt": "red", "b.txt": "green", "c.txt": "blue"}


def test_a_form_begins_one_too_with_lists_by_commas(client: Client, root: Path) -> None:
    values = {"folder": str(root), "labels": "red, green, blue", "threshold": "0.5", "recursive": "false"}
    answer = client.post(f"{JOBS}/caption", files={name: (None, value) for name, value in values.items()})
    assert answer.status_code == 202, answer.text
    assert ended(client, answer.json()["id"])["done"] == 3


def test_a_preset_is_laid_under_what_is_given(client: Client, root: Path) -> None:
    answer = client.post(
        f"{JOBS}/caption", json={"folder": str(root), "preset": "drawn shapes (mini)", "clip": None, "trigger": "ohwx"}
    )
    job = ended(client, answer.json()["id"])
    assert job["params"]["trigger"] == "ohwx"
    assert list(job["params"]["groups"]) == ["object", "background"]
    assert all(text.startswith("ohwx, ") for text in texts(root).values())


def test_classify_is_a_job_too(client: Client, root: Path) -> None:
    answer = client.post(f"{JOBS}/classify", json={"folder": str(root), "labels": ["red", "green", "blue"]})
    assert answer.status_code == 202, answer.text
    number = answer.json()["id"]
    assert ended(client, number)["done"] == 3
    items = client.get(f"{JOBS}/{number}/items").json()["items"]
    assert [each["result"]["label"] for each in items] == ["red", "green", "blue"]


def test_a_second_picture_goes_into_the_job(client: Client, root: Path) -> None:
    sent = {"folder": str(root), "reference": base64.b64encode(flat_png(BLUE)).decode()}
    answer = client.post(f"{JOBS}/recolor", json=sent)
    assert answer.status_code == 202
    assert ended(client, answer.json()["id"])["done"] == 3
    assert (root / "maps" / "recolor" / "a-palette.png").is_file()


def test_only_operations_with_a_job_are_begun_as_one(client: Client) -> None:
    assert client.post(f"{JOBS}/qr", json={"content": "x"}).status_code == 405
    document = client.app.openapi()["paths"]
    begun = {path.rsplit("/", 1)[1] for path in document if path.startswith(f"{JOBS}/") and "{" not in path}
    assert begun == {each.name for each in OPERATIONS if each.job is not None}


def test_the_document_describes_body_and_answers(client: Client) -> None:
    paths = client.app.openapi()["paths"]
    start = paths[f"{JOBS}/caption"]["post"]
    schema = start["requestBody"]["content"]["application/json"]["schema"]
    assert {"folder", "existing", "output", "trigger", "preset"} <= schema["properties"].keys()
    assert "images" not in schema["properties"]
    assert {"202", "403", "409", "422"} <= start["responses"].keys()
    assert "text/event-stream" in paths[f"{JOBS}/{{number}}/events"]["get"]["responses"]["200"]["content"]
    assert {"200", "204", "404", "409"} <= paths[f"{JOBS}/{{number}}"]["delete"]["responses"].keys()


def test_jobs_are_listed_the_newest_first(client: Client, root: Path) -> None:
    numbers = []
    for _ in range(2):
        numbers.append(begin(client, root)["id"])
        ended(client, numbers[-1])
    assert [each["id"] for each in client.get(JOBS).json()] == numbers[::-1]


def test_pictures_are_listed_by_pages(client: Client, root: Path) -> None:
    (root / "b.png").write_bytes(b"no picture")
    number = begin(client, root)["id"]
    ended(client, number)
    page = client.get(f"{JOBS}/{number}/items?offset=1&limit=1").json()
    assert (page["total"], page["offset"], len(page["items"])) == (3, 1, 1)
    item = page["items"][0]
    assert (item["path"], item["state"], item["result"]) == ("b.png", "failed", None)
    assert item["note"].startswith("The picture cannot be read")
    assert client.get(f"{JOBS}/{number}/items?offset=3").json()["items"] == []


def test_a_job_reports_how_long_it_will_take(client: Client, root: Path, fake_clip: FakeClip) -> None:
    for at in range(70):
        (root / f"x{at:02}.png").write_bytes(flat_png(RED))
    number = begin(client, root)["id"]
    events = client.get(f"{JOBS}/{number}/events").text
    ended(client, number)
    reported = [json.loads(line[6:]) for line in events.splitlines() if line.startswith("data: ")]
    assert reported[-1]["spent_s"] >= 0
    assert reported[-1]["eta_s"] is None


# --- events


def test_events_end_when_the_job_does(client: Client, root: Path, gate: Gate) -> None:
    number = begin(client, root)["id"]
    gate.reached.wait(30)
    threading.Timer(0.5, gate.opened.set).start()
    answer = client.get(f"{JOBS}/{number}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store, no-transform"
    events = [block.split("\n") for block in answer.text.split("\n\n") if block]
    names = [lines[0] for lines in events]
    assert names[0] == "event: progress"
    assert names[-1] == "event: end"
    assert set(names) == {"event: progress", "event: end"}
    last = json.loads(events[-1][1].removeprefix("data: "))
    assert (last["state"], last["done"]) == ("done", 3)
    assert "params" not in last


def test_what_happened_in_a_job_is_reported_before_its_end(client: Client, root: Path) -> None:
    (root / "b.png").write_bytes(b"no picture")
    number = begin(client, root)["id"]
    ended(client, number)
    blocks = [block.split("\n") for block in client.get(f"{JOBS}/{number}/events").text.split("\n\n") if block]
    warning, end = blocks
    assert (warning[0].startswith("id: "), warning[1], end[0]) == (True, "event: warning", "event: end")
    reported = json.loads(warning[2].removeprefix("data: "))
    assert reported["path"] == "b.png"
    assert reported["note"].startswith("The picture cannot be read")


def test_events_of_a_job_that_ended_are_its_end(client: Client, root: Path) -> None:
    number = begin(client, root)["id"]
    ended(client, number)
    assert client.get(f"{JOBS}/{number}/events").text.startswith("event: end\ndata: {")


def test_events_of_a_job_that_is_removed_end(
    client: Client, root: Path, host: StandaloneHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = opened_jobs.jobs_of(host, find)
    number = jobs.create("caption", {"folder": str(root), **LABELS}, trusted=True)
    jobs.pause(number, trusted=True)
    info, looks = jobs.info, itertools.count(1)

    def looked(*args: Any, **more: Any) -> Any:
        if next(looks) == 4:
            jobs.remove(number, trusted=True)
        return info(*args, **more)

    monkeypatch.setattr(jobs, "info", looked)
    events = client.get(f"{JOBS}/{number}/events").text
    assert '"state": "paused"' in events
    assert events.endswith(f'event: end\ndata: {{"id": {number}, "state": "removed"}}\n\n')


def test_a_quiet_job_sends_a_sign_of_life(
    client: Client, root: Path, host: StandaloneHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_routes, "HEARTBEAT_S", 0.2)
    jobs = opened_jobs.jobs_of(host, find)
    number = jobs.create("caption", {"folder": str(root), **LABELS}, trusted=True)
    jobs.pause(number, trusted=True)
    info, looks = jobs.info, itertools.count(1)

    def looked(*args: Any, **more: Any) -> Any:
        if next(looks) == 4:
            jobs.cancel(number, trusted=True)
        return info(*args, **more)

    monkeypatch.setattr(jobs, "info", looked)
    assert "\n\n: still here\n\n" in client.get(f"{JOBS}/{number}/events").text


@pytest.mark.parametrize("wanted", ["gzip", "identity"])
def test_events_come_one_by_one_through_a_host_that_packs_its_answers(
    app: FastAPI, root: Path, gate: Gate, wanted: str
) -> None:
    packed = GZipMiddleware(app, minimum_size=1000)
    number = begin(Client(app), root)["id"]
    gate.reached.wait(30)
    seen, asked = bytearray(), asyncio.Event()
    headers: dict[bytes, bytes] = {}

    async def send(message: dict[str, Any]) -> None:
        headers.update(message.get("headers", ()))
        seen.extend(message.get("body", b""))
        if b"event: progress" in seen:
            gate.opened.set()  # the first event is there while the job still runs

    async def receive() -> dict[str, Any]:
        if asked.is_set():
            await asyncio.sleep(60)  # the caller stays
        asked.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": f"{JOBS}/{number}/events",
        "raw_path": f"{JOBS}/{number}/events".encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"test"), (b"accept-encoding", wanted.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("test", 80),
        "asgi": {"version": "3.0"},
    }
    asyncio.run(asyncio.wait_for(packed(scope, receive, send), 30))  # type: ignore[arg-type]
    assert b"event: end" in seen
    assert headers[b"content-encoding"] == b"identity"
    assert ended(Client(app), number)["state"] == "done"


def test_an_event_is_as_long_as_what_it_says(app: FastAPI, root: Path) -> None:
    client = Client(GZipMiddleware(app, minimum_size=1000))  # type: ignore[arg-type]
    number = begin(client, root)["id"]
    ended(client, number)
    reported = client.get(f"{JOBS}/{number}/events", headers={"accept-encoding": "gzip"}).text
    assert len(reported) < 2000


# --- steered


def test_a_running_job_is_paused_and_resumed(client: Client, root: Path, gate: Gate) -> None:
    for at in range(40):
        (root / f"x{at:02}.png").write_bytes(flat_png(RED))
    number = begin(client, root)["id"]
    gate.reached.wait(30)
    assert client.post(f"{JOBS}/{number}/pause").json()["state"] == "running"
    gate.opened.set()
    paused = ended(client, number)
    assert (paused["state"], paused["done"]) == ("paused", 32)
    assert paused["actions"] == ["resume", "cancel", "undo", "remove"]
    answer = client.post(f"{JOBS}/{number}/resume")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert ended(client, number)["done"] == 43


def test_delete_cancels_a_running_job_and_then_forgets_it(client: Client, root: Path, gate: Gate) -> None:
    for at in range(40):
        (root / f"x{at:02}.png").write_bytes(flat_png(RED))
    number = begin(client, root)["id"]
    gate.reached.wait(30)
    assert client.request("DELETE", f"{JOBS}/{number}").status_code == 200
    gate.opened.set()
    assert ended(client, number)["state"] == "cancelled"
    answer = client.request("DELETE", f"{JOBS}/{number}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert_error(client.get(f"{JOBS}/{number}"), 404, "NoJobError")
    assert_error(client.request("DELETE", f"{JOBS}/{number}"), 404, "NoJobError")


def test_undo_puts_every_file_back(client: Client, root: Path) -> None:
    (root / "a.txt").write_text("mine")
    number = begin(client, root, existing="overwrite")["id"]
    ended(client, number)
    (root / "b.txt").write_text("by hand")
    undone = client.post(f"{JOBS}/{number}/undo").json()
    assert (undone["restored"], undone["job"]["state"]) == (2, "undone")
    assert undone["skipped"] == [{"file": "b.txt", "note": "b.txt was changed since; skipped."}]
    assert texts(root) == {"a.txt": "mine", "b.txt": "by hand"}


# --- refused


@pytest.mark.parametrize("path", ["", "/items", "/events"])
@pytest.mark.parametrize(("number", "status"), [("77", 404), ("0", 422), ("-1", 422), ("x", 422), ("9" * 30, 422)])
def test_a_number_that_no_job_has(client: Client, path: str, number: str, status: int) -> None:
    answer = client.get(f"{JOBS}/{number}{path}")
    assert_error(answer, status, "NoJobError" if status == 404 else "InvalidParamError")


def test_a_bound_is_written_in_all_its_digits(client: Client) -> None:
    sentence = assert_error(client.get(f"{JOBS}/{'9' * 12}"), 422, "InvalidParamError")
    assert sentence.endswith("must be a whole number from 1 to 2147483647, not 999999999999.")


@pytest.mark.parametrize("action", ["pause", "resume", "undo"])
def test_an_action_on_a_job_that_is_not_there(client: Client, action: str) -> None:
    assert_error(client.post(f"{JOBS}/77/{action}"), 404, "NoJobError")
    assert_error(client.post(f"{JOBS}/0/{action}"), 422, "InvalidParamError")


@pytest.mark.parametrize("action", ["pause", "resume"])
def test_what_a_state_does_not_allow_is_a_conflict(client: Client, root: Path, action: str) -> None:
    number = begin(client, root)["id"]
    ended(client, number)
    sentence = assert_error(client.post(f"{JOBS}/{number}/{action}"), 409, "JobStateError")
    assert sentence == f"Job {number} is done and cannot be {action}d; possible now: undo, remove."


def test_a_second_job_on_a_folder_is_a_conflict(client: Client, root: Path, gate: Gate) -> None:
    number = begin(client, root)["id"]
    gate.reached.wait(30)
    answer = client.post(f"{JOBS}/caption", json={"folder": str(root), **LABELS})
    assert f"Job {number} works on this folder already" in assert_error(answer, 409, "JobStateError")
    assert_error(client.post(f"{JOBS}/{number}/undo"), 409, "JobStateError")


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({}, "folder"),
        ({"folder": "{}/none"}, "folder"),
        ({"folder": "{}/a.png"}, "folder"),
        ({"folder": "{}", "labels": []}, "labels"),
        ({"folder": "{}", "threshold": 2}, "threshold"),
        ({"folder": "{}", "existing": "burn"}, "existing"),
        ({"folder": "{}", "output": "../x"}, "output"),
        ({"folder": "{}", "background": "red"}, "background"),
        ({"folder": "{}", "clip": "/etc/passwd"}, "clip"),
        ({"folder": "{}", "method": "captioner", "captioner": "blip:/etc"}, "captioner"),
        ({"folder": "{}", "preset": "none such"}, "preset"),
        ({"folder": "{}", "unknown": 1}, "unknown"),
    ],
)
def test_a_wrong_value_is_refused_at_once(client: Client, root: Path, values: dict[str, Any], word: str) -> None:
    given = {name: each.format(root) if isinstance(each, str) else each for name, each in values.items()}
    answer = client.post(f"{JOBS}/caption", json={**LABELS, **given})
    assert word in assert_error(answer, 422, "InvalidParamError")
    assert client.get(JOBS).json() == []


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 400),
        ({"content": b"x", "headers": {"content-type": "text/plain"}}, 415),
        ({"content": b"[]", "headers": {"content-type": "application/json"}}, 422),
    ],
)
def test_a_malformed_body_is_refused(client: Client, options: dict[str, Any], status: int) -> None:
    assert client.post(f"{JOBS}/caption", **options).status_code == status


def test_a_method_that_a_route_has_not_names_those_it_has(client: Client) -> None:
    answer = client.request("PUT", f"{JOBS}/1")
    assert_error(answer, 405, "MethodNotAllowedError")
    assert answer.headers["allow"] == "DELETE, GET, HEAD"


def test_head_is_answered_as_get_without_a_body(client: Client, root: Path) -> None:
    number = begin(client, root)["id"]
    ended(client, number)
    shown = [f"{JOBS}/{number}", f"{JOBS}/{number}/items", f"{JOBS}/{number}/events", JOBS, f"{JOBS}/9999"]
    for path in [*shown, *(f"/bootcamp/v1/{each}" for each in ("info", "operations", "model", "openapi.json"))]:
        got, head = client.get(path), client.request("HEAD", path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers["content-type"] == got.headers["content-type"]


def test_head_of_a_jobs_events_does_not_wait_for_its_end(client: Client, root: Path, gate: Gate) -> None:
    number = begin(client, root)["id"]
    assert gate.reached.wait(30)
    assert client.request("HEAD", f"{JOBS}/{number}/events").status_code == 200
    assert client.get(f"{JOBS}/{number}").json()["state"] == "running"


# --- confined


@pytest.mark.parametrize(
    "outside", ["{}/../../secret", "{}/..", "/", "/etc", "~", ".", "", "{}/link", "{}/deep/link", "{}\0", "/none"]
)
def test_a_folder_outside_is_forbidden(client: Client, root: Path, outside: str) -> None:
    (root / "deep").mkdir()
    for link in (root / "link", root / "deep" / "link"):
        link.symlink_to(root.parents[1] / "secret", target_is_directory=True)
    if outside == "{}/..":
        outside = "{}/../.."
    answer = client.post(f"{JOBS}/caption", json={"folder": outside.format(root), **LABELS})
    assert answer.status_code == (422 if outside in ("", "{}\0") else 403), answer.text
    assert texts(root.parents[1] / "secret") == {}


def test_a_link_inside_of_an_allowed_folder_that_stays_inside_may_be_named(client: Client, root: Path) -> None:
    (root.parent / "alias").symlink_to(root, target_is_directory=True)
    assert ended(client, begin(client, root.parent / "alias")["id"])["done"] == 3


def test_pictures_and_captions_behind_links_that_lead_out_are_left(client: Client, root: Path) -> None:
    secret = root.parents[1] / "secret"
    (secret / "s.txt").write_text("secret")
    (root / "z.png").symlink_to(secret / "a.png")
    (root / "out").symlink_to(secret, target_is_directory=True)
    (root / "a.txt").symlink_to(secret / "s.txt")
    number = begin(client, root, existing="append")["id"]
    job = ended(client, number)
    assert (job["total"], job["done"], job["failed"], job["skipped"]) == (5, 2, 1, 2)  # the links are named, no more
    assert "secret" not in client.get(f"{JOBS}/{number}/items").text
    assert texts(secret) == {"s.txt": "secret"}


def in_the_way(kind: str, place: Path, elsewhere: Path) -> None:
    """Something that no folder can be made of: a file, or a link that leads out, to a file, nowhere or to itself."""
    if kind == "file":
        place.write_text("mine")
        return
    targets = {"out": elsewhere, "to a file": elsewhere / "a.png", "nowhere": elsewhere / "none", "itself": place}
    place.symlink_to(targets[kind])


@pytest.mark.parametrize("kind", ["file", "out", "to a file", "nowhere", "itself"])
@pytest.mark.parametrize(
    ("name", "values", "pointer"),
    [
        ("maps", {}, "/subfolder"),
        ("maps/brightness", {}, "/subfolder"),
        ("other", {"subfolder": "other"}, "/subfolder"),
        ("../out", {"output_folder": "{}/../out"}, "/output_folder"),
        ("../out", {"output_folder": "{}/../out/deep/er"}, "/output_folder"),
    ],
    ids=["maps", "maps/brightness", "subfolder", "output folder", "above the output folder"],
)
def test_maps_are_refused_before_there_is_a_job_where_their_folder_cannot_be_made(
    client: Client, root: Path, kind: str, name: str, values: dict[str, str], pointer: str
) -> None:
    secret = root.parents[1] / "secret"
    (root / name).parent.mkdir(exist_ok=True)
    in_the_way(kind, root / name, secret)
    given = {key: value.format(root) for key, value in values.items()}
    answer = client.post(f"{JOBS}/brightness", json={"folder": str(root), **given})
    assert answer.status_code in (403, 422), answer.text
    assert answer.status_code == 403 or answer.json()["pointer"] == pointer
    assert str(secret) not in answer.text
    assert client.get(JOBS).json() == []
    assert sorted(each.name for each in secret.iterdir()) == ["a.png", "b.png", "c.png"]


def test_nothing_is_allowed_by_default(tmp_path: Path, root: Path) -> None:
    app = FastAPI()
    app.include_router(build_router(StandaloneHost(device="cpu", data_dir=tmp_path / "data")))
    answer = Client(app).post(f"{JOBS}/caption", json={"folder": str(root), **LABELS})
    assert "--allow-dir" in assert_error(answer, 403, "NotAllowedError")


def test_the_owners_jobs_elsewhere_are_not_there_for_callers(client: Client, root: Path, host: StandaloneHost) -> None:
    jobs = opened_jobs.jobs_of(host, find)
    number = jobs.create("caption", {"folder": str(root.parents[1] / "secret"), **LABELS}, trusted=True)
    assert client.get(JOBS).json() == []
    for method, path in (
        ("GET", ""),
        ("GET", "/items"),
        ("GET", "/events"),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/undo"),
    ):
        assert_error(client.request(method, f"{JOBS}/{number}{path}"), 404, "NoJobError")
    assert jobs.info(number, trusted=True).state == "queued"
    jobs.cancel(number, trusted=True)


# --- with a log-in


@pytest.fixture(scope="module")
def with_log_in() -> FastAPI:
    """The routes behind the WebUI's --api-auth."""
    made = FastAPI()
    made.include_router(build_router(CURRENT, dependencies=[Depends(Guard({"ann": "secret"}))]))
    return made


@pytest.fixture
def guarded(with_log_in: FastAPI, host: StandaloneHost) -> Client:
    CURRENT.host = host
    return Client(with_log_in)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/1"),
        ("GET", "/1/items"),
        ("GET", "/1/events"),
        ("DELETE", "/1"),
        ("POST", "/1/pause"),
        ("POST", "/1/resume"),
        ("POST", "/1/undo"),
        ("POST", "/caption"),
        ("POST", "/classify"),
    ],
)
@pytest.mark.parametrize("auth", [None, ("ann", "wrong"), ("bob", "secret")])
def test_a_stranger_is_asked_who_it_is(guarded: Client, method: str, path: str, auth: Any) -> None:
    answer = guarded.request(method, f"{JOBS}{path}", auth=auth)
    assert_error(answer, 401, "UnauthorizedError")
    assert answer.headers["www-authenticate"].startswith("Basic")


def test_a_known_caller_begins_and_follows_a_job(guarded: Client, root: Path) -> None:
    auth = ("ann", "secret")
    answer = guarded.post(f"{JOBS}/caption", json={"folder": str(root), **LABELS}, auth=auth)
    assert answer.status_code == 202
    events = guarded.get(f"{JOBS}/{answer.json()['id']}/events", auth=auth).text
    assert "event: end" in events
    assert texts(root) == {"a.txt": "red", "b.txt": "green", "c.txt": "blue"}
