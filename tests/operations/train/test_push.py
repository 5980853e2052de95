"""A training that is shared when it has ended: refused before its first step, pushed after its last, never lost."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("huggingface_hub")

from huggingface_hub import constants  # noqa: E402

from lib_bootcamp.app import main  # noqa: E402
from lib_bootcamp.catalog import find  # noqa: E402
from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.files.toml import to_toml  # noqa: E402
from lib_bootcamp.errors import BootcampError, HubError, InvalidParamError, NotAllowedError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.job import Event  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.jobs.progress import Stop  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.work import TrainWork  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.networks.hub_server import TOKEN, HubServer, logged_in  # noqa: E402
from tests.ml.training import material  # noqa: E402

GIVEN = {"name": "zorb", "steps": 1, "seed": 4, "resolution": 64, "rank": 2, "push_to": "me/zorb"}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with logged_in(monkeypatch) as server:
        yield server


@pytest.fixture
def jobs(host: StandaloneHost, tmp_path: Path) -> Iterator[Jobs]:
    made = Jobs(host, find, tmp_path / "journal")
    yield made
    made.close()


def values(folder: Path, **given: Any) -> dict[str, Any]:
    pictures = folder / "pictures"
    if not pictures.exists():
        material.pictures(pictures)
    return {"folder": str(pictures), "output_folder": str(folder / "out"), **GIVEN, **given}


def trained(jobs: Jobs, folder: Path, **given: Any) -> tuple[Any, list[Event]]:
    events: list[Event] = []
    number = jobs.create("train", values(folder, **given), trusted=True)
    return jobs.run_here(number, SilentProgress(), Stop(), events.append), events


def sentences(events: list[Event]) -> list[str]:
    return [str(each.facts["sentence"]) for each in events if "sentence" in each.facts]


def test_what_was_trained_is_pushed_privately_in_one_commit(hub: HubServer, jobs: Jobs, tmp_path: Path) -> None:
    info, events = trained(jobs, tmp_path, sample_prompt="a zorb")
    assert info.state == "done"
    assert hub.private == {"me/zorb": True}
    assert hub.commits == {"me/zorb": ["Share zorb"]}
    files = hub.files["me/zorb"]
    assert set(files) == {"README.md", "zorb.safetensors", "samples/000001-1.png"}
    assert files["zorb.safetensors"] == (tmp_path / "out" / "zorb.safetensors").read_bytes()
    assert sentences(events)[-1] == f"3 files of zorb are pushed to {hub.url}/me/zorb, which only you see."


def test_neither_the_file_nor_the_settings_keep_where_it_goes_or_the_token(
    hub: HubServer, jobs: Jobs, tmp_path: Path
) -> None:
    trained(jobs, tmp_path)
    data = (tmp_path / "out" / "zorb.safetensors").read_bytes()
    stated = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["bootcamp.train"]
    assert not {"push_to", "private"} & json.loads(stated).keys()
    assert TOKEN not in to_toml(TRAIN.params_from(values(tmp_path)).to_mapping())
    assert not [each for each in tmp_path.rglob("*") if each.is_file() and TOKEN.encode() in each.read_bytes()]


def test_what_fails_at_the_end_leaves_the_file_and_is_done_when_the_job_is_resumed(
    hub: HubServer, jobs: Jobs, tmp_path: Path
) -> None:
    hub.refuses["POST /api/repos"] = 503
    info, _ = trained(jobs, tmp_path)
    assert (info.state, info.done) == ("failed", 1)
    assert (tmp_path / "out" / "zorb.safetensors").is_file()
    command = f"share-lora {shlex.quote(str(tmp_path / 'out'))} zorb --push-to me/zorb"
    assert info.error == (
        "zorb is trained, but not pushed: The hub fails at the moment (503); try again later; "
        f"resume the job, or run python -m lib_bootcamp {command}."
    )
    hub.refuses.clear()
    assert jobs.run_here(info.id, SilentProgress(), Stop()).state == "done"
    assert set(hub.files["me/zorb"]) == {"README.md", "zorb.safetensors"}


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ("offline", HubError, "HF_HUB_OFFLINE is set, so that nothing can be pushed"),
        ("unreachable", HubError, r"The hub \(127\.0\.0\.1\) cannot be reached"),
        ("no login", HubError, "not logged in to the hub; run `hf auth login`"),
        ("wrong token", HubError, "does not accept your token"),
        ("reads alone", HubError, "may not write to me/zorb"),
        ("somebody else's", HubError, "may not write to you/zorb"),
        ("public there", InvalidParamError, "push_to names me/zorb, which everybody sees"),
    ],
)
def test_what_the_hub_would_refuse_is_refused_before_there_is_a_job(
    hub: HubServer,
    jobs: Jobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    kind: type[BootcampError],
    words: str,
) -> None:
    if change == "offline":
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    elif change == "unreachable":
        monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    elif change == "no login":
        monkeypatch.delenv("HF_TOKEN")
        monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    elif change == "wrong token":
        monkeypatch.setenv("HF_TOKEN", "hf_another")
    elif change == "reads alone":
        hub.role = "read"
    elif change == "public there":
        hub.private["me/zorb"] = False
    given = values(tmp_path, **({"push_to": "you/zorb"} if change == "somebody else's" else {}))
    with pytest.raises(kind, match=words):
        jobs.create("train", given, trusted=True)
    with pytest.raises(kind, match=words):
        TRAIN.run(TRAIN.params_from(given), Context.of_terminal(jobs.host, SilentProgress()))
    assert jobs.listed(trusted=True) == []
    assert hub.files == {}


def test_an_organization_of_ones_own_serves(hub: HubServer, jobs: Jobs, tmp_path: Path) -> None:
    assert jobs.create("train", values(tmp_path, push_to="us/zorb"), trusted=True)


@pytest.mark.parametrize("license_text", ["No redistribution of derivatives", "x" * 600])
def test_what_a_license_forbids_is_refused_before_the_first_step(
    hub: HubServer, host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, license_text: str
) -> None:
    lend = StandaloneHost.components

    @contextmanager
    def licensed(self: StandaloneHost) -> Iterator[Any]:
        with lend(self) as components:
            yield replace(components, license=license_text)

    monkeypatch.setattr(StandaloneHost, "components", licensed)
    context = Context.of_terminal(host, SilentProgress())
    params = TRAIN.params_from(values(tmp_path, private=False))
    with pytest.raises(InvalidParamError, match="private has to stay: the license by the file"):
        TRAIN.run(params, context)
    (tmp_path / "out").mkdir()
    with pytest.raises(InvalidParamError, match="private has to stay"):
        next(TrainWork(tmp_path / "out", params, context).steps(0))
    planned = TRAIN.run(replace(params, private=True), context)
    assert any("The license by the file" in each for each in planned.warnings)


def test_over_the_network_nobody_pushes(hub: HubServer, tmp_path: Path) -> None:
    given = values(tmp_path)
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(tmp_path,))
    stranger = Context.of_api(host, SilentProgress())
    with pytest.raises(NotAllowedError, match="push_to: is for the owner of this machine alone"):
        TRAIN.run(TRAIN.params_from(given), stranger)
    made = Jobs(host, find, tmp_path / "journal")
    with pytest.raises(NotAllowedError, match="push_to: is for the owner of this machine alone"):
        made.create("train", given, trusted=False)
    made.close()
    assert hub.asked == []


def test_the_name_must_be_one_that_the_hub_takes() -> None:
    with pytest.raises(InvalidParamError, match="push_to must be a name that the hub takes"):
        TRAIN.params_from({"folder": "x", "push_to": "me/zo..rb"})


def test_the_terminal_takes_the_longer_name_too(hub: HubServer, tmp_path: Path, capsys: Any) -> None:
    hub.private["me/zorb"] = False
    material.pictures(tmp_path)
    asked = ["train", str(tmp_path), "--output-folder", str(tmp_path / "out"), "--push-to-hub", "me/zorb"]
    assert main(asked) == 2
    assert capsys.readouterr().err.startswith("error: --push-to names me/zorb, which everybody sees; ")
