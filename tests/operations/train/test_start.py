"""A training that starts from a LoRA or an embedding: where that may lie, what is written, and that it goes on without
the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

from lib_bootcamp.context import Context, JobMark  # noqa: E402
from lib_bootcamp.core.images.codec import decode_image  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.train.plan import TrainPlan  # noqa: E402
from lib_bootcamp.operations.train.start import source_of  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.work import TrainWork  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_work import planned_of, work, written  # noqa: E402

torch: Any = pytest.importorskip("torch")

FIRST = {"rank": 4, "alpha": 3.0, "learning_rate": 1e-2, "text_rate": 1e-2, "steps": 3, "name": "before"}
STILL = {"learning_rate": 1e-12, "text_rate": 1e-12, "embedding_rate": 1e-12, "warmup": 0.0, "steps": 1, "rank": None}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def learned(host: StandaloneHost, folder: Path, **more: Any) -> Path:
    """A file that was learned before."""
    data = written(list(work(host, folder, **{**FIRST, **more}).steps(0)))["before.safetensors"]
    path = folder / "loras" / "before.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return path


def planned(host: StandaloneHost, folder: Path, **given: Any) -> TrainPlan:
    return planned_of(work(host, folder, **given))


def stated(data: bytes) -> dict[str, str]:
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    made: dict[str, str] = header["__metadata__"]
    return made


METHODS: dict[str, dict[str, Any]] = {
    "lora": {},
    "rslora": {"rslora": True},
    "locon": {"method": "locon", "conv_rank": 3},
    "dora": {"method": "dora"},
    "embedding": {"method": "embedding", "vectors": 3, "embedding_rate": 1e-2},
}


@pytest.mark.parametrize("kind", METHODS)
def test_after_a_step_without_a_rate_the_file_is_the_one_begun_from(
    host: StandaloneHost, tmp_path: Path, kind: str
) -> None:
    from safetensors.torch import load

    more = METHODS[kind]
    path = learned(host, tmp_path, **more)
    asked = {**{name: more[name] for name in more.keys() & {"method", "rslora"}}, **STILL}
    made = written(list(work(host, tmp_path, start_from=str(path), **asked).steps(0)))["zorb.safetensors"]
    before, after = load(path.read_bytes()), load(made)
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name].half(), after[name].half()) for name in before)
    own, old = stated(made), stated(path.read_bytes())
    kept = json.loads(own["bootcamp.start"])
    assert kept["name"] == "before"
    assert len(kept["hash"]) == 64
    assert kept["hash"] == old["sshs_model_hash"] or kind == "embedding"
    assert str(tmp_path) not in json.dumps(own)
    for name in ("ss_network_dim", "ss_network_args"):
        assert own.get(name) == old.get(name)
    assert float(own.get("ss_network_alpha", 0)) == pytest.approx(float(old.get("ss_network_alpha", 0)))
    assert json.loads(own["bootcamp.train"])["start_from"] == "before"


def test_the_samples_before_the_first_step_show_it_as_it_was(host: StandaloneHost, tmp_path: Path) -> None:
    asked = {"sample_prompt": "a zorb", "sample_every": 3}
    files = written(list(work(host, tmp_path, **{**FIRST, **asked}).steps(0)))
    path = tmp_path / "before.safetensors"
    path.write_bytes(files["before.safetensors"])
    begun = written([next(iter(work(host, tmp_path, start_from=str(path), **{**STILL, **asked}).steps(0)))])
    last, first = (decode_image(each).astype(int) for each in (files["000003-1.png"], begun["000000-1.png"]))
    plain = decode_image(files["000000-1.png"]).astype(int)
    assert np.abs(first - last).max() <= 2  # the file has 16 bits
    assert np.abs(plain - last).max() > 2


def test_the_plan_and_the_job_tell_what_it_starts_from(host: StandaloneHost, tmp_path: Path) -> None:
    path = learned(host, tmp_path)
    asked = work(host, tmp_path, start_from=str(path), **STILL)
    plan = planned(host, tmp_path, start_from=str(path), **STILL)
    digest = stated(path.read_bytes())["sshs_model_hash"][:12]
    assert plan.starts_from == f"It starts from before (rank 4, alpha 3, hash {digest})"
    assert plan.starts_from in plan.lines()
    first = next(iter(asked.steps(0)))
    assert plan.starts_from in [each.facts.get("sentence") for each in first.events]


@pytest.mark.parametrize("done", [1, 3])
def test_it_goes_on_exactly_when_the_file_is_gone(host: StandaloneHost, tmp_path: Path, done: int) -> None:
    """After a pause, and as after kill -9, where only the state of step 0 is there."""
    path = learned(host, tmp_path)
    asked = {"start_from": str(path), "rank": None}

    def job() -> TrainWork:
        made = work(host, tmp_path, **asked)
        params, folder = made.params, made.folder
        context = Context.of_job(host, SilentProgress(), trusted=True, job=JobMark(7, lambda: [7]))
        return TrainWork(folder, params, context)

    whole = model_hash(written(list(job().steps(0)))["zorb.safetensors"])
    one = job()
    steps = one.steps(0)
    for _ in range(done):
        next(steps)
        if done == 3:  # what was there before any pause
            kept = (one.state_folder / "state.safetensors").read_bytes()
    steps.close()  # type: ignore[attr-defined]
    if done == 3:
        (one.state_folder / "state.safetensors").write_bytes(kept)
    two = job()
    path.unlink()
    rest = list(two.steps(done))
    made = written(rest)["zorb.safetensors"]
    assert model_hash(made) == whole
    assert json.loads(stated(made)["bootcamp.start"])["name"] == "before"
    assert not [each for step in rest for each in step.events if each.kind == "warning"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"rank": 8}, r"rank is 8, and before has 4; leave it out"),
        ({"rank": None, "alpha": 1.0}, r"alpha is 1, and before has 3; leave it out"),
        ({"rank": None, "method": "dora"}, r"it is no DoRA"),
        ({"rank": None, "text_rate": 0.0}, r"is not taught; give text_rate"),
        ({"rank": None, "method": "embedding"}, r"is a LoRA and no embedding"),
    ],
)
def test_what_does_not_match_is_refused_by_the_plan_and_the_job(
    host: StandaloneHost, tmp_path: Path, given: dict[str, Any], expected: str
) -> None:
    asked = {"start_from": str(learned(host, tmp_path)), **given}
    with pytest.raises(BootcampError, match=expected):
        planned(host, tmp_path, **asked)
    with pytest.raises(BootcampError, match=expected):
        next(iter(work(host, tmp_path, **asked).steps(0)))


def found(host: StandaloneHost, *, trusted: bool, **given: Any) -> Path:
    params = TRAIN.params_from({"folder": "x", "name": "zorb", **given})
    made = source_of(params, Context.of_job(host, SilentProgress(), trusted=trusted))
    assert made is not None
    return made.path


def test_a_name_is_looked_for_in_the_folder_and_a_path_is_a_file(host: StandaloneHost, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    path = tmp_path / "deep" / "before.safetensors"
    path.write_bytes(b"")
    for given in ("before", "before.safetensors"):
        assert found(host, trusted=True, start_from=given, start_folder=str(tmp_path)) == path
    assert found(host, trusted=True, start_from=str(path)) == path
    with pytest.raises(InvalidParamError, match="start_from is a name without a folder; give start_folder"):
        found(host, trusted=True, start_from="before")
    with pytest.raises(InvalidParamError, match="'other', which is not in the folder; there is before"):
        found(host, trusted=True, start_from=str(path.with_stem("other")))
    with pytest.raises(InvalidParamError, match="must be a name where start_folder is given"):
        found(host, trusted=True, start_from="deep/before", start_folder=str(tmp_path))
    (tmp_path / "deep" / "other.pt").write_bytes(b"")
    with pytest.raises(InvalidParamError, match="whose file may hold a program"):
        found(host, trusted=True, start_from=str(path.with_name("other")))
    with pytest.raises(InvalidParamError, match="which is not in the folder; there is before"):
        found(host, trusted=True, start_from="befor", start_folder=str(tmp_path))


def test_a_webuis_own_folder_is_looked_in_where_none_is_named(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("loras", "more", "words"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"of {name}.safetensors").write_bytes(b"")
    own = {"lora": (tmp_path / "loras", tmp_path / "more"), "embedding": (tmp_path / "words",)}
    monkeypatch.setattr(type(host), "model_folders", lambda _: own)
    assert found(host, trusted=True, start_from="of more").parent == tmp_path / "more"
    assert found(host, trusted=True, start_from="of words", method="embedding").parent == tmp_path / "words"
    with pytest.raises(InvalidParamError, match="not in the folder"):
        found(host, trusted=True, start_from="of words")


def read(context: Context, given: dict[str, Any]) -> bytes | None:
    source = source_of(TRAIN.params_from({"folder": "x", "name": "zorb", **given}), context)
    assert source is not None
    return source.folder.inside.read(source.path)


@pytest.mark.parametrize("kind", ["a path", "a folder", "upwards", "a link", "a link by its path"])
def test_over_the_network_only_allowed_folders_are_read(tmp_path: Path, kind: str) -> None:
    allowed, secret = tmp_path / "allowed", tmp_path / "secret"
    allowed.mkdir()
    secret.mkdir()
    (secret / "before.safetensors").write_bytes(b"x")
    (allowed / "fine.safetensors").write_bytes(b"x")
    (allowed / "link.safetensors").symlink_to(secret / "before.safetensors")
    given = {
        "a path": {"start_from": f"{secret}/before.safetensors"},
        "a folder": {"start_from": "before", "start_folder": str(secret)},
        "upwards": {"start_from": f"{allowed}/../secret/before.safetensors"},
        "a link": {"start_from": "link", "start_folder": str(allowed)},
        "a link by its path": {"start_from": f"{allowed}/link.safetensors"},
    }[kind]
    made = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(allowed,))
    try:
        context = Context.of_job(made, SilentProgress(), trusted=False)
        fine = {"start_from": "fine", "start_folder": str(allowed)}
        assert found(made, trusted=False, **fine) == allowed / "fine.safetensors"
        with pytest.raises(BootcampError) as caught:
            read(context, given)
        assert getattr(caught.value, "status", 0) in {403, 422}
    finally:
        made.model_cache.clear()


@pytest.mark.parametrize("data", [b"", b"\xff" * 64, b"\x80\x04pickle"], ids=["empty", "a huge header", "a pickle"])
def test_a_hostile_file_is_one_sentence(host: StandaloneHost, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(data)
    for method in ("lora", "embedding"):
        with pytest.raises(ModelError, match=r"bad\.safetensors"):
            planned(host, tmp_path, start_from=str(path), rank=None, method=method)


def test_it_is_kept_by_its_place_wherever_the_job_is_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    fixed = TRAIN.job.fixed  # type: ignore[union-attr]

    def kept(**given: Any) -> tuple[str, str]:
        made = fixed(TRAIN.params_from({"folder": "x", "name": "zorb", **given}))
        return made.start_from, made.start_folder

    assert kept(start_from="a.safetensors") == ("a.safetensors", str(tmp_path))
    assert kept(start_from="b/a.safetensors") == ("a.safetensors", str(tmp_path / "b"))
    assert kept(start_from="a", start_folder="b") == ("a", str(tmp_path / "b"))
    assert kept(start_from="a") == ("a", "")
    assert kept() == ("", "")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"start_folder": "x"}, "start_from is missing"),
        ({"start_from": "x", "method": "embedding", "init_text": "mug"}, "init_text has no meaning beside start_from"),
    ],
)
def test_what_has_no_meaning_is_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidParamError, match=expected):
        TRAIN.params_from({"folder": "x", **given})
