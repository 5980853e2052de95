"""The dataset routes: confined to allowed folders, JSON back, captions edited and undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.http.routes import build_router
from tests.contract.http_client import Client
from tests.operations.datasets.folders import add, picture

REPORT, CAPTIONS = "/bootcamp/v1/dataset/report", "/bootcamp/v1/dataset/captions"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "sets" / "dog"
    add(folder, "a.png", picture(1, (96, 96)), "a red dog, on grass")
    add(folder, "b.png", picture(2, (96, 96)), None)
    add(tmp_path / "secret", "s.png", picture(3, (96, 96)), "secret")
    return folder


@pytest.fixture
def client(tmp_path: Path, root: Path) -> Client:
    app = FastAPI()
    app.include_router(build_router(StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=[root.parent])))
    return Client(app)


def post(client: Client, path: str, **values: Any) -> dict[str, Any]:
    answer = client.post(path, json=values)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_report_is_json_of_the_folder(client: Client, root: Path) -> None:
    made = post(client, REPORT, folder=str(root))
    assert (made["count"], made["captioned"], made["succeeded"]) == (2, 1, True)
    assert [each["path"] for each in made["pictures"]] == ["a.png", "b.png"]
    assert {each["kind"] for each in made["findings"]} >= {"missing"}
    json.dumps(made, allow_nan=False)


@pytest.mark.parametrize("route", [REPORT, CAPTIONS])
@pytest.mark.parametrize("outside", ["{}/../../secret", "{}/../../../..", "/", "/etc", "~", ".", "{}/link", "{}-none"])
def test_a_folder_outside_is_forbidden_whether_it_is_there_or_not(
    client: Client, root: Path, route: str, outside: str
) -> None:
    (root / "link").symlink_to(root.parents[1] / "secret", target_is_directory=True)
    answer = client.post(route, json={"folder": outside.replace("{}-none", "/none").format(root)})
    assert answer.status_code == 403
    assert answer.json()["error"] == "NotAllowedError"


@pytest.mark.parametrize("route", [REPORT, CAPTIONS])
def test_an_allowed_folder_that_is_not_there_is_a_wrong_parameter(client: Client, root: Path, route: str) -> None:
    answer = client.post(route, json={"folder": f"{root}/none"})
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("folder ")


def test_nothing_is_allowed_by_default(tmp_path: Path, root: Path) -> None:
    app = FastAPI()
    app.include_router(build_router(StandaloneHost(device="cpu", data_dir=tmp_path / "data")))
    assert Client(app).post(REPORT, json={"folder": str(root)}).status_code == 403


def test_captions_are_edited_and_undone_over_the_network(client: Client, root: Path) -> None:
    before = (root / "a.txt").read_bytes()
    planned = post(client, CAPTIONS, folder=str(root), where="on grass", rename=["on grass => on a lawn"], dry_run=True)
    assert [(each["before"], each["after"]) for each in planned["changes"]] == [
        ("a red dog, on grass", "a red dog, on a lawn")
    ]
    assert (root / "a.txt").read_bytes() == before
    made = post(client, CAPTIONS, folder=str(root), where="on grass", rename=["on grass => on a lawn"])
    assert made["found"][0]["caption"] == "a red dog, on a lawn"
    post(client, CAPTIONS, folder=str(root), undo=True)
    assert (root / "a.txt").read_bytes() == before


def test_a_form_takes_tags_by_commas(client: Client, root: Path) -> None:
    values = {"folder": str(root), "add": "sks, new", "at": "first", "dry_run": "true"}
    answer = client.post(CAPTIONS, files={name: (None, value) for name, value in values.items()})
    assert [each["after"] for each in answer.json()["changes"]] == ["sks, new, a red dog, on grass", "sks, new"]
