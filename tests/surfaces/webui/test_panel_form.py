"""What the section's form shows: fields that act, presets by their titles, and what the course's exercise needs."""

from __future__ import annotations

from typing import Any

import pytest

from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.webui.panel.form import panel_form
from tests.surfaces.webui.generations import MONSTER, FakeControlNet, FakeWebUi

BRIGHTNESS = "control_v1p_sd15_brightness"


def form(*models: str, base: str | None = "sd15", controlnet: bool = True) -> dict[str, Any]:
    net = FakeControlNet(*models) if controlnet else None
    return panel_form(StandaloneHost(), FakeWebUi(base), net, img2img=False).describe()


def shown(control: str, **set_: str) -> set[str]:
    """The section's own fields that are shown with a control."""
    values = {"control": control, "apply_by": "automatic", **set_}
    own = [each for each in form(MONSTER)["fields"] if "." not in each["key"]]
    return {
        each["key"] for each in own if all(values[name] in allowed for name, allowed in each.get("when", {}).items())
    }


GUIDANCE = {"strength", "margin", "dead_zone", "local", "keep_color", "tolerance", "touch_up"}


@pytest.mark.parametrize(
    ("control", "acting"),
    [
        ("qr", GUIDANCE - {"tolerance"}),
        ("lighting", {"strength", "keep_color", "tolerance"}),
        ("brightness", {"strength", "keep_color", "tolerance"}),
        ("detect", set()),
        ("edges", set()),
    ],
)
def test_of_guidance_that_is_shown_which_acts_on_the_map(control: str, acting: set[str]) -> None:
    assert shown(control) & GUIDANCE == acting
    assert ("apply_by" in shown(control)) is bool(acting)
    assert {"effect", "preset", "weight"} <= shown(control)


def test_without_a_control_nothing_else_is_shown() -> None:
    assert shown("none") == {"control"}


def test_applied_by_controlnet_a_code_is_still_touched_up() -> None:
    assert shown("qr", apply_by="controlnet") & GUIDANCE == {"touch_up"}


def test_spans_of_numbers_are_written_as_a_person_reads_them() -> None:
    labels = {each["key"]: each["label"] for each in form(MONSTER)["fields"]}
    assert labels["brightness.black_point"] == "Black point (0 to 1)"
    assert labels["touch_up"] == "Touch up (0 to 255)"
    assert not [each for each in labels.values() if "[" in each or ".." in each]


def test_presets_are_shown_by_their_titles() -> None:
    presets = form()["presets"]
    assert {"Top left", "Three point", "Estimate edges"} <= set(presets["lighting"])
    assert {"Soft edge", "Line art", "Canny otsu"} <= set(presets["edges"])
    assert "Depth (SD1.5)" in presets["detect"]
    assert {"QR Code Monster (SD1.5)", "Free use"} == set(presets["qr"])


@pytest.mark.parametrize(("base", "other"), [("sd15", "SDXL"), ("sdxl", "SD1.5")])
def test_presets_of_another_base_are_left_out(base: str, other: str) -> None:
    presets = form(base=base)["presets"]
    assert not [each for part in ("detect", "qr") for each in presets[part] if other in each]
    assert presets["detect"]


def test_where_the_checkpoint_is_not_known_presets_of_every_base_are_there() -> None:
    titles = set(form(base=None)["presets"]["detect"])
    assert {"Depth (SD1.5)", "Depth (SDXL)"} <= titles


def test_a_download_of_next_to_nothing_has_no_size(monkeypatch: pytest.MonkeyPatch) -> None:
    small = [name for name, each in DETECTORS.items() if each.weights and round(each.mb) == 0]
    host = StandaloneHost()
    monkeypatch.setattr(host, "model_folders", dict)
    fields = panel_form(host, FakeWebUi(), None, img2img=False).describe()["fields"]
    labels = dict(next(each for each in fields if each["key"] == "detect.detector")["choices"])
    assert small
    assert all(labels[each].endswith("(needs a small download)") for each in small)
    assert not [each for each in labels.values() if " 0 MB" in each]


def test_the_exercise_names_the_model_that_is_missing() -> None:
    told = form(MONSTER)["example"]["missing"]
    assert f"put {BRIGHTNESS}.safetensors into models/ControlNet (" in told
    assert "gives another picture than the exercise" in told


def test_the_exercise_without_controlnet_names_the_extension_and_the_model() -> None:
    told = form(controlnet=False)["example"]["missing"]
    assert "install the extension sd-webui-controlnet" in told
    assert f"{BRIGHTNESS}.safetensors" in told


def test_the_exercise_is_for_a_checkpoint_of_its_base() -> None:
    assert "a checkpoint of SD1.5" in form(BRIGHTNESS, base="sdxl")["example"]["missing"]


def test_the_exercise_with_its_model_misses_nothing() -> None:
    assert form(BRIGHTNESS)["example"]["missing"] == ""


def test_under_automatic_fields_begin_with_what_its_preset_sets() -> None:
    assert form(MONSTER)["defaultsBy"]["preset"]["automatic"] == {"qr.grid_px": 0, "qr.surround": "gray"}
    assert form()["defaultsBy"]["preset"]["automatic"] == {}
    assert form(controlnet=False)["defaultsBy"]["preset"]["automatic"] == {}
