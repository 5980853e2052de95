from __future__ import annotations

import json

import pytest

from lib_bootcamp.core.model_files import base_of_file, base_of_name, model_facts
from tests.model_headers import SHAPES, write_header


@pytest.mark.parametrize("name", SHAPES)
def test_tensors_tell_kind_and_base_whatever_the_name(name, tmp_path):
    kind, base, shapes = SHAPES[name]
    facts = model_facts(write_header(tmp_path / "anything.safetensors", shapes))
    assert (facts.kind, facts.base, facts.told_by) == (kind, base, "header")


def test_a_name_that_lies_is_told(tmp_path):
    facts = model_facts(write_header(tmp_path / "control_sd15_canny.safetensors", SHAPES["diffusers_xl_canny_full"][2]))
    assert (facts.base, facts.name_base, facts.contradicts) == ("sdxl", "sd15", True)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("control_v11p_sd15_canny.pth", "sd15"),
        ("control_v11p_sd21_hed.pth", "sd2"),
        ("sai_xl_recolor_256lora.pth", "sdxl"),
        ("controlnet-tile-sdxl-1.0.pth", "sdxl"),
        ("sd3.5_large_controlnet_canny.pth", "sd3"),
        ("flux-canny-controlnet-v3.pth", "flux"),
        ("my_model.pth", None),
    ],
)
def test_of_other_files_the_name_tells(name, base, tmp_path):
    (tmp_path / name).write_bytes(b"\x80\x02pickles are never opened")
    assert base_of_name(name) == base
    assert base_of_file(tmp_path / name) == base
    assert model_facts(tmp_path / name).kind == "unknown"


HOSTILE = {
    "empty": b"",
    "cut off": (1000).to_bytes(8, "little") + b'{"a": ',
    "endless": (2**62).to_bytes(8, "little") + b"{}",
    "no object": (2).to_bytes(8, "little") + b"[]",
    "deep": (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "no shapes": (16).to_bytes(8, "little") + b'{"x": {"a": 1}} ',
    "odd shapes": (lambda text: len(text).to_bytes(8, "little") + text)(
        json.dumps({"conv_in.weight": {"shape": [[1], {}, "a", None]}, "a.attn2.to_k.weight": {"shape": "x"}}).encode()
    ),
    "a scalar": (lambda text: len(text).to_bytes(8, "little") + text)(
        json.dumps({"controlnet_blocks.0.weight": {"shape": []}, "b.conv_in.weight": {"shape": [1]}}).encode()
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_lies_tells_nothing(name, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(HOSTILE[name])
    assert model_facts(path).base is None


def test_a_file_that_is_gone_is_judged_by_its_name(tmp_path):
    assert model_facts(tmp_path / "sdxl.safetensors").base == "sdxl"
