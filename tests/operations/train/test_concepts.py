"""Several concepts in one training: their pictures, captions, repeats and weights, and what cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.errors import BootcampError, ImageError, InvalidParamError, NotAllowedError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.operations.train.plan import TrainPlan  # noqa: E402
from lib_bootcamp.operations.train.train import TRAIN  # noqa: E402
from lib_bootcamp.operations.train.work import TrainWork  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.training import material  # noqa: E402

from .test_resumed import hash_of, sentences  # noqa: E402
from .test_work import GIVEN, written  # noqa: E402


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def pictures(folder: Path, *, captioned: bool = True, number: int = 3, shift: int = 0) -> str:
    material.pictures(folder, number + shift)
    for each in folder.iterdir():
        if int(each.stem) < shift or (each.suffix == ".txt" and not captioned):
            each.unlink()
    return str(folder)


def work(host: StandaloneHost, place: Path, concepts: list[dict[str, Any]], **given: Any) -> TrainWork:
    params = TRAIN.params_from({**GIVEN, "concepts": concepts, "output_folder": str(place / "out"), **given})
    (place / "out").mkdir(exist_ok=True)
    return TrainWork(place / "out", params, Context.of_terminal(host, SilentProgress()))


def two(folder: Path, **second: Any) -> list[dict[str, Any]]:
    if not (folder / "dog").exists():
        pictures(folder / "dog")
        pictures(folder / "10_my cat", captioned=False, shift=3)
    return [{"folder": str(folder / "dog"), "repeats": 4}, {"folder": str(folder / "10_my cat"), **second}]


def plan(host: StandaloneHost, folder: Path, concepts: list[dict[str, Any]], **given: Any) -> TrainPlan:
    made = work(host, folder, concepts, **given)
    return TRAIN.run(made.params, made.context)


def test_the_plan_shows_each_concept(host: StandaloneHost, tmp_path: Path) -> None:
    made = plan(host, tmp_path, two(tmp_path, weight=0.5))
    assert [
        (each.name, each.count, each.captions, each.repeats, each.shown, each.weight) for each in made.concepts
    ] == [
        ("dog", 3, {".txt": 3}, (4,), 12, 1.0),
        ("10_my cat", 3, {"folder": 3}, (10,), 30, 0.5),
    ]
    assert made.epochs == round(5 / 21, 2)
    assert [each.path for each in made.rows] == [
        *(f"dog/{at}.png" for at in range(3)),
        *(f"10_my cat/{at}.png" for at in range(3, 6)),
    ]
    assert made.summary().startswith(
        "6 pictures of 2 concepts, 3 with a caption of its own, 3 with their folder's name, "
    )
    assert made.lines()[:2] == [
        "dog: 3 pictures, captions: .txt 3; repeats: 4",
        "10_my cat: 3 pictures, captions: folder 3; repeats: 10",
    ]


def test_each_concept_has_its_own_caption(host: StandaloneHost, tmp_path: Path) -> None:
    concepts = [
        {"folder": pictures(tmp_path / name, captioned=False, shift=at), **caption}
        for at, (name, caption) in enumerate([("a", {"caption": "a zorb"}), ("b", {})])
    ]
    made = work(host, tmp_path, concepts, caption="a thing", steps=1)
    list(made.steps(0))
    assert {(each.folder, each.caption) for each in made.found.examples} == {(0, "a zorb"), (1, "a thing")}


def test_the_folder_by_itself_is_one_concept(host: StandaloneHost, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "dog")
    alone = hash_of(list(work(host, tmp_path, [], folder=folder).steps(0)))
    assert hash_of(list(work(host, tmp_path, [{"folder": folder}], output_folder=str(tmp_path)).steps(0))) == alone


def test_a_concept_of_less_weight_teaches_something_else(host: StandaloneHost, tmp_path: Path) -> None:
    whole = hash_of(list(work(host, tmp_path, two(tmp_path)).steps(0)))
    assert hash_of(list(work(host, tmp_path, two(tmp_path, weight=0.25)).steps(0))) != whole


def test_it_resumes_bit_for_bit_with_the_pictures_of_each(host: StandaloneHost, tmp_path: Path) -> None:
    given = {"validation_split": 0.2, "batch": 1, "steps": 6}
    whole = hash_of(list(work(host, tmp_path, two(tmp_path), **given).steps(0)))
    steps = work(host, tmp_path, two(tmp_path), **given).steps(0)
    for _ in range(3):
        next(steps)
    steps.close()  # type: ignore[attr-defined]
    (tmp_path / "10_my cat" / "new.png").write_bytes((tmp_path / "dog" / "0.png").read_bytes())
    rest = list(work(host, tmp_path, two(tmp_path), **given).steps(3))
    assert sentences(rest) == ["10_my cat/new.png was added since the training began: not learned from."]
    assert hash_of(rest) == whole
    steps = work(host, tmp_path, two(tmp_path), **given).steps(3)
    (tmp_path / "10_my cat" / "4.png").unlink()
    with pytest.raises(ImageError, match=r"began with 10_my cat/4\.png, which is not there any more"):
        next(steps)


def test_a_picture_in_two_concepts_is_a_sentence(host: StandaloneHost, tmp_path: Path) -> None:
    concepts = [{"folder": pictures(tmp_path / name, number=number)} for name, number in (("a", 2), ("b", 4))]
    assert any(
        each == "a/0.png and 1 more are in more than one concept, and learned with the caption of each."
        for each in plan(host, tmp_path, concepts).warnings
    )


def test_samples_in_any_of_the_folders_are_left_out(host: StandaloneHost, tmp_path: Path) -> None:
    concepts = two(tmp_path)
    inner = tmp_path / "10_my cat" / "zorb-samples"
    inner.mkdir()
    (inner / "000000-1.png").write_bytes((tmp_path / "dog" / "0.png").read_bytes())
    made = work(host, tmp_path, concepts)
    made = TrainWork(tmp_path / "10_my cat", made.params, made.context)
    steps = made.steps(0)
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert len(made.found.examples) == 6
    assert [made.found.name_of_file(each) for each in made.found.left_out] == ["10_my cat/zorb-samples"]


def test_the_file_names_no_places(host: StandaloneHost, tmp_path: Path) -> None:
    file = written(list(work(host, tmp_path, two(tmp_path, caption="a cat"), steps=1).steps(0)))["zorb.safetensors"]
    stated = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])["__metadata__"]
    assert str(tmp_path) not in json.dumps(stated)
    kept = json.loads(stated["bootcamp.train"])["concepts"]
    assert [(each["caption"], each["repeats"], each["weight"]) for each in kept] == [("", 4, 1.0), ("a cat", None, 1.0)]
    assert json.loads(stated["ss_dataset_dirs"]) == {
        "dog": {"n_repeats": 4, "img_count": 3},
        "10_my cat": {"n_repeats": 10, "img_count": 3},
    }


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"folder": "/x"}, "concepts cannot be given beside folder; put the folder among the concepts."),
        ({"concepts": []}, "folder is missing; give a folder of pictures, or several in concepts."),
        ({"concepts": [{"folder": ""}]}, "concepts[0].folder must not be empty."),
        ({"concepts": [{}]}, "concepts[0].folder is missing; give a text."),
        ({"concepts": [{"folder": "/nowhere/at/all"}]}, "concepts[0].folder not found: /nowhere/at/all."),
        ({"concepts": [{"folder": "a\0b"}]}, "concepts[0].folder not found: a\0b."),
        ({"concepts": [{"folder": "/x", "repeats": 0}]}, "concepts[0].repeats must be a whole number from 1 to 10000"),
        ({"concepts": [{"folder": "/x", "weight": 0}]}, "concepts[0].weight must be a number from over 0 to 10, not 0"),
        ({"concepts": [{"folder": "/x", "weigth": 1}]}, "concepts[0].weigth is not a parameter here; did you mean"),
        ({"concepts": "/x"}, "concepts must be a list, not"),
        ({"concepts": [{"folder": "/x"}] * 65}, "concepts has 65 items; at most 64 are allowed."),
    ],
    ids=repr,
)
def test_what_cannot_be_is_one_sentence(
    host: StandaloneHost, tmp_path: Path, wrong: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BootcampError) as caught:
        work(host, tmp_path, **{"concepts": [{"folder": str(tmp_path)}], **wrong})
    assert str(caught.value).startswith(sentence)


def test_a_folder_in_another_concepts_is_refused_by_the_plan_too(host: StandaloneHost, tmp_path: Path) -> None:
    pictures(tmp_path / "dog" / "puppy")
    concepts = [{"folder": str(tmp_path / "dog")}, {"folder": str(tmp_path / "dog" / "puppy")}]
    with pytest.raises(InvalidParamError, match=r"concepts\[1\]\.folder lies in concepts\[0\]\.folder"):
        work(host, tmp_path, concepts)


def test_every_folder_has_to_be_allowed_over_the_network(tmp_path: Path) -> None:
    allowed, other = pictures(tmp_path / "allowed" / "dog"), pictures(tmp_path / "other")
    host = StandaloneHost(device="cpu", data_dir=tmp_path / "data", allowed=(tmp_path / "allowed",))
    context = Context.of_api(host, SilentProgress())
    params = {**GIVEN, "output_folder": str(tmp_path / "allowed" / "out")}
    TrainWork(tmp_path, TRAIN.params_from({**params, "concepts": [{"folder": allowed}]}), context)
    with pytest.raises(NotAllowedError, match=r"concepts\[1\]\.folder"):
        TrainWork(
            tmp_path, TRAIN.params_from({**params, "concepts": [{"folder": allowed}, {"folder": other}]}), context
        )


def test_without_a_name_it_is_the_first_concepts_and_places_are_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    params = TRAIN.params_from({"concepts": [{"folder": "10_my dog"}, {"folder": "~/cat"}]})
    made = TRAIN.job.fixed(params)  # type: ignore[union-attr]
    assert made.name == "my dog"
    assert made.folder == ""
    assert [each.folder for each in made.concepts] == [str(tmp_path / "10_my dog"), "~/cat"]
