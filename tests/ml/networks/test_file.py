"""LoRA files, whole and hostile."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import torch  # noqa: E402, TID253
from safetensors.torch import load_file, save, save_file  # noqa: E402

from lib_bootcamp.core.networks.container import model_hash  # noqa: E402
from lib_bootcamp.core.networks.metadata import LoraFacts  # noqa: E402
from lib_bootcamp.core.networks.names import Module  # noqa: E402
from lib_bootcamp.core.networks.stated import parse_metadata  # noqa: E402
from lib_bootcamp.errors import BootcampError, ModelError  # noqa: E402
from lib_bootcamp.ml.networks.file import lora_bytes, parse_lora, read_lora, write_lora  # noqa: E402
from lib_bootcamp.ml.networks.layers import FullLayer, LoraLayer  # noqa: E402
from lib_bootcamp.ml.networks.matched import match_lora  # noqa: E402
from tests.core.networks.unets import MINI, SD1  # noqa: E402

QUERY = Module("unet", "down_blocks.1.attentions.0.transformer_blocks.0.attn1.to_q")
CONV = Module("unet", "mid_block.resnets.0.conv1")
STEM = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q"
TARGETS: dict[Module, Any] = {QUERY: torch.nn.Linear(8, 6), CONV: torch.nn.Conv2d(4, 6, 3)}
FACTS = LoraFacts(output_name="cat", rank=2, alpha=1.0)


def layers() -> dict[Module, LoraLayer]:
    torch.manual_seed(0)
    linear = LoraLayer(down=torch.randn(2, 8), up=torch.randn(6, 2), alpha=1.0, dora_scale=torch.rand(1, 8) + 0.5)
    return {QUERY: linear, CONV: LoraLayer(down=torch.randn(2, 4, 3, 3), up=torch.randn(6, 2, 1, 1), alpha=4.0)}


def held(path: Path, config: dict[str, Any] = SD1) -> dict[Module, Any]:
    return dict(match_lora(read_lora(path), TARGETS, config).layers)


@pytest.mark.parametrize("config", [SD1, MINI], ids=["sd1", "mini-sd"])
def test_what_is_written_is_read_again_in_half_precision(tmp_path: Path, config: dict[str, Any]) -> None:
    path = tmp_path / "cat.safetensors"
    digest = write_lora(path, layers(), config, FACTS)
    file = read_lora(path)
    assert (file.name, file.hash, file.short_hash) == ("cat", digest, digest[:12])
    assert model_hash(path.read_bytes()) == digest == file.metadata["sshs_model_hash"]
    assert parse_metadata(file.metadata).output_name == "cat"
    for module, layer in held(path, config).items():
        wanted = layers()[module]
        assert layer.alpha == wanted.alpha
        assert torch.equal(layer.down, wanted.down.half())
        assert torch.equal(layer.up, wanted.up.half())
    assert {value.dtype for name, value in load_file(path).items() if not name.endswith("alpha")} == {torch.float16}


def test_the_same_layers_give_the_same_bytes() -> None:
    assert lora_bytes(layers(), SD1, FACTS) == lora_bytes(layers(), SD1, FACTS)


def test_in_diffusers_spelling_the_change_is_the_same_without_alpha(tmp_path: Path) -> None:
    path = tmp_path / "cat.safetensors"
    path.write_bytes(lora_bytes({CONV: layers()[CONV]}, SD1, FACTS, dtype=torch.float32, spelling="diffusers"))
    assert torch.allclose(held(path)[CONV].delta(), layers()[CONV].delta(), atol=1e-5)


def write(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> Path:
    save_file({name: value.contiguous() for name, value in tensors.items()}, str(path), metadata)
    return path


def plain(**changed: Any) -> dict[str, torch.Tensor]:
    """A whole LoRA for the linear module, with other tensors for some of its factors, or none of them (None)."""
    made: dict[str, Any] = {"lora_down__weight": torch.ones(2, 8), "lora_up__weight": torch.ones(6, 2), **changed}
    return {f"{STEM}.{name.replace('__', '.')}": value for name, value in made.items() if value is not None}


@pytest.mark.parametrize(
    ("metadata", "beside", "scale"),
    [
        ({}, None, 1.0),
        ({"lora_adapter_metadata": json.dumps({"unet.r": 2, "unet.lora_alpha": 4})}, None, 2.0),
        ({}, {"r": 2, "lora_alpha": 6}, 3.0),
        ({}, {"r": 2, "lora_alpha": 6, "use_rslora": True}, 6 / 2**0.5),
        ({}, {"r": 2, "lora_alpha": 6, "alpha_pattern": {"attn1.to_q": 1}}, 0.5),
    ],
)
def test_pefts_strength_comes_from_its_configuration(
    tmp_path: Path, metadata: dict[str, str], beside: dict[str, Any] | None, scale: float
) -> None:
    stem = f"base_model.model.{QUERY.path}" if beside else f"unet.{QUERY.path}"
    tensors = {f"{stem}.lora_A.weight": torch.ones(2, 8), f"{stem}.lora_B.weight": torch.ones(6, 2)}
    path = write(tmp_path / "adapter_model.safetensors", tensors, metadata)
    if beside:
        (tmp_path / "adapter_config.json").write_text(json.dumps(beside), encoding="utf-8")
    assert held(path)[QUERY].scale == pytest.approx(scale)


def test_alpha_is_divided_by_the_rank_and_is_one_rank_where_it_is_missing(tmp_path: Path) -> None:
    with_it = write(tmp_path / "a.safetensors", plain(alpha=torch.tensor(1.0)))
    without = write(tmp_path / "b.safetensors", plain())
    assert (held(with_it)[QUERY].scale, held(without)[QUERY].scale) == (0.5, 1.0)


def test_a_whole_difference_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", {f"{STEM}.diff": torch.ones(6, 8)})
    layer = held(path)[QUERY]
    assert isinstance(layer, FullLayer)
    assert torch.equal(layer.changed(torch.zeros(6, 8), 0.5), torch.full((6, 8), 0.5))


def raw(header: dict[str, Any] | bytes, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def one(dtype: str, shape: list[int], size: int) -> bytes:
    return raw({f"{STEM}.lora_up.weight": {"dtype": dtype, "shape": shape, "data_offsets": [0, size]}}, bytes(size))


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "is empty"),
    "noise": (lambda: b"\xff" * 64, "not a safetensors file"),
    "huge header": (lambda: struct.pack("<Q", 2**40) + b"{}" + bytes(64), "not a safetensors file"),
    "header past the end": (lambda: struct.pack("<Q", 5000) + b"{}", "cut off within its header"),
    "no JSON": (lambda: raw(b"{nothing"), "not JSON"),
    "nested": (lambda: raw(b'{"a":' + b"[" * 100_000), "not JSON"),
    "no tensors": (lambda: raw({}), "holds no tensors"),
    "cut": (lambda: one("F16", [6, 2], 24)[:-4], "is cut off"),
    "shape larger than its place": (lambda: one("F16", [60, 2], 24), "another size than its shape"),
    "whole numbers": (lambda: one("I32", [6, 2], 48), "floating-point"),
    "rank of nothing": (lambda: one("F16", [6, 0], 0), "which no LoRA has"),
    "five axes": (lambda: one("F16", [1, 1, 1, 6, 2], 24), "which no LoRA has"),
    "renamed pickle": (lambda: pickle.dumps({"a": 1}, protocol=4), "a pickle"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_one_sentence(tmp_path: Path, kind: str) -> None:
    data, what = HOSTILE[kind]
    path = tmp_path / "cat.safetensors"
    path.write_bytes(data())
    with pytest.raises(BootcampError, match=what) as caught:
        read_lora(path)
    assert str(tmp_path) not in str(caught.value)
    assert str(caught.value).startswith("cat.safetensors ")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_are_refused(tmp_path: Path, value: float) -> None:
    path = write(tmp_path / "cat.safetensors", plain(lora_up__weight=torch.full((6, 2), value)))
    with pytest.raises(ModelError, match=r"no numbers, the first in .*lora_up"):
        read_lora(path)


@pytest.mark.parametrize(
    ("tensors", "what"),
    [
        (plain(lora_up__weight=None), "has no up"),
        (plain(lora_down__weight=None), "has no down"),
        (plain(lora_up__weight=torch.ones(6, 3)), r"up has the shape \[6, 3\]"),
        (plain(lora_down__weight=torch.ones(2, 9)), "for another checkpoint"),
        (plain(lora_up__weight=torch.ones(8, 2), lora_down__weight=torch.ones(2, 6)), "for another checkpoint"),
        (plain(alpha=torch.ones(3)), "alpha of .* is no single number"),
        (plain(dora_scale=torch.ones(1, 5)), "DoRA norms have the shape"),
        ({"lora_unet_nowhere.lora_up.weight": torch.ones(6, 2)}, "0 of 1 keys matched"),
        ({f"{STEM}.hada_w1_a": torch.ones(6, 2)}, "is a LoHa, and only LoRA"),
    ],
)
def test_a_file_that_does_not_fit_is_one_sentence(tmp_path: Path, tensors: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError, match=what):
        held(write(tmp_path / "cat.safetensors", tensors))


def test_a_lora_for_sdxl_says_so(tmp_path: Path) -> None:
    key = "lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_k.lora_down.weight"
    with pytest.raises(ModelError, match="0 of 1 keys matched; it is for SDXL"):
        held(write(tmp_path / "cat.safetensors", {key: torch.ones(4, 2048)}))


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    (tmp_path / "cat.pt").write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(ModelError, match="may hold a program"):
        read_lora(tmp_path / "cat.pt")


def test_what_does_not_fit_into_half_precision_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "cat.safetensors"
    with pytest.raises(ModelError, match=r"do not fit into torch\.float16"):
        write_lora(path, {QUERY: LoraLayer(down=torch.full((2, 8), 1e6), up=torch.ones(6, 2))}, SD1, FACTS)
    assert not path.exists()


SHAPES = [(), (0,), (1,), (3,), (6,), (8,), (1, 1), (2, 8), (6, 2), (6, 8), (1, 8), (6, 1)]
SHAPES += [(2, 2, 3), (2, 8, 1, 1), (6, 2, 1, 1), (2, 2, 3, 3), (6, 8, 1, 1), (1, 1, 1, 1, 1), (2, 8, 1, 1, 1)]
FACTORS = ["lora_down.weight", "lora_up.weight", "lora_mid.weight", "alpha", "scale", "dora_scale", "diff", "diff_b"]
FACTORS += ["lora_magnitude_vector", "lora_magnitude_vector.default", "lora_A.weight", "lora_B.default.weight"]
FACTORS += ["lora_up.bias", "bias", "bias_indices", "hada_w1_a", "lokr_w1", "oft_blocks", "a1.weight", "on_input"]


def is_written(dtype: Any) -> bool:
    """Whether this version of safetensors knows a type; those that the WebUI pins know no complex numbers."""
    try:
        return bool(save({"a": torch.zeros(1, dtype=dtype)}))
    except (KeyError, ValueError):
        return False


ALL = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.bool]
ALL += [torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.uint16, torch.uint32, torch.uint64]
ALL += [torch.float8_e4m3fn, torch.float8_e5m2]
DTYPES = [each for each in ALL if is_written(each)]


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("linear", [True, False])
def test_a_factor_of_any_shape_and_kind_is_used_or_is_one_sentence(factor: str, *, linear: bool) -> None:
    """Beside the others whole, and by itself."""
    module = QUERY if linear else CONV
    target = TARGETS[module]
    stem = STEM if linear else f"lora_unet_{CONV.path.replace('.', '_')}"
    down = torch.ones(2, *target.weight.shape[1:])
    up = torch.ones(6, 2, *[1] * (target.weight.ndim - 2))
    around = {f"{stem}.lora_down.weight": down, f"{stem}.lora_up.weight": up}
    refused = []
    for shape in SHAPES:
        for dtype in DTYPES if len(shape) < 2 else DTYPES[:5:2]:
            one_tensor = {f"{stem}.{factor}": torch.ones(shape).to(dtype)}
            for tensors in ({**around, **one_tensor}, one_tensor):
                try:
                    file = parse_lora(save(tensors), Path("cat.safetensors"))
                    for layer in match_lora(file, TARGETS, SD1).layers.values():
                        layer.changed(target.weight.detach(), 0.5)
                except ModelError as error:
                    refused.append(str(error))
    assert refused
    assert [each for each in refused if not each.startswith("cat") or "\n" in each] == []


@pytest.mark.parametrize("factor", ["lora_down.weight", "lora_up.weight", "lora_mid.weight", "dora_scale", "diff"])
def test_a_weight_that_is_a_single_number_is_named(factor: str) -> None:
    tensors = {**plain(), f"{STEM}.{factor}": torch.tensor(1.0)}
    with pytest.raises(ModelError, match=rf"cat\.safetensors holds {STEM}\.{factor} of the shape \[\], which no LoRA"):
        parse_lora(save(tensors), Path("cat.safetensors"))


@pytest.mark.parametrize("dtype", [each for each in (torch.complex64, torch.bool) if is_written(each)])
@pytest.mark.parametrize("factor", ["alpha", "scale", "lora_down.weight", "diff"])
def test_a_value_of_a_kind_that_no_weight_has_is_named(factor: str, dtype: torch.dtype) -> None:
    tensors = {**plain(), f"{STEM}.{factor}": torch.ones(()).to(dtype)}
    with pytest.raises(ModelError, match=rf"holds {STEM}\.{factor} as \w+, and weights are floating-point numbers"):
        parse_lora(save(tensors), Path("cat.safetensors"))


def test_layers_of_single_numbers_are_refused_wherever_they_come_from() -> None:
    number, weight = torch.tensor(1.0), torch.ones(1, 1)
    for wrong in (
        LoraLayer(down=number, up=torch.ones(6, 1)),
        LoraLayer(down=torch.ones(1, 8), up=number),
        LoraLayer(down=weight, up=weight, dora_scale=number),
        LoraLayer(down=weight, up=weight, mid=number),
        FullLayer(difference=number),
    ):
        with pytest.raises(ModelError):
            wrong.changed(weight, 1)
