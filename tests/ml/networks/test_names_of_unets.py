"""Every linear and convolutional module of the real UNets and text encoders has a key, and the key leads back to it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import torch  # noqa: E402, TID253

from lib_bootcamp.core.networks.keys import match_keys  # noqa: E402
from lib_bootcamp.core.networks.ldm_unet import UNetShape, ldm_path  # noqa: E402
from lib_bootcamp.core.networks.names import file_stems, tensor_name  # noqa: E402
from lib_bootcamp.ml.networks.matched import targets_of  # noqa: E402
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402
from tests.core.networks.unets import UNETS  # noqa: E402

COUNTS = {"mini-sd": 82, "sd1": 282, "sd2": 282, "sdxl": 794}
IN_CLIP = 2 * 6
"""Linear layers in two layers of a CLIP text encoder."""


def model_of(name: str) -> Any:
    import_torchvision()
    from diffusers import UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    small = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = {key: value for key, value in UNETS[name].items() if not key.startswith("_")}
    with torch.device("meta"):
        unet, text = UNet2DConditionModel.from_config(config), CLIPTextModel(CLIPTextConfig(**small))
        second = CLIPTextModelWithProjection(CLIPTextConfig(**small)) if name == "sdxl" else None
    return SimpleNamespace(unet=unet, text_encoder=text, text_encoder_2=second)


@pytest.mark.parametrize("name", UNETS)
def test_each_module_has_a_key_that_leads_back_to_it(name: str) -> None:
    model = model_of(name)
    modules = list(targets_of(model))
    of_parts = [sum(each.part == part for each in modules) for part in ("unet", "text_encoder", "text_encoder_2")]
    assert of_parts == [COUNTS[name], IN_CLIP, IN_CLIP + 1 if name == "sdxl" else 0]
    for spelling in ("kohya", "ldm", "diffusers"):
        stems = file_stems(modules, model.unet.config, spelling)  # type: ignore[arg-type]
        keys = {tensor_name(stem, "up", spelling): module for module, stem in stems.items()}  # type: ignore[arg-type]
        found = match_keys(keys, model.unet.config, modules)
        assert {held["up"]: module for module, held in found.modules.items()} == keys
        assert len(keys) == len(modules)


@pytest.mark.parametrize("name", UNETS)
def test_ldms_names_are_those_that_diffusers_converts_back(name: str) -> None:
    model = model_of(name)
    from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint

    shape = UNetShape.of(model.unet.config)
    ldm = {f"model.diffusion_model.{ldm_path(shape, each)}": each for each in model.unet.state_dict()}
    converted = convert_ldm_unet_checkpoint(dict(ldm), dict(model.unet.config))
    assert converted == {each: each for each in model.unet.state_dict()}
