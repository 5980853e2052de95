"""Captions of pictures that are sent, by the embedded model: they name what was drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.context import Context  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError, NotAllowedError  # noqa: E402
from lib_bootcamp.ml.captioners import registry as captioners  # noqa: E402
from lib_bootcamp.operations.describe.caption import CAPTION, CaptionResult, caption  # noqa: E402
from lib_bootcamp.operations.describe.caption_settings import CaptionSettings  # noqa: E402
from lib_bootcamp.operations.describe.classify import ClassifySettings  # noqa: E402
from lib_bootcamp.operations.describe.interrogate import InterrogateSettings  # noqa: E402
from lib_bootcamp.ports import HostCaptioner  # noqa: E402
from tests.fakes import FakeHost, FakeProgress  # noqa: E402
from tests.ml.clip.interrogations import WORDS, write_tables  # noqa: E402
from tests.ml.clip.test_classify_mini import COLORS, SHAPES, drawn  # noqa: E402

SHAPES_PRESET = "drawn shapes (mini)"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> FakeHost:
    """One host, so that the model is loaded once."""
    return FakeHost(data_dir=tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def no_blip(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine's cache holds."""
    monkeypatch.setattr(captioners, "DEFAULT_BLIP", "nobody/has-this-model")


def run(host: FakeHost, *pictures: Any, trusted: bool = True, **values: Any) -> CaptionResult:
    pictures = pictures or (drawn("circle", "red", 120),)
    params = CAPTION.params_from({"images": list(pictures), **values})
    return caption(params, Context.of_job(host, FakeProgress(), trusted=trusted))


def test_captions_name_the_drawn_shape_and_color(host: FakeHost) -> None:
    asked = [(shape, color) for shape in SHAPES for color in COLORS]
    made = run(host, *(drawn(*each, 150) for each in asked), preset=SHAPES_PRESET)
    assert [each.caption for each in made.captions] == [f"{color} {shape}, white background" for shape, color in asked]


def test_a_caption_lists_what_was_found_and_its_tokens(host: FakeHost) -> None:
    (made,) = run(host, preset=SHAPES_PRESET).captions
    assert (made.tokens, made.warning()) == (5, "")
    assert [each.label for each in made.found] == ["red circle", "white background"]
    assert made.found[0].value > 0.5


def test_thresholds_and_numbers_are_those_of_each_list(host: FakeHost) -> None:
    groups = {"shape": ["a circle", "a square", "a triangle"], "color": ["a red shape", "a blue shape"]}
    (all_of_them,) = run(host, groups=groups, threshold=0).captions
    assert len(all_of_them.found) == 5
    (best,) = run(host, groups=groups, threshold=0, max_tags=1).captions
    assert {each.label for each in best.found} == {"a circle", "a red shape"}
    (one_list,) = run(host, groups=groups, threshold=0.99999, per_list={"shape": [0, 2]}).captions
    assert {each.label for each in one_list.found} & set(groups["shape"]) >= {"a circle"}
    assert len({each.label for each in one_list.found} & set(groups["shape"])) == 2


def test_tags_of_no_list_and_of_lists_are_written_together(host: FakeHost) -> None:
    (made,) = run(
        host, labels=["a red circle", "a blue square"], groups={"kind": ["a picture"]}, order="listed"
    ).captions
    assert made.caption == "a red circle, a picture"


def test_negative_labels_take_part_and_are_never_written(host: FakeHost) -> None:
    (made,) = run(host, labels=["a blue square"], negative_labels=["a red circle"]).captions
    assert made.caption == ""


def test_a_caption_is_a_prompt_where_it_is_asked_for(host: FakeHost, tmp_path: Path) -> None:
    tables = write_tables(tmp_path / "tables", WORDS)
    (made,) = run(host, method="interrogate", mode="fast", tables=str(tables), captioner="none").captions
    assert "a red circle" in made.caption
    assert [each.value for each in made.found] == [1.0]
    (negative,) = run(
        host, method="interrogate", mode="negative", tables=str(tables), min_flavors=1, max_flavors=2
    ).captions
    assert negative.caption
    assert "a red circle" not in negative.caption


def test_a_caption_is_a_sentence_where_it_is_asked_for() -> None:
    own = FakeHost(captioner=HostCaptioner(is_here=True, caption=lambda pictures: ["a disc"] * len(pictures)))
    made = run(own, method="captioner", trigger="ohwx", prefix="a photo of ")
    assert made.summary() == "ohwx, a photo of a disc"


def test_words_are_worded_as_the_rules_say(host: FakeHost) -> None:
    rules: dict[str, Any] = {
        "trigger": "ohwx",
        "always": ["drawing"],
        "never": ["white*"],
        "rename": ["red circle => disc (red)"],
        "escape_parentheses": True,
    }
    (made,) = run(host, preset=SHAPES_PRESET, **rules).captions
    assert made.caption == r"ohwx, disc \(red\), drawing"


def test_a_long_caption_is_reported(host: FakeHost) -> None:
    (made,) = run(host, preset=SHAPES_PRESET, always=[f"tag {at}" for at in range(40)]).captions
    assert made.tokens > 75
    assert "trainers cut it after 75" in made.warning()


def test_one_picture_answers_with_its_caption_and_several_with_a_list(host: FakeHost) -> None:
    assert run(host, preset=SHAPES_PRESET).summary() == "red circle, white background"
    two = run(host, drawn("circle", "red", 90), drawn("square", "blue", 90), preset=SHAPES_PRESET)
    assert two.summary() == "2 captions"
    assert two.lines() == ["red circle, white background", "blue square, white background"]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({}, "labels is missing"),
        ({"groups": {"a": ["x"]}, "per_list": {"b": [0.3]}}, r"per_list.b is not a list; name one of a"),
        ({"groups": {"a": ["x"]}, "per_list": {"a": [2]}}, "per_list.a must be a threshold from 0 to 1"),
        ({"groups": {"a": ["x"]}, "per_list": {"a": ["nan"]}}, "per_list.a must be"),
        ({"groups": {"a": ["x"]}, "per_list": {"a": [0.5, 0]}}, "per_list.a must be"),
        ({"labels": ["x"], "per_list": {"": [0.5]}}, "is not a list"),
        ({"labels": ["x"], "rename": ["no arrow"]}, "rename"),
        ({"labels": ["x"], "templates": "custom"}, "template is missing"),
        ({"labels": ["x", "x"]}, "labels holds 'x' twice"),
        ({"labels": ["x"], "separator": ""}, "separator"),
        ({"method": "guess"}, "method"),
    ],
)
def test_a_wrong_value_is_one_sentence(host: FakeHost, values: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidParamError, match=problem):
        run(host, **values)


@pytest.mark.parametrize(
    "values",
    [
        {"labels": ["x"], "clip": "/etc/passwd"},
        {"method": "captioner", "captioner": "blip:/etc"},
        {"method": "interrogate", "tables": "/etc"},
    ],
)
def test_a_stranger_names_no_files(host: FakeHost, values: dict[str, Any]) -> None:
    with pytest.raises((InvalidParamError, NotAllowedError)):
        run(host, trusted=False, **values)


def test_without_a_captioner_the_error_says_what_to_do(host: FakeHost) -> None:
    with pytest.raises(BootcampError, match="set captioner to blip"):
        run(host, method="captioner")


@pytest.mark.parametrize("name", CAPTION.presets)
def test_every_preset_is_a_declaration(name: str) -> None:
    assert CAPTION.as_job().params_from({"preset": name, "folder": "x"}).tag_settings().label_sets()


def test_what_classify_and_interrogate_declare_means_the_same_here() -> None:
    own = {each.name: each for each in CaptionSettings.fields()}
    left_out = {"top_k", "unknown_below", "caption", "with_negative", "chunk_size"}
    for declaration in (ClassifySettings, InterrogateSettings):
        for field in declaration.fields():
            if field.name in own:
                assert own[field.name].kind == field.kind, field.name
            else:
                assert field.name in left_out, field.name
