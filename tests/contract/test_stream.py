"""Work that is followed while it goes on: server-sent events over the API, lines of JSON in the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from lib_bootcamp.context import Context
from lib_bootcamp.core.images.codec import decode_image, read_base64
from lib_bootcamp.errors import CancelledError, ModelError
from lib_bootcamp.operations.describe.caption import CAPTION
from lib_bootcamp.operations.draw.txt2img import TXT2IMG, DrawingPreview, Txt2ImgResult
from lib_bootcamp.ports import SilentProgress
from lib_bootcamp.surfaces.cli.runs.runner import Runner, Settings
from lib_bootcamp.surfaces.http.routes import build_router
from tests.contract.http_client import Client, host
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat_png, lend_instead
from tests.fakes import FakeHost

URL = "/bootcamp/v1/txt2img"
FOLLOW = {"Accept": "text/event-stream"}


def draw(params: Any, context: Any) -> Txt2ImgResult:
    """As many steps as are asked for; seed 13 fails after the first, seed 14 in the program itself."""
    context.progress.start("txt2img", params.steps, "step")
    for step in range(params.steps):
        if context.progress.cancelled():
            raise CancelledError(step)
        context.progress.step(step + 1)
        if params.seed == 13:
            raise ModelError("There is no checkpoint.")
        if params.seed == 14:
            raise KeyError("secret")
    image = np.zeros((8, 8, 3), np.uint8)
    context.show(DrawingPreview(image=image + 1))
    return Txt2ImgResult(image=image, seed=params.seed, width=8, height=8, checkpoint="none")


DRAW = replace(TXT2IMG, run=draw, needs="")


@pytest.fixture(scope="module")
def client() -> Client:
    app = FastAPI()
    app.include_router(build_router(host(), operations=(DRAW,)))
    return Client(app)


def events(client: Client, **values: Any) -> list[tuple[str, dict[str, Any]]]:
    answer = client.post(URL, json={"prompt": "a cat", "steps": 3, "seed": 1, **values}, headers=FOLLOW)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.split("\n\n") if block]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_each_step_is_an_event_and_the_result_the_last(client: Client) -> None:
    *steps, _, last = events(client)
    assert [(name, each["done"], each["total"]) for name, each in steps] == [("progress", at, 3) for at in range(4)]
    assert (last[0], last[1]["seed"]) == ("result", 1)


def test_the_result_is_the_one_of_a_plain_request(client: Client) -> None:
    plain = client.post(URL, json={"prompt": "a cat", "steps": 3, "seed": 1})
    assert plain.headers["content-type"] == "application/json"
    assert events(client)[-1][1] == plain.json()


def test_a_mistake_on_the_way_is_the_last_event(client: Client) -> None:
    assert events(client, seed=13)[-1] == ("error", {"error": "ModelError", "detail": "There is no checkpoint."})


def test_a_mistake_of_the_programs_own_reveals_nothing_of_it(client: Client) -> None:
    name, reported = events(client, seed=14)[-1]
    assert (name, reported["error"]) == ("error", "InternalError")
    assert "secret" not in json.dumps(reported)


def test_a_wrong_value_is_a_status(client: Client) -> None:
    assert client.post(URL, json={"steps": 0}, headers=FOLLOW).status_code == 422


def test_who_accepts_anything_gets_json(client: Client) -> None:
    answer = client.post(URL, json={"steps": 1}, headers={"Accept": "*/*"})
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("seed", "code", "last"), [(1, 0, "result"), (13, 3, "error")])
def test_in_the_terminal_each_is_a_line_of_json(
    seed: int, code: int, last: str, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(out=str(tmp_path / "a.png"), stream=True)
    assert Runner(DRAW, FakeHost(), settings).run({"prompt": "a cat", "steps": "2", "seed": str(seed)}) == code
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in lines[:-1]] == ["progress"] * (len(lines) - 1)
    assert lines[-1]["event"] == last
    assert (tmp_path / "a.png").exists() == (not code)


# --- what there is so far


def test_a_preview_is_a_sample_with_its_picture(client: Client) -> None:
    name, facts = events(client)[-2]
    assert (name, list(facts)) == ("sample", ["image"])
    assert np.unique(decode_image(read_base64(facts["image"]))).tolist() == [1]


def test_a_plain_request_looks_at_nothing() -> None:
    seen = []
    context = Context.of_api(FakeHost(), SilentProgress())
    draw(DRAW.params_from({"steps": 1, "seed": 1}), context)
    draw(DRAW.params_from({"steps": 1, "seed": 1}), context.watched_by(seen.append))
    assert (context.viewer, len(seen)) == (None, 1)


def test_each_caption_is_a_sample_in_the_terminal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    lend_instead(monkeypatch, FakeClip())
    files = [decode_image(flat_png(color)) for color in (RED, GREEN, BLUE)]
    values = {"images": files, "labels": ["red", "green", "blue"], "threshold": 0.5}
    assert Runner(CAPTION, FakeHost(data_dir=tmp_path), Settings(stream=True)).run(values) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["caption"] for each in lines if each["event"] == "sample"] == ["red", "green", "blue"]
    assert lines[-1]["event"] == "result"


def test_a_preview_is_not_for_a_terminal(tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    Runner(DRAW, FakeHost(), Settings(out=str(tmp_path / "a.png"), stream=True)).run({"steps": "1", "seed": "1"})
    assert "sample" not in capsys.readouterr().out
