"""The two texts of a drawn form, and what the browser is to draw."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.surfaces.webui.forms.fields import (
    FormFields,
    NoFormError,
    form_fields,
    read_values,
    values_text,
)
from lib_bootcamp.surfaces.webui.forms.known import FORMS, register_form
from lib_bootcamp.surfaces.webui.section import control_maps, map_fields, section_fields

FIELDS = FormFields(
    own=section_fields(), chooser="control", parts={each.name: map_fields(each) for each in control_maps()}
)


def described(fields: FormFields = FIELDS) -> dict[str, dict[str, Any]]:
    return {each["key"]: each for each in fields.describe()["fields"]}


@pytest.mark.parametrize("text", ["", "{}", None])
def test_an_empty_text_is_all_defaults(text: Any) -> None:
    assert read_values(FIELDS, text) == {}


def test_the_chosen_parts_values_have_no_head_and_the_others_are_left_out() -> None:
    text = json.dumps({"control": "brightness", "weight": 1.2, "qr.content": "x", "brightness.gamma": 2})
    assert read_values(FIELDS, text) == {"control": "brightness", "weight": 1.2, "gamma": 2}
    assert read_values(FIELDS, text, chosen="qr")["content"] == "x"


def test_the_part_is_the_choosers_default_where_none_is_named() -> None:
    assert read_values(FIELDS, '{"qr.content": "x"}') == {"content": "x"}


def test_both_texts_are_read() -> None:
    assert read_values(FIELDS, '{"qr.content": "x"}', '{"qr.logo": "data:,"}') == {"content": "x", "logo": "data:,"}


@pytest.mark.parametrize("text", ["[]", "1", "{", '{"a": NaN}', '{"a": 1, "a": 2}'])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidParamError, match="must be a JSON object"):
        read_values(FIELDS, text)


def test_values_come_back_from_their_text() -> None:
    raw = {"control": "lighting", "weight": 0.5, "gradient": "left", "lights": [{"kind": "ambient"}]}
    assert read_values(FIELDS, values_text(FIELDS, raw)) == raw


def test_pictures_and_secrets_are_not_in_the_saved_text() -> None:
    assert values_text(FIELDS, {"wifi_password": "swordfish", "logo": "data:,"}) == ""


@pytest.mark.parametrize("operation", control_maps(), ids=lambda each: each.name)
def test_every_field_of_a_map_is_described_with_its_default(operation: Any) -> None:
    fields = described()
    for param in map_fields(operation):
        reported = fields[f"{operation.name}.{param.name}"]
        assert reported["label"].startswith(param.spec.title)
        if param.kind in {"integer", "number", "boolean", "choice"} and param.default is not None:
            assert reported["default"] == param.default
        if param.kind in {"integer", "number"} and param.spec.ge is not None:
            assert (reported["min"], reported["max"]) == (param.spec.ge, param.spec.le)
        if param.kind == "choice":
            assert [each[0] for each in reported["choices"] if each[0]] == list(param.choices)


def test_a_description_is_json() -> None:
    assert json.loads(json.dumps(FIELDS.describe(), allow_nan=False))["chooser"] == "control"


def test_marks_and_suggestions_are_in_the_choices() -> None:
    fields = FormFields(
        own=section_fields(),
        marks={"control": {"qr": "not installed"}},
        suggestions={"model": [("", "automatic"), ("a", "A")]},
    )
    reported = described(fields)
    assert ["qr", "QR control map (not installed)"] in reported["control"]["choices"]
    assert reported["model"]["choices"] == [["", "automatic"], ["a", "A"]]


def test_a_form_that_is_not_there_is_named() -> None:
    with pytest.raises(NoFormError, match="no form 'nothing'"):
        form_fields("nothing")


def test_a_form_is_asked_for_its_fields_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMS, "counted", lambda: FIELDS)
    asked: list[int] = []
    register_form("counted", lambda: asked.append(1) or FIELDS)  # type: ignore[func-returns-value]
    assert form_fields("counted") is form_fields("counted") is FIELDS
    assert len(asked) == 2


def test_the_page_gets_two_hidden_texts_and_the_second_is_never_saved() -> None:
    gradio = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.webui.forms.drawn import drawn_form

    with gradio.Blocks() as page:
        values, unsaved = drawn_form("some", "head")
    assert values.value == ""
    assert (values.elem_id, unsaved.elem_id) == ("head_values", "head_unsaved")
    assert unsaved.do_not_save_to_config is True
    assert not getattr(values, "do_not_save_to_config", False)
    assert len([each for each in page.blocks.values() if getattr(each, "elem_id", None)]) == 2


def test_the_route_describes_a_form_and_refuses_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    fastapi = pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from lib_bootcamp.surfaces.webui.forms.routes import form_router

    def refuse() -> None:
        raise fastapi.HTTPException(401, "who?")

    monkeypatch.setitem(FORMS, "some", lambda: FIELDS)
    for dependencies, status in (([], 200), ([fastapi.Depends(refuse)], 401)):
        app = fastapi.FastAPI()
        app.include_router(form_router(dependencies))
        assert TestClient(app).get("/bootcamp/v1/forms/some").status_code == status
    app = fastapi.FastAPI()
    app.include_router(form_router())
    assert TestClient(app).get("/bootcamp/v1/forms/other").status_code == 404
