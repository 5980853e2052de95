"""The OpenAPI document: valid in its dialect, complete, and true of what the routes do (schemathesis)."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import Depends, FastAPI
from hypothesis import HealthCheck, settings

from lib_bootcamp.params import fields_of
from lib_bootcamp.surfaces.http.document import document
from lib_bootcamp.surfaces.http.routes import build_router, described_routes
from lib_bootcamp.surfaces.http.schemas import Components, request_body, to_openapi_30
from tests.contract.fake_operation import COUNT, FAKE
from tests.contract.http_client import PICTURE_64, PICTURE_PNG, WITHOUT_CHECKPOINT, Client, host

try:
    import schemathesis
except ImportError:  # the WebUI's pins do not let it be installed
    schemathesis = None  # type: ignore[assignment]


def _run_calmly(params: Any, context: Any) -> Any:
    """The fake without its 5xx, which schemathesis would find."""
    calm = "keep" if params.mode in {"crash", "package"} else params.mode
    return FAKE.run(dataclasses.replace(params, mode=calm), context)


ALL = (
    dataclasses.replace(FAKE, run=_run_calmly),
    COUNT,
    *WITHOUT_CHECKPOINT,
)


def _app() -> FastAPI:
    app = FastAPI()
    app.include_router(build_router(host(), operations=ALL))
    return app


APP = _app()
HOSTED: dict[str, Any] = json.loads(json.dumps(APP.openapi()))
"""What a host's own document says of our routes."""
DOCUMENT: dict[str, Any] = json.loads(json.dumps(document(described_routes(ALL))))


def _post(operation: Any) -> dict[str, Any]:
    return DOCUMENT["paths"][f"/bootcamp/v1/{operation.path.strip('/')}"]["post"]


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema of the document, from requests, answers and components."""
    if isinstance(node, dict):
        if "schema" in node and isinstance(node["schema"], dict):
            yield from _subschemas(node["schema"])
        for name, child in node.items():
            if name == "schemas":
                for each in child.values():
                    yield from _subschemas(each)
            elif name != "examples":
                yield from _schemas(child)
    elif isinstance(node, list):
        for child in node:
            yield from _schemas(child)


def _subschemas(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    for child in schema.get("properties", {}).values():
        yield from _subschemas(child)
    for key in ("anyOf", "allOf", "oneOf"):
        for child in schema.get(key, []):
            yield from _subschemas(child)
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from _subschemas(schema[key])


def test_the_document_is_served_as_json():
    assert Client(APP).get("/bootcamp/v1/openapi.json").json() == DOCUMENT


@pytest.mark.parametrize("message", [DOCUMENT, HOSTED], ids=["ours", "the host's"])
def test_the_document_has_many_schemas_to_look_at(message):
    assert sum(1 for _ in _schemas(message)) > 100


def test_the_document_does_not_depend_on_whether_a_page_was_made():
    pytest.importorskip("gradio")
    import lib_bootcamp.surfaces.page.uploads  # noqa: F401 - its mistakes are none of the API's

    assert json.loads(json.dumps(document(described_routes(ALL)))) == DOCUMENT
    assert '"414":' not in json.dumps(DOCUMENT)


def test_the_document_is_the_same_on_every_host():
    standalone, webui = host(), dataclasses.replace(host().info(), name="a1111")
    app = FastAPI()
    guarded = host()
    guarded.info = lambda: webui
    guarded.name = "a1111"
    assert standalone.name != guarded.name
    app.include_router(build_router(guarded, [Depends(lambda: None)], operations=ALL))
    assert Client(app).get("/bootcamp/v1/openapi.json").json() == DOCUMENT
    assert DOCUMENT["openapi"] == "3.1.0"


def test_a_hosts_document_says_the_same_of_our_routes():
    assert set(HOSTED["paths"]) <= set(DOCUMENT["paths"])
    for path, methods in HOSTED["paths"].items():
        assert set(methods) == set(DOCUMENT["paths"][path])
        for method, message in methods.items():
            ours = DOCUMENT["paths"][path][method]
            assert (message["summary"], message["operationId"], message["tags"]) == (
                ours["summary"],
                ours["operationId"],
                ours["tags"],
            )
            assert set(message["responses"]) == set(ours["responses"])
            assert [each["name"] for each in message.get("parameters", [])] == [
                each["name"] for each in ours.get("parameters", [])
            ]


def test_every_reference_leads_somewhere_and_every_component_is_used():
    text = json.dumps(DOCUMENT)
    found = set(re.findall(r'"#/components/schemas/([^"]+)"', text))
    assert found == set(DOCUMENT["components"]["schemas"])


def test_names_of_components_are_good_names_for_classes():
    names = document(described_routes())["components"]["schemas"]
    assert [each for each in names if not re.fullmatch(r"[A-Z][A-Za-z0-9]+", each)] == []


@pytest.mark.skipif(not HOSTED["openapi"].startswith("3.0"), reason="this FastAPI writes OpenAPI 3.1")
def test_schemas_keep_to_openapi_30():
    for schema in _schemas(HOSTED):
        assert schema.get("type") != "null", schema
        assert isinstance(schema.get("type", ""), str), schema
        assert "examples" not in schema, schema
        assert "contentEncoding" not in schema, schema
        assert not {"exclusiveMinimum", "exclusiveMaximum"} & set(schema), schema


def test_schemas_keep_to_json_schema_2020_12():
    jsonschema_rs = pytest.importorskip("jsonschema_rs")
    for schema in _schemas(DOCUMENT):
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.name)
def test_every_route_documents_both_bodies_its_answer_and_its_errors(operation):
    route = _post(operation)
    assert set(route["requestBody"]["content"]) == {"application/json", "multipart/form-data"}
    assert route["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert {"400", "406", "413", "415", "422", "500", "501"} <= set(route["responses"])
    for status, answer in route["responses"].items():
        if status != "200":
            reference = answer["content"]["application/json"]["schema"]["$ref"]
            assert reference == "#/components/schemas/ErrorAnswer"
    assert route["summary"] == operation.title
    assert route["description"] == operation.summary
    assert route["tags"]


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.name)
def test_answers_with_a_picture_document_image_png(operation):
    has_picture = any(param.name == "image" for param in fields_of(operation.result))
    assert ("image/png" in _post(operation)["responses"]["200"]["content"]) == has_picture


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.name)
def test_every_declared_field_has_a_title_and_its_help(operation):
    properties = _component(_post(operation)["requestBody"]["content"]["application/json"]["schema"])["properties"]
    for param in operation.params.fields():
        assert properties[param.name]["title"] == param.spec.title
        assert properties[param.name].get("description", "") == param.spec.help


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.name)
def test_the_response_model_has_the_fields_of_the_result(operation):
    schema = _component(_post(operation)["responses"]["200"]["content"]["application/json"]["schema"])
    declared = {param.name for param in fields_of(operation.result)}
    assert set(schema["properties"]) == declared | {"summary", "succeeded"}
    assert set(schema["required"]) == declared | {"summary", "succeeded"}


def _component(reference: dict[str, Any]) -> dict[str, Any]:
    return DOCUMENT["components"]["schemas"][reference["$ref"].rsplit("/", 1)[1]]


def test_nested_records_of_a_result_are_components_of_their_own():
    boxes = _component(_post(FAKE)["responses"]["200"]["content"]["application/json"]["schema"])["properties"]["boxes"]
    assert set(_component(boxes["items"])["properties"]) == {"left", "label"}


def test_a_fact_that_may_be_missing_is_nullable():
    label = DOCUMENT["components"]["schemas"]["Box"]["properties"]["label"]
    assert {"type": "null"} in label["anyOf"]


def test_presets_are_a_field_and_examples():
    content = _post(FAKE)["requestBody"]["content"]
    preset = _component(content["application/json"]["schema"])["properties"]["preset"]
    assert "inverted" in preset["anyOf"][0]["enum"]
    assert content["application/json"]["examples"]["inverted"]["value"]["preset"] == "inverted"
    plain = _component(_post(COUNT)["requestBody"]["content"]["application/json"]["schema"])
    assert "preset" not in plain["properties"]


def test_pictures_of_a_form_are_files():
    components = Components()
    request_body(FAKE, components)
    form = components.schemas["FakeParamsForm"]["properties"]
    assert form["image"]["format"] == form["depth"]["format"] == form["layers"]["items"]["format"] == "binary"


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer", "nullable": True}),
        ({"exclusiveMinimum": 0, "type": "number"}, {"minimum": 0, "type": "number"}),
        ({"type": "string", "examples": ["a", "b"]}, {"type": "string", "example": "a"}),
        (
            {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/*"},
            {"type": "string", "format": "byte"},
        ),
        (
            {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]},
            {"type": "string", "enum": ["a", None], "nullable": True},
        ),
        (
            {"properties": {"a": {"exclusiveMaximum": 1}}},
            {"properties": {"a": {"maximum": 1}}},
        ),
        ({"default": {"examples": ["kept"]}}, {"default": {"examples": ["kept"]}}),
    ],
)
def test_openapi_30_says_the_same_in_its_dialect(new, old):
    assert to_openapi_30(new) == old


def test_the_older_dialect_leaves_the_schema_it_was_made_from_alone():
    schema = {"anyOf": [{"type": "integer", "exclusiveMinimum": 0}, {"type": "null"}], "default": {"a": [1]}}
    before = json.dumps(schema)
    to_openapi_30(schema)["default"]["a"].append(2)
    assert json.dumps(schema) == before


if schemathesis is None:

    @pytest.mark.skip(reason="schemathesis is not installed")
    def test_schemathesis_finds_no_undocumented_answer():
        """See below."""

else:
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi.checks import (
        content_type_conformance,
        negative_data_rejection,
        response_schema_conformance,
        status_code_conformance,
    )

    CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    LARGE = 256

    def map_body(context: Any, body: Any) -> Any:
        """Random texts are no pictures: each is replaced by a real one. Large canvases and long scans cost minutes."""
        if isinstance(body, dict):
            for name, value in body.items():
                if name in {"image", "depth"} and isinstance(value, bytes):
                    body[name] = PICTURE_PNG
                elif name == "image" and isinstance(value, str):
                    body[name] = PICTURE_64
                elif name in {"width", "height"} and type(value) is int and LARGE < value <= 8192:
                    body[name] = LARGE
                elif name == "depth" and value == "full":
                    body[name] = "fast"
                elif name == "content" and value == "":
                    body[name] = "text"
        return body

    def _schema(operations: Any, media_type: str, *, every_bound: bool) -> Any:
        app = FastAPI()
        app.include_router(build_router(host(), operations=operations))
        message = json.loads(json.dumps(document(described_routes(operations))))
        for path in message["paths"].values():
            content = path.get("post", {}).get("requestBody", {}).get("content", {})
            for other in set(content) - {media_type}:
                del content[other]
        schema = schemathesis.openapi.from_dict(message)
        schema.app = app
        schema.config.phases.coverage.enabled = every_bound
        if media_type == "multipart/form-data":
            # schemathesis 4.32 cannot make wrong forms: "Unsupported type: 'Binary'" in its own filter, now and then
            schema.config.generation.modes = [schemathesis.GenerationMode.POSITIVE]
        schema.hook(map_body)
        return schema

    def _try(case: Any) -> None:
        answer = case.call()
        is_json = case.media_type == "application/json"
        case.validate_response(answer, checks=[*CHECKS, *([negative_data_rejection] if is_json else [])])

    # the fakes have every kind of parameter: with them each bound of each is tried; the real ones are sampled
    FAKES_JSON = _schema(ALL[:2], "application/json", every_bound=True)
    FAKES_FORM = _schema(ALL[:2], "multipart/form-data", every_bound=True)
    REAL_JSON = _schema(WITHOUT_CHECKPOINT, "application/json", every_bound=False)
    REAL_FORM = _schema(WITHOUT_CHECKPOINT, "multipart/form-data", every_bound=False)
    QUICK = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))

    @FAKES_JSON.parametrize()
    @QUICK
    def test_schemathesis_finds_no_undocumented_answer_of_the_fakes_to_json(case):
        _try(case)

    @FAKES_FORM.include(method="POST").parametrize()
    @QUICK
    def test_schemathesis_finds_no_undocumented_answer_of_the_fakes_to_forms(case):
        _try(case)

    @REAL_JSON.include(method="POST").parametrize()
    @QUICK
    def test_schemathesis_finds_no_undocumented_answer_of_the_operations_to_json(case):
        _try(case)

    @REAL_FORM.include(method="POST").parametrize()
    @QUICK
    def test_schemathesis_finds_no_undocumented_answer_of_the_operations_to_forms(case):
        _try(case)
