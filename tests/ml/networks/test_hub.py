"""Files are pushed to a stand-in for the hub with the person's own token, and every refusal is one sentence."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from huggingface_hub import constants

from lib_bootcamp.errors import HubError, InvalidParamError
from lib_bootcamp.ml.networks.hub import Pushed, front_matter, push
from tests.ml.networks.hub_server import TOKEN, HubServer, hub_server

FILES = {"README.md": b"---\ntags:\n- lora\n---\n# x\n", "x.safetensors": bytes(range(256)) * 300}
MODEL = "GET /api/models/me/x"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    with hub_server() as server:
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
        monkeypatch.delenv("HUGGING_FACE_HUB_TOKEN", raising=False)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield server


def pushed(*, private: bool = True) -> Pushed:
    return push(FILES, "me/x", private=private, message="Share x")


def test_a_repository_is_made_private_and_gets_all_in_one_commit(hub: HubServer) -> None:
    assert pushed() == Pushed(url=f"{hub.url}/me/x", private=True)
    assert hub.private == {"me/x": True}
    assert hub.files == {"me/x": FILES}
    assert hub.commits == {"me/x": ["Share x"]}


def test_large_files_come_whole(hub: HubServer) -> None:
    hub.large = (".safetensors",)
    pushed(private=False)
    assert hub.private == {"me/x": False}
    assert hub.files == {"me/x": FILES}
    assert len(hub.stored) == 1


def test_one_of_ones_own_gets_another_commit(hub: HubServer) -> None:
    pushed()
    pushed(private=False)
    assert hub.commits == {"me/x": ["Share x", "Share x"]}
    assert hub.private == {"me/x": True}
    assert pushed(private=False).private


def test_what_shall_be_private_does_not_go_where_everybody_sees_it(hub: HubServer) -> None:
    hub.private["me/x"] = False
    with pytest.raises(InvalidParamError, match="push_to names me/x, which everybody sees"):
        pushed()
    assert hub.files == {}


@pytest.mark.parametrize(
    ("where", "status", "words"),
    [
        (MODEL, 401, "does not accept your token; run `hf auth login`"),
        (MODEL, 403, "may not write to me/x"),
        (MODEL, 429, "too many requests"),
        (MODEL, 500, r"fails at the moment \(500\); try again later"),
        ("POST /api/repos", 401, "does not accept your token"),
        ("POST /api/repos", 403, "may not write to me/x; log in with one that may"),
        ("POST /api/repos", 404, "has no me/x, or your token may not see it"),
        ("POST /api/repos", 409, "made or changed by somebody else"),
        ("POST /api/repos", 400, r"does not take me/x \(400\)"),
        ("POST /api/models/me/x/preupload", 403, "may not write to me/x"),
        ("POST /api/models/me/x/commit", 409, "changed by somebody else just now; try again"),
        ("POST /api/models/me/x/commit", 413, "larger than the hub takes"),
    ],
)
def test_a_refusal_is_one_sentence_without_the_token(hub: HubServer, where: str, status: int, words: str) -> None:
    hub.refuses[where] = status
    with pytest.raises(HubError, match=words) as caught:
        pushed()
    assert hub.files == {}
    told = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in told + repr(vars(caught.value))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_a_wrong_token_is_said_to_be_one(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    with pytest.raises(HubError, match="does not accept your token"):
        pushed()


def test_without_a_login_nothing_is_asked(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(HubError, match=r"not logged in to the hub; run `hf auth login`"):
        pushed()
    assert hub.asked == []


def test_the_token_of_a_login_serves(hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HF_TOKEN")
    (tmp_path / "token").write_text(TOKEN, encoding="utf-8")
    assert pushed().private


def test_offline_nothing_is_asked(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="HF_HUB_OFFLINE is set"):
        pushed()
    assert hub.asked == []


def test_a_hub_that_is_not_there_is_named(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://user:secret@127.0.0.1:9")
    with pytest.raises(HubError, match=r"The hub \(127\.0\.0\.1\) cannot be reached; check the connection") as caught:
        pushed()
    assert "secret" not in str(caught.value)


def test_front_matter_holds_any_text_as_text() -> None:
    yaml = pytest.importorskip("yaml")
    given = {
        "tags": ["lora"],
        "instance_prompt": "no",
        "widget": [
            {"text": '--- "x": [!!python/object:os.system {a}] # ünïcode 🙂 \\u001b', "output": {"url": "a.png"}}
        ],
    }
    text = front_matter(given)
    assert "\n---" not in f"\n{text}".replace("\n- ", "")
    assert yaml.safe_load(text) == given
