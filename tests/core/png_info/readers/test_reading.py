"""PNG info: each tool's file, hostile files within their bounds, infotext there and back, copies."""

from __future__ import annotations

import functools
import io
import json
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from lib_bootcamp.core.png_info import stealth
from lib_bootcamp.core.png_info.edit import with_infotext
from lib_bootcamp.core.png_info.exif import make_exif, user_comment
from lib_bootcamp.core.png_info.extract import extract
from lib_bootcamp.core.png_info.infotext import read, write
from lib_bootcamp.core.png_info.readers.comfy import read_comfy
from lib_bootcamp.core.png_info.readers.reading import differences, read_generation
from lib_bootcamp.core.png_info.samplers import webui_sampler
from lib_bootcamp.errors import ImageError, TooLargeError
from lib_bootcamp.operations.png_info.read import read_info
from tests.core.png_info.samples import INFOTEXT, TOOLS, chunk, comfy, plain, png, with_chunk


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tools_file_is_read(tool):
    made = read_info(TOOLS[tool]).generation
    assert made.tool == tool
    assert (made.prompt, made.negative_prompt) == ("a cat", "bad")
    assert (made.seed, made.steps, made.width, made.height) == (1234, 20, 512, 768)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_infotext_of_every_tool_says_the_same_again(tool):
    info = read_info(TOOLS[tool])
    again = read(info.infotext)
    assert again.prompt.startswith("a cat")
    assert (again.negative_prompt, again.seed, again.steps) == ("bad", 1234, 20)
    assert {each.name.split(".")[0] for each in again.loras} == {
        each.name.split(".")[0] for each in info.generation.loras
    }


def test_an_infotexts_fields_and_the_keys_of_extensions_are_read():
    made = read(INFOTEXT)
    assert made.prompt == "a cat, <lora:x:0.8>\nline two"
    assert made.negative_prompt == "bad, ugly\nworse"
    assert (made.hires_upscale, made.hires_upscaler, made.denoising_strength) == (2, "Latent", 0.4)
    assert (made.loras[0].name, made.loras[0].weight, made.loras[0].hash) == ("x", 0.8, "abc123")
    assert made.extras["ControlNet 0"] == "Module: canny, Weight: 1"
    assert made.extras["ADetailer model"] == "face_yolov8n.pt"


def test_a_comfyui_graph_of_two_passes_is_walked():
    made = read_comfy({"prompt": json.dumps(comfy())})
    assert (made.sampler, made.scheduler, made.cfg_scale, made.model) == (
        "euler_ancestral",
        "karras",
        7,
        "foo.safetensors",
    )
    assert (made.hires_upscale, made.hires_steps, made.denoising_strength) == (2, 12, 0.5)
    assert [(each.name, each.weight) for each in made.loras] == [("x.safetensors", 0.8)]


def test_a_comfyui_graph_in_circles_ends():
    graph = {
        str(n): {
            "class_type": "KSampler",
            "inputs": {
                "steps": [str((n + 1) % 50), 0],
                "cfg": 1,
                "seed": ["7", 0],
                "sampler_name": "euler",
                "model": [str((n + 3) % 50), 0],
                "positive": [str((n + 1) % 50), 0],
                "latent_image": [str((n + 1) % 50), 0],
            },
        }
        for n in range(50)
    }
    made = read_comfy({"prompt": json.dumps(graph)})
    assert made.tool == "ComfyUI"
    assert made.steps is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("euler_ancestral", "karras"), ("Euler a", "Karras")),
        (("dpmpp_2m_sde_gpu", "sgm_uniform"), ("DPM++ 2M SDE", "SGM Uniform")),
        (("k_dpmpp_2m", "native"), ("DPM++ 2M", "")),
        (("dpmpp_2m_k", None), ("DPM++ 2M", "Karras")),
        (("DPM++ SDE AYS", None), ("DPM++ SDE", "Align Your Steps")),
        (("unheard_of", "odd"), ("unheard_of", "odd")),
    ],
)
def test_samplers_get_the_webuis_names(given, expected):
    assert webui_sampler(*given) == expected


def _bomb(kind: bytes) -> bytes:
    packed = zlib.compress(bytes(100 * 2**20), 9)
    return with_chunk(chunk(kind, (b"Comment\0\0" if kind == b"zTXt" else b"Comment\0\1\0\0\0") + packed))


@functools.cache
def _hostile() -> dict[str, bytes]:
    whole = png(parameters=INFOTEXT)
    return {
        "zTXt bomb": _bomb(b"zTXt"),
        "iTXt bomb": _bomb(b"iTXt"),
        "many bombs": with_chunk(
            *[chunk(b"zTXt", b"a%d\0\0" % n + zlib.compress(bytes(4_000_000), 9)) for n in range(40)]
        ),
        "long text": with_chunk(chunk(b"tEXt", b"parameters\0" + b"a" * (40 * 2**20))),
        "cut off": whole[: whole.index(b"Steps")],
        "wrong checksum": with_chunk(chunk(b"tEXt", b"parameters\0a cat", crc=1)),
        "not packed": with_chunk(chunk(b"zTXt", b"parameters\0\0nothing")),
        "no separator": with_chunk(chunk(b"tEXt", b"parameters")),
        "EXIF that points outside": with_chunk(
            chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\xff\xff\xff\xff")
        ),
        "huge": plain("PNG")[:16] + struct.pack(">II", 2**31 - 1, 2**31 - 1) + plain("PNG")[24:],
    }


@pytest.mark.parametrize("name", list(_hostile()))
def test_a_hostile_file_gets_a_sentence_in_bounded_memory(name):
    data = _hostile()[name]
    tracemalloc.start()
    try:
        found = extract(data)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.problems
    assert all(each.endswith(".") for each in found.problems)
    assert peak < 64 * 2**20


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"%PDF", bytes(64)])
def test_what_is_no_such_picture_is_refused(data):
    with pytest.raises(ImageError):
        extract(data)


def test_a_file_over_the_bound_is_refused():
    with pytest.raises(TooLargeError):
        extract(b"\x89PNG\r\n\x1a\n" + bytes(64 * 2**20))


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["PNG", "JPEG", "WEBP"]), st.data())
def test_any_damage_is_read_or_refused(kind, data):
    whole = bytearray(with_infotext(plain(kind), INFOTEXT))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    try:
        read_info(damaged)
    except ImageError:
        return


@pytest.mark.thorough
@settings(deadline=None, max_examples=150)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda each: (
            st.lists(each, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "class_type",
                        "inputs",
                        "prompt",
                        "uc",
                        "model",
                        "loras",
                        "image",
                        "1",
                        "sui_image_params",
                        "base_model",
                    ]
                ),
                each,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["prompt", "invokeai_metadata", "sd-metadata", "parameters", "Comment", "UserComment", "Dream"]),
)
def test_json_of_any_shape_is_read_or_passed_over(value, name):
    made = read_generation({name: json.dumps(value), "Software": "NovelAI"})
    json.dumps(made.extras if made else None, allow_nan=False)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "line",
    [
        "a" * 3_000_000,
        'ab: "' * 500_000,
        "- " * 1_000_000,
        '"' * 2_000_000,
        "<lora:" * 300_000,
        'Steps: 2, ab: "\n' * 200_000,
    ],
)
def test_lines_that_would_take_a_regular_expression_hours_are_read(line):
    assert read(line).steps in {None, 2}


_ALPHABET = st.text('ab ,:"()<>\n\\é漢1', max_size=30)


@pytest.mark.thorough
@settings(deadline=None, max_examples=300)
@given(
    _ALPHABET,
    _ALPHABET,
    st.dictionaries(
        st.sampled_from(["Steps", "Seed", "Size", "Foo bar", "Lora hashes", "Model"]),
        st.text('ab ,:"\\é1x', min_size=1, max_size=12),
        min_size=4,
    ),
)
def test_infotext_read_and_written_is_read_the_same(prompt, negative, fields):
    line = ", ".join(f"{name}: {json.dumps(value)}" for name, value in fields.items())
    first = read(f"{prompt}\nNegative prompt: {negative}\n{line}")
    assume("Negative prompt:" not in first.prompt + first.negative_prompt)
    assert read(write(first)) == first


@pytest.mark.parametrize("mode", ["alpha", "rgb"])
@pytest.mark.parametrize("packed", [True, False])
def test_a_text_hidden_in_the_pixels_is_found_and_taken_out(mode, packed):
    pixels = np.random.default_rng(0).integers(0, 256, (96, 96, 4), dtype=np.uint8)
    out = io.BytesIO()
    Pil.fromarray(stealth.hide(pixels, INFOTEXT, mode, packed=packed)).save(out, "PNG")
    assert extract(out.getvalue()).texts == {"parameters": INFOTEXT}
    assert extract(out.getvalue(), hidden=False).texts == {}
    assert extract(with_infotext(out.getvalue(), "")).texts == {}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("text", [INFOTEXT, INFOTEXT + " é漢😀"])
def test_a_copy_has_the_text_and_the_same_pixels(kind, text):
    original = plain(kind)
    copy = with_infotext(original, text)
    assert list(extract(copy).texts.values()) == [text]
    assert Pil.open(io.BytesIO(copy)).tobytes() == Pil.open(io.BytesIO(original)).tobytes()
    assert extract(with_infotext(copy, "")).texts == {}


def test_a_stripped_photograph_stays_the_right_way_up():
    exif = Pil.Exif()
    exif[0x0112], exif[0x010E] = 6, "secret"
    out = io.BytesIO()
    Pil.new("RGB", (8, 4)).save(out, "JPEG", exif=exif.tobytes())
    copy = with_infotext(out.getvalue(), "")
    assert b"secret" not in copy
    assert extract(copy).orientation == 6


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"UNICODE\0" + "é漢".encode("utf-16-be"), "é漢"),
        (b"UNICODE\0" + "a cat".encode("utf-16-be"), "a cat"),
        (b"UNICODE\0" + "a cat".encode("utf-16-le"), "a cat"),
        (b"ASCII\0\0\0a cat", "a cat"),
        (b"JIS\0\0\0\0\0" + "猫".encode("shift_jis"), "猫"),
        (bytes(8) + "é".encode(), "é"),
        (b"a cat, no prefix", "a cat, no prefix"),
    ],
)
def test_a_user_comment_is_read_in_each_encoding(raw, text):
    assert user_comment(raw) == text


def test_exif_as_the_webui_writes_it_is_read_by_pillow():
    exif = Pil.Exif()
    exif.load(b"Exif\0\0" + make_exif("a cat"))
    assert exif.get_ifd(0x8769)[0x9286] == b"UNICODE\0" + "a cat".encode("utf-16-be")


def test_the_differences_of_two_are_listed():
    other = INFOTEXT.replace("Seed: 965400086", "Seed: 1").replace("face_yolov8n.pt", "hand.pt")
    found = [(each.field, each.first, each.second) for each in differences(read(INFOTEXT), read(other))]
    assert found == [("seed", "965400086", "1"), ("ADetailer model", "face_yolov8n.pt", "hand.pt")]


@pytest.mark.parametrize("name", ["parameters", "prompt", "workflow", "Comment", "UserComment", "invokeai_metadata"])
def test_a_text_of_more_values_than_any_program_writes_is_not_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from lib_bootcamp.core.png_info import limits

    asked: list[str] = []
    loads = json.loads
    monkeypatch.setattr(limits.json, "loads", lambda text, **more: asked.append(text) or loads(text, **more))
    read_generation({name: '{"sui_image_params": [' + "[]," * 200_000 + "1]}"}, (8, 8))
    assert asked == []
    read_generation({name: '{"sui_image_params": {"prompt": "a cat"}}'}, (8, 8))
    assert asked
