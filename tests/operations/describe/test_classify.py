"""Classification with a model that knows colors: labels, groups, templates, scores, many files."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.context import Context
from lib_bootcamp.errors import (
    BootcampError,
    CancelledError,
    ImageError,
    InvalidParamError,
    MissingPackageError,
    TooLargeError,
)
from lib_bootcamp.operations.describe.classify import (
    CLASSIFY,
    ClassifyParams,
    ClassifyResult,
    ClassifySettings,
    ImageScores,
    classify,
    classify_files,
)
from lib_bootcamp.surfaces.http.schemas import Components, request_body
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat, flat_png, lend_instead
from tests.fakes import FakeHost, FakeProgress


@pytest.fixture(autouse=True)
def clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    return lend_instead(monkeypatch, FakeClip())


def run(*colors: tuple[int, int, int], host: FakeHost | None = None, **values: Any) -> ClassifyResult:
    params = ClassifyParams(images=tuple(map(flat, colors)), **values)
    return classify(params, Context.of_terminal(host or FakeHost(), FakeProgress()))


def one(color: tuple[int, int, int], **values: Any) -> ImageScores:
    (image,) = run(color, **values).images
    return image


def over(paths: list[Path], progress: FakeProgress | None = None, **values: Any) -> list[ImageScores | BootcampError]:
    context = Context.of_terminal(FakeHost(), progress or FakeProgress())
    return list(classify_files(paths, ClassifySettings(**values), context))


# --- scores


def test_the_label_that_fits_is_the_answer_and_scores_are_best_first() -> None:
    made = one(BLUE, labels=("red", "a blue thing"))
    assert made.label == "a blue thing"
    assert [score.label for score in made.scores] == ["a blue thing", "red"]
    assert made.scores[0].value == pytest.approx(1 / (1 + math.exp(-10)), abs=1e-6)


def test_softmax_scores_add_up_to_1() -> None:
    made = one(BLUE, labels=("red", "blue", "green", "yellow"))
    assert sum(score.value for score in made.scores) == pytest.approx(1, abs=1e-5)


def test_several_pictures_are_answered_in_order() -> None:
    made = run(RED, BLUE, GREEN, labels=("red", "green", "blue"))
    assert [(each.index, each.path, each.label) for each in made.images] == [
        (0, None, "red"),
        (1, None, "blue"),
        (2, None, "green"),
    ]


def test_a_sigmoid_score_of_half_says_no_more_than_something_would() -> None:
    made = one(RED, labels=("red", "anything"), scoring="sigmoid")
    assert made.scores[0].label == "red"
    assert made.scores[0].value == pytest.approx(1 / (1 + math.exp(-10 * (1 - 1 / math.sqrt(3)))), abs=1e-5)
    assert made.scores[1].value == pytest.approx(0.5, abs=1e-5)


def test_sigmoid_scores_do_not_hang_on_the_other_labels() -> None:
    alone = one(RED, labels=("red",), scoring="sigmoid").scores[0]
    among = one(RED, labels=("red", "blue"), scoring="sigmoid").scores[0]
    assert alone == among


def test_a_model_trained_on_sigmoid_scores_uses_its_own_bias(monkeypatch: pytest.MonkeyPatch) -> None:
    siglip = lend_instead(monkeypatch, FakeClip(scale=10, bias=-10))
    made = one(RED, labels=("red",), scoring="sigmoid")
    assert made.scores[0].value == pytest.approx(0.5)
    assert siglip.texts == ["red"]


def test_top_k_keeps_the_best() -> None:
    made = one(RED, labels=("red", "blue", "green"), top_k=1)
    assert [score.label for score in made.scores] == ["red"]


def test_below_the_cut_off_a_picture_is_unknown_and_its_scores_are_kept() -> None:
    made = one((255, 0, 255), labels=("red", "blue"), unknown_below=0.6)
    assert made.label is None
    assert [score.value for score in made.scores] == [0.5, 0.5]
    assert made.summary() == "unknown (red 0.50)"


def test_a_negative_label_takes_part_and_is_no_answer() -> None:
    made = one(RED, labels=("blue", "green"), negative_labels=("red",))
    assert made.label is None
    assert {score.label for score in made.scores} == {"blue", "green"}
    assert sum(score.value for score in made.scores) < 0.001


# --- groups


def test_each_group_is_a_question_of_its_own() -> None:
    made = one(RED, groups={"color": ["red", "blue"], "other": ["a green one", "a red one"]})
    assert [(each.name, each.label) for each in made.groups] == [("color", "red"), ("other", "a red one")]
    assert (made.label, made.value) == ("red", made.groups[0].scores[0].value)
    assert made.scores == ()  # listed once, with their group


def test_labels_beside_groups_are_the_main_answer() -> None:
    made = one(RED, labels=("a red one", "a blue one"), groups={"color": ["red", "blue"]})
    assert made.label == "a red one"
    assert [each.name for each in made.groups] == ["color"]
    assert made.summary() == "a red one 1.00, color red 1.00"


def test_without_groups_there_are_none_in_the_answer() -> None:
    assert one(RED, labels=("red",)).groups == ()


# --- wording


def test_a_label_is_put_into_each_own_template(clip: FakeClip) -> None:
    one(RED, labels=("red", "blue"), templates="custom", template=("a {} photo", "{}, {}"))
    assert clip.texts == ["a red photo", "red, red", "a blue photo", "blue, blue"]


def test_without_templates_labels_stay_as_they_are(clip: FakeClip) -> None:
    one(RED, labels=("a {} red", "blue"))
    assert clip.texts == ["a {} red", "blue"]


def test_texts_of_the_same_question_are_encoded_once(clip: FakeClip) -> None:
    one(RED, labels=("red", "blue"))
    one(BLUE, labels=("red", "blue"))
    assert clip.texts == ["red", "blue"]


def test_a_label_of_two_groups_is_encoded_once(clip: FakeClip) -> None:
    one(RED, labels=("red",), groups={"a": ["red"], "b": ["red", "blue"]}, negative_labels=("blue",))
    assert clip.texts == ["red", "blue"]


# --- what is refused


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "labels is missing; give the texts"),
        ({"labels": ("a", " ")}, "labels must hold texts that are not empty"),
        ({"labels": ("a", "a ")}, "labels holds 'a' twice"),
        ({"labels": ("x" * 1001,)}, "labels holds a text of more than 1000"),
        ({"labels": tuple(map(str, range(1001)))}, "labels has 1001 items"),
        ({"groups": {"": ["a"]}}, "groups must have different names"),
        ({"groups": {"a": ["x"], "a ": ["y"]}}, "groups must have different names"),
        ({"groups": {"a": []}}, "groups.a must be a list of 1 to 1000 labels"),
        ({"groups": {"a": "red"}}, "groups.a must be a list"),
        ({"groups": {"a": [1]}}, "groups.a must hold texts"),
        ({"groups": {str(at): ["x"] for at in range(17)}}, "groups are 17; at most 16"),
        ({"groups": {"a": list(map(str, range(600)))}, "labels": tuple(map(str, range(600)))}, "1200 labels together"),
        ({"labels": ("a",), "templates": "custom"}, "template is missing"),
        ({"labels": ("a",), "template": ("a photo",)}, "template must hold {} where the label goes"),
        ({"labels": ("a",), "unknown_below": 1.5}, "unknown_below must be a number from 0 to 1"),
        ({"labels": ("a",), "top_k": 0}, "top_k must be a whole number"),
        ({"labels": ("a",), "templates": "shrot"}, "did you mean short"),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_a_mistake_is_one_sentence_that_names_the_parameter(values: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidParamError) as caught:
        ClassifyParams.from_mapping({"images": [flat(RED)], **values})
    assert sentence in str(caught.value)


def test_without_a_picture_there_is_nothing_to_classify() -> None:
    with pytest.raises(InvalidParamError, match=r"images must have at least 1 item\."):
        ClassifyParams(images=(), labels=("a",))


@pytest.mark.thorough
@given(st.dictionaries(st.text(max_size=4), st.one_of(st.none(), st.text(), st.lists(st.text(max_size=3), max_size=3))))
@settings(max_examples=100)
def test_any_groups_are_taken_or_refused(groups: dict[str, Any]) -> None:
    try:
        params = ClassifySettings.from_mapping({"groups": groups})
    except InvalidParamError:
        return
    assert all(labels and all(map(str.strip, labels)) for labels in params.label_sets().values())


def test_too_many_texts_are_refused_before_the_model_sees_one(clip: FakeClip) -> None:
    with pytest.raises(InvalidParamError, match="make 20100 texts"):
        one(
            RED, labels=tuple(map(str, range(201))), templates="custom", template=tuple(f"{n} {{}}" for n in range(100))
        )
    assert clip.texts == []


# --- the model


def test_the_model_is_lent_as_it_is_asked_for(clip: FakeClip) -> None:
    made = run(RED, labels=("red",), clip="ViT-B-32/openai", backend="onnx-int8")
    assert (clip.asked["clip"], clip.asked["backend"]) == ("ViT-B-32/openai", "onnx-int8")
    assert (made.model, made.backend) == ("fake", "numpy")


def test_work_is_done_in_batches_under_the_queue_of_the_host(clip: FakeClip) -> None:
    host = FakeHost()
    run(*[RED] * 40, host=host, labels=("red", "blue"))
    assert clip.batches == [32, 8]
    assert host.jobs == ["Labels", "Classify", "Classify"]


def test_where_memory_runs_out_batches_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    small = lend_instead(monkeypatch, FakeClip(fits=10))
    made = run(*[RED] * 20, labels=("red", "blue"))
    assert [each.label for each in made.images] == ["red"] * 20
    assert small.batches == [10, 10]


def test_where_one_picture_does_not_fit_the_error_says_so_with_a_5xx(monkeypatch: pytest.MonkeyPatch) -> None:
    lend_instead(monkeypatch, FakeClip(fits=0))
    with pytest.raises(BootcampError) as caught:
        run(RED, labels=("red",))
    assert caught.value.status // 100 == 5
    assert "memory" in str(caught.value)


def test_without_torch_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "torch", None)
    for name in [each for each in sys.modules if each.startswith("lib_bootcamp.ml.clip.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(MissingPackageError, match="Classifying pictures needs the package torch"):
        run(RED, labels=("red",))


# --- many files


@pytest.fixture
def folder(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in ("red.png", "bad.png", "gone.png", "blue.png")]
    paths[0].write_bytes(flat_png(RED))
    paths[1].write_text("no picture", encoding="utf-8")
    paths[3].write_bytes(flat_png(BLUE))
    return paths


def test_files_are_answered_in_order_and_bad_ones_with_their_mistake(folder: list[Path]) -> None:
    red, bad, gone, blue = over(folder, labels=("red", "blue"))
    assert (red.label, red.path, red.index) == ("red", str(folder[0]), 0)  # type: ignore[union-attr]
    assert (blue.label, blue.index) == ("blue", 3)  # type: ignore[union-attr]
    assert isinstance(bad, ImageError)
    assert isinstance(gone, ImageError)
    assert str(gone).startswith(f"{folder[2]} cannot be read")


def test_a_file_of_too_many_bytes_is_refused_unread(tmp_path: Path) -> None:
    huge = tmp_path / "huge.png"
    with huge.open("wb") as file:
        file.truncate(65 * 2**20)
    (made,) = over([huge], labels=("red",))
    assert isinstance(made, TooLargeError)


def test_interrupt_stops_within_one_batch_and_keeps_what_is_done(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(100)]
    for each in paths:
        each.write_bytes(flat_png(RED))
    context = Context.of_terminal(FakeHost(), FakeProgress(stop_after=32))
    done: list[object] = []
    with pytest.raises(CancelledError):
        done.extend(classify_files(paths, ClassifySettings(labels=("red", "blue")), context))
    assert len(done) == 32


def test_no_files_need_no_pictures() -> None:
    assert over([], labels=("red",)) == []


# --- what is reported


def test_the_summary_of_several_counts_their_labels() -> None:
    made = run(RED, RED, BLUE, (255, 0, 255), labels=("red", "blue"), unknown_below=0.6)
    assert made.summary() == "4 pictures: 2 red, 1 blue, 1 unknown"


def test_a_row_has_a_column_for_each_label() -> None:
    made = one(RED, labels=("red", "blue"), groups={"tone": ["a red tone", "a blue tone"]})
    assert list(made.row()) == [
        "label",
        "value",
        "tone",
        "score: red",
        "score: blue",
        "tone: a red tone",
        "tone: a blue tone",
    ]


def test_facts_are_plain_json() -> None:
    facts = run(RED, labels=("red", "blue"), groups={"a": ["x"]}).to_json()
    assert facts["images"][0]["scores"][0] == {"label": "red", "value": pytest.approx(1, abs=1e-4)}
    assert facts["images"][0]["groups"][0]["name"] == "a"


def test_the_route_takes_many_uploads_and_documents_its_answer() -> None:
    components = Components()
    request_body(CLASSIFY, components)
    form = components.schemas["ClassifyParamsForm"]["properties"]
    assert form["images"]["items"]["format"] == "binary"
    assert form["images"]["maxItems"] == 64
    components.answer(ClassifyResult)
    assert "images" in components.schemas["ClassifyResult"]["properties"]


@pytest.mark.parametrize("preset", CLASSIFY.presets)
def test_every_preset_classifies(preset: str) -> None:
    params = CLASSIFY.params_from({"preset": preset, "images": [flat(RED)]})
    made = classify(params, Context.of_terminal(FakeHost(), FakeProgress()))
    assert made.images[0].answers
    assert CLASSIFY.settings_from({"preset": preset}).label_sets() == params.label_sets()
