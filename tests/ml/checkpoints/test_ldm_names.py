"""A checkpoint's weights under LDM's names: the inverse of how a loaded one is seen, of each family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import torch  # noqa: E402, TID253

from lib_bootcamp.ml.checkpoints.ldm_names import to_ldm  # noqa: E402
from lib_bootcamp.ml.checkpoints.ldm_view import LdmModel, LdmView  # noqa: E402
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402
from tests.hosts.tiny_ldm import OpenClipTower, config, unet, vae  # noqa: E402


def clip() -> Any:
    import_torchvision()
    from transformers import CLIPTextConfig, CLIPTextModel

    sizes = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    return CLIPTextModel(CLIPTextConfig(vocab_size=20, max_position_embeddings=6, **sizes)).eval()


def of_family(family: str) -> tuple[LdmModel, dict[str, torch.Tensor]]:
    """A checkpoint, and its weights as its file has them."""
    made, tower = config(linear=family != "sd1"), OpenClipTower()
    model = LdmModel(family="sd1", config=made, unet=unet(made), vae=vae(made))
    names = {"sd1": ("cond_stage_model.transformer.", ""), "sd2": ("", "cond_stage_model.model.")}
    names["sdxl"] = ("conditioner.embedders.0.transformer.", "conditioner.embedders.1.model.")
    of_clip, of_tower = names[family]
    held = {f"model.diffusion_model.{name}": value for name, value in model.unet.named_parameters()}
    held |= {f"first_stage_model.{name}": value for name, value in model.vae.named_parameters()}
    if of_clip:
        model = replace(model, clip=clip())
        for name, value in model.clip.named_parameters():  # type: ignore[union-attr]
            held[of_clip + (name if name.startswith("text_model.") else f"text_model.{name}")] = value
    if of_tower:
        model = replace(model, open_clip=tower)
        held |= {of_tower + name: value for name, value in tower.named_parameters() if name != "logit_scale"}
    return replace(model, family=family), held  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_every_weight_has_the_name_and_the_values_that_its_file_has(family: str) -> None:
    model, held = of_family(family)
    view = LdmView(model)
    lent = view.borrow(model)
    parts = (lent.get(name) for name in ("unet", "vae", "text_encoder", "text_encoder_2"))
    made = {name: value.clone() for name, value in to_ldm(*parts, family=family).items() if "position_ids" not in name}
    view.give_back()
    if family == "sd2":  # nothing computes with its last layer: it is the one before
        last, before = (f"cond_stage_model.model.transformer.resblocks.{at}." for at in (2, 1))
        held |= {name: held[before + name[len(last) :]] for name in held if name.startswith(last)}
        held.pop("cond_stage_model.model.text_projection")
    assert made.keys() == held.keys()
    assert all(torch.equal(value, held[name]) for name, value in made.items())
