"""The always-visible section over the real WebUI's API."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.webui.conftest import LOGIN, Drawn, Webui, encoded
from tests.webui.section_requests import LINK, NOT_UNDERSTOOD, QR, made

MODEL = "control_v1p_sd15_qrcode_monster"


@pytest.fixture(scope="module")
def qr(webui: Webui) -> Drawn:
    return webui.draw(section=[QR])


def test_detected_map_is_the_operations_map(qr: Drawn) -> None:
    expected = made("qr", content=LINK, grid_px=1, surround="gray", width=256, height=256)
    assert np.array_equal(qr.pictures[1], expected)


def test_picture_is_the_one_of_a_unit_filled_by_hand(webui: Webui, qr: Drawn) -> None:
    name = next(each for each in webui.call("/controlnet/model_list")[1]["model_list"] if each.startswith(MODEL))
    unit = {"enabled": True, "module": "none", "model": name, "weight": 1.2, "image": encoded(qr.pictures[1]),
            "resize_mode": "Just Resize", "guidance_start": 0.0, "guidance_end": 1.0}  # fmt: skip
    by_hand = webui.draw(alwayson_scripts={"controlnet": {"args": [unit]}})
    assert np.array_equal(by_hand.pictures[0], qr.pictures[0])


def test_infotext_has_the_parameters_and_the_scan(qr: Drawn) -> None:
    assert "Bootcamp: control=qr&preset=monster&weight=1.2&" in qr.texts[0]
    assert "Bootcamp scan: read by no reader" in qr.texts[0]


def test_infotext_alone_draws_the_same_picture(webui: Webui, qr: Drawn) -> None:
    again = webui.draw(infotext=qr.texts[0])
    assert np.array_equal(again.pictures[0], qr.pictures[0])


def test_page_values_draw_the_same_picture_as_the_dict(webui: Webui, qr: Drawn) -> None:
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "bootcamp")
    values = {each["label"]: each["value"] for each in script["args"]}
    form = {"preset": "monster", "weight": 1.2, "qr.content": LINK, "qr.grid_px": 1}
    values |= {"Bootcamp": True, "Bootcamp values": json.dumps(form)}
    by_hand = webui.draw(section=list(values.values()))
    assert by_hand.status == 200, by_hand.answer
    assert np.array_equal(by_hand.pictures[0], qr.pictures[0])


def test_lighting_takes_no_picture_and_draws(webui: Webui) -> None:
    drawn = webui.draw(section=[{"control": "lighting", "map_preset": "left"}])
    assert drawn.status == 200, drawn.answer
    assert np.array_equal(drawn.pictures[1], made("lighting", preset="left", width=256, height=256))


def test_img2img_brightness_is_of_the_picture_drawn_over(webui: Webui) -> None:
    ramp = np.repeat(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], 256, 0).repeat(3, 2)
    drawn = webui.draw(
        "img2img", init_images=[encoded(ramp)], denoising_strength=0.9, section=[{"control": "brightness"}]
    )
    assert drawn.status == 200, drawn.answer
    assert np.array_equal(drawn.pictures[1], made("brightness", image=ramp, width=256, height=256))


def test_each_picture_of_each_batch_is_scanned(webui: Webui) -> None:
    drawn = webui.draw(section=[QR], n_iter=2, batch_size=2)
    scans = drawn.info["extra_generation_params"]["Bootcamp scan"]
    assert len(scans) == 4
    assert all(each.startswith("read by ") for each in scans)


def test_hires_passes_have_a_unit_each(webui: Webui) -> None:
    drawn = webui.draw(section=[QR], enable_hr=True, hr_scale=2, hr_upscaler="Latent", denoising_strength=0.7)
    assert drawn.status == 200, drawn.answer
    assert drawn.pictures[0].shape == (512, 512, 3)
    assert "ControlNet 1" in drawn.texts[0]
    base = made("qr", content=LINK, grid_px=1, surround="gray", width=256, height=256)
    maps = drawn.pictures[1:]
    assert any(np.array_equal(each, base) for each in maps)
    assert any(np.array_equal(each, base.repeat(2, 0).repeat(2, 1)) for each in maps)


def test_units_in_use_are_left_alone(webui: Webui, qr: Drawn) -> None:
    name = next(each for each in webui.call("/controlnet/model_list")[1]["model_list"] if each.startswith(MODEL))
    unit = {"enabled": True, "module": "none", "model": name, "weight": 0.5, "image": encoded(qr.pictures[1])}
    drawn = webui.draw(section=[QR], alwayson_scripts={"controlnet": {"args": [unit]}})
    assert "Weight: 0.5" in drawn.texts[0].split("ControlNet 0")[1].split("ControlNet 1")[0]
    assert "Weight: 1.2" in drawn.texts[0].split("ControlNet 1")[1]


def test_no_free_unit_is_an_error_that_says_so(webui: Webui, qr: Drawn) -> None:
    unit = {"enabled": True, "module": "none", "model": "None", "image": encoded(qr.pictures[1])}
    drawn = webui.draw(section=[QR], alwayson_scripts={"controlnet": {"args": [unit] * 3}})
    assert drawn.status == 422
    assert "needs 1 free ControlNet unit and none is" in drawn.answer["detail"]


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"control": "qr", "content": LINK, "weight": 3}, "weight must be a number from 0 to 2"),
        ({"control": "qr", "contnt": LINK}, "did you mean content"),
        ({"control": "qrr"}, "did you mean qr"),
        ({"control": "qr", "content": LINK, "preset": "monster-sdxl"}, "is for SDXL, and the checkpoint is SD1.5"),
        ({"control": "qr", "content": LINK, "preset": "brightness-tile"}, "put control_v1p_sd15_brightness"),
        ({"control": "qr", "content": LINK, "width": 512}, "width is the picture's own"),
        ({"control": "brightness"}, "image is missing"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:20],
)
def test_a_mistake_is_one_sentence(webui: Webui, section: dict[str, Any], words: str) -> None:
    drawn = webui.draw(section=[section])
    assert drawn.status == 422
    assert words in drawn.answer["detail"]


def test_an_object_without_a_control_is_for_the_pages_default(webui: Webui) -> None:
    drawn = webui.draw(section=[{"content": LINK, "grid_px": 1}])
    assert drawn.status == 200, drawn.answer
    assert "Bootcamp: control=qr" in drawn.texts[0]


PASTED = "a\nSteps: 2, Sampler: Euler, CFG scale: 7"


@pytest.mark.parametrize(("section", "words"), NOT_UNDERSTOOD, ids=[each[1][-20:] for each in NOT_UNDERSTOOD])
def test_what_is_given_and_not_understood_is_named(webui: Webui, section: Any, words: str) -> None:
    drawn = webui.draw(section=section)
    assert drawn.status == 422
    assert words in drawn.answer["detail"]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"alwayson_scripts": {"bootcamp": [QR]}}, "alwayson_scripts.bootcamp must be an object with args"),
        ({"alwayson_scripts": {"bootcamp": {"arg": [QR]}}}, "did you mean args"),
        ({"alwayson_scripts": {"bootcamp": {"args": [QR]}, "Bootcamp": {"args": [QR]}}}, "give it once"),
        (
            {"infotext": "a\nSteps: 2, Sampler: Euler, CFG scale: 7, Bootcamp: control=qr&conten=x"},
            "did you mean content",
        ),
        ({"override_settings": {"bootcamp_scan_depth": "fsat"}}, "override_settings.bootcamp_scan_depth must be among"),
        ({"override_settings": {"bootcamp_allowed_folders": "/"}}, "is the owner's"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_a_request_gives_beside_the_values_is_named_too(webui: Webui, request_: Any, words: str) -> None:
    drawn = webui.draw(**request_)
    assert drawn.status == 422
    assert words in drawn.answer["detail"]


def test_img2img_and_a_webui_without_a_page_name_it_too(webui: Webui, guarded: Webui) -> None:
    start = encoded(np.zeros((256, 256, 3), np.uint8))
    for section, words in (([{"conten": "x"}], "did you mean content"), ([QR, QR], "is one too many")):
        drawn = webui.draw("img2img", init_images=[start], section=section)
        assert (drawn.status, words in drawn.answer["detail"]) == (422, True)
        body = {"steps": 1, "width": 64, "height": 64, "alwayson_scripts": {"bootcamp": {"args": section}}}
        status, answer = guarded.call("/sdapi/v1/txt2img", body, login=LOGIN)
        assert (status, words in answer["detail"]) == (422, True)


def test_a_setting_that_names_files_is_not_set_over_the_api(webui: Webui) -> None:
    webui.call("/sdapi/v1/options", {"bootcamp_allowed_folders": "/", "bootcamp_maps_folder": "/tmp"})
    options = webui.call("/sdapi/v1/options")[1]
    assert not options.get("bootcamp_allowed_folders")
    assert options.get("bootcamp_maps_folder") != "/tmp"


def test_a_mistake_in_a_section_that_is_off_does_not_matter(webui: Webui) -> None:
    assert webui.draw(section=[{"enabled": False, "control": "qr", "weight": 99}]).status == 200


def saved(webui: Webui) -> int:
    return len(list((webui.data / "outputs" / "txt2img-images").rglob("*.png")))


def test_save_only_pictures_that_scan_saves_none_of_these(webui: Webui) -> None:
    before = saved(webui)
    webui.draw(section=[{**QR, "save_only_scanning": True}], save_images=True, n_iter=2)
    assert saved(webui) == before


def test_pictures_are_saved_where_not_asked_otherwise(webui: Webui) -> None:
    before = saved(webui)
    webui.draw(section=[QR], save_images=True, n_iter=2)
    assert saved(webui) > before + 1


def axis(webui: Webui, label: str) -> int:
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "x/y/z plot")
    return list(script["args"][0]["choices"]).index(label)


def test_xyz_plot_has_each_axis_once(webui: Webui) -> None:
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "x/y/z plot")
    labels = script["args"][0]["choices"]
    ours = [each for each in labels if each.startswith("[Bootcamp]")]
    assert len(ours) == len(set(ours))
    assert {"[Bootcamp] Content", "[Bootcamp] Unit preset", "[Bootcamp] Control weight"} <= set(ours)


def test_xyz_plot_varies_weight_and_content(webui: Webui, qr: Drawn) -> None:
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "x/y/z plot")
    args = [each["value"] for each in script["args"]]
    labels = [each["label"] for each in script["args"]]
    args[labels.index("X type")], args[labels.index("X values")] = axis(webui, "[Bootcamp] Control weight"), "0.3, 1.2"
    args[labels.index("Y type")], args[labels.index("Y values")] = axis(webui, "[Bootcamp] Content"), f"a, {LINK}"
    args[labels.index("Z type")], args[labels.index("Include Sub Images")] = 0, True
    drawn = webui.draw(section=[QR], script_name="x/y/z plot", script_args=args)
    assert drawn.status == 200, drawn.answer
    args[labels.index("X values")] = "heavy"
    refused = webui.draw(section=[QR], script_name="x/y/z plot", script_args=args)
    assert (refused.status, refused.answer["detail"]) == (
        422,
        "[Bootcamp] Control weight must be a number from 0 to 2, not 'heavy'.",
    )
    alone = [each for each in drawn.pictures if each.shape == (256, 256, 3)]
    assert len({each.tobytes() for each in alone}) >= 4
    assert any(np.array_equal(each, qr.pictures[0]) for each in alone)


@pytest.mark.parametrize(
    ("section", "label", "values", "words"),
    [
        ([], "Control weight", "0.5,1", "The Bootcamp section is off; enable it to use its XYZ axes."),
        ([QR], "Content", f"{'x' * 3000},HELLO", "shorten it"),
        ([QR], "Exposure", "1,0.5", "is not a parameter of qr"),
    ],
)
def test_xyz_plot_is_refused_before_its_first_picture(
    webui: Webui, section: list[Any], label: str, values: str, words: str
) -> None:
    script = next(each for each in webui.call("/sdapi/v1/script-info")[1] if each["name"] == "x/y/z plot")
    args, labels = [each["value"] for each in script["args"]], [each["label"] for each in script["args"]]
    args[labels.index("X type")], args[labels.index("X values")] = axis(webui, f"[Bootcamp] {label}"), values
    args[labels.index("Y type")] = args[labels.index("Z type")] = 0
    refused = webui.draw(section=section, script_name="x/y/z plot", script_args=args)
    assert refused.status == 422
    assert words in refused.answer["detail"]


def test_webuiapi_drives_the_section(webui: Webui, qr: Drawn) -> None:
    webuiapi = pytest.importorskip("webuiapi", reason="webuiapi is not installed")
    host, port = webui.url.removeprefix("http://").split(":")
    client = webuiapi.WebUIApi(host=host, port=int(port))
    answer = client.txt2img(prompt="a red house", steps=2, width=256, height=256, seed=1, cfg_scale=7.0,
                            sampler_name="Euler", scheduler="Automatic",
                            alwayson_scripts={"bootcamp": {"args": [QR]}})  # fmt: skip
    assert "Bootcamp: control=qr" in answer.info["infotexts"][0]


def test_off_is_bit_identical_to_a_webui_without_the_extension(webui: Webui, starter: Any) -> None:
    other = starter.start("--nowebui", extension=False)
    for more in ({}, {"n_iter": 2, "batch_size": 2}, {"enable_hr": True, "hr_scale": 2, "denoising_strength": 0.7}):
        ours, theirs = webui.draw(**more), other.draw(**more)
        assert [each.tobytes() for each in ours.pictures] == [each.tobytes() for each in theirs.pictures]
        assert ours.texts == theirs.texts


def test_section_works_without_a_page(starter: Any, qr: Drawn) -> None:
    drawn = starter.start("--nowebui").draw(section=[QR])
    assert drawn.status == 200, drawn.answer
    assert np.array_equal(drawn.pictures[0], qr.pictures[0])
