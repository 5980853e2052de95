"""The routes: what goes in, what comes out, and that nothing hostile stops the server."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import Depends, FastAPI, HTTPException
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp import __version__
from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.core.images.codec import decode_base64, decode_image
from lib_bootcamp.core.images.png import encode_png
from lib_bootcamp.errors import UnexpectedError
from lib_bootcamp.operations.describe.classify import CLASSIFY
from lib_bootcamp.surfaces.http import body as http_body
from lib_bootcamp.surfaces.http.errors import MalformedBodyError
from lib_bootcamp.surfaces.http.forms import Part, parse_form
from lib_bootcamp.surfaces.http.routes import build_router
from tests.contract.fake_operation import COUNT, FAKE, FAKES
from tests.contract.http_client import (
    FAKE_URL,
    GOOD,
    PICTURE,
    PICTURE_64,
    PICTURE_PNG,
    WITHOUT_CHECKPOINT,
    Client,
    fake_app,
    host,
    pieces,
    with_folder,
)
from tests.fake_clip import BLUE, RED, flat_png

COUNT_URL = "/bootcamp/v1/text/count"


@pytest.fixture(scope="module")
def client() -> Client:
    return Client(fake_app())


@pytest.fixture(scope="module")
def real() -> Client:
    app = FastAPI()
    app.include_router(build_router(host(), operations=WITHOUT_CHECKPOINT))
    return Client(app)


def assert_error(answer: httpx.Response, status: int, error: str | None = None) -> str:
    """The answer has the one error shape and this status; returns its sentence."""
    assert answer.status_code == status, answer.text[:300]
    body = answer.json()
    assert {"error", "detail"} <= set(body) <= {"error", "detail", "pointer", "message", "hint"}
    assert body["error"].endswith("Error")
    assert len(body["detail"]) < 500
    assert error is None or body["error"] == error
    return body["detail"]


# --- what is offered


def test_info_reports_host_device_and_versions(client):
    reported = client.get("/bootcamp/v1/info").json()
    assert reported["name"] == "standalone"
    assert reported["device"] == "cpu"
    assert reported["extension"] == __version__
    assert reported["checkpoint"] == "mini"
    assert "numpy" in reported["packages"]


def test_operations_lists_declarations_as_json_schema(client):
    fake, count = client.get("/bootcamp/v1/operations").json()
    assert fake["path"] == FAKE_URL
    assert fake["params"]["required"] == ["image", "note"]
    assert fake["params"]["properties"]["steps"]["maximum"] == 16
    assert fake["presets"] == {"inverted": {"mode": "invert", "steps": 8}}
    assert count["kind"] == "analysis"
    assert set(count["result"]["properties"]) == {"characters"}


@pytest.mark.parametrize("operation", [*FAKES, *OPERATIONS], ids=lambda each: each.name)
def test_every_declared_parameter_is_known_to_the_route(client, real, operation):
    app = client.app if operation in FAKES else real.app
    body = app.openapi()["paths"][f"/bootcamp/v1/{operation.path.strip('/')}"]["post"]["requestBody"]["content"]
    declared = {param.name for param in operation.params.fields()} | ({"preset"} if operation.presets else set())
    assert set(body["application/json"]["schema"]["properties"]) == declared
    assert set(body["multipart/form-data"]["schema"]["properties"]) == declared


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_of_the_catalog_answers_its_own_example(real, operation):
    path = f"/bootcamp/v1/{operation.path.strip('/')}"
    content = real.app.openapi()["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    answer = real.post(path, json=with_folder(operation, content["examples"]["example"]["value"]))
    assert answer.status_code == 200, answer.text[:300]
    assert {"summary", "succeeded"} < set(answer.json())


@pytest.mark.thorough
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_of_the_catalog_answers_its_presets(real, operation):
    path = f"/bootcamp/v1/{operation.path.strip('/')}"
    content = real.app.openapi()["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    statuses = {
        name: real.post(path, json=with_folder(operation, content["examples"][name]["value"])).status_code
        for name in operation.presets
    }
    assert statuses == dict.fromkeys(operation.presets, 200)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_operation_of_the_catalog_refuses_unknown_fields(real, operation):
    answer = real.post(f"/bootcamp/v1/{operation.path.strip('/')}", json={"no_such_field": 1})
    assert "no_such_field" in assert_error(answer, 422, "InvalidParamError")


# --- the road in: JSON


def test_json_gives_the_result_as_json_with_pictures_in_base64(client):
    answer = client.post(json={**GOOD, "lamps": [{"kind": "spot"}], "depth": PICTURE_64})
    assert answer.status_code == 200
    body = answer.json()
    assert np.array_equal(decode_base64(body["image"]), PICTURE)
    assert not body["image"].startswith("data:")
    assert np.array_equal(decode_base64(body["error_map"]), PICTURE)
    assert body["boxes"] == [{"left": 0, "label": "spot"}]
    assert body["table"] == {"note": 1.0, "gamma": 1.0}
    assert body["count"] == 1
    assert body["succeeded"] is True
    assert body["summary"] == "1 boxes – yes"


def test_missing_pictures_of_a_result_are_null(client):
    assert client.post(json=GOOD).json()["error_map"] is None


def test_a_data_uri_is_read_as_its_base64(client):
    answer = client.post(json={**GOOD, "image": f"data:image/png;base64,{PICTURE_64}"})
    assert np.array_equal(decode_base64(answer.json()["image"]), PICTURE)


def test_pictures_inside_nested_objects_and_lists_are_decoded(client):
    lamp = {"mask": PICTURE_64}
    answer = client.post(json={**GOOD, "lamp": lamp, "lamps": [lamp, lamp], "layers": [PICTURE_64]})
    assert answer.json()["count"] == 3


def test_a_bad_picture_is_named_by_its_path(client):
    detail = assert_error(
        client.post(json={**GOOD, "lamps": [{}, {"mask": "bm90IGEgcGljdHVyZQ=="}]}), 422, "ImageError"
    )
    assert detail.startswith("lamps[1].mask: ")


def test_a_number_where_a_picture_belongs_is_refused(client):
    assert assert_error(client.post(json={**GOOD, "image": 7}), 422).startswith("image ")


def test_a_preset_is_laid_under_the_given_values(client):
    values = {**GOOD, "preset": "inverted", "steps": 2}
    assert np.array_equal(decode_base64(client.post(json=values).json()["image"]), 255 - PICTURE)


@pytest.mark.parametrize("preset", ["nothing", 7, [], {}, True, ["inverted"]])
def test_an_unknown_preset_is_refused(client, preset):
    assert "preset" in assert_error(client.post(json={**GOOD, "preset": preset}), 422)


def test_a_body_with_a_byte_order_mark_is_read(client):
    data = b"\xef\xbb\xbf" + json.dumps({"text": "abc"}).encode()
    assert client.post(COUNT_URL, content=data, headers={"content-type": "application/json"}).json()["characters"] == 3


def test_media_types_ending_in_json_are_json(client):
    headers = {"content-type": "application/vnd.api+json; charset=UTF-8"}
    assert client.post(COUNT_URL, content=b"{}", headers=headers).status_code == 200


# --- the road in: forms


def test_a_form_reads_texts_as_their_declared_types(client):
    data = {"note": "n", "steps": "8", "gamma": "0.5", "flip": "on", "weights": "0.5,-1", "lamps": '[{"x": 1}]'}
    answer = client.post(data=data, files={"image": ("a.png", PICTURE_PNG)})
    assert answer.status_code == 200, answer.text
    assert answer.json()["boxes"] == [{"left": 0, "label": "point"}]
    assert answer.json()["table"]["gamma"] == 0.5


def test_a_form_gives_the_same_answer_as_json(client):
    as_form = client.post(data={"note": "n"}, files={"image": ("a.png", PICTURE_PNG)})
    assert as_form.json() == client.post(json=GOOD).json()


def test_a_form_takes_a_preset(client):
    answer = client.post(data={"note": "n", "preset": "inverted"}, files={"image": ("a.png", PICTURE_PNG)})
    assert np.array_equal(decode_base64(answer.json()["image"]), 255 - PICTURE)


def test_a_form_takes_a_picture_as_base64_text_too(client):
    answer = client.post(files={"note": (None, "n"), "image": (None, PICTURE_64)})
    assert np.array_equal(decode_base64(answer.json()["image"]), PICTURE)


def test_repeated_parts_of_a_form_make_a_list(client):
    files = [("layers", ("a.png", PICTURE_PNG))] * 2 + [("image", ("a.png", PICTURE_PNG)), ("note", (None, "n"))]
    assert client.post(files=files).json()["count"] == 2


def test_an_object_may_be_a_file_part_of_json(client):
    files = {"image": ("a", PICTURE_PNG), "note": (None, "n"), "lamps": ("blob", b"[{}]", "application/json")}
    assert client.post(files=files).json()["count"] == 1


def test_inputs_that_were_not_filled_in_count_as_not_given(client):
    empty = [("note", None, b""), ("depth", "", b""), ("steps", None, b""), ("size", None, b"")]
    form, content_type = _form([("image", "a", PICTURE_PNG), *empty])
    assert client.post(content=form, headers={"content-type": content_type}).status_code == 200


def test_an_empty_text_for_a_picture_counts_as_not_given(client):
    files = {"image": ("a", PICTURE_PNG), "note": (None, "n"), "depth": (None, "")}
    assert client.post(files=files).status_code == 200


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("steps", text) for text in ("eight", "3", "4.5", "0x4", "9" * 100_000)],
        *[("gamma", text) for text in ("nan", "-inf", "4")],
        *[("lamps", text) for text in ("[{", '[{"x": NaN}]', '{"x": 1}', "[" * 100_000)],
        *[("weights", text) for text in ("1,2", "a", "[[1]]")],
        *[("flip", "maybe"), ("mode", "KEEP"), ("color", "red"), ("typo", "1")],
    ],
)
def test_a_wrong_text_in_a_form_is_refused_by_name(client, field, value):
    answer = client.post(data={"note": "n", field: value}, files={"image": ("a.png", PICTURE_PNG)})
    assert field in assert_error(answer, 422)


def test_a_field_given_twice_in_a_form_is_refused(client):
    files = [("image", ("a.png", PICTURE_PNG)), ("note", (None, "a")), ("note", (None, "b"))]
    assert "note" in assert_error(client.post(files=files), 422)


def test_an_unknown_file_in_a_form_is_refused(client):
    answer = client.post(data={"note": "n"}, files={"image": ("a", PICTURE_PNG), "imagee": ("b", b"\0\xff")})
    assert "did you mean image" in assert_error(answer, 422)


# --- the form reader


def _form(parts: list[tuple[str, str | None, bytes]], boundary: str = "xyz") -> tuple[bytes, str]:
    out = b""
    for name, filename, data in parts:
        file = "" if filename is None else f'; filename="{filename}"'
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


_names = st.text(st.characters(codec="utf-8", exclude_characters='"\r\n\\\0', exclude_categories=("Cc",)), min_size=1)


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(_names, st.none() | _names, st.binary(max_size=60).filter(lambda data: b"--xyz" not in data)))
)
def test_a_form_is_read_back_part_for_part(parts):
    data, _ = _form(parts)
    # browsers write a quote as %22 and leave % as it is: a name with %22 in it is the same as one with a quote
    expected = [Part(name.replace("%22", '"'), filename, value) for name, filename, value in parts]
    assert parse_form(data, "xyz") == expected


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_a_form_that_is_cut_off_is_refused(data):
    whole, _ = _form([("a", None, b"1"), ("b", "f", b"\r\n--xy")])
    cut = data.draw(st.integers(0, len(whole) - len(b"--\r\n") - 1))
    with pytest.raises(MalformedBodyError):
        parse_form(whole[:cut], "xyz")


def test_a_preamble_padding_and_an_epilogue_are_passed_over():
    data = b'before\r\n--x \t\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\nafter'
    assert parse_form(data, "x") == [Part("a", None, b"1")]


def test_the_form_httpx_writes_is_read_alike(client):
    request = httpx.Request("POST", "http://t/", data={"a": "ä"}, files={"b": ("n.png", b"\0\r\n--", "image/png")})
    boundary = request.headers["content-type"].split("boundary=")[1]
    assert parse_form(request.read(), boundary) == [
        Part("a", None, "ä".encode()),
        Part("b", "n.png", b"\0\r\n--"),
    ]


# --- the road out


def test_the_picture_itself_comes_under_accept_png(client):
    answer = client.post(json=GOOD, headers={"accept": "image/png"})
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(decode_image(answer.content), PICTURE)


def test_the_facts_of_a_picture_stand_in_a_header(client):
    answer = client.post(json=GOOD, headers={"accept": "image/png"})
    facts = json.loads(answer.headers["x-bootcamp-result"])
    assert facts["score"] == 0.25
    assert facts["summary"] == "0 boxes – no"
    assert facts["succeeded"] is False


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("application/json, image/png", "application/json"),
        ("image/png, application/json;q=0.9", "image/png"),
        ("image/*", "image/png"),
        ("IMAGE/PNG", "image/png"),
        ("image/png;q=0, */*", "application/json"),
        ("text/html, application/xhtml+xml, image/webp, */*;q=0.8", "application/json"),
    ],
)
def test_the_format_follows_the_preferences_of_accept(client, accept, media_type):
    assert client.post(json=GOOD, headers={"accept": accept}).headers["content-type"] == media_type


@pytest.mark.parametrize(("url", "accept"), [(COUNT_URL, "image/png"), (FAKE_URL, "text/html"), (FAKE_URL, "*/*;q=0")])
def test_formats_that_do_not_exist_are_answered_with_406(client, url, accept):
    assert_error(client.post(url, json=GOOD, headers={"accept": accept}), 406, "NotAcceptableError")


def test_errors_are_json_under_accept_png_too(client):
    assert_error(client.post(json={}, headers={"accept": "image/png"}), 422)


# --- errors


@pytest.mark.parametrize(
    ("mode", "status", "error"), [("fail", 400, "BootcampError"), ("package", 501, "MissingPackageError")]
)
def test_a_bootcamp_error_is_answered_with_its_own_status_and_sentence(client, mode, status, error):
    assert assert_error(client.post(json={**GOOD, "mode": mode}), status, error).endswith(".")


def test_an_unexpected_error_is_logged_and_not_shown(client, caplog):
    with caplog.at_level(logging.ERROR):
        answer = client.post(json={**GOOD, "mode": "crash"})
    assert assert_error(answer, 500, "InternalError") == str(UnexpectedError())
    assert "secret" not in answer.text
    assert "a secret of the inside" in caplog.text


MALFORMED = {
    "nothing": b"",
    "a blank": b" ",
    "cut off": b'{"text": "a"',
    "no UTF-8": b'{"text": "\xe4"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "single quotes": b"{'text': 'a'}",
    "a bare line break": b'{"text": "\n"}',
    "NaN": b'{"text": NaN}',
    "-Infinity": b'{"text": -Infinity}',
    "a float beyond the range": b'{"text": 1e999}',
    "5000 digits": b'{"text": ' + b"9" * 5000 + b"}",
    "a name twice": b'{"text": "a", "text": "b"}',
    "40,000 lists": b"[" * 40_000 + b"]" * 40_000,
    "40,000 objects": b'{"text":' * 40_000,
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_body_is_answered_with_400(client, body):
    answer = client.post(COUNT_URL, content=body, headers={"content-type": "application/json"})
    assert_error(answer, 400, "MalformedBodyError")
    assert client.post(COUNT_URL, json={}).status_code == 200


@pytest.mark.parametrize("body", [b'{"steps": [' + b"0," * 1_000_000 + b"0]}", b"[" * 100_000 + b"]" * 100_000])
def test_a_body_of_more_values_than_anybody_needs_is_answered_with_413(client, body):
    answer = client.post(COUNT_URL, content=body, headers={"content-type": "application/json"})
    assert_error(answer, 413, "TooManyValuesError")
    assert client.post(COUNT_URL, json={}).status_code == 200


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"', b"true", b"[" * 900 + b"]" * 900])
def test_a_body_that_is_no_object_is_answered_with_422(client, body):
    assert_error(client.post(COUNT_URL, content=body, headers={"content-type": "application/json"}), 422)


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-type": "application/json; charset=latin-1"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
        {"content-type": b"nonsense;;=\xff"},
    ],
    ids=str,
)
def test_a_content_type_that_is_not_read_is_answered_with_415(client, headers):
    assert_error(client.post(COUNT_URL, content=b"{}", headers=headers), 415, "UnsupportedContentError")


def test_a_wrong_method_is_answered_in_the_same_shape(client):
    answer = client.get(FAKE_URL)
    assert_error(answer, 405)
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_a_wrong_method_is_refused_also_where_a_page_is_at_the_root(method):
    app = fake_app()
    app.mount("/", FastAPI())
    answer = Client(app).request(method, FAKE_URL)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert method == "HEAD" or assert_error(answer, 405, "MethodNotAllowedError")


@pytest.mark.parametrize("url", [FAKE_URL, COUNT_URL])
def test_a_query_parameter_that_is_not_declared_is_refused(client, url):
    assert assert_error(client.post(f"{url}?depth=fast", json=GOOD), 422, "UnknownQueryError") == (
        "'depth' is not a query parameter of this route; values go into the body."
    )


@pytest.mark.parametrize("operation", WITHOUT_CHECKPOINT, ids=lambda each: each.name)
def test_every_operation_refuses_values_behind_the_question_mark(real, operation):
    path = f"/bootcamp/v1/{operation.path.strip('/')}"
    assert_error(real.post(f"{path}?{operation.params.fields()[0].name}=1", json={}), 422, "UnknownQueryError")


def test_a_misspelt_query_parameter_names_those_that_the_route_takes(real):
    detail = assert_error(real.get("/bootcamp/v1/jobs/1/items?limt=5"), 422, "UnknownQueryError")
    assert detail == "'limt' is not a query parameter of this route; it takes offset, limit."


def test_unknown_routes_and_errors_of_the_host_stay_the_hosts(client):
    assert client.get("/bootcamp/v1/nothing").json() == {"detail": "Not Found"}
    assert isinstance(client.get("/of-the-host?number=x").json()["detail"], list)
    assert not any(kind is Exception for kind in client.app.exception_handlers)


# --- hostile bodies


HOSTILE: dict[str, Any] = {
    "a 10 MB text": {"note": "x" * 10_000_000},
    "a 10 MB name": {"x" * 10_000_000: 1},
    "a 10 MB choice": {"mode": "x" * 10_000_000},
    "a 10 MB picture of nothing": {"image": "A" * 10_000_000},
    "a lone surrogate": {"note": "\ud800"},
    "a name of lone surrogates": {"\ud800": 1},
    "a picture of lone surrogates": {"image": "\ud800"},
    "many numbers for one": {"steps": [0] * 40_000},
    "deep nesting in a value": {"lamps": json.loads("[" * 400 + "]" * 400)},
    "a huge integer": {"steps": 10**300},
    "a huge float": {"gamma": 1e308},
    "true for a number": {"steps": True},
    "null for a number": {"steps": None},
    "a list too long": {"layers": [PICTURE_64] * 4},
    "a text for a list": {"weights": "0.5"},
    "an object for a text": {"note": {}},
    "an SVG": {"image": base64.b64encode(b"<svg xmlns='http://www.w3.org/2000/svg'/>").decode()},
}


@pytest.mark.thorough
@pytest.mark.parametrize("values", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_value_is_refused_and_the_server_lives_on(client, values):
    body = json.dumps({**GOOD, **values}).encode()
    assert_error(client.post(content=body, headers={"content-type": "application/json"}), 422)
    assert client.post(json=GOOD).status_code == 200


@pytest.mark.parametrize(
    ("status", "build"),
    [
        (413, lambda: _form([(f"f{index}", None, b"1") for index in range(10_000)])),
        (400, lambda: (b"", "multipart/form-data; boundary=x")),
        (400, lambda: (_form([("a", None, b"1")])[0], "multipart/form-data")),
        (400, lambda: (_form([("a", None, b"1")])[0], "multipart/form-data; boundary=other")),
        (400, lambda: (_form([("a", None, b"1")])[0][:-8], "multipart/form-data; boundary=xyz")),
        (
            400,
            lambda: (b"--xyz\r\nX: " + b"a" * 100_000 + b"\r\n\r\n1\r\n--xyz--", "multipart/form-data; boundary=xyz"),
        ),
        (400, lambda: (b"--xyz\r\nX: y\r\n\r\n1\r\n--xyz--", "multipart/form-data; boundary=xyz")),
        (400, lambda: (b"\r\n--x" * 100_000, "multipart/form-data; boundary=x")),
        (422, lambda: _form([("note", None, b"\xff\xfe")])),
        (422, lambda: _form([("image", "a.png", b"<?xml version='1.0'?><svg/>"), ("note", None, b"n")])),
        (422, lambda: _form([("\u202e", None, b"1")])),
    ],
)
def test_a_hostile_form_is_refused_and_the_server_lives_on(client, status, build):
    content, content_type = build()
    assert_error(client.post(content=content, headers={"content-type": content_type}), status)
    assert client.post(json=GOOD).status_code == 200


def test_a_body_over_the_limit_is_refused_by_its_announced_length():
    client = Client(fake_app(max_body=1000))
    assert "MiB" in assert_error(client.post(json={**GOOD, "note": "x" * 1000}), 413, "TooLargeError")
    assert client.post(COUNT_URL, json={}).status_code == 200


def test_a_body_over_the_limit_is_refused_while_it_arrives():
    client, taken = Client(fake_app(max_body=1000)), []

    def endless():
        while True:
            taken.append(1)
            yield b" " * 100

    assert_error(client.post(content=pieces(endless()), headers={"content-type": "application/json"}), 413)
    assert len(taken) < 20


def test_the_default_limit_is_a_hundred_mebibytes(client):
    headers = {"content-type": "application/json", "content-length": str(100 * 2**20 + 1)}
    assert_error(client.post(COUNT_URL, content=b"{}", headers=headers), 413)


def test_a_body_that_stops_arriving_is_answered_with_408(monkeypatch):
    monkeypatch.setattr("lib_bootcamp.surfaces.http.routes.body_reader", _impatient_reader())
    client = Client(fake_app())
    body = pieces([b"{", b"}"], pause_s=0.5)
    assert_error(client.post(content=body, headers={"content-type": "application/json"}), 408, "SlowBodyError")
    assert client.post(COUNT_URL, json={}).status_code == 200


def _impatient_reader() -> Any:
    from lib_bootcamp.surfaces.http.body import body_reader

    return lambda max_bytes: body_reader(max_bytes, idle_s=0.05)


def test_pictures_share_one_budget_of_pixels(client, monkeypatch):
    monkeypatch.setattr("lib_bootcamp.surfaces.http.body.MAX_REQUEST_PIXELS", 100)
    assert_error(client.post(json={**GOOD, "layers": [PICTURE_64] * 2}), 413, "TooLargeError")


def test_a_decompression_bomb_is_refused_by_its_head(client):
    bomb = encode_png(np.zeros((9000, 9000), np.uint8))
    assert_error(client.post(data={"note": "n"}, files={"image": ("a.png", bomb)}), 413, "TooLargeError")


# --- the host's hooks


def test_dependencies_guard_every_route_before_a_body_is_read():
    def deny() -> None:
        raise HTTPException(401, "Give the user's name.", {"WWW-Authenticate": "Basic"})

    client = Client(fake_app(dependencies=[Depends(deny)]))
    for answer in (client.get("/bootcamp/v1/info"), client.get("/bootcamp/v1/operations"), client.post(content=b"{")):
        assert assert_error(answer, 401, "UnauthorizedError") == "Give the user's name."
        assert answer.headers["www-authenticate"] == "Basic"


def test_the_operation_is_given_the_host_of_the_router():
    given_host, seen = host(), []

    def run(params, context):
        seen.append(context)
        return COUNT.run(params, context)

    app = FastAPI()
    operation = type(COUNT)(**{**vars(COUNT), "run": run})
    app.include_router(build_router(given_host, operations=[operation]))
    assert Client(app).post(COUNT_URL, json={"text": "four"}).json()["characters"] == 4
    assert seen[0].host is given_host
    assert not seen[0].progress.cancelled()


def test_the_work_runs_outside_the_event_loop():
    import asyncio

    def run(params, context):
        with pytest.raises(RuntimeError):
            asyncio.get_running_loop()
        return COUNT.run(params, context)

    app = FastAPI()
    app.include_router(build_router(host(), operations=[type(COUNT)(**{**vars(COUNT), "run": run})]))
    assert Client(app).post(COUNT_URL, json={}).status_code == 200


def test_the_fake_has_every_kind_of_parameter():
    kinds = {param.kind for param in FAKE.params.fields()}
    assert kinds == {"image", "string", "choice", "integer", "number", "boolean", "list", "object", "mapping", "file"}


# --- several pictures


@pytest.fixture
def classifying() -> Client:
    app = FastAPI()
    app.include_router(build_router(host(), operations=[CLASSIFY]))
    return Client(app)


CLASSIFY_URL = "/bootcamp/v1/classify"


def test_several_pictures_of_a_json_list_are_classified_in_order(classifying):
    pictures = [base64.b64encode(flat_png(color)).decode() for color in (RED, BLUE)]
    answer = classifying.post(CLASSIFY_URL, json={"images": pictures, "labels": ["red", "blue"]})
    assert answer.status_code == 200, answer.text
    assert [each["label"] for each in answer.json()["images"]] == ["red", "blue"]
    scores = answer.json()["images"][1]["scores"]
    assert [each["label"] for each in scores] == ["blue", "red"]
    assert scores[0]["value"] > 0.99


def test_repeated_uploads_of_a_form_are_classified_in_order(classifying):
    parts = [("images", (f"{at}.png", flat_png(color))) for at, color in enumerate((RED, BLUE, RED))]
    answer = classifying.post(CLASSIFY_URL, files=parts, data={"labels": "red, blue"})
    assert answer.status_code == 200, answer.text
    assert [each["label"] for each in answer.json()["images"]] == ["red", "blue", "red"]


def test_one_upload_and_groups_as_text_are_enough(classifying):
    groups = "color: red, blue; tone: a red tone"
    answer = classifying.post(CLASSIFY_URL, files={"images": ("a.png", flat_png(RED))}, data={"groups": groups})
    assert answer.status_code == 200, answer.text
    (image,) = answer.json()["images"]
    assert [(each["name"], each["label"]) for each in image["groups"]] == [("color", "red"), ("tone", "a red tone")]


@pytest.mark.parametrize("named", ["/etc/model.safetensors", "hf-hub:somebody/anything", "tests/contract", "../models"])
def test_a_caller_cannot_name_files_or_strangers_models(classifying, named):
    parts = {"images": ("a.png", flat_png(RED))}
    answer = classifying.post(CLASSIFY_URL, files=parts, data={"labels": "red", "clip": named})
    assert "clip must be" in assert_error(answer, 422, "InvalidParamError")


@pytest.mark.parametrize("named", ["mini", "ViT-B-32/openai", "ViT-B-32:laion2b_s34b_b79k"])
def test_a_caller_may_name_models_that_everybody_knows(classifying, named):
    parts = {"images": ("a.png", flat_png(RED))}
    answer = classifying.post(CLASSIFY_URL, files=parts, data={"labels": "red", "clip": named})
    assert answer.status_code == 200, answer.text


def test_a_bad_picture_among_several_is_named(classifying):
    parts = [("images", ("a.png", flat_png(RED))), ("images", ("b.png", b"no picture"))]
    detail = assert_error(classifying.post(CLASSIFY_URL, files=parts, data={"labels": "red"}), 422, "ImageError")
    assert detail.startswith("images[1]: The picture cannot be read")


def test_more_than_64_pictures_are_refused(classifying):
    picture = base64.b64encode(flat_png(RED)).decode()
    answer = classifying.post(CLASSIFY_URL, json={"images": [picture] * 65, "labels": ["red"]})
    assert "at most 64" in assert_error(answer, 422, "InvalidParamError")


def test_one_picture_too_large_for_the_memory_is_a_5xx(classifying, fake_clip):
    fake_clip.fits = 0
    answer = classifying.post(CLASSIFY_URL, files={"images": ("a.png", flat_png(RED))}, data={"labels": "red"})
    assert answer.status_code // 100 == 5
    assert "memory" in answer.json()["detail"]


# --- the memory for bodies


def test_bodies_that_take_too_much_together_are_asked_to_come_again(monkeypatch):
    monkeypatch.setattr(http_body.MEMORY, "most", 1000)
    answer = Client(fake_app()).post(json={**GOOD, "note": "n" * 2000})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("body", [GOOD, {"image": "no picture"}, {**GOOD, "mode": "crash"}])
def test_the_memory_of_a_body_is_free_when_it_is_answered(body):
    assert Client(fake_app()).post(json=body).status_code in {200, 422, 500}
    assert http_body.MEMORY.held == 0
