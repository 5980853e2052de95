"""Routes that are made when they are first asked for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

pytest.importorskip("fastapi")

from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from lib_bootcamp.surfaces.http.late import include_late


class Made:
    """An app with a router that is made late, and how often it was."""

    def __init__(self) -> None:
        self.times = 0
        self.app = FastAPI()
        self.app.add_api_route("/other", lambda: "theirs")
        include_late(self.app, "/ours/v1", self.routers)
        self.client = TestClient(self.app)

    def routers(self) -> list[Any]:
        self.times += 1
        made = APIRouter(prefix="/ours/v1")
        made.add_api_route("/info", lambda: "ours")
        return [made]


def test_routes_of_others_make_none() -> None:
    made = Made()
    assert made.client.get("/other").json() == "theirs"
    assert made.client.get("/ours/v10").status_code == 404
    assert made.times == 0


def test_the_first_request_is_answered_by_the_route_that_it_makes() -> None:
    made = Made()
    assert [made.client.get("/ours/v1/info").json() for _ in range(2)] == ["ours", "ours"]
    assert made.client.get("/ours/v1/none").status_code == 404
    assert made.client.post("/ours/v1/info").status_code == 405
    assert made.times == 1


@pytest.mark.parametrize("path", ["", "/page"])
def test_a_wrong_method_is_refused_in_the_error_shape_by_the_first_request_too(path: str) -> None:
    made = Made()
    made.app.mount(path, FastAPI())
    answer = made.client.post("/ours/v1/info")
    assert (answer.status_code, answer.json()["error"]) == (405, "MethodNotAllowedError")
    assert answer.headers["allow"] == "GET"


def test_many_first_requests_make_them_once() -> None:
    made = Made()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: made.client.get("/ours/v1/info").json(), range(8)))
    assert (answers, made.times) == (["ours"] * 8, 1)


def test_the_apps_own_document_lists_them() -> None:
    made = Made()
    assert {"/other", "/ours/v1/info"} <= set(made.client.get("/openapi.json").json()["paths"])


def test_below_a_folder_of_a_proxy_they_are_found_too() -> None:
    made = Made()
    assert TestClient(made.app, root_path="/sd").get("/ours/v1/info").json() == "ours"
