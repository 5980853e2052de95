"""Declarations: what is accepted, what is refused with which sentence, and the JSON Schema that says the same."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Optional

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.context import Context
from lib_bootcamp.core.images.arrays import Image
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.operation import Operation
from lib_bootcamp.params import (
    MAX_VALUES,
    Params,
    Spec,
    TooManyValuesError,
    fields_of,
    has_too_many_values,
    json_text,
    plain,
    read_json,
)
from lib_bootcamp.results import Result
from lib_bootcamp.schema import json_schema, param_schema


@dataclass(frozen=True, kw_only=True)
class Light(Params):
    kind: Annotated[Literal["point", "spot"], Spec("Kind")] = "point"
    x: Annotated[float, Spec("X", ge=0, le=1)] = 0.5
    name: Annotated[str, Spec("Name", max_length=8)]


@dataclass(frozen=True, kw_only=True)
class Scene(Params):
    lights: Annotated[tuple[Light, ...], Spec("Lights", max_length=3)] = ()
    main: Annotated[Light | None, Spec("Main light")] = None


@dataclass(frozen=True, kw_only=True)
class Show(Params):
    scene: Annotated[Scene, Spec("Scene")]


@dataclass(frozen=True, kw_only=True)
class Everything(Params):
    text: Annotated[str, Spec("Text", "A text.", min_length=2, max_length=5)]
    flag: Annotated[bool, Spec("Flag")] = False
    whole: Annotated[int, Spec("Whole", ge=-8, le=64, multiple_of=4)] = 8
    share: Annotated[float, Spec("Share", gt=0, lt=1, unit="0 to 1")] = 0.5
    free: Annotated[float, Spec("Free")] = 0.0
    level: Annotated[Literal["low", "high"], Spec("Level", titles={"low": "Low!"})] = "low"
    maybe: Annotated[int | None, Spec("Maybe", ge=1)] = None
    color: Annotated[str, Spec("Color", pattern="#[0-9a-f]{6}", example="#ff0000")] = "#ffffff"
    image: Annotated[Image | None, Spec("Image")] = None
    numbers: Annotated[tuple[int, ...], Spec("Numbers", ge=0, le=9, min_length=1, max_length=3)] = (1,)
    words: Annotated[tuple[str, ...], Spec("Words", max_length=2)] = ()
    points: Annotated[tuple[tuple[float, ...], ...], Spec("Points", ge=0, le=1, max_length=2)] = ()
    extra: Annotated[dict[str, Any], Spec("Extra")] = field(default_factory=dict)
    secret: Annotated[str, Spec("Secret", format="secret", when={"level": ("high",)}, group="Network")] = ""


@dataclass(frozen=True, kw_only=True)
class Span(Params):
    low: Annotated[int, Spec("Low")]
    high: Annotated[int, Spec("High")]

    def check(self) -> None:
        if self.low > self.high:
            raise InvalidParamError("low", "must not be above high")


@dataclass(frozen=True, kw_only=True)
class Spans(Params):
    spans: Annotated[tuple[Span, ...], Spec("Spans")]


OK = {"text": "abc"}


def build(**values: Any) -> Everything:
    return Everything.from_mapping({**OK, **values})


def refused(declaration: type[Params], values: dict[str, Any]) -> InvalidParamError:
    with pytest.raises(InvalidParamError) as caught:
        declaration.from_mapping(values)
    return caught.value


# --- resolving


def test_fields_keep_the_declared_order():
    assert [param.name for param in Light.fields()] == ["kind", "x", "name"]


def test_fields_are_resolved_once():
    assert fields_of(Everything) is fields_of(Everything)


@pytest.mark.parametrize(
    ("name", "kind", "optional"),
    [
        ("text", "string", False),
        ("flag", "boolean", False),
        ("whole", "integer", False),
        ("share", "number", False),
        ("level", "choice", False),
        ("maybe", "integer", True),
        ("image", "image", True),
        ("numbers", "list", False),
        ("extra", "mapping", False),
    ],
)
def test_types_are_resolved_to_kinds(name, kind, optional):
    param = {each.name: each for each in Everything.fields()}[name]
    assert (param.kind, param.optional, param.required) == (kind, optional, name == "text")


def test_optional_may_be_written_the_old_way():
    @dataclass(frozen=True, kw_only=True)
    class Old(Params):
        value: Annotated[Optional[int], Spec("Value")] = None  # noqa: UP045 - the old way is the point

    assert Old.fields()[0].kind == "integer"
    assert Old.fields()[0].optional


def test_a_field_without_a_spec_is_titled_by_its_name():
    @dataclass(frozen=True, kw_only=True)
    class Plain(Params):
        some_value: int = 1

    assert Plain.fields()[0].spec.title == "Some value"


@pytest.mark.parametrize("hint", [set, bytearray, complex, list[int], int | str])
def test_types_that_cannot_be_declared_are_refused_when_resolved(hint):
    declaration = dataclasses.make_dataclass("Odd", [("value", hint)], bases=(Params,), frozen=True, kw_only=True)
    with pytest.raises(TypeError, match="value"):
        declaration.fields()


def test_bounds_of_a_list_of_numbers_are_those_of_each_number():
    assert refused(Everything, {**OK, "numbers": [1, 10]}).param == "numbers[1]"


def test_lengths_of_a_list_of_texts_are_those_of_the_list():
    assert build(words=["a long word", ""]).words == ("a long word", "")
    assert "3 items" in refused(Everything, {**OK, "words": ["", "", ""]}).message


def test_lists_may_hold_lists():
    assert build(points=[[0, 1], [0.5]]).points == ((0.0, 1.0), (0.5,))
    assert refused(Everything, {**OK, "points": [[0], [2]]}).param == "points[1][0]"


# --- checking values


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        ("text", "ab", "ab"),
        ("text", "äöü€\U0001f600", "äöü€\U0001f600"),
        ("flag", True, True),
        ("whole", -8, -8),
        ("whole", 64.0, 64),
        ("share", 0.999, 0.999),
        ("free", 3, 3.0),
        ("free", -1e308, -1e308),
        ("level", "high", "high"),
        ("maybe", None, None),
        ("maybe", 1, 1),
        ("numbers", [0, 9], (0, 9)),
        ("numbers", (3,), (3,)),
        ("extra", {"a": [1]}, {"a": [1]}),
    ],
)
def test_a_good_value_is_stored_in_its_declared_type(name, value, stored):
    kept = getattr(build(**{name: value}), name)
    assert kept == stored
    assert type(kept) is type(stored)


WRONG = [
    ("text", "a", "at least 2"),
    ("text", "", "not be empty"),
    ("text", "abcdef", "at most 5"),
    ("text", 7, "a text"),
    ("text", None, "is missing"),
    ("text", b"abc", "a text"),
    ("text", "a\ud800", "surrogate"),
    ("flag", 1, "true or false"),
    ("flag", "true", "true or false"),
    ("whole", 6, "multiple of 4"),
    ("whole", -12, "from -8 to 64"),
    ("whole", 68, "from -8 to 64"),
    ("whole", 8.5, "whole number"),
    ("whole", True, "whole number"),
    ("whole", "8", "whole number"),
    ("whole", None, "is missing"),
    ("whole", math.nan, "whole number"),
    ("whole", math.inf, "whole number"),
    ("whole", 10**5000, "more than 38 digits"),
    ("share", 0, "over 0 to under 1"),
    ("share", 1.0, "over 0 to under 1"),
    ("share", math.nan, "a number"),
    ("free", -math.inf, "a number"),
    ("free", 10**400, "a number"),
    ("free", 1j, "a number"),
    ("level", "High", "did you mean high"),
    ("level", "zzz", "one of low, high"),
    ("level", ["low"], "one of"),
    ("maybe", 0, "at least 1"),
    ("color", "red", "like #ff0000"),
    ("color", "#ff0000\n", "like #ff0000"),
    ("image", "text", "a picture"),
    ("image", np.zeros((4, 4, 4), np.uint8), "a picture"),
    ("image", np.zeros((4, 4, 3), np.float32), "a picture"),
    ("image", np.zeros((0, 4, 3), np.uint8), "one pixel"),
    ("numbers", [], "at least 1 item"),
    ("numbers", [1, 2, 3, 4], "at most 3"),
    ("numbers", "123", "a list"),
    ("numbers", {"0": 1}, "a list"),
    ("extra", [], "an object"),
    ("extra", dict.fromkeys(map(str, range(1001))), "at most 1,000"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG, ids=[f"{name}-{words}" for name, _, words in WRONG])
def test_a_wrong_value_is_refused_by_name_with_the_remedy(name, value, words):
    error = refused(Everything, {**OK, name: value})
    assert error.param == name
    assert words in str(error)
    sentence = f"{name} " + "; ".join(filter(None, [error.message, error.hint]))
    assert str(error) == sentence + ("" if sentence.endswith("?") else ".")
    assert error.status == 422


@pytest.mark.parametrize(("name", "value", "words"), WRONG, ids=[f"{name}-{words}" for name, _, words in WRONG])
def test_an_instance_is_checked_however_it_is_made(name, value, words):
    with pytest.raises(InvalidParamError, match=name):
        Everything(**{**OK, name: value})
    with pytest.raises(InvalidParamError, match=name):
        dataclasses.replace(build(), **{name: value})


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3)])
def test_gray_and_rgb_pictures_are_kept_as_they_are(shape):
    image = np.zeros(shape, np.uint8)
    assert build(image=image).image is image


def test_a_missing_value_is_named_with_what_to_give():
    assert str(refused(Everything, {})) == "text is missing; give a text."


def test_an_unknown_name_is_refused_with_the_nearest_one():
    assert str(refused(Everything, {**OK, "colur": 1})) == "colur is not a parameter here; did you mean color?"


@pytest.mark.parametrize("name", ["check", "fields", "__class__", "", "self", "text ", 7, None])
def test_no_name_but_a_declared_one_is_taken(name):
    assert "is not a parameter here" in refused(Everything, {**OK, name: 1}).message


def test_nested_values_are_named_by_their_path():
    lights = [{"name": "a"}, {"name": "b", "x": 2}]
    assert refused(Scene, {"lights": lights}).param == "lights[1].x"
    assert refused(Show, {"scene": {"lights": lights}}).param == "scene.lights[1].x"
    assert refused(Show, {"scene": {"main": {}}}).param == "scene.main.name"
    assert refused(Show, {"scene": {"lights": [{"name": "a", "z": 1}]}}).param == "scene.lights[0].z"


def test_nested_instances_are_taken_as_they_are():
    light = Light(name="a")
    assert Scene(main=light).main is light


def test_the_given_mapping_is_left_alone():
    values = {"lights": [{"name": "a"}]}
    Scene.from_mapping(values)
    assert values == {"lights": [{"name": "a"}]}


def test_a_rule_over_several_fields_names_the_path_too():
    assert refused(Spans, {"spans": [{"low": 2, "high": 1}]}).param == "spans[0].low"


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(
    st.sampled_from([param.name for param in Everything.fields()]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    ),
)
def test_any_value_is_kept_or_refused_with_one_short_sentence(name, value):
    printed = ""
    try:
        build(**{name: value})
    except InvalidParamError as error:
        printed = str(error)
    assert not printed or printed.startswith(name)
    assert len(printed) < 300
    assert "\n" not in printed


@pytest.mark.parametrize(
    "value", ["x" * 10_000_000, [[]] * 1_000_000, {"a": "b" * 10_000_000}], ids=["text", "list", "object"]
)
@pytest.mark.parametrize("name", ["text", "whole", "level", "numbers", "color"])
def test_a_huge_value_makes_a_short_sentence(name, value):
    assert len(str(refused(Everything, {**OK, name: value}))) < 200


def test_a_deeply_nested_value_is_refused_like_any_other():
    deep: list[Any] = []
    for _ in range(900):
        deep = [deep]
    assert refused(Everything, {**OK, "whole": deep}).param == "whole"
    assert refused(Everything, {**OK, "numbers": deep}).param == "numbers[0]"


# --- reading text


def param(name: str) -> Any:
    return {each.name: each for each in Everything.fields()}[name]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("whole", " 12 ", 12),
        ("share", "0.25", 0.25),
        ("share", "1e-3", 0.001),
        ("flag", "TRUE", True),
        ("flag", "off", False),
        ("text", "", ""),
        ("text", "none", "none"),
        ("maybe", "", None),
        ("maybe", "None", None),
        ("maybe", "3", 3),
        ("numbers", "1,2, 3", [1, 2, 3]),
        ("numbers", "[1, 2]", [1, 2]),
        ("numbers", "", []),
        ("words", "a,b", ["a", "b"]),
        ("words", '["a,b"]', ["a,b"]),
        ("extra", '{"a": 1}', {"a": 1}),
    ],
)
def test_a_text_is_read_as_its_declared_type(name, text, value):
    read = param(name).parse_text(text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("whole", "12.5"),
        ("whole", "0x10"),
        ("whole", "9" * 100000),
        ("share", "half"),
        ("share", "1" * 100000),
        ("flag", "maybe"),
        ("flag", ""),
        ("numbers", "1,a"),
        ("numbers", "[1"),
        ("numbers", "[" * 100000),
        ("extra", "{"),
        ("extra", '{"a": [' + "0," * MAX_VALUES + "0]}"),
        ("extra", '{"a": NaN}'),
        ("extra", '{"a": 1, "a": 2}'),
        ("extra", '{"a": ' + "9" * 5000 + "}"),
    ],
    ids=lambda each: each[:12],
)
def test_a_text_that_is_not_its_type_is_refused_by_name(name, text):
    with pytest.raises(InvalidParamError) as caught:
        param(name).parse_text(text)
    assert caught.value.param == name
    assert len(str(caught.value)) < 200


@given(st.integers(-(10**30), 10**30))
@settings(deadline=None)
def test_an_integer_written_out_is_read_back(number):
    assert param("whole").parse_text(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(deadline=None)
def test_a_number_written_out_is_read_back(number):
    assert param("free").parse_text(repr(number)) == number


# --- JSON


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**100), 10**100)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@pytest.mark.thorough
@given(_json)
@settings(deadline=None, max_examples=100)
def test_valid_json_is_read_as_the_standard_library_reads_it(value):
    assert read_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "NaN",
        "[Infinity]",
        '{"a": -Infinity}',
        '{"a": 1, "a": 1}',
        "1e999",
        "9" * 500,
        "-" + "9" * 500,
        "[" * 100_000,
        "{} x",
    ],
    ids=lambda text: text[:12],
)
def test_json_that_is_none_by_the_standard_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        read_json(text)


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        ("[" + "[]," * (MAX_VALUES // 2 + 1) + "0]", True),
        ("[" + "0," * (MAX_VALUES - 2) + "0]", False),
        ("[" + "0," * (MAX_VALUES - 1) + "0]", True),
        ("{" + ",".join(f'"{at}": "a"' for at in range(MAX_VALUES - 1)) + "}", False),
        ("{" + ",".join(f'"{at}": "a"' for at in range(MAX_VALUES)) + "}", True),
        (json.dumps(["[,{" * MAX_VALUES]), False),
        (json.dumps(['\\",[' * MAX_VALUES, "\\"]), False),
        (json.dumps({"a\\": '"' * MAX_VALUES, '"': ["\\" * 7, ",,,"] * 1000}), False),
        ('["\\"' + "," * MAX_VALUES, False),
        ('["\\\\"' + "," * MAX_VALUES, True),
        ('"' * (5 * MAX_VALUES) + "," * MAX_VALUES, True),
        ("[" * MAX_VALUES, True),
    ],
    ids=range(12),
)
def test_values_of_json_are_counted_before_they_are_read(text: str, too_many: bool) -> None:
    assert has_too_many_values(text) is too_many
    if too_many:
        with pytest.raises(TooManyValuesError, match="50,000 values"):
            read_json(text)


@pytest.mark.thorough
@given(_json)
@settings(deadline=None, max_examples=100)
def test_the_count_of_values_is_that_of_the_reader(value):
    text = json.dumps(value)
    with pytest.MonkeyPatch.context() as patch:
        for most in (_values(value), _values(value) - 1):
            patch.setattr(json_text, "MAX_VALUES", most)
            assert has_too_many_values(text) is (most < _values(value))


def _values(value: Any) -> int:
    """Values of JSON, and one more for each empty list or object."""
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 1 if inside is None else 1 + (sum(map(_values, inside)) or 1)


# --- out again


def test_values_are_given_back_as_plain_json_types():
    scene = Scene.from_mapping({"lights": [{"name": "a"}], "main": {"name": "b", "x": 1}})
    assert scene.to_mapping() == {
        "lights": [{"kind": "point", "x": 0.5, "name": "a"}],
        "main": {"kind": "point", "x": 1.0, "name": "b"},
    }


def test_the_values_given_back_build_the_same_instance():
    scene = Scene.from_mapping({"lights": [{"name": "a"}, {"name": "b"}]})
    assert Scene.from_mapping(json.loads(json.dumps(scene.to_mapping()))) == scene


def test_pictures_are_given_back_only_when_asked_for():
    image = np.zeros((2, 2), np.uint8)
    assert "image" not in build(image=image).to_mapping()
    assert build(image=image).to_mapping(images=True)["image"] is image


def test_plain_turns_tuples_records_and_keys_into_json_types():
    assert plain({1: (Light(name="a"),)}) == {"1": [{"kind": "point", "x": 0.5, "name": "a"}]}


# --- the schema


def test_the_schema_refuses_unknown_keys_and_names_the_required_ones():
    schema = json_schema(Everything)
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["text"]
    assert list(schema["properties"]) == [each.name for each in Everything.fields()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", {"type": "string", "minLength": 2, "maxLength": 5, "title": "Text", "description": "A text."}),
        ("whole", {"type": "integer", "minimum": -8, "maximum": 64, "multipleOf": 4, "title": "Whole", "default": 8}),
        (
            "share",
            {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "title": "Share", "default": 0.5}
            | {"x-unit": "0 to 1"},
        ),
        ("level", {"type": "string", "enum": ["low", "high"], "title": "Level", "default": "low"}),
        ("maybe", {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}], "title": "Maybe", "default": None}),
        (
            "numbers",
            {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 9}, "minItems": 1, "maxItems": 3}
            | {"title": "Numbers", "default": [1]},
        ),
        (
            "secret",
            {"type": "string", "maxLength": 4096, "title": "Secret", "default": "", "format": "password"}
            | {"x-group": "Network", "x-when": {"level": ["high"]}},
        ),
    ],
)
def test_the_schema_of_a_field_says_what_its_declaration_says(name, expected):
    assert param_schema(param(name)) == expected


def test_the_lengths_of_a_list_of_texts_are_not_those_of_its_texts_in_the_schema():
    schema = param_schema(param("words"))
    assert schema["maxItems"] == 2
    assert schema["items"] == {"type": "string", "maxLength": 4096}


def test_the_most_names_of_an_object_are_in_its_schema():
    assert param_schema(param("extra"))["maxProperties"] == 1000


def test_a_nested_declaration_is_a_schema_within():
    items = json_schema(Scene)["properties"]["lights"]["items"]
    assert items["required"] == ["name"]
    assert items["additionalProperties"] is False


@pytest.mark.parametrize("declaration", [Everything, Scene, Show, *(each.params for each in OPERATIONS)])
def test_every_schema_is_json(declaration):
    schema = json_schema(declaration)
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(st.sampled_from([each.name for each in Everything.fields() if each.kind != "image"]), _json)
def test_schema_and_check_agree_on_what_is_good(name, value):
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    valid = jsonschema_rs.Draft202012Validator(json_schema(Everything)).is_valid({**OK, name: value})
    try:
        build(**{name: value})
        taken = True
    except InvalidParamError:
        taken = False
    assert taken == valid


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_declares_titles_good_defaults_and_known_conditions(operation):
    for each in operation.params.fields():
        assert each.spec.title, each.name
        if not each.required:
            assert each.check(each.default) == each.default or each.kind == "image"
        for other in each.spec.when:
            assert other in {one.name for one in operation.params.fields()}


# --- presets


@dataclass(frozen=True, kw_only=True)
class Answer(Result):
    value: Annotated[int, Spec("Value")]


def _run(params: Everything, context: Context) -> Answer:
    return Answer(value=params.whole)


OPERATION = Operation(
    name="e",
    title="E",
    summary="E.",
    params=Everything,
    result=Answer,
    run=_run,
    path="/e",
    presets={"big": {"whole": 64, "level": "high"}},
)


def test_a_preset_lies_under_the_given_values():
    params = OPERATION.params_from({**OK, "preset": "big", "level": "low"})
    assert (params.whole, params.level) == (64, "low")


def test_no_preset_is_no_change():
    assert OPERATION.params_from({**OK, "preset": None}) == OPERATION.params_from(OK)


@pytest.mark.parametrize("preset", ["small", "", 1, [], {}, ["big"], True])
def test_an_unknown_preset_is_refused_with_the_known_ones(preset):
    with pytest.raises(InvalidParamError, match="big"):
        OPERATION.params_from({**OK, "preset": preset})


def test_params_from_leaves_the_given_mapping_alone():
    values = {**OK, "preset": "big"}
    OPERATION.params_from(values)
    assert values == {**OK, "preset": "big"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_presets_give_only_declared_parameters_of_good_value(operation):
    known = {each.name: each for each in operation.params.fields()}
    for values in operation.presets.values():
        for name, value in values.items():
            known[name].check(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a red circle, a cat", ["a red circle", "a cat"]),
        ("a, b\nc\n\n", ["a, b", "c"]),
        ("a,\nb ,\n", ["a", "b"]),
        ("one,", ["one"]),
        ('["a, b"]', ["a, b"]),
        ("  \n", []),
    ],
)
def test_a_list_of_texts_is_read_by_commas_or_by_lines(text: str, words: list[str]) -> None:
    assert param("words").parse_text(text) == words


@pytest.mark.parametrize(
    ("text", "mapping"),
    [
        ("color: red, blue; shape: a ring", {"color": ["red", "blue"], "shape": ["a ring"]}),
        ("color: red, blue\nshape: a; b", {"color": ["red", "blue"], "shape": ["a; b"]}),
        ("time: 12:30", {"time": ["12:30"]}),
        ('{"color": ["red"]}', {"color": ["red"]}),
    ],
)
def test_an_object_of_lists_is_read_by_semicolons_or_by_lines(text: str, mapping: dict[str, list[str]]) -> None:
    assert param("extra").parse_text(text) == mapping


def test_a_name_given_twice_in_an_object_of_lists_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="name each once"):
        param("extra").parse_text("a: b; a: c")


@pytest.mark.parametrize("text", ["0.5, 0,8", "0,8"])
def test_a_decimal_comma_in_a_list_of_numbers_gets_a_hint(text: str) -> None:
    strengths = Strengths.fields()[0]
    with pytest.raises(
        InvalidParamError, match=r"must be a number from over 0 to 4, not 0(\.0)?; .*write 0\.8, not 0,8"
    ):
        strengths.parse_text(text)


def test_numbers_without_spaces_between_them_are_read() -> None:
    assert Strengths.fields()[0].parse_text("1,2,0.5") == [1.0, 2.0, 0.5]


@dataclass(frozen=True, kw_only=True)
class Strengths(Params):
    strengths: Annotated[tuple[float, ...], Spec("Strengths", gt=0, le=4, max_length=3)] = ()


@dataclass(frozen=True, kw_only=True)
class Album(Params):
    pictures: tuple[Image, ...] = ()
    words: tuple[str, ...] = ("a",)


def test_a_list_of_pictures_is_no_plain_value() -> None:
    assert Album(pictures=(np.zeros((1, 1, 3), np.uint8),)).to_mapping() == {"words": ["a"]}
