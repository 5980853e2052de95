"""Modules' names in LoRA files.

`A1111` below is what A1111 1.10.1 makes of our keys: its `convert_diffusers_name_to_compvis` and the fallbacks of its
`load_network` were run on the keys of every linear and convolutional module of mini-sd, SD1, SD2 and SDXL (82, 282, 282
and 794 of them; none missed its module), and these pairs were taken from that run.
"""

from __future__ import annotations

from typing import Any

import pytest

from lib_bootcamp.core.networks.keys import match_keys, other_kind, split_key
from lib_bootcamp.core.networks.ldm_unet import UNetShape, ldm_path
from lib_bootcamp.core.networks.names import Module, Part, canonical, file_stem, spelling_for, tensor_name
from lib_bootcamp.errors import ModelError
from tests.core.networks.unets import MINI, SD1, SD2, SDXL, UNETS

Q = "transformer_blocks.0.attn1.to_q"
_Q = "transformer_blocks_0_attn1_to_q"
# config, module, our key, the module that A1111 finds for it
A1111 = [
    (MINI, "conv_in", "lora_unet_input_blocks_0_0", "input_blocks.0.0"),
    (MINI, "time_embedding.linear_2", "lora_unet_time_embed_2", "time_embed.2"),
    (MINI, "down_blocks.0.downsamplers.0.conv", "lora_unet_input_blocks_2_0_op", "input_blocks.2.0.op"),
    (MINI, f"down_blocks.1.attentions.0.{Q}", f"lora_unet_input_blocks_3_1_{_Q}", f"input_blocks.3.1.{Q}"),
    (MINI, "up_blocks.0.upsamplers.0.conv", "lora_unet_output_blocks_1_2_conv", "output_blocks.1.2.conv"),
    (
        MINI,
        "up_blocks.1.resnets.0.conv_shortcut",
        "lora_unet_output_blocks_2_0_skip_connection",
        "output_blocks.2.0.skip_connection",
    ),
    (MINI, "mid_block.resnets.1.conv2", "lora_unet_middle_block_2_out_layers_3", "middle_block.2.out_layers.3"),
    (MINI, "conv_out", "lora_unet_out_2", "out.2"),
    (SD1, "conv_in", "lora_unet_conv_in", "input_blocks.0.0"),
    (SD1, f"down_blocks.1.attentions.0.{Q}", f"lora_unet_down_blocks_1_attentions_0_{_Q}", f"input_blocks.4.1.{Q}"),
    (SD1, "down_blocks.2.downsamplers.0.conv", "lora_unet_down_blocks_2_downsamplers_0_conv", "input_blocks.9.0.op"),
    (
        SD1,
        "down_blocks.1.resnets.1.conv1",
        "lora_unet_down_blocks_1_resnets_1_conv1",
        "input_blocks.5.0.in_layers.2",
    ),
    (SD1, "up_blocks.0.upsamplers.0.conv", "lora_unet_up_blocks_0_upsamplers_0_conv", "output_blocks.2.1.conv"),
    (SD1, "up_blocks.2.upsamplers.0.conv", "lora_unet_up_blocks_2_upsamplers_0_conv", "output_blocks.8.2.conv"),
    (
        SD1,
        "mid_block.resnets.0.time_emb_proj",
        "lora_unet_mid_block_resnets_0_time_emb_proj",
        "middle_block.0.emb_layers.1",
    ),
    (SDXL, "add_embedding.linear_1", "lora_unet_label_emb_0_0", "label_emb.0.0"),
    (SDXL, f"down_blocks.1.attentions.0.{Q}", f"lora_unet_input_blocks_4_1_{_Q}", f"input_blocks.4.1.{Q}"),
    (SDXL, "up_blocks.0.upsamplers.0.conv", "lora_unet_output_blocks_2_2_conv", "output_blocks.2.2.conv"),
    (SDXL, "up_blocks.1.resnets.1.conv1", "lora_unet_output_blocks_4_0_in_layers_2", "output_blocks.4.0.in_layers.2"),
]
TEXT_PATH = "text_model.encoder.layers.3.self_attn.q_proj"
SPELLINGS: tuple[Any, ...] = ("kohya", "ldm", "diffusers", "peft")


@pytest.mark.parametrize(
    ("config", "path", "key", "ldm"), A1111, ids=lambda value: value if isinstance(value, str) else ""
)
def test_keys_are_those_whose_module_a1111_finds(config: dict[str, Any], path: str, key: str, ldm: str) -> None:
    assert file_stem(Module("unet", path), config) == key
    assert ldm_path(UNetShape.of(config), path) == ldm


def test_only_the_usual_unets_are_written_with_diffusers_block_numbers() -> None:
    found = {name: spelling_for(config) for name, config in UNETS.items()}
    assert found == {"mini-sd": "ldm", "sd1": "kohya", "sd2": "kohya", "sdxl": "ldm"}


@pytest.mark.parametrize(
    ("config", "part", "prefix"),
    [
        (SD1, "text_encoder", "lora_te_"),
        (MINI, "text_encoder", "lora_te_"),
        (SD2, "text_encoder", "lora_te_"),
        (SDXL, "text_encoder", "lora_te1_"),
        (SDXL, "text_encoder_2", "lora_te2_"),
    ],
)
def test_text_encoders_are_numbered_in_sdxl_alone(config: dict[str, Any], part: Part, prefix: str) -> None:
    assert file_stem(Module(part, TEXT_PATH), config) == f"{prefix}text_model_encoder_layers_3_self_attn_q_proj"


def test_a_text_encoders_module_has_one_name_whichever_transformers_is_installed() -> None:
    short = TEXT_PATH.removeprefix("text_model.")
    assert canonical("text_encoder", short) == canonical("text_encoder", TEXT_PATH) == ("text_encoder", TEXT_PATH)
    assert canonical("text_encoder_2", "text_projection").path == "text_projection"
    assert canonical("unet", "conv_in").path == "conv_in"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("config", UNETS.values(), ids=UNETS)
def test_what_is_written_in_any_spelling_is_read_again(config: dict[str, Any], spelling: Any) -> None:
    modules = [Module("unet", path) for each, path, *_ in A1111 if each is config] or [Module("unet", "conv_in")]
    modules += [Module("text_encoder", TEXT_PATH)]
    modules += [Module("text_encoder_2", TEXT_PATH)] if config is SDXL and spelling != "peft" else []
    names = {
        (module, factor): tensor_name(file_stem(module, config, spelling), factor, spelling)
        for module in modules
        for factor in ("down", "up")
    }
    found = match_keys(names.values(), config, modules)
    assert {(module, factor): key for module, keys in found.modules.items() for factor, key in keys.items()} == names
    assert (found.matched, found.unmatched) == (2 * len(modules), ())


@pytest.mark.parametrize(
    "key",
    [
        f"lora_unet_down_blocks_1_attentions_0_{_Q}.lora_down.weight",
        f"lora_unet_input_blocks_4_1_{_Q}.lora_down.weight",
        f"lycoris_down_blocks_1_attentions_0_{_Q}.lora_down.weight",
        f"unet.down_blocks.1.attentions.0.{Q}.lora_A.weight",
        f"unet.down_blocks.1.attentions.0.{Q}.lora_A.default.weight",
        f"unet.down_blocks.1.attentions.0.{Q}.lora.down.weight",
        "unet.down_blocks.1.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight",
        f"base_model.model.down_blocks.1.attentions.0.{Q}.lora_A.weight",
        f"unet.input_blocks.4.1.{Q}.lora_down.weight",
    ],
)
def test_one_factor_of_one_module_is_found_whatever_tool_wrote_it(key: str) -> None:
    module = Module("unet", f"down_blocks.1.attentions.0.{Q}")
    assert match_keys([key], SD1, [module]).modules == {module: {"down": key}}


def test_keys_of_no_module_are_counted_and_the_first_is_named() -> None:
    module = Module("unet", "conv_in")
    keys = ["lora_unet_conv_in.lora_up.weight", "lora_unet_conv_in.hada_w1_a", "lora_unet_conv_in.alpha", "x"]
    found = match_keys(keys, SD1, [module])
    assert found.unmatched == ("lora_unet_conv_in.hada_w1_a", "x")
    assert found.sentence() == "2 of 4 keys matched, the first of the others is lora_unet_conv_in.hada_w1_a."


def test_a_second_key_for_the_same_factor_is_none_that_matches() -> None:
    keys = ["lora_unet_conv_in.lora_up.weight", "lora_unet_input_blocks_0_0.lora_up.weight"]
    assert match_keys(keys, SD1, [Module("unet", "conv_in")]).unmatched == (keys[1],)


def test_what_is_no_lora_is_called_by_its_name() -> None:
    assert other_kind(["lora_unet_conv_in.hada_w1_a"]) == "LoHa"
    assert other_kind(["lora_unet_conv_in.lokr_w1"]) == "LoKr"
    assert other_kind(["lora_unet_conv_in.lora_up.weight"]) == ""


def test_a_key_ends_in_its_factor() -> None:
    assert split_key("a.b.lora_mid.weight") == ("a.b", "mid")
    assert split_key("a.lora_magnitude_vector.weight") == ("a", "dora_scale")
    assert split_key("a.weight") == ("a.weight", None)


def test_a_module_that_ldm_has_not_is_refused() -> None:
    with pytest.raises(ModelError, match=r"down_blocks\.9"):
        file_stem(Module("unet", "down_blocks.9.resnets.0.conv1"), SDXL)


def test_peft_and_diffusers_have_no_place_for_alpha() -> None:
    with pytest.raises(ModelError, match="alpha"):
        tensor_name("unet.conv_in", "alpha", "diffusers")
