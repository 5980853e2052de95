from __future__ import annotations

import re

import pytest

from lib_bootcamp.core.controlnet.compatibility import GRID_PX, MAP_KINDS, judge, resolution_advice
from lib_bootcamp.core.controlnet.families import BRIGHTNESS_SD15
from lib_bootcamp.core.controlnet.unit_presets import UNIT_PRESETS
from lib_bootcamp.core.models.files import base_of_name
from tests.model_headers import OTHERS, SHAPES, write_header

TILE = "control_v11f1e_sd15_tile"


def judged(tmp_path, name, base, file=None):
    path = write_header(tmp_path / f"{file or name}.safetensors", SHAPES[name][2])
    return judge(f"{file or name} [a371b31b]", path, base)


def test_a_model_for_another_base_is_reported_in_one_sentence(tmp_path):
    found = judged(tmp_path, TILE, "sdxl")
    assert (found.fits, found.reason) == (False, f"{TILE} needs an SD1.5 checkpoint; the loaded one is SDXL")
    assert found.maps == ("tile",)


def test_a_model_for_the_checkpoint_fits(tmp_path):
    found = judged(tmp_path, TILE, "sd15")
    assert (found.fits, found.reason) == (True, f"{TILE} is for SD1.5, as is the loaded checkpoint")


def test_the_tensors_win_over_the_name(tmp_path):
    found = judged(tmp_path, "diffusers_xl_canny_full", "sd15", file="control_sd15_canny")
    assert (found.fits, found.reason) == (
        False,
        "control_sd15_canny needs an SDXL checkpoint (by its tensors; its name says SD1.5); the loaded one is SD1.5",
    )


def test_a_pickle_is_judged_by_its_name_and_says_so(tmp_path):
    path = tmp_path / f"{TILE}.pth"
    path.write_bytes(b"pickle")
    assert judge(TILE, path, "sdxl").reason == (
        f"{TILE} needs an SD1.5 checkpoint (by its name; its tensors do not show it); the loaded one is SDXL"
    )


def test_what_shows_nothing_is_neither_yes_nor_no(tmp_path):
    assert judge("mine", tmp_path / "mine.pth", "sd15").fits is None
    assert judged(tmp_path, TILE, None).fits is None


def test_a_checkpoint_is_no_control_model(tmp_path):
    found = judged(tmp_path, "juggernaut", "sdxl")
    assert (found.fits, found.reason) == (False, "juggernaut is a checkpoint and not for a ControlNet unit")


@pytest.mark.parametrize(
    ("file", "maps"),
    [
        ("control_v11p_sd15_canny", ("canny",)),
        ("control_v11p_sd15_softedge", ("softedge",)),
        ("control_v11p_sd15s2_lineart_anime", ("lineart", "lineart_anime")),
        ("mistoLine_rank256", ("softedge", "lineart")),
        ("control_v1p_sd15_qrcode_monster_v2", ("qr",)),
        ("control_v1p_sd15_brightness", ("brightness", "illumination")),
        ("control_v11f1p_sd15_depth", ("depth",)),
        ("control_v11p_sd15_seg", ("seg",)),
        ("ioclab_sd15_recolor", ("recolor",)),
        ("something_else", ()),
    ],
)
def test_a_files_name_gives_its_maps(file, maps, tmp_path):
    assert judge(file, tmp_path / f"{file}.pth", "sd15").maps == maps


@pytest.mark.parametrize("kind", MAP_KINDS, ids=lambda each: each.name)
def test_the_files_of_the_table_are_found_by_its_own_patterns(kind):
    for family in kind.families:
        assert any(re.search(pattern, family.file, re.IGNORECASE) for pattern in family.patterns)
        assert family.source.startswith("https://")
        assert base_of_name(family.file) in {family.base, None}


def test_every_family_of_a_preset_is_in_the_table():
    known = {family for kind in MAP_KINDS for family in kind.families}
    assert {unit.family for preset in UNIT_PRESETS for unit in preset.units} <= known


def test_unit_defaults_are_the_presets():
    monster = next(each for each in MAP_KINDS if each.name == "qr")
    assert (monster.unit("sd15").weight, monster.unit("sdxl").weight) == (1.5, 1.3)


@pytest.mark.parametrize(
    ("base", "size", "words"),
    [
        ("sd15", (512, 512), ["512 x 512", "multiples of 8"]),
        ("sdxl", (1001, 1024), ["width 1001 is not a multiple of 8: take 1000"]),
        ("flux", (1024, 1000), ["height 1000 is not a multiple of 16: take 992"]),
        ("sd15", (1536, 1024), ["6 times the area", "hires fix"]),
        ("sdxl", (512, 512), ["0.25 times the area", "coarse"]),
        (None, (None, None), ["multiples of 8"]),
    ],
)
def test_advice_names_the_grid_and_the_area(base, size, words):
    text = " ".join(resolution_advice(base, *size))
    assert all(word in text for word in words), text


def test_a_size_that_is_right_gets_no_complaint():
    for base, grid in GRID_PX.items():
        assert not any("not a multiple" in line for line in resolution_advice(base, 64 * grid, None))


@pytest.mark.parametrize("content", [b"", b"version https://git-lfs.github.com/spec/v1\n", b"<html></html>"])
def test_a_damaged_file_never_fits(content, tmp_path):
    path = tmp_path / "control_v11p_sd15_canny.safetensors"
    path.write_bytes(content)
    found = judge("control_v11p_sd15_canny", path, "sd15")
    assert found.fits is False
    assert found.reason.startswith("control_v11p_sd15_canny is damaged: it is ")


def test_a_damaged_file_is_not_taken_for_a_preset(tmp_path):
    (tmp_path / "a_brightness.safetensors").write_bytes(b"")
    models = {"a_brightness": tmp_path / "a_brightness.safetensors", "b_brightness": None}
    assert BRIGHTNESS_SD15.find(models) == "b_brightness"


def test_an_ip_adapter_of_flux_is_one(tmp_path):
    found = judged(tmp_path, "flux-ip-adapter of XLabs", "flux", file="flux-ip-adapter")
    assert found.reason == "flux-ip-adapter is an IP-Adapter for Flux, as is the loaded checkpoint"


def test_a_union_is_known_by_its_tensors(tmp_path):
    assert "union" in judged(tmp_path, "controlnet-union-sdxl-1.0", "sdxl", file="mine").maps


def test_a_folder_names_the_map(tmp_path):
    folder = tmp_path / "controlnet-canny-sdxl-1.0"
    folder.mkdir()
    path = write_header(folder / "diffusion_pytorch_model.safetensors", SHAPES["diffusers_xl_canny_full"][2])
    assert judge("x", path, "sdxl").maps == ("canny",)


def test_a_model_for_no_known_base_does_not_fit(tmp_path):
    path = write_header(
        tmp_path / "sdxl-control.safetensors", OTHERS["LTX-Video"] | {"controlnet_blocks.0.weight": [2048, 2048]}
    )
    found = judge("x", path, "sdxl")
    assert (found.fits, found.reason[:40]) == (False, "x is for a model that is none of SD1.5, ")


def test_tensors_of_no_control_model_are_no_fit(tmp_path):
    path = write_header(tmp_path / "clip_sd15.safetensors", {"something": [3]})
    assert judge("clip_sd15", path, "sd15").fits is None
