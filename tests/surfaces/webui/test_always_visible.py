"""The section without a WebUI: fakes in the shape of its generation object and ControlNet."""

from __future__ import annotations

import copy
import json
import re
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lib_bootcamp.catalog import find
from lib_bootcamp.context import Context
from lib_bootcamp.core.controlnet.detectors import DETECTORS
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.core.images.codec import encode_base64
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.surfaces.webui.forms.fields import form_fields
from lib_bootcamp.surfaces.webui.panel.form import panel_form
from lib_bootcamp.surfaces.webui.section import SectionParams, control_maps
from lib_bootcamp.surfaces.webui.section_run import SectionRunner
from lib_bootcamp.surfaces.webui.section_sizes import target_sizes
from lib_bootcamp.surfaces.webui.section_values import is_off, parse, text_of_map
from lib_bootcamp.surfaces.webui.xyz import axes, register_axes
from tests.surfaces.webui.generations import (
    MONSTER,
    QR,
    FakeControlNet,
    FakeWebUi,
    Generation,
    Refusal,
    from_page,
    run,
    runner,
)


def made(name: str, **values: Any) -> np.ndarray:
    operation = find(name)
    return operation.run(operation.params_from(values), Context.of_terminal(StandaloneHost(), SilentProgress())).image


def test_the_map_has_the_pictures_size() -> None:
    unit = run(Generation(width=512, height=384), QR).units()[0]
    assert unit["image"].shape == (384, 512, 3)


def test_the_map_is_the_operations() -> None:
    unit = run(Generation(), QR).units()[0]
    assert np.array_equal(unit["image"], made("qr", **{**QR_VALUES, "surround": "gray"}))


QR_VALUES = {"content": "https://example.com", "grid_px": 1, "width": 256, "height": 256}


def test_the_presets_numbers_and_model_are_taken() -> None:
    unit = run(Generation(), {**QR, "preset": "monster"}).units()[0]
    assert (unit["model"], unit["weight"], unit["guidance_start"], unit["guidance_end"]) == (
        f"{MONSTER} [hash]", 1.5, 0.0, 1.0,
    )  # fmt: skip


def test_a_preset_of_two_units_fills_two_with_one_map() -> None:
    first, second = run(Generation(), {**QR, "preset": "monster-brightness"}).units()
    assert (first["weight"], second["weight"], second["guidance_start"]) == (1.0, 0.15, 0.1)
    assert np.array_equal(first["image"], second["image"])


def test_given_numbers_win_over_the_presets() -> None:
    unit = run(Generation(), {**QR, "weight": 0.7, "guidance_end": 0.6}).units()[0]
    assert (unit["weight"], unit["guidance_end"]) == (0.7, 0.6)


def test_given_map_values_win_over_the_presets() -> None:
    unit = run(Generation(), {**QR, "surround": "black"}).units()[0]
    assert np.array_equal(unit["image"], made("qr", **{**QR_VALUES, "surround": "black"}))


def test_hires_takes_a_unit_for_each_pass() -> None:
    low, high = run(Generation(enable_hr=True, hr_scale=2.0), QR).units()
    assert (low["hr_option"], low["image"].shape[0]) == ("Low res only", 256)
    assert (high["hr_option"], high["image"].shape[0]) == ("High res only", 512)


def test_a_code_keeps_its_place_in_the_hires_pass() -> None:
    low, high = run(Generation(enable_hr=True, hr_scale=2.0), QR).units()
    assert np.array_equal(high["image"], low["image"].repeat(2, 0).repeat(2, 1))


def test_hires_with_one_free_unit_gives_it_the_larger_map() -> None:
    p = Generation(enable_hr=True, hr_scale=2.0)
    p.script_args = (0, *(SimpleNamespace(enabled=True) for _ in range(2)), SimpleNamespace(enabled=False), "rest")
    (unit,) = run(p, QR).units()
    assert (unit["hr_option"], unit["image"].shape[0]) == ("Both", 512)


@pytest.mark.parametrize(
    ("values", "sizes"),
    [
        ({}, [(256, 256)]),
        ({"width": 250}, [(248, 256)]),
        ({"enable_hr": True, "hr_scale": 1.5}, [(256, 256), (384, 384)]),
        ({"enable_hr": True, "hr_scale": 2, "hr_resize_x": 640, "hr_resize_y": 0}, [(256, 256), (640, 640)]),
        ({"enable_hr": True, "hr_scale": 2, "hr_resize_x": 640, "hr_resize_y": 512}, [(256, 256), (640, 512)]),
    ],
)
def test_sizes_are_those_controlnet_works_with(values: dict[str, Any], sizes: list[tuple[int, int]]) -> None:
    assert target_sizes(Generation(**values)) == sizes


def test_a_unit_of_the_persons_own_is_left_alone() -> None:
    mine = SimpleNamespace(enabled=True)
    p = Generation(script_args=(0, mine, SimpleNamespace(enabled=False), SimpleNamespace(enabled=False), "rest"))
    run(p, QR)
    assert p.script_args[1] is mine
    assert isinstance(p.script_args[2], dict)


def test_no_free_unit_is_refused_with_a_sentence() -> None:
    p = run(Generation(script_args=(0, *(SimpleNamespace(enabled=True) for _ in range(3)), "rest")), QR)
    assert p.refused == (
        "The Bootcamp section needs 1 free ControlNet unit and none is: disable one in the ControlNet section, or "
        "raise their number in Settings, ControlNet.",
        422,
    )


def test_a_missing_model_is_named_with_its_folder_and_not_where_that_is() -> None:
    p = run(Generation(), {**QR, "preset": "monster"}, "something_else")
    assert "put control_v1p_sd15_qrcode_monster_v2.safetensors into models/ControlNet" in p.refused[0]
    assert "/home" not in p.refused[0]


def test_a_preset_for_another_base_is_refused() -> None:
    assert (
        "is for SD1.5, and the checkpoint is SDXL"
        in run(Generation(), {**QR, "preset": "monster"}, base="sdxl").refused[0]
    )


def test_a_map_that_is_not_of_brightness_is_refused_without_controlnet() -> None:
    p = Generation()
    asked = {"control": "edges", "image": np.zeros((64, 64, 3), np.uint8)}
    SectionRunner(StandaloneHost(), FakeWebUi(), lambda: None).before_process(p, (asked,))
    assert "install and enable sd-webui-controlnet" in p.refused[0]


def test_a_program_error_is_refused_not_drawn_without_control() -> None:
    p = Generation()
    SectionRunner(StandaloneHost(), FakeWebUi(), lambda: 1 / 0).before_process(p, (QR,))
    assert p.refused[1] == 500


@pytest.mark.parametrize(
    "args", [(), (None,), (False,), ({"enabled": False, **QR},), ({"control": "none"},), (False, "junk", object())]
)
def test_off_changes_nothing(args: tuple[Any, ...]) -> None:
    p = Generation()
    before = copy.copy(vars(p))
    runner().before_process(p, args)
    assert vars(p) == before
    assert p.extra_generation_params == {}


def test_the_same_object_twice_takes_the_same_units() -> None:
    p = run(Generation(), QR)
    first = p.script_args
    run(p, {**QR, "weight": 0.5})
    assert len(p.units()) == 1
    assert p.units()[0]["weight"] == 0.5
    assert isinstance(first[1], dict)


def test_a_copy_of_a_used_object_starts_over() -> None:
    p = run(Generation(), QR)
    again = run(copy.copy(p), QR)
    assert len(again.units()) == 1


def test_off_after_on_leaves_nothing_behind() -> None:
    p = run(Generation(), {**QR, "save_only_scanning": True})
    run(p, {"control": "none"})
    assert p.units() == []
    assert p.extra_generation_params == {}
    assert "save_samples" not in vars(p)


def draw(p: Generation, section: SectionRunner, pictures: list[list[np.ndarray]]) -> list[bool]:
    """What A1111's loop does with a batch count and size; returns which pictures it would write."""
    written = []
    for p.iteration, batch in enumerate(pictures):
        asked = p.save_samples()
        for p.batch_index, picture in enumerate(batch):
            section.after_picture(p, Image.fromarray(picture))
            written.append(bool(asked))
    return written


BLANK = np.full((256, 256, 3), 255, np.uint8)


def test_only_pictures_that_scan_are_written() -> None:
    p, section = Generation(n_iter=2, batch_size=2), runner()
    section.before_process(p, ({**QR, "save_only_scanning": True},))
    code = p.units()[0]["image"]
    assert draw(p, section, [[code, BLANK], [BLANK, code]]) == [True, False, False, True]


def test_each_picture_has_its_own_scan_in_infotext() -> None:
    p, section = Generation(n_iter=2, batch_size=1), runner(bootcamp_scan_depth="fast")
    section.before_process(p, (QR,))
    scan = p.extra_generation_params["Bootcamp scan"]
    draw(p, section, [[p.units()[0]["image"]], [BLANK]])
    texts = []
    for p.iteration in (0, 1):
        texts.append(scan(p=p, index=0, use_main_prompt=False, comments=None))
    assert texts[0].startswith("read by ")
    assert texts[1] == "read by no reader"


def test_after_all_the_api_gets_plain_texts() -> None:
    p, section = Generation(n_iter=2, batch_size=1), runner(bootcamp_scan_depth="fast")
    section.before_process(p, (QR,))
    draw(p, section, [[BLANK], [BLANK]])
    section.after_all(p)
    assert p.extra_generation_params["Bootcamp scan"] == ["read by no reader"] * 2


def test_what_was_not_saved_is_shown() -> None:
    p, section = Generation(n_iter=3, batch_size=1), runner()
    section.before_process(p, ({**QR, "save_only_scanning": True},))
    draw(p, section, [[p.units()[0]["image"]], [BLANK], [BLANK]])
    processed = SimpleNamespace(comments="")
    section.after_all(p, processed)
    assert processed.comments == "Bootcamp: 2 pictures do not scan and were not saved.\n"


@pytest.mark.thorough
def test_a_full_scan_tells_under_how_many_conditions_a_picture_is_read() -> None:
    p, section = Generation(), runner(bootcamp_scan_depth="full")
    section.before_process(p, (QR,))
    draw(p, section, [[p.units()[0]["image"]]])
    section.after_all(p)
    assert re.search(r"\), \d+ of 16 conditions$", p.extra_generation_params["Bootcamp scan"][0])


def test_an_interrupted_run_has_no_scan_for_pictures_not_drawn() -> None:
    p, section = Generation(n_iter=3), runner(bootcamp_scan_depth="fast")
    section.before_process(p, (QR,))
    draw(p, section, [[BLANK]])
    section.after_all(p)
    assert p.extra_generation_params["Bootcamp scan"] == ["read by no reader", None, None]


def test_without_scan_nothing_is_scanned() -> None:
    assert "Bootcamp scan" not in run(Generation(), {**QR, "scan": False}).extra_generation_params


def test_payload_stays_out_of_infotext_where_asked() -> None:
    text = run(Generation(), QR, bootcamp_payload_in_infotext=False).extra_generation_params["Bootcamp"]
    assert "example" not in text


def test_maps_are_saved_where_asked() -> None:
    section = runner(bootcamp_save_maps=True, bootcamp_maps_folder="here")
    section.before_process(Generation(), (QR,))
    assert [folder for _, folder in section.webui.maps] == ["here"]


PAGE = {"qr.content": "https://example.com", "qr.grid_px": 1}


def test_the_pages_values_make_the_dicts_map() -> None:
    ours, theirs = run(Generation(), from_page(**PAGE)).units()[0], run(Generation(), QR).units()[0]
    assert np.array_equal(ours.pop("image"), theirs.pop("image"))
    assert ours == theirs


def test_a_number_set_on_the_page_counts_under_any_preset() -> None:
    for preset in ({}, {"preset": "monster"}):
        assert run(Generation(), from_page(**PAGE, **preset, weight=1.1)).units()[0]["weight"] == 1.1


def test_a_value_set_on_the_page_wins_over_the_chosen_presets() -> None:
    unit = run(Generation(), from_page(**PAGE, **{"preset": "monster", "qr.surround": "white"})).units()[0]
    assert np.array_equal(unit["image"], made("qr", **{**QR_VALUES, "surround": "white"}))


def test_a_picture_of_the_page_is_a_data_uri_in_the_second_text() -> None:
    uri = "data:image/png;base64," + encode_base64(BLANK)
    p = run(Generation(), (True, '{"control": "brightness"}', json.dumps({"brightness.image": uri})))
    assert (p.units()[0]["image"] == 255).all()


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("[1]", ""), "values must be a JSON object"),
        (('{"qr.conten": "x"}', ""), "did you mean content"),
        (('{"weight": 9, "qr.content": "x"}', ""), "Control weight must be a number from 0 to 2"),
        (("", '{"qr.logo": "nothing"}'), "Logo cannot be used"),
    ],
)
def test_what_the_page_gives_and_is_not_understood_is_named(texts: Any, words: str) -> None:
    sentence, status = run(Generation(), (True, *texts)).refused
    assert words in sentence
    assert status == 422


def test_a_text_is_never_taken_for_a_path_on_the_server(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    Image.fromarray(BLANK).save(file)
    p = run(Generation(), from_page(**{"control": "brightness", "brightness.image": str(file)}))
    assert "picture" in p.refused[0]
    assert p.units() == []


def test_img2img_gives_its_picture_where_one_is_needed() -> None:
    p = run(Generation(init_images=[Image.fromarray(BLANK)]), {"control": "brightness"})
    assert (p.units()[0]["image"] == 255).all()


def test_img2img_without_a_picture_is_refused_before_a_map_is_made() -> None:
    p = run(Generation(init_images=[None]), QR)
    assert p.refused == ("init_images holds no picture; put one there, or use txt2img.", 422)
    assert p.units() == []
    on_page = run(Generation(init_images=[None]), from_page(**{"qr.content": "x"}))
    assert on_page.refused[0].startswith("img2img holds no picture")


def test_img2img_lays_a_transparent_picture_on_white_as_the_webui_does() -> None:
    p = run(Generation(init_images=[Image.new("RGBA", (64, 64), (0, 0, 0, 0))]), {"control": "brightness"})
    assert (p.units()[0]["image"] == 255).all()


def test_a_missing_picture_is_one_sentence() -> None:
    assert (
        run(Generation(), {"control": "brightness"}).refused[0]
        == "image is missing; Brightness map is made from a picture."
    )


def test_map_presets_can_be_named() -> None:
    asked = parse([{"control": "brightness", "map_preset": "negative"}])
    assert asked is not None
    assert asked.values == {"invert": True}


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"weight": 9}, "weight must be a number from 0 to 2"),
        ({"width": 512}, "width is the picture's own in this section"),
        ({"map_preset": "x"}, "map_preset must be one of"),
        ({"preset": "custom"}, "model is missing"),
        ({"guidance_start": 0.8, "guidance_end": 0.2}, "guidance_start must be below guidance_end"),
    ],
)
def test_mistakes_name_the_parameter(section: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParamError, match=words):
        parse([{**QR, **section}])


def test_an_object_without_a_control_is_for_the_pages_default() -> None:
    asked = parse([{"content": "HELLO"}])
    assert asked is not None
    assert asked.operation.name == "qr"
    assert run(Generation(), {"content": "https://example.com", "grid_px": 1}).units()


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"conten": "HELLO"}, "conten is not a parameter here; did you mean content"),
        ({"Control": "qr", "content": "x"}, "Control is not a parameter here; did you mean control"),
        ({"CONTENT": "x"}, "CONTENT is not a parameter here; did you mean content"),
        ({"wieght": 1, "content": "x"}, "wieght is not a parameter here; did you mean weight"),
        ({"lights": []}, "lights is not a parameter of control qr; give control too: one of lighting"),
        ({"control": None, "content": "x"}, "control is missing; give one of"),
        ({"control": ["qr"], "content": "x"}, "control must be one of"),
        ({"enabled": "yes", "content": "x"}, "enabled must be true or false"),
        ({}, "content"),
        ({"control": "brightness", "image": "not a picture"}, "image cannot be used"),
    ],
)
def test_what_an_object_gives_and_is_not_understood_is_named(section: dict[str, Any], words: str) -> None:
    p = run(Generation(), section)
    assert words in p.refused[0]
    assert p.refused[1] == 422


def test_a_second_object_is_refused() -> None:
    assert run(Generation(), ({"content": "x"}, {"content": "y"})).refused == (
        "args[1] is a second object; the Bootcamp section takes one.",
        422,
    )


def test_no_map_has_a_field_of_the_sections_own_name() -> None:
    own = {each.name for each in SectionParams.fields()} | {"map_preset"}
    for operation in control_maps():
        assert not own & {each.name for each in operation.params.fields()}


def test_is_off_looks_at_the_first_argument_only() -> None:
    assert is_off([False, 1 / 3, "anything"])
    assert not is_off([True])


@pytest.mark.parametrize("preset", UNIT_PRESETS, ids=lambda each: each.name)
def test_presets_name_declared_values(preset: Any) -> None:
    for control, values in preset.values.items():
        known = {each.name: each for each in find(control).params.fields()}
        for name, value in values.items():
            known[name].check(value)


def test_xyz_axes_are_added_once() -> None:
    options: list[Any] = []

    def option(label: str, *_: Any, **__: Any) -> Any:
        return SimpleNamespace(label=label)

    webui = SimpleNamespace(xyz=lambda: (option, options))
    register_axes(webui, print, axes())
    count = len(options)
    register_axes(webui, print, axes())
    assert len(options) == count == len(axes())


def test_an_axis_wins_over_the_section() -> None:
    p = Generation(bootcamp_axes={"weight": 0.25, "content": "y"})
    run(p, QR)
    assert p.units()[0]["weight"] == 0.25
    assert "content=y" in p.extra_generation_params["Bootcamp"]


LIGHT = {"bootcamp_axes": {"control": "lighting"}}


def test_an_axis_of_the_control_lays_the_other_maps_values_aside() -> None:
    drawn = made("lighting", width=256, height=256)
    assert np.array_equal(run(Generation(**LIGHT), {**QR, "weight": 0.5}).units()[0]["image"], drawn)
    assert np.array_equal(run(Generation(**LIGHT), from_page(**PAGE)).units()[0]["image"], drawn)


def test_axes_of_the_control_and_of_its_own_map_go_together() -> None:
    p = Generation(bootcamp_axes={"control": "lighting", "exposure": 1.5})
    assert "refused" not in vars(run(p, QR))


def axis_option(label: str, webui: Any, check: Any = lambda *_, **__: None) -> Any:
    options: list[Any] = []

    def option(label: str, kind: Any, apply: Any, **more: Any) -> Any:
        return SimpleNamespace(label=label, type=kind, apply=apply, **more)

    webui.xyz = lambda: (option, options)
    register_axes(webui, check, axes())
    return next(each for each in options if each.label == f"[Bootcamp] {label}")


def test_a_numbers_axis_is_one_of_numbers_for_the_xyz_plot() -> None:
    weight, grid = axis_option("Control weight", FakeWebUi()), axis_option("Grid", FakeWebUi())
    assert [weight.type == each for each in (float, int)] == [True, False]  # as the XYZ plot compares them
    assert [grid.type == each for each in (float, int)] == [False, True]
    assert weight.type("0.5") == 0.5


@pytest.mark.parametrize(
    ("label", "value", "words"),
    [
        ("Control weight", "heavy", "weight must be a number from 0 to 2, not 'heavy'"),
        ("Control weight", "3", "weight must be a number from 0 to 2"),
        ("Unit preset", "monstr", "did you mean monster"),
        ("Control", "qrr", "Control must be one of"),
    ],
)
def test_a_value_of_an_axis_that_is_not_understood_is_named_with_a_status(label: str, value: str, words: str) -> None:
    axis = axis_option(label, FakeWebUi())
    with pytest.raises(Refusal, match=words) as raised:
        axis.confirm(None, [axis.type(value)])
    assert raised.value.status == 422


class Section:
    """The always-visible script, as the WebUI lists it."""

    args_from, args_to = 5, 6

    def title(self) -> str:
        return "Bootcamp"


def with_section(values: Any, *axes_chosen: str) -> Generation:
    """A generation of the XYZ plot with these axes."""
    p = Generation()
    p.script_args = (*p.script_args, values, *range(len(axes_chosen)))
    p.scripts.alwayson_scripts.append(Section())
    options = [SimpleNamespace(label=each) for each in axes_chosen]
    p.scripts.selectable_scripts = [
        SimpleNamespace(args_from=6, args_to=6 + len(options), current_axis_options=options)
    ]
    return p


@pytest.mark.parametrize(
    ("values", "label", "value", "words"),
    [
        ({"control": "none"}, "Control weight", "0.5", "is off; enable it to use its XYZ axes"),
        (QR, "Content", "x" * 3000, "shorten it"),
        (QR, "Exposure", "1", "is not a parameter of qr"),
        (QR, "Horizontal offset", "-5000", "offset"),
    ],
)
def test_an_xyz_plot_is_refused_before_it_is_drawn(values: Any, label: str, value: str, words: str) -> None:
    axis = axis_option(label, FakeWebUi(), runner().check_axis)
    with pytest.raises(Refusal, match=words) as raised:
        axis.confirm(with_section(values, f"[Bootcamp] {label}"), [axis.type(value)])
    assert raised.value.status == 422


@pytest.mark.parametrize(
    ("values", "label", "value", "others"),
    [
        (QR, "Content", "https://example.org", ()),
        (QR, "Exposure", "1", ("[Bootcamp] Exposure", "[Bootcamp] Control")),
        ({**QR, "content": ""}, "Control weight", "1", ("[Bootcamp] Content", "[Bootcamp] Control weight")),
        (QR, "Content", "x" * 500, ("[Bootcamp] Content", "Size")),
        (QR, "Control", "lighting", ("[Bootcamp] Control", "[Bootcamp] Exposure")),
        ({"control": "lighting"}, "Exposure", "1", ("Seed",)),
    ],
)
def test_an_xyz_plot_that_can_be_drawn_is_not_refused(values: Any, label: str, value: str, others: Any) -> None:
    axis = axis_option(label, FakeWebUi(), runner().check_axis)
    axis.confirm(with_section(values, *others), [axis.type(value)])


def test_an_axis_with_the_section_off_is_refused() -> None:
    assert "is off; enable it" in run(Generation(bootcamp_axes={"weight": 1.0}), {"control": "none"}).refused[0]


class PageWebUi(FakeWebUi):
    """What building the section asks, with plain Gradio parts."""

    def accordion(self, label: str, elem_id: str, *, value: bool) -> Any:
        import gradio as gr

        @contextmanager
        def opened() -> Any:
            box = gr.Checkbox(value=value, label=label, elem_id=elem_id)
            with gr.Accordion(label):
                yield box

        return opened()

    def tool_button(self, label: str, elem_id: str, tooltip: str) -> Any:
        import gradio as gr

        return gr.Button(label, elem_id=elem_id)


@pytest.fixture(scope="module")
def built() -> Any:
    gradio = pytest.importorskip("gradio")
    from lib_bootcamp.surfaces.webui.panel.always_visible import SectionUi

    with gradio.Blocks():
        return SectionUi(StandaloneHost(), PageWebUi(), lambda: FakeControlNet(MONSTER)).build(img2img=False)


def test_the_section_is_three_arguments_and_few_components(built: Any) -> None:
    assert [each.elem_id for each in built.inputs] == [
        "bootcamp_txt2img",
        "bootcamp_txt2img_values",
        "bootcamp_txt2img_unsaved",
    ]


def test_the_form_tells_what_is_installed(built: Any) -> None:
    told = form_fields("panel-txt2img").describe()
    assert told["controls"]["qr"]["presets"] == ["automatic", "monster", "custom"]
    assert "control_v1p_sd15_brightness" in " ".join(told["controls"]["qr"]["missing"])
    models = next(each for each in told["fields"] if each["key"] == "model")
    assert [f"{MONSTER} [hash]"] * 2 in models["choices"]


def test_what_needs_controlnet_is_not_there_without_it() -> None:
    told = panel_form(StandaloneHost(), FakeWebUi(), None, img2img=False).describe()
    assert not {"preset", "weight", "model", "control_mode"} & {each["key"] for each in told["fields"]}
    assert [told["controls"][each]["ready"] for each in ("qr", "edges")] == [True, False]


def test_detectors_whose_files_are_not_here_are_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host, file = StandaloneHost(), DETECTORS["depth_midas"].weights[0].file
    monkeypatch.setattr(host, "model_folders", lambda: {"annotator": (tmp_path,)})
    (tmp_path / file).write_bytes(b"x")
    told = panel_form(host, FakeWebUi(), None, img2img=False).describe()
    choices = dict(next(each for each in told["fields"] if each["key"] == "detect.detector")["choices"])
    assert "downloads" not in choices["depth_midas"]
    assert choices["mlsd"].endswith(" MB)")


def test_few_fields_stand_in_front() -> None:
    told = panel_form(StandaloneHost(), FakeWebUi(), FakeControlNet(MONSTER), img2img=False).describe()
    front = {each["key"] for each in told["fields"] if each["front"]}
    assert {each for each in front if "." not in each} == {"control", "effect"}
    assert "qr.content" in front
    assert "brightness.image" in front
    assert not {"qr.mask", "brightness.gamma"} & front


def test_map_presets_leave_the_pictures_size_alone() -> None:
    told = panel_form(StandaloneHost(), FakeWebUi(), FakeControlNet(MONSTER), img2img=False).describe()
    known = {each["key"] for each in told["fields"]}
    for part, presets in told["presets"].items():
        assert {f"{part}.{name}" for values in presets.values() for name in values} <= known


def pasted(built: Any, text: str) -> dict[str, Any]:
    """What pasting sets, by key."""
    params = {"Bootcamp": text} if text else {"Steps": "20"}
    return {str(key): answer for _, key in built.infotext_fields if (answer := key(params)) is not None}


@pytest.mark.parametrize("preset", [{}, {"preset": "monster", "weight": 1.35, "qr.surround": "white"}])
def test_pasting_fills_the_section_exactly(built: Any, preset: Any) -> None:
    values = {**PAGE, "qr.content": "a, b: \n", **preset}
    p = run(Generation(), from_page(**values))
    updates = pasted(built, p.extra_generation_params["Bootcamp"])
    assert updates["Bootcamp enabled"]["value"] is True
    again = run(Generation(), (True, updates["Bootcamp values"]["value"], ""))
    assert again.extra_generation_params == p.extra_generation_params
    assert np.array_equal(again.units()[0]["image"], p.units()[0]["image"])


def test_a_maps_values_from_the_tab_are_the_sections_without_its_defaults_and_its_size() -> None:
    raw = {"content": "x", "grid_px": 1, "surround": "white", "width": 640, "height": 640, "logo": BLANK}
    made = {"control": "qr", "qr.content": "x", "qr.grid_px": 1, "qr.surround": "white"}
    assert json.loads(text_of_map(find("qr"), raw)) == made
    lights = [{"kind": "ambient"}]
    assert json.loads(text_of_map(find("lighting"), {"lights": lights}))["lighting.lights"] == lights
    as_declared = {each.name: each.default for each in find("qr").params.fields()}
    sent = json.loads(text_of_map(find("qr"), {**as_declared, "content": "x"}))
    # what the preset of a model would lay under them is said
    assert sent == {"control": "qr", "qr.content": "x", "qr.grid_px": 8, "qr.surround": as_declared["surround"]}


def test_pasting_a_picture_made_without_turns_the_section_off(built: Any) -> None:
    updates = pasted(built, "")
    assert [(key, each["value"]) for key, each in updates.items()] == [("Bootcamp enabled", False)]


def test_pictures_and_secrets_are_not_pasted(built: Any) -> None:
    assert built.paste_field_names == ["Bootcamp enabled", "Bootcamp values"]
