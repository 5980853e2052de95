"""What the scripts are given: over the API as one object or by position, from the page, and out of an infotext."""

from __future__ import annotations

import base64
import io
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lib_bootcamp.catalog import find
from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.surfaces.webui.scripts.declared import COMPARE, FORMS, UNTIL_IT_SCANS, ScriptForm
from lib_bootcamp.surfaces.webui.scripts.form import form_fields_of, offered_fields, page_values
from lib_bootcamp.surfaces.webui.scripts.page import PLACES, Around, build_script
from lib_bootcamp.surfaces.webui.scripts.runner import check_script
from lib_bootcamp.surfaces.webui.scripts.values import ask, by_name, form_of
from lib_bootcamp.surfaces.webui.scripts.written import KEY, pasted, written
from lib_bootcamp.surfaces.webui.section import SectionParams, map_fields
from tests.surfaces.webui.generations import MONSTER, FakeControlNet, FakeWebUi

AROUND = Around(StandaloneHost(), FakeWebUi(), lambda: FakeControlNet(MONSTER))
WITHOUT = Around(StandaloneHost(), FakeWebUi(), lambda: None)


def request(args: Any, form: ScriptForm = UNTIL_IT_SCANS, **more: Any) -> Any:
    made = SimpleNamespace(script_name=form.title.upper(), script_args=args, **more)
    check_script(made, lambda text: json.loads(text))
    return made


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_fields_are_the_scripts_own_and_the_sections_each_once(form: ScriptForm) -> None:
    names = [each.name for each in form.fields]
    assert len(names) == len(set(names))
    assert {each.name for each in form.params.fields()} < set(names)
    assert {"weight", "apply_by", "margin"} < set(names)
    assert not {"enabled", "control", "width", "height"} & set(names)
    assert {each.name for each in SectionParams.fields()} - set(names) <= {
        "enabled", "control", "effect", "scan", "save_only_scanning", "stop_at_first",
    }  # fmt: skip


def test_an_object_stands_first_in_the_places_of_the_script() -> None:
    made = request([{"content": "HELLO"}])
    assert made.script_args == [{"content": "HELLO"}, *[""] * (PLACES - 1)]


def test_values_by_position_are_in_declared_order() -> None:
    made = request(["HELLO", 2, [0.5]])
    assert made.script_args[0] == {"content": "HELLO", "seeds": 2, "strengths": [0.5]}


def test_a_place_that_is_none_has_the_declared_default() -> None:
    assert by_name(UNTIL_IT_SCANS, ["HELLO", None, [0.5]]) == {"content": "HELLO", "strengths": [0.5]}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ([{"conten": "x"}], "did you mean content"),
        ([{"content": "x"}, {}], "more than one object"),
        (["x"] * 200, "200 values"),
        ([{"content": "x", "seeds": 0}], "seeds must be a whole number from 1 to 100"),
        ([{"content": "x", "strengths": []}], "strengths"),
        ([{"content": "x", "strengths": [0]}], "strengths"),
        ([{"content": "x", "width": 512}], "width is the picture's own in this script"),
        ([{"content": "x", "control": "qr"}], "control is not a parameter here"),
        ([{"content": "x", "weight": 3}], "weight must be a number from 0 to 2"),
        ([{"content": "x", "style": "dot"}], "did you mean dots"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_not_understood_is_named_before_it_waits(args: Any, words: str) -> None:
    with pytest.raises(InvalidParamError) as error:
        request(args)
    assert words in str(error.value)


def test_requests_of_other_scripts_are_left_alone() -> None:
    made = SimpleNamespace(script_name="x/y/z plot", script_args=[1, 2])
    check_script(made, json.loads)
    assert made.script_args == [1, 2]
    assert form_of(None) is None


def test_a_picture_may_be_base64() -> None:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 9, 9)).save(out, "PNG")
    asked = ask(COMPARE, {"controls": ["edges"], "image": base64.b64encode(out.getvalue()).decode()})
    assert np.asarray(asked.own.image).shape == (8, 8, 3)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("form", "raw"),
    [
        (
            UNTIL_IT_SCANS,
            {"content": "https://example.com/?a=1&b=2", "seeds": 9, "strengths": [0.5, 1.5], "weight": 1.25},
        ),
        (COMPARE, {"controls": ["qr", "edges"], "settings": "control=edges&method=dog\ncontrol=qr", "margin": 0.3}),
    ],
    ids=["until", "compare"],
)
def test_an_infotext_fills_the_script_again_exactly(form: ScriptForm, raw: dict[str, Any]) -> None:
    text = written(form, raw, FakeWebUi())  # type: ignore[arg-type]
    assert text is not None
    assert not set(',:"\n') & set(text)
    assert pasted(form, {"Script": form.title, KEY: text}) == raw


def test_an_infotext_of_another_script_fills_nothing() -> None:
    assert pasted(UNTIL_IT_SCANS, {"Script": "X/Y/Z plot", KEY: "content=x"}) is None
    assert pasted(UNTIL_IT_SCANS, {}) is None


def test_a_privacy_setting_keeps_texts_out() -> None:
    webui: Any = FakeWebUi(bootcamp_payload_in_infotext=False)
    assert written(UNTIL_IT_SCANS, {"content": "secret", "seeds": 9}, webui) == "seeds=9"


def test_a_request_with_an_infotext_and_no_values_takes_the_infotexts() -> None:
    params = {"Script": UNTIL_IT_SCANS.title, KEY: "content=HELLO&seeds=2"}
    made = request([], infotext=json.dumps(params))
    assert made.script_args[0] == {"content": "HELLO", "seeds": 2}


@pytest.mark.parametrize("args", [[], [{"content": "HELLO"}]], ids=["alone", "beside values"])
@pytest.mark.parametrize(
    ("text", "words"), [("content=x&foo=1", "foo is not a parameter here"), ("content=x&content=y", "appears twice")]
)
def test_an_infotext_that_says_what_is_not_known_is_refused(args: Any, text: str, words: str) -> None:
    with pytest.raises(InvalidParamError, match=words):
        request(args, infotext=json.dumps({"Script": UNTIL_IT_SCANS.title, KEY: text}))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_request_to_img2img_without_a_picture_is_refused_before_it_waits(form: ScriptForm) -> None:
    with pytest.raises(InvalidParamError, match="init_images holds no picture"):
        request([{"content": "HELLO"}], form, init_images=[])


def test_an_infotext_of_a_script_without_its_name_is_refused_with_the_name() -> None:
    text = json.dumps({"Script": UNTIL_IT_SCANS.title, KEY: "content=x"})
    made = SimpleNamespace(script_name=None, script_args=[], infotext=text)
    with pytest.raises(InvalidParamError, match=r'script_name is missing.*give "script_name": "QR art until it scans"'):
        check_script(made, json.loads)


def test_a_section_beside_a_script_is_checked_though_it_is_left_aside() -> None:
    with pytest.raises(InvalidParamError, match="foo is not a parameter here"):
        request([{"content": "x"}], alwayson_scripts={"Bootcamp": {"args": [{"foo": 1}]}})
    request([{"content": "x"}], alwayson_scripts={"Bootcamp": {"args": [{"control": "lighting"}]}})


def test_the_pages_texts_are_objects_and_anything_else_is_told_of() -> None:
    assert page_values(UNTIL_IT_SCANS, ['{"content": "x"}']) == {"content": "x"}
    assert page_values(UNTIL_IT_SCANS, ["", None]) == {}
    with pytest.raises(InvalidParamError, match="must be a JSON object"):
        page_values(UNTIL_IT_SCANS, ["[1]"])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_form_has_all_fields_and_the_scripts_own_in_front(form: ScriptForm) -> None:
    described = {each["key"]: each for each in form_fields_of(form).describe()["fields"]}
    assert list(described) == [each.name for each in form.fields]
    assert all(described[each.name]["front"] for each in form.params.fields())
    assert described["strengths"]["kind"] == "numbers"
    assert not described["margin"]["front"]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_script_costs_the_page_four_components_and_pasting_fills_its_text(form: ScriptForm) -> None:
    gr = pytest.importorskip("gradio")
    with gr.Blocks() as page:
        built = build_script(form.name, form.title, AROUND, img2img=False)
    assert len(built.inputs) == PLACES
    assert len(page.blocks) - 1 <= 4  # Gradio puts a form of its own around texts
    (_, key), *_ = built.infotext_fields
    assert key({"Script": form.title, KEY: "seeds=9"})["value"] == '{"seeds":9}'
    assert key({"Script": "X/Y/Z plot"}) is None


def offered(form: ScriptForm, around: Around = AROUND, *, img2img: bool = False) -> dict[str, Any]:
    """What the browser draws the form from; its fields by key, with their choices as a mapping."""
    described = offered_fields(form, around, img2img=img2img).describe()
    fields = {each["key"]: {**each, "choices": dict(each.get("choices", []))} for each in described["fields"]}
    return {**described, "fields": fields}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_installed_models_are_suggested_for_the_control_model(form: ScriptForm) -> None:
    assert offered(form)["fields"]["model"]["choices"] == {"": "the preset's", f"{MONSTER} [hash]": f"{MONSTER} [hash]"}


def test_presets_of_the_code_set_fields_of_the_script() -> None:
    told = offered(UNTIL_IT_SCANS)
    presets = told["presets"][""]
    assert presets["QR Code Monster (SD1.5)"] == {"grid_px": 16, "surround": "gray"}
    assert {name for values in presets.values() for name in values} <= set(told["fields"])
    assert "" not in offered(COMPARE)["presets"]


def test_unit_presets_are_those_of_the_map_that_can_be_used_here() -> None:
    choices = offered(UNTIL_IT_SCANS)["fields"]["preset"]["choices"]
    assert choices["monster"] == "QR Code Monster (SD1.5)"
    assert set(choices) == {"automatic", "monster", "custom"}
    tile = Around(StandaloneHost(), FakeWebUi(), lambda: FakeControlNet("control_v11f1e_sd15_tile"))
    assert "tile-img2img" not in offered(UNTIL_IT_SCANS, tile)["fields"]["preset"]["choices"]
    assert "tile-img2img" in offered(UNTIL_IT_SCANS, tile, img2img=True)["fields"]["preset"]["choices"]
    canny = Around(StandaloneHost(), FakeWebUi(), lambda: FakeControlNet("control_v11p_sd15_canny"))
    assert "canny" in offered(COMPARE, canny)["fields"]["preset"]["choices"]


def test_what_a_unit_preset_sets_is_what_the_fields_of_the_script_begin_with() -> None:
    assert offered(UNTIL_IT_SCANS)["defaultsBy"]["preset"]["monster"] == {
        "weight": 1.5, "guidance_start": 0.0, "guidance_end": 1.0, "grid_px": 0, "surround": "gray",
    }  # fmt: skip


def test_maps_that_cannot_be_applied_here_are_marked(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(StandaloneHost, "model_folders", lambda self: {"annotator": (tmp_path,)})
    choices = offered(COMPARE)["fields"]["controls"]["choices"]
    assert "(" not in choices["qr"] + choices["brightness"]
    assert choices["edges"].endswith("(no ControlNet model installed)")
    canny = Around(
        StandaloneHost(), FakeWebUi(), lambda: FakeControlNet("control_v11p_sd15_canny", "control_v11f1p_sd15_depth")
    )
    choices = offered(COMPARE, canny)["fields"]["controls"]["choices"]
    assert "(" not in choices["edges"]
    default = next(each.default for each in map_fields(find("detect")) if each.name == "detector")
    assert choices["detect"].endswith(f"(downloads {DETECTORS[default].mb:.0f} MB)")
    assert offered(COMPARE, WITHOUT)["fields"]["controls"]["choices"]["edges"].endswith("(needs ControlNet)")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_without_controlnet_what_needs_it_is_not_there(form: ScriptForm) -> None:
    assert not {"model", "weight", "preset", "control_mode"} & set(offered(form, WITHOUT)["fields"])


def test_a_value_that_is_as_declared_where_a_unit_preset_says_otherwise_is_in_the_infotext() -> None:
    declared = next(each.default for each in UNTIL_IT_SCANS.fields if each.name == "surround")
    raw = {"content": "HELLO", "preset": "monster", "surround": declared}
    text = written(UNTIL_IT_SCANS, raw, FakeWebUi())
    assert pasted(UNTIL_IT_SCANS, {"Script": UNTIL_IT_SCANS.title, KEY: text}) == raw
