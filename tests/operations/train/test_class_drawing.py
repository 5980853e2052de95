"""Class pictures in a training: drawn once before the first step, used again, weighed, and never in a resume's way."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.core.images.codec import read_image  # noqa: E402
from lib_bootcamp.errors import BootcampError, CancelledError, InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.job import Step  # noqa: E402
from lib_bootcamp.operations.train import class_drawing  # noqa: E402
from lib_bootcamp.operations.train.plan import TrainPlan  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.work import TrainWork  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_resumed import hash_of  # noqa: E402
from .test_work import GIVEN, written  # noqa: E402


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandaloneHost]:
    monkeypatch.setitem(class_drawing.DRAWN_WITH, "steps", 2)
    with material.host(tmp_path / "data") as made:
        yield made


def work(host: StandaloneHost, place: Path, progress: Any = None, **concept: Any) -> TrainWork:
    if not (place / "dog").exists():
        material.pictures(place / "dog", 3)
    given = {**GIVEN, "steps": 4, "prior_weight": concept.pop("prior_weight", 1.0)}
    row = {"folder": str(place / "dog"), **concept}
    params = TRAIN.params_from({**given, "concepts": [row], "output_folder": str(place / "out")})
    (place / "out").mkdir(exist_ok=True)
    return TrainWork(place / "out", params, Context.of_terminal(host, progress or SilentProgress()))


def plan(made: TrainWork) -> TrainPlan:
    return TRAIN.run(made.params, made.context)


def drawn(host: StandaloneHost) -> list[Path]:
    return sorted((host.data_dir() / "training" / "class").rglob("*.png"))


def numbers(steps: list[Step]) -> list[dict[str, Any]]:
    return [dict(each.facts) for step in steps for each in step.events if "rate" in each.facts]


def test_those_that_are_missing_are_drawn_once_before_the_first_step(host: StandaloneHost, tmp_path: Path) -> None:
    steps = list(work(host, tmp_path, class_prompt=" a star ").steps(0))
    assert [step.again for step in steps] == [True] * 3 + [False] * 4
    assert steps[0].events[0].facts["sentence"] == 'Class picture 1 of 3 is drawn: "a star".'
    assert [each.name for each in drawn(host)] == ["00000.png", "00001.png", "00002.png"]
    assert {read_image(each).shape for each in drawn(host)} == {(64, 64, 3)}
    before = [each.read_bytes() for each in drawn(host)]
    again = list(work(host, tmp_path, class_prompt="a star").steps(0))
    assert [step.again for step in again] == [False] * 4
    assert [each.read_bytes() for each in drawn(host)] == before
    assert hash_of(again) == hash_of(steps)
    if os.name == "posix":
        kept = [*drawn(host), *{each.parent for each in drawn(host)}, host.data_dir() / "training" / "class"]
        assert not any(each.stat().st_mode & 0o077 for each in kept)


def test_the_plan_says_how_many_are_drawn_and_draws_none(host: StandaloneHost, tmp_path: Path) -> None:
    made = plan(work(host, tmp_path, class_prompt="a star", repeats=2))
    assert (made.count, made.to_draw) == (3, 6)
    assert made.drawing_s is not None
    assert made.drawing_s > 0
    assert "; 6 class pictures are drawn first (about " in made.summary()
    assert [(each.class_pictures, each.to_draw) for each in made.concepts] == [(6, 6)]
    assert [each.path for each in made.rows[-2:]] == [f"class pictures of dog/0000{at}.png" for at in (4, 5)]
    assert made.epochs == round(4 / 6, 2)
    assert drawn(host) == []
    assert plan(work(host, tmp_path, class_prompt="a star", class_count=1, repeats=2)).to_draw == 1


def test_a_class_folder_comes_first_and_what_it_lacks_is_drawn(host: StandaloneHost, tmp_path: Path) -> None:
    material.pictures(tmp_path / "dogs", 5)
    for at in (0, 1, 2):
        (tmp_path / "dogs" / f"{at}.png").unlink()
    made = work(host, tmp_path, class_prompt="a star", class_folder=str(tmp_path / "dogs"), class_count=3)
    steps = made.steps(0)
    assert next(steps).again
    list(steps)
    assert [made.found.name_of(each) for each in made.found.of_class] == [
        *("dogs/3.png", "dogs/4.png", "class pictures of dog/00000.png")
    ]
    assert [each.repeats for each in made.found.of_class] == [1, 1, 1]
    assert made.found.of_class[0].caption == "a zorb, pink, on gray"
    assert made.found.of_class[2].caption == "a star"


def test_an_empty_class_folder_is_filled_and_one_of_too_many_is_named(host: StandaloneHost, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert plan(work(host, tmp_path, class_prompt="a star", class_folder=str(tmp_path / "empty"))).to_draw == 3
    material.pictures(tmp_path / "dogs", 8)
    for at in (0, 1, 2):
        (tmp_path / "dogs" / f"{at}.png").unlink()
    made = plan(work(host, tmp_path, class_folder=str(tmp_path / "dogs")))
    assert made.to_draw == 0
    assert "dogs: 2 of 5 class pictures are not used: its concept's own come 3 times in an epoch." in made.left_out


def test_their_loss_is_weighed_and_shown_apart(host: StandaloneHost, tmp_path: Path) -> None:
    alone = hash_of(list(work(host, tmp_path).steps(0)))
    steps = list(work(host, tmp_path, class_prompt="a star").steps(0))
    less = list(work(host, tmp_path, class_prompt="a star", prior_weight=0.25).steps(0))
    assert len({alone, hash_of(steps), hash_of(less)}) == 3
    shown = numbers(steps)
    assert [each["step"] for each in shown] == [1, 2, 3, 4]
    assert all(isinstance(each["prior"], float) for each in shown[1:])
    assert "prior" not in numbers(list(work(host, tmp_path).steps(0)))[0]
    assert shown[0].get("loss", 0) == numbers(less)[0].get("loss", 0)


def test_the_file_counts_them_apart_and_its_words_are_the_concepts(host: StandaloneHost, tmp_path: Path) -> None:
    file = written(list(work(host, tmp_path, class_prompt="a star").steps(0)))["zorb.safetensors"]
    stated = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])["__metadata__"]
    assert (stated["ss_num_train_images"], stated["ss_num_reg_images"]) == ("3", "3")
    assert json.loads(stated["ss_dataset_dirs"]) == {"dog": {"n_repeats": 1, "img_count": 3}}
    assert "a star" not in stated["ss_tag_frequency"]
    assert str(tmp_path) not in json.dumps(stated)


def test_stopped_while_drawing_it_keeps_what_is_drawn(host: StandaloneHost, tmp_path: Path) -> None:
    whole = hash_of(list(work(host, tmp_path, class_prompt="a star").steps(0)))
    for each in drawn(host)[1:]:
        each.unlink()
    stop = SilentProgress()
    steps = work(host, tmp_path, stop, class_prompt="a star").steps(0)
    next(steps)
    stop.cancel()
    with pytest.raises(CancelledError):
        next(steps)
    assert len(drawn(host)) == 2
    rest = list(work(host, tmp_path, class_prompt="a star").steps(0))
    assert [step.again for step in rest] == [True, *[False] * 4]
    assert hash_of(rest) == whole


def test_a_resumed_training_draws_again_what_was_cleared_away(host: StandaloneHost, tmp_path: Path) -> None:
    whole = hash_of(list(work(host, tmp_path, class_prompt="a star").steps(0)))
    steps = work(host, tmp_path, class_prompt="a star").steps(0)
    next(steps)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    drawn(host)[0].unlink()
    drawn(host)[1].write_bytes(b"cut off")
    rest = list(work(host, tmp_path, class_prompt="a star").steps(2))
    assert [step.again for step in rest] == [True, True, False, False]
    assert hash_of(rest) == whole


def test_another_checkpoint_while_drawing_is_a_sentence(
    host: StandaloneHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = work(host, tmp_path, class_prompt="a star").steps(0)
    next(steps)
    monkeypatch.setattr(host, "checkpoint", lambda: "another")
    with pytest.raises(ModelError, match="Class pictures of mini are drawn, and another is loaded; load it again"):
        next(steps)
    assert len(drawn(host)) == 1


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"class_count": 3}, "concepts[0].class_count counts nothing; give a class_prompt or a class_folder too."),
        ({"class_folder": "/nowhere/at/all"}, "concepts[0].class_folder not found: /nowhere/at/all."),
        ({"class_prompt": "a", "class_count": 0}, "concepts[0].class_count must be a whole number from 1 to 1000"),
        ({"class_prompt": "a" * 2001}, "concepts[0].class_prompt is 2001 characters long; at most 2000 are allowed."),
    ],
    ids=str,
)
def test_what_cannot_be_is_one_sentence(
    host: StandaloneHost, tmp_path: Path, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BootcampError) as caught:
        work(host, tmp_path, **wrong)
    assert str(caught.value).startswith(sentence)


def test_a_class_folder_is_none_of_the_concepts(host: StandaloneHost, tmp_path: Path) -> None:
    with pytest.raises(InvalidParamError, match=r"concepts\[0\]\.class_folder is the folder of concepts\[0\]\.folder"):
        work(host, tmp_path, class_folder=str(tmp_path / "dog"))
