"""A training as a job: its files, samples and events, what it refuses, and where it goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.errors import BootcampError, ImageError, InvalidParamError, ModelError, NotAllowedError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.job import Step  # noqa: E402
from lib_bootcamp.jobs.manager import Jobs  # noqa: E402
from lib_bootcamp.operations.train.plan import TrainPlan  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.work import TrainWork  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

GIVEN = {"name": "zorb", "steps": 5, "seed": 4, "resolution": 64, "rank": 4, "batch": 2, "sample_every": 0}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def work(host: StandaloneHost, folder: Path, **given: Any) -> TrainWork:
    if not (folder / "pictures").exists():
        material.pictures(folder / "pictures")
    params = TRAIN.params_from({"folder": str(folder / "pictures"), **GIVEN, **given})
    (folder / "out").mkdir(exist_ok=True)
    return TrainWork(folder / "out", params, Context.of_terminal(host, SilentProgress()))


def written(steps: list[Step]) -> dict[str, bytes]:
    return {each.path.name: each.after for step in steps for each in step.writes}


def test_the_last_step_writes_the_file_and_those_before_what_was_asked(host: StandaloneHost, tmp_path: Path) -> None:
    made = list(work(host, tmp_path, save_every=2).steps(0))
    assert len(made) == 5
    assert [[each.path.name for each in step.writes] for step in made] == [
        *([], ["zorb-000002.safetensors"], [], ["zorb-000004.safetensors"], ["zorb.safetensors"])
    ]
    files = written(made)
    header = json.loads(
        files["zorb-000002.safetensors"][8 : 8 + int.from_bytes(files["zorb-000002.safetensors"][:8], "little")]
    )
    stated = header["__metadata__"]
    assert stated["ss_output_name"] == "zorb-000002"
    assert stated["ss_steps"] == "2"
    assert stated["ss_max_train_steps"] == "5"
    assert json.loads(stated["bootcamp.train"])["seed"] == 4
    assert str(tmp_path) not in json.dumps(header)
    facts = [event.facts for step in made for event in step.events if event.kind == "progress"]
    assert "6 pictures, 6 with a caption" in facts[0]["sentence"]
    assert [each["step"] for each in facts[1:]] == [1, 2, 3, 4, 5]


def test_samples_are_drawn_at_the_same_seed_from_before_the_first_step_on(host: StandaloneHost, tmp_path: Path) -> None:
    made = list(work(host, tmp_path, sample_prompt="a zorb\n\na star", sample_every=3, learning_rate=5e-3).steps(0))
    events = [event.facts for step in made for event in step.events if event.kind == "sample"]
    assert [(each["step"], each["prompt"]) for each in events] == [
        (step, prompt) for step in (0, 3, 5) for prompt in ("a zorb", "a star")
    ]
    assert len({each["seed"] for each in events}) == 2
    files = written(made)
    assert files["000000-1.png"] != files["000005-1.png"]


@pytest.mark.parametrize(("given", "kept"), [(3, 3), (4, 2)])
def test_it_goes_on_from_its_state_also_where_more_steps_are_in_the_journal(
    host: StandaloneHost, tmp_path: Path, given: int, kept: int
) -> None:
    """As after a pause, and as after kill -9: the state is older than what the journal knows."""
    whole = model_hash(written(list(work(host, tmp_path).steps(0)))["zorb.safetensors"])
    first = work(host, tmp_path, seed=4)
    steps = first.steps(0)
    for _ in range(kept):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    rest = list(work(host, tmp_path).steps(given))
    assert [step.again for step in rest] == [True] * (given - kept) + [False] * (5 - given)
    assert model_hash(written(rest)["zorb.safetensors"]) == whole


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_nobody_else_may_read_what_a_training_keeps(host: StandaloneHost, tmp_path: Path) -> None:
    """Among it are the pictures, as latents, and their captions."""
    with material.host(tmp_path / "data") as made:
        steps = work(made, tmp_path, save_every=2).steps(0)
        for _ in range(3):
            next(steps)
        steps.close()  # type: ignore[attr-defined]
        kept = [tmp_path / "data" / "training", *(tmp_path / "data" / "training").rglob("*")]
        modes = {each.relative_to(tmp_path).as_posix(): each.stat().st_mode & 0o777 for each in kept}
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}
    assert sum(name.endswith("state.safetensors") for name in modes) == 1
    assert sum("latents/" in name for name in modes) >= 3


def test_without_any_state_it_does_what_was_done_again(host: StandaloneHost, tmp_path: Path) -> None:
    whole = model_hash(written(list(work(host, tmp_path).steps(0)))["zorb.safetensors"])
    second = work(host, tmp_path)
    for each in second.state_folder.iterdir():
        each.unlink()
    assert model_hash(written(list(second.steps(3)))["zorb.safetensors"]) == whole


@pytest.mark.parametrize("paused", [False, True])
def test_a_checkpoint_that_was_switched_is_a_sentence_and_nothing_is_lost(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paused: bool
) -> None:
    whole = model_hash(written(list(work(host, tmp_path).steps(0)))["zorb.safetensors"])
    steps = work(host, tmp_path).steps(0)
    next(steps)
    next(steps)
    if paused:
        steps.close()  # type: ignore[attr-defined]
        steps = work(host, tmp_path).steps(2)
    with monkeypatch.context() as switched:
        switched.setattr(host, "checkpoint", lambda: "another")
        with pytest.raises(ModelError, match="began on mini, and another is loaded"):
            next(steps)
    assert model_hash(written(list(work(host, tmp_path).steps(2)))["zorb.safetensors"]) == whole


@pytest.mark.parametrize("method", ["locon", "dora"])
def test_other_methods_write_their_tensors(host: StandaloneHost, tmp_path: Path, method: str) -> None:
    file = written(list(work(host, tmp_path, method=method, steps=1).steps(0)))["zorb.safetensors"]
    names = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    if method == "dora":
        scales = {name: each["shape"] for name, each in names.items() if name.endswith("dora_scale")}
        assert scales
        assert all(shape[0] == 1 for shape in scales.values())
    else:
        kernels = {tuple(each["shape"][2:]) for name, each in names.items() if name.endswith("lora_down.weight")}
        assert kernels == {(), (1, 1), (3, 3)}


def test_a_taken_name_is_refused_before_the_first_step(host: StandaloneHost, tmp_path: Path) -> None:
    made = work(host, tmp_path)
    (tmp_path / "out" / "zorb.safetensors").write_bytes(b"somebody's")
    with pytest.raises(InvalidParamError, match="is taken"):
        next(made.steps(0))
    assert (tmp_path / "out" / "zorb.safetensors").read_bytes() == b"somebody's"


@pytest.mark.skipif(os.name != "posix", reason="a person may not make links on Windows")
def test_a_link_that_leads_nowhere_is_a_taken_name(host: StandaloneHost, tmp_path: Path) -> None:
    made = work(host, tmp_path)
    (tmp_path / "out" / "zorb.safetensors").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InvalidParamError, match="is taken"):
        next(made.steps(0))


def test_pictures_without_a_caption_are_refused_with_what_to_do(host: StandaloneHost, tmp_path: Path) -> None:
    made = work(host, tmp_path)
    for each in (tmp_path / "pictures").glob("*.txt"):
        each.unlink()
    with pytest.raises(InvalidParamError, match="none of the 6 pictures has a caption"):
        next(made.steps(0))
    assert len(list(work(host, tmp_path, caption="a zorb", steps=1).steps(0))) == 1


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("10_my dog", "my dog"),
        ("a:b", "ab"),
        ("...", "network"),
        ("..x", "x"),
        ("v1.5 cats", "v1.5 cats"),
        ("5_", "network"),
        ("a=b", "ab"),
        ("10_NUL", "_NUL"),
        ("a\u202eb ", "ab"),
        ("漢" * 80, "漢" * 66),
    ],
)
def test_without_a_name_it_is_the_folders(folder: str, name: str) -> None:
    made = TRAIN.job.fixed(TRAIN.params_from({"folder": f"/sets/{folder}"}))  # type: ignore[union-attr]
    assert made.name == name
    assert made.seed >= 0


def test_an_empty_folder_is_refused(host: StandaloneHost, tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    with pytest.raises(ImageError, match="has no picture to train on"):
        next(work(host, tmp_path).steps(0))


def test_a_folder_that_was_not_allowed_is_refused_to_a_caller_over_the_network(
    host: StandaloneHost, tmp_path: Path
) -> None:
    material.pictures(tmp_path / "pictures")
    params = TRAIN.params_from({"folder": str(tmp_path / "pictures"), **GIVEN})
    with pytest.raises(NotAllowedError):
        TrainWork(tmp_path, params, Context.of_api(host, SilentProgress()))


@pytest.mark.parametrize(
    "given",
    [
        {"folder": "."},
        {"folder": "sets/../dogs"},
        {"concepts": [{"folder": "cats"}]},
        {"concepts": [{"folder": "{}", "class_folder": "dogs"}]},
    ],
)
def test_a_refused_folder_is_named_as_it_was_given(tmp_path: Path, given: dict[str, Any]) -> None:
    """Not as where it lies: that is the server's to know."""
    pictures = material.pictures(tmp_path / "allowed")
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(pictures,))
    given = json.loads(json.dumps(given).replace("{}", str(pictures)))
    asked = TRAIN.params_from({**GIVEN, **given, "output_folder": str(pictures)})
    with pytest.raises(NotAllowedError) as planned:
        TRAIN.run(asked, Context.of_api(host, SilentProgress()))
    jobs = Jobs(host, {"train": TRAIN}.__getitem__, tmp_path / "jobs")
    try:
        with pytest.raises(NotAllowedError) as begun:
            jobs.create("train", {**GIVEN, **given, "output_folder": str(pictures)}, trusted=False)
    finally:
        jobs.close()
    for caught in (planned, begun):
        assert str(Path.cwd()) not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rank": 0},
        {"learning_rate": 1e3},
        {"steps": 0},
        {"name": "a/b"},
        {"name": "../b"},
        {"name": ".b"},
        {"name": "a:b"},
        {"name": "a=b"},
        {"name": " a"},
        {"name": "a."},
        {"name": "NUL"},
        {"name": "a\u202eb"},
        {"name": "a\x7f"},
        {"name": "a" * 101},
        {"dropout": 2},
        {"batch": 0},
        {"sample_prompt": "a\n" * 17},
    ],
    ids=repr,
)
def test_what_cannot_be_is_one_sentence(host: StandaloneHost, tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(BootcampError) as caught:
        work(host, tmp_path, **wrong)
    assert str(caught.value).count("\n") == 0


def test_the_plan_shows_buckets_captions_and_what_to_look_at(host: StandaloneHost, tmp_path: Path) -> None:
    material.pictures(tmp_path, 3)
    (tmp_path / "2.txt").unlink()
    (tmp_path / "bad.png").write_bytes(b"no picture")
    params = TRAIN.params_from({"folder": str(tmp_path), **GIVEN, "flip": True, "learning_rate": 0.5})
    (tmp_path / "0.txt").write_text("a zorb on the left")
    made = TRAIN.run(params, Context.of_terminal(host, SilentProgress()))
    assert made.captions == {".txt": 2, "none": 1}
    assert made.epochs == 2.5
    assert [(each.path, each.width, each.height) for each in made.rows] == [(f"{at}.png", 64, 64) for at in range(3)]
    assert any("left and right" in each for each in made.warnings)
    assert any("1 of 3 pictures have no caption" in each for each in made.warnings)
    assert any("far above" in each for each in made.warnings)
    assert any("bad.png" in each for each in made.left_out)


def test_a_refused_name_says_what_a_name_is_in_words() -> None:
    with pytest.raises(InvalidParamError) as caught:
        TRAIN.params_from({"folder": "/x", "name": "a=b"})
    assert str(caught.value).startswith("name must be a text without \\ / : * ? ")
    assert "[^" not in str(caught.value)
    assert "'a=b'" in str(caught.value)


@pytest.mark.parametrize(
    ("characters", "settings", "over"),
    [
        (82, {}, 3),
        (81, {}, 0),
        (79, {"save_every": 2}, 1),
        (78, {"save_every": 2}, 0),
        (81, {"save_every": 5}, 0),
        (81, {"save_every": 6}, 0),
    ],
)
def test_a_name_whose_longest_file_no_folder_can_have_is_refused_before_there_is_a_job(
    host: StandaloneHost, tmp_path: Path, characters: int, settings: dict[str, Any], over: int
) -> None:
    given = {"name": "漢" * characters, "sample_prompt": "a", "sample_every": 1, **settings}
    if over:
        with pytest.raises(
            InvalidParamError, match=f"name is too long by {over} bytes: no file can be called so"
        ) as caught:
            work(host, tmp_path, **given)
        assert caught.value.status == 422
        return
    made = work(host, tmp_path, **given)
    names = [f"{made.params.name}.safetensors", f"{made.params.name}-samples/000001-1.png"]
    names += [f"{made.params.name}-000004.safetensors"] if settings == {"save_every": 2} else []
    for name in names:
        made.inside.write(tmp_path / "out" / name, b"x")


def test_the_number_of_the_last_file_counts(host: StandaloneHost, tmp_path: Path) -> None:
    name = "漢" * 78 + "ab"  # 236 bytes; 7 for -000001 and 12 for the ending
    assert work(host, tmp_path, name=name, steps=1_000_000, save_every=600_000).params.name == name
    with pytest.raises(InvalidParamError, match="too long by 1 bytes"):
        work(host, tmp_path, name=f"{name}c", steps=1_000_000, save_every=600_000)
    with pytest.raises(InvalidParamError, match="too long by 2 bytes"):
        work(host, tmp_path, name=f"{name}cd", steps=1_000_000, save_every=600_000)


@pytest.mark.skipif(os.name != "posix", reason="names of bytes as POSIX has them")
@pytest.mark.parametrize("captioned", [True, False])
def test_a_folders_name_that_is_no_text_stops_no_training(
    host: StandaloneHost, tmp_path: Path, *, captioned: bool
) -> None:
    made = work(host, tmp_path, steps=2, template="[filewords], [name]")
    there = tmp_path / "pictures" / "sub"
    there.mkdir()
    for each in list((tmp_path / "pictures").iterdir()):
        if each != there and (captioned or each.suffix != ".txt"):
            each.rename(there / each.name)
        elif each != there:
            each.unlink()
    there.rename(os.fsdecode(os.fsencode(tmp_path) + b"/pictures/2_caf\xe9"))
    plan = planned_of(made)
    json.dumps(plan.to_json(), ensure_ascii=False).encode()
    data = written(list(made.steps(0)))["zorb.safetensors"]
    stated = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")].decode())["__metadata__"]
    assert json.loads(stated["ss_dataset_dirs"]) == {"2_caf?": {"n_repeats": 2, "img_count": 6}}
    assert ("caf?" in json.loads(stated["ss_tag_frequency"])["2_caf?"]) is not captioned


def planned_of(made: TrainWork) -> TrainPlan:
    return TRAIN.run(replace(made.params, output_folder=str(made.folder)), made.context)
