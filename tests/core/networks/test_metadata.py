"""What LoRA files state of themselves."""

from __future__ import annotations

import hashlib
import json
import struct

from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.networks.container import legacy_hash, model_hash, with_metadata
from lib_bootcamp.core.networks.metadata import LoraFacts, metadata_of
from lib_bootcamp.core.networks.sidecar import Sidecar, read_sidecar, webui_version
from lib_bootcamp.core.networks.stated import parse_metadata

FACTS = LoraFacts(
    output_name="cat-000300",
    base="sd_v1",
    rank=16,
    alpha=8.0,
    network_args={"conv_dim": "4"},
    checkpoint="mini-sd",
    checkpoint_sha256="ab" * 32,
    resolution=(128, 96),
    seed=1,
    started=1795907256.25,
    finished=1795907344.5,
    steps=300,
    max_steps=300,
    epoch=2,
    images=16,
    reg_images=0,
    unet_rate=1e-4,
    optimizer="AdamW",
    min_snr=5.0,
    buckets={"128x96": 16},
    dataset_dirs={"1_shape": (1, 16)},
    tags={"1_shape": {"a red ring": 3}},
    license="CreativeML Open RAIL-M",
    trigger="zwx",
    merged_from=("a", "b"),
    more={"bootcamp.method": "lora"},
)


def written(facts: LoraFacts = FACTS) -> dict[str, str]:
    return metadata_of(facts, model_hash="5e" * 32, legacy_hash="e3b0c442")


def test_every_value_is_a_text_and_the_hosts_own_keys_are_as_they_read_them() -> None:
    made = written()
    assert all(isinstance(value, str) for value in made.values())
    assert made["ss_base_model_version"] == "sd_v1"
    assert made["ss_v2"] == "False"
    assert made["ss_resolution"] == "(128, 96)"
    assert (made["ss_network_dim"], made["ss_network_alpha"]) == ("16", "8.0")
    assert json.loads(made["ss_tag_frequency"]) == {"1_shape": {"a red ring": 3}}
    assert json.loads(made["ss_dataset_dirs"]) == {"1_shape": {"n_repeats": 1, "img_count": 16}}
    assert json.loads(made["ss_bucket_info"])["buckets"] == {"0": {"resolution": [128, 96], "count": 16}}
    assert made["modelspec.architecture"] == "stable-diffusion-v1/lora"
    assert made["modelspec.date"] == "2026-11-28T23:09:04+00:00"
    assert made["modelspec.hash_sha256"] == "0x" + made["sshs_model_hash"]
    assert "ss_clip_skip" not in made


def test_sdxl_and_sd2_state_what_a1111_tells_them_apart_by() -> None:
    assert written(LoraFacts(output_name="x", base="sdxl_base_v1-0"))["ss_base_model_version"].startswith("sdxl_")
    two = written(LoraFacts(output_name="x", base="sd_v2_v"))
    assert (two["ss_v2"], two["modelspec.prediction_type"]) == ("True", "v")


def test_what_is_written_is_read_again() -> None:
    assert parse_metadata(written()) == FACTS


def test_values_of_the_wrong_kind_are_left_out() -> None:
    odd = {"ss_steps": "many", "ss_seed": "1e999", "ss_epoch": "1.5", "ss_tag_frequency": "[", "ss_dataset_dirs": "[1]"}
    found = parse_metadata({**odd, "ss_network_alpha": "nan", "ss_resolution": "None", "other": "kept"}, "name")
    assert found == LoraFacts(output_name="name", more={"other": "kept"})


@given(
    st.dictionaries(st.sampled_from([*written(), "ss_x"]), st.text(max_size=40) | st.sampled_from(["{}", "[]", "-1"]))
)
def test_no_metadata_stop_the_reader(metadata: dict[str, str]) -> None:
    parse_metadata(metadata)


def small_file(metadata: dict[str, str]) -> bytes:
    header = {"__metadata__": metadata, "a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0\1\2\3"


def test_the_model_hash_is_of_the_tensors_alone() -> None:
    data = small_file({"one": "1"})
    other = with_metadata(data, {"two": "ü", "a": "b"})
    assert model_hash(data) == model_hash(other) == hashlib.sha256(b"\0\1\2\3").hexdigest()
    assert int.from_bytes(other[:8], "little") % 8 == 0
    assert json.loads(other[8:-4])["__metadata__"] == {"a": "b", "two": "ü"}
    assert with_metadata(data, {"a": "b", "two": "ü"}) == other


def test_what_is_no_text_is_a_question_mark_in_a_file() -> None:
    facts = LoraFacts(
        output_name="a", checkpoint="\udce9.ckpt", dataset_dirs={"10_caf\udce9": (10, 1)}, tags={"\ud800": {"x": 1}}
    )
    data = with_metadata(small_file({}), metadata_of(facts, model_hash="", legacy_hash=""))
    stated = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]].decode("utf-8"))["__metadata__"]
    assert stated["ss_sd_model_name"] == "?.ckpt"
    assert json.loads(stated["ss_dataset_dirs"]) == {"10_caf?": {"n_repeats": 10, "img_count": 1}}
    assert json.loads(stated["ss_tag_frequency"]) == {"?": {"x": 1}}


def test_the_legacy_hash_of_a_file_below_one_mebibyte_is_that_of_nothing() -> None:
    assert legacy_hash(small_file({})) == "e3b0c442"
    assert legacy_hash(bytes(0x100000) + b"x") == hashlib.sha256(b"x").hexdigest()[:8]


def test_a_sidecar_is_what_the_webuis_cards_read() -> None:
    made = Sidecar(activation_text="zwx", preferred_weight=0.8, sd_version=webui_version("sdxl_base_v1-0"), notes="ü")
    assert json.loads(made.to_bytes()) == {
        "activation text": "zwx",
        "preferred weight": 0.8,
        "sd version": "SDXL",
        "notes": "ü",
    }
    assert read_sidecar(made.to_bytes()) == made
    assert read_sidecar(b"[") == read_sidecar(b'{"notes": 3, "preferred weight": "x"}') == Sidecar()
    assert read_sidecar(b'{"preferred weight": 1' + b"0" * 400 + b"}") == Sidecar()
