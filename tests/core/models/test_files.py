from __future__ import annotations

import json
import os
import re
import zipfile
from pathlib import Path

import pytest

from lib_bootcamp.core.models.files import base_of_file, base_of_name, model_facts, shown_name
from lib_bootcamp.core.models.headers import examine_bytes
from lib_bootcamp.core.models.names import telling_name
from tests.model_headers import OTHERS, SHAPES, write_header, write_whole


@pytest.mark.parametrize(
    ("named", "shown"),
    [
        ("mini", "mini"),
        ("stable-diffusion-v1-5/stable-diffusion-v1-5", "stable-diffusion-v1-5/stable-diffusion-v1-5"),
        ("ViT-B-32/openai", "ViT-B-32/openai"),
        ("hf-hub:owner/name", "hf-hub:owner/name"),
        ("/home/me/models/a.safetensors", "a.safetensors"),
        ("~/models/a", "a"),
        ("../a/", "a"),
        ("models/no-more.safetensors", "no-more.safetensors"),
        ("C:\\Users\\me\\a.safetensors", "a.safetensors"),
        ("ViT-L-14:/home/me/a.safetensors", "ViT-L-14:a.safetensors"),
        ("ViT-L-14:C:\\me\\a.safetensors", "ViT-L-14:a.safetensors"),
    ],
)
def test_a_model_is_told_without_where_it_lies(named, shown):
    assert shown_name(named) == shown


@pytest.mark.parametrize("name", SHAPES)
def test_tensors_give_kind_and_base_whatever_the_name(name, tmp_path):
    kind, base, shapes = SHAPES[name]
    facts = model_facts(write_header(tmp_path / "anything.safetensors", shapes))
    assert (facts.kind, facts.base, facts.detected_from) == (kind, base, "header")


def test_a_name_that_lies_is_reported(tmp_path):
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
        ("control_v11p_canny.pth", None),
        ("control_v1.1_sd15_canny_v2.1.pth", "sd15"),
        ("qrcode_v2-1_sd15.pth", "sd15"),
        ("sd15_xl_trained.pth", "sd15"),
        ("control_sd-v1-5_depth.pth", "sd15"),
        ("stable-diffusion-2-1-canny.pth", "sd2"),
        ("controlnet_v2-1_canny.pth", "sd2"),
        ("trained_1.5-2.1.pth", None),
        ("xl_canny.pth", "sdxl"),
        ("sd2.safetensors", "sd2"),
        ("canny-sd1.pth", "sd15"),
        ("v1-5.pth", "sd15"),
        ("ponyXL-canny.pth", "sdxl"),
        ("Kolors-ControlNet-Canny.pth", "kolors"),
        ("Qwen-Image-ControlNet-Union.pth", "qwen"),
        ("Z-Image-Turbo-Fun-Controlnet-Union.pth", "zimage"),
        ("hydit-canny.pth", "hunyuandit"),
        ("FLUX.2-dev-canny.pth", "flux2"),
    ],
)
def test_of_other_files_the_name_decides(name, base, tmp_path):
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
def test_a_file_that_lies_gives_nothing(name, tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(HOSTILE[name])
    assert model_facts(path).base is None


def test_a_file_that_is_gone_is_judged_by_its_name(tmp_path):
    assert model_facts(tmp_path / "sdxl.safetensors").base == "sdxl"


@pytest.mark.parametrize("name", OTHERS)
def test_tensors_of_another_model_are_for_no_base_whatever_the_name(name, tmp_path):
    facts = model_facts(write_header(tmp_path / "control_sd15_canny.safetensors", OTHERS[name]))
    assert (facts.base, facts.detected_from) == (None, "header")


# --- files that are not whole

TILE = SHAPES["control_v11f1e_sd15_tile"][2]
HEADER = {
    "a": {"dtype": "F16", "shape": [2, 3], "data_offsets": [0, 12]},
    "b": {"dtype": "F32", "shape": [], "data_offsets": [12, 16]},
}


def safetensors(header, data=bytes(16)):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def changed(name, **values):
    return safetensors({**HEADER, name: {**HEADER[name], **values}})


DAMAGED = {
    "empty": (b"", "is empty"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 722601100\n", "git LFS"),
    "a web page": (b"\n<!DOCTYPE html><html>Sign in</html>", "is a web page"),
    "an error in XML": (b'\xef\xbb\xbf<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is a web page"),
    "an error in JSON": (b'{"error": "Invalid username or password."}', "an error message"),
    "one byte short": (safetensors(HEADER, bytes(15)), "is cut off \\(15 of 16 bytes"),
    "one byte long": (safetensors(HEADER, bytes(17)), "has 1 bytes more"),
    "cut off in its header": (safetensors(HEADER)[:40], "cut off within its header"),
    "a few bytes": (b"\x10\0\0", "not a safetensors file"),
    "an endless header": ((2**62).to_bytes(8, "little") + b"{}", "not a safetensors file"),
    "a header of 65 MiB": ((65 * 2**20).to_bytes(8, "little") + b"{}", "not a safetensors file"),
    "a million values": (safetensors(b'{"a": [' + b"[]," * 500_000 + b"0]}"), "more than 250,000 values"),
    "no JSON": (safetensors(b'{"a": '), "it is not JSON"),
    "overlapping": (changed("b", data_offsets=[10, 14]), "b overlaps a"),
    "a gap": (changed("b", data_offsets=[14, 18]), "b leaves a gap after a"),
    "a gap at the beginning": (safetensors({"b": HEADER["b"]}), "b leaves a gap after its first tensor"),
    "too small for its shape": (changed("a", shape=[2, 4]), "a has a place of another size"),
    "of another type": (changed("a", dtype="F32"), "a has a place of another size"),
    "backwards": (changed("a", data_offsets=[12, 0]), "a has no place"),
    "below 0": (changed("a", data_offsets=[-12, 0]), "a has no place"),
    "no offsets": (changed("a", data_offsets=None), "a has no place"),
    "no shape": (changed("a", shape=[[2], 3]), "a has no shape"),
    "huge numbers": (changed("a", shape=[2**62, 2**62]), "another size"),
    "a renamed archive": (b"PK\x03\x04\x14\0\0\0" + bytes(100), "pickle"),
    "a renamed pickle": (b"\x80\x02}q\0X\x05\0\0\0" + bytes(100), "pickle"),
    "a renamed GGUF": (b"GGUF\3\0\0\0" + bytes(100), "GGUF"),
    "zeros": (bytes(4096), "not a safetensors file"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_that_is_not_whole_is_reported_as_damaged(name, tmp_path):
    path = tmp_path / "control_v11p_sd15_canny.safetensors"
    path.write_bytes(DAMAGED[name][0])
    facts = model_facts(path)
    assert re.search(DAMAGED[name][1], facts.problem)
    assert facts.kind == "unknown"


@pytest.mark.parametrize("name", ["empty", "a pointer", "a web page", "an error in JSON"])
@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".bin"])
def test_a_pickle_that_is_none_is_reported_as_damaged(name, suffix, tmp_path):
    path = tmp_path / f"control_v11p_sd15_canny{suffix}"
    path.write_bytes(DAMAGED[name][0])
    assert model_facts(path).problem


def archive(tmp_path):
    path = tmp_path / "control_v11p_sd15_canny.pth"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("archive/data.pkl", b"never opened" * 100)
    return path


def test_a_pickle_that_is_whole_is_not_opened(tmp_path):
    facts = model_facts(archive(tmp_path))
    assert (facts.problem, facts.base, facts.detected_from) == ("", "sd15", "name")


@pytest.mark.parametrize("cut", [1, 22, 700])
def test_a_pickle_that_is_cut_off_is_reported_as_damaged(cut, tmp_path):
    path = archive(tmp_path)
    path.write_bytes(path.read_bytes()[:-cut])
    assert "is cut off" in model_facts(path).problem


def test_a_whole_file_has_no_problem(tmp_path):
    assert model_facts(write_whole(tmp_path / "a.safetensors", TILE)).problem == ""


@pytest.mark.parametrize("length", [60, 8827, 640, 0x0A20])
def test_a_header_whose_length_reads_as_text_is_no_web_page(length, tmp_path):
    text = json.dumps(HEADER).encode().ljust(length if length > 200 else 60 + 256)
    (tmp_path / "a.safetensors").write_bytes(safetensors(text))
    assert model_facts(tmp_path / "a.safetensors").problem == ""


def test_types_of_days_to_come_are_no_damage(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(changed("a", dtype="F2_E1M0"))
    assert model_facts(tmp_path / "a.safetensors").problem == ""


def test_a_folder_where_a_file_is_meant_is_reported(tmp_path):
    (tmp_path / "sd15.safetensors").mkdir()
    assert model_facts(tmp_path / "sd15.safetensors").problem == "is a folder and no file"


def test_a_link_to_nothing_is_reported(tmp_path):
    (tmp_path / "sd15.safetensors").symlink_to(tmp_path / "gone")
    assert model_facts(tmp_path / "sd15.safetensors").problem == "is a link to a file that is not there"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_reported_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "sd15.safetensors")
    assert model_facts(tmp_path / "sd15.safetensors").problem.startswith("cannot be read (it is a pipe")


# --- folders that name a model


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("controlnet-canny-sdxl-1.0/diffusion_pytorch_model.safetensors", "controlnet-canny-sdxl-1.0"),
        ("controlnet-canny-sdxl-1.0/diffusion_pytorch_model.fp16.safetensors", "controlnet-canny-sdxl-1.0"),
        ("a-depth/diffusion_pytorch_model-00001-of-00002.safetensors", "a-depth"),
        ("a-depth/controlnet/pytorch_model.bin", "a-depth"),
        (
            "models--xinsir--controlnet-tile-sdxl-1.0/snapshots/" + "a" * 40 + "/model.safetensors",
            "controlnet-tile-sdxl-1.0",
        ),
        ("sdxl_models/ip-adapter.safetensors", "sdxl_models"),
        ("sdxl/control_canny.safetensors", "control_canny.safetensors"),
        ("models/ControlNet/model.safetensors", "model.safetensors"),
    ],
)
def test_a_folder_names_a_file_that_is_called_as_many_are(place, name):
    assert telling_name(Path("/") / place) == name


CONFIGS = [
    ({"_class_name": "ControlNetModel", "cross_attention_dim": 768}, "sd15"),
    ({"_class_name": "ControlNetModel", "cross_attention_dim": 2048}, "sdxl"),
    ({"_class_name": "ControlNetModel", "cross_attention_dim": 2048, "encoder_hid_dim": 4096}, "kolors"),
    ({"_class_name": "ControlNetUnionModel", "cross_attention_dim": 2048}, "sdxl"),
    ({"_class_name": "FluxControlNetModel"}, "flux"),
    ({"_class_name": "SD3ControlNetModel"}, "sd3"),
    ({"_class_name": "T2IAdapter", "adapter_type": "full_adapter_xl"}, "sdxl"),
    ({"_class_name": "Other"}, None),
    ({"_class_name": "ControlNetModel", "cross_attention_dim": [768]}, None),
    ([], None),
]


@pytest.mark.parametrize(("config", "base"), CONFIGS)
def test_a_config_beside_a_diffusers_model_gives_its_base(config, base, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    (tmp_path / "mine.bin").write_bytes(b"pickle")
    facts = model_facts(tmp_path / "diffusion_pytorch_model.bin")
    assert (facts.base, facts.detected_from) == (base, "config" if base else "")
    assert model_facts(tmp_path / "mine.bin").base is None


def test_a_model_with_sdxls_tensors_that_is_called_kolors_is_kolors(tmp_path):
    folder = tmp_path / "Kolors-ControlNet-Depth"
    folder.mkdir()
    path = write_header(folder / "diffusion_pytorch_model.safetensors", SHAPES["diffusers_xl_canny_full"][2])
    assert model_facts(path).base == "kolors"


def test_a_header_whose_text_is_half_a_character_is_damaged_as_it_is_to_other_readers(tmp_path):
    for text, problem in ((r"\ud800", "its text is not Unicode"), (r"\ud83d\ude00", ""), (r"\\ud800", "")):
        header = ('{"__metadata__": {"ss_output_name": "' + text + '"}}').encode()
        data = len(header).to_bytes(8, "little") + header
        assert problem in examine_bytes(data, tmp_path / "a.safetensors")[1]
        assert bool(problem) == bool(examine_bytes(data, tmp_path / "a.safetensors")[1])
