"""The section's parameters through infotext and back; the reader is the WebUI's own grammar, written down here."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib_bootcamp.catalog import find
from lib_bootcamp.surfaces.webui import infotext
from lib_bootcamp.surfaces.webui.forms.built import Pasted
from lib_bootcamp.surfaces.webui.panel.always_visible import pasted_enabled, pasted_text
from lib_bootcamp.surfaces.webui.section import SectionParams, map_fields

# AUTOMATIC1111 v1.10.1: a key, a colon, a JSON text or anything up to a comma; NxM is split into two keys.
_PAIR = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')


def through_the_webui(value: str) -> str | None:
    """What the WebUI reads back of a value it wrote among others."""
    quoted = value if not set(value) & set(",\n:") else json.dumps(value, ensure_ascii=False)
    line = f"Steps: 2, Sampler: Euler, Size: 64x64, {infotext.KEY}: {quoted}, Version: 1.10.1"
    assert "\n" not in line
    found = dict(_PAIR.findall(line.strip()))
    got = found.get(infotext.KEY)
    if got is None or re.match(r"^(\d+)x(\d+)$", got):
        return None
    return json.loads(got) if got[:1] == '"' == got[-1:] else got


def round_trip(section: dict[str, Any], control: str, values: dict[str, Any]) -> dict[str, Any]:
    made = SectionParams.from_mapping({"enabled": True, "control": control, **section})
    line = through_the_webui(infotext.write(made, find(control), values))
    assert line is not None
    return infotext.parse(line)[0]


TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=60)


@settings(max_examples=200)
@given(TEXTS)
def test_any_content_comes_back_exactly(content: str) -> None:
    assert round_trip({}, "qr", {"content": content})["content"] == content


@pytest.mark.parametrize(
    "content", ["512x512", '"quoted"', " led by a blank", "a, b: c", "a=b&c=d", "100%25", "null", "\n"]
)
def test_texts_the_webui_would_change_come_back_exactly(content: str) -> None:
    assert round_trip({}, "qr", {"content": content})["content"] == content


def values_of(control: str) -> st.SearchStrategy[dict[str, Any]]:
    """Raw values of an operation's scalar fields within their bounds."""
    kinds: dict[str, st.SearchStrategy[Any]] = {}
    for param in map_fields(find(control)):
        if param.kind == "boolean":
            kinds[param.name] = st.booleans()
        elif param.kind == "choice":
            kinds[param.name] = st.sampled_from(param.choices)
        elif param.kind in {"integer", "number"}:
            low, high = param.spec.ge or 0, param.spec.le if param.spec.le is not None else 100
            whole = st.integers(int(low), int(high))
            kinds[param.name] = whole if param.kind == "integer" else st.floats(low, high, allow_nan=False)
        if param.optional and param.name in kinds:
            kinds[param.name] = st.none() | kinds[param.name]
    return st.fixed_dictionaries({}, optional=kinds)


@pytest.mark.thorough
@pytest.mark.parametrize("control", ["qr", "brightness", "lighting"])
def test_all_values_come_back_exactly(control: str) -> None:
    defaults = {each.name: each.default for each in map_fields(find(control))}

    @settings(max_examples=60)
    @given(values_of(control))
    def holds(values: dict[str, Any]) -> None:
        back = round_trip({}, control, values)
        assert {name: back.get(name, defaults[name]) for name in values} == values

    holds()


def test_lights_come_back_exactly() -> None:
    lights = [{"kind": "point", "x": 0.25, "intensity": 1.5}, {"kind": "ambient"}]
    assert round_trip({}, "lighting", {"lights": lights})["lights"] == lights


@settings(max_examples=60)
@given(st.floats(0, 2), st.floats(0, 0.49), st.floats(0.5, 1))
def test_the_sections_numbers_come_back_exactly(weight: float, start: float, end: float) -> None:
    back = round_trip({"weight": weight, "guidance_start": start, "guidance_end": end}, "qr", {})
    assert (back["weight"], back["guidance_start"], back["guidance_end"]) == (weight, start, end)


def test_defaults_are_left_out() -> None:
    section = SectionParams.from_mapping({"enabled": True, "control": "qr"})
    assert infotext.write(section, find("qr"), {"content": "x", "grid_px": 8}) == "control=qr&content=x"


def test_a_link_stays_readable() -> None:
    section = SectionParams.from_mapping({"enabled": True, "control": "qr", "weight": 1.5})
    line = infotext.write(section, find("qr"), {"content": "https://example.com/a?b"})
    assert line == "control=qr&weight=1.5&content=https%3A//example.com/a?b"


def test_secrets_are_never_written() -> None:
    section = SectionParams.from_mapping({"enabled": True, "control": "qr"})
    values = {"payload": "wifi", "wifi_ssid": "home", "wifi_password": "swordfish"}
    assert "swordfish" not in infotext.write(section, find("qr"), values)


def test_without_payload_no_text_of_a_persons_own_is_written() -> None:
    section = SectionParams.from_mapping({"enabled": True, "control": "qr"})
    values = {"payload": "vcard", "vcard_first_name": "Ada", "content": "x", "foreground": "#112233"}
    line = infotext.write(section, find("qr"), values, with_payload=False)
    assert line == "control=qr&payload=vcard&foreground=#112233"


def test_a_parameter_of_a_newer_version_is_skipped() -> None:
    assert infotext.parse("control=qr&content=x&sparkle=3")[0] == {"control": "qr", "content": "x"}


def test_pictures_made_without_the_section_have_no_values() -> None:
    assert infotext.pasted_values({"Steps": "20"}) is None


def test_a_key_is_equal_to_its_text_and_reads() -> None:
    key = Pasted("Bootcamp qr content", lambda params: params["x"])
    assert key == "Bootcamp qr content"
    assert key in ["Bootcamp qr content"]
    assert key({"x": 1}) == 1


def test_an_infotext_that_cannot_be_read_is_warned_of_once_and_turns_the_section_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gr = pytest.importorskip("gradio")
    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", told.append)
    params = {"Bootcamp": "%%%"}
    assert pasted_enabled(params)["value"] is False
    assert pasted_text(params) is None
    assert len(told) == 1
    assert told[0].startswith("Bootcamp in this infotext names no control map")
