"""A copy of the checkpoint's own weights that learns, while the checkpoint stays bit for bit what it was."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.diffusion.text_to_image import draw  # noqa: E402
from lib_bootcamp.ml.training.adapters import Shape  # noqa: E402
from lib_bootcamp.ml.training.networks import networks_of  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from lib_bootcamp.operations.train.class_drawing import DRAWN_WITH  # noqa: E402
from lib_bootcamp.ports import SilentProgress  # noqa: E402
from tests.ml.tiny_sdxl import tiny_sdxl  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")

BOTH = {"whole": True, "text_rate": 1e-3}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def begun(components: Any, folder: Path, **changed: Any) -> Trainer:
    found = material.examples(folder / "pictures")
    return Trainer(found, material.settings(**{**BOTH, **changed}), folder / "latents", components)


def drawn(components: Any) -> Any:
    asked = {**DRAWN_WITH, "steps": 3, "prompt": "a red circle", "seed": 3, "clip_skip": 1}
    return draw(components, SilentProgress(), width=64, height=64, **asked)


def held(module: Any) -> dict[str, Any]:
    return {name: (value, value.clone()) for name, value in module.named_parameters()}


def test_between_steps_the_checkpoint_has_its_own_weights_and_draws_what_it_drew(
    host: StandaloneHost, tmp_path: Path
) -> None:
    with host.components() as components:
        before, modules = drawn(components), (components.unet, components.text_encoder)
        own = [held(each) for each in modules]
        trainer = begun(components, tmp_path, checkpointing=True)
        for _ in range(2):
            trainer.take(components)
            np.testing.assert_array_equal(drawn(components), before)
        for module, kept in zip(modules, own, strict=True):
            now = dict(module.named_parameters())
            assert all(now[name] is value and torch.equal(value, copy) for name, (value, copy) in kept.items())
            assert not any(each.requires_grad or each.grad is not None for each in now.values())
        with trainer.drawing(components):
            assert not np.array_equal(drawn(components), before)
        np.testing.assert_array_equal(drawn(components), before)


def test_before_the_first_step_the_copy_draws_what_the_checkpoint_draws(host: StandaloneHost, tmp_path: Path) -> None:
    with host.components() as components:
        trainer = begun(components, tmp_path)
        with trainer.drawing(components):
            made = drawn(components)
        np.testing.assert_array_equal(made, drawn(components))


def test_all_weights_learn_but_the_tables_of_the_text_encoder(host: StandaloneHost, tmp_path: Path) -> None:
    with host.components() as components:
        trainer = begun(components, tmp_path)
        unet, text = trainer.networks
        assert set(unet.paths) == {name for name, _ in components.unet.named_parameters()}
        tables = {name for name, _ in components.text_encoder.named_parameters()} - set(text.paths)
        assert {name.rpartition("embeddings.")[2] for name in tables} == {
            "token_embedding.weight",
            "position_embedding.weight",
        }
        first = [each.detach().clone() for each in trainer._parameters()]
        for _ in range(3):
            trainer.take(components)
        changed = [not torch.equal(a, b) for a, b in zip(first, trainer._parameters(), strict=True)]
        assert np.mean(changed) > 0.95


def test_blocks_and_layers_choose_what_is_copied(host: StandaloneHost) -> None:
    with host.components() as components:
        settings = material.settings(
            whole=True, text_rate=0.0, shape=Shape(blocks=("mid",), layers=("cross-attention",))
        )
        (made,) = networks_of(components, settings)
    assert made.paths
    assert all(each.startswith("mid_block.") and ".attn2." in each for each in made.paths)


def test_a_plan_holds_no_copy(host: StandaloneHost) -> None:
    with host.components() as components:
        made = networks_of(components, material.settings(**BOTH))
    assert {each.device.type for one in made for each in one.parameters()} == {"meta"}


def test_a_checkpoint_in_16_bits_learns_in_32_and_draws_in_its_own(host: StandaloneHost, tmp_path: Path) -> None:
    with host.components() as components:
        halved = dataclasses.replace(
            components,
            **{name: _copied(getattr(components, name)).to(torch.bfloat16) for name in ("unet", "vae", "text_encoder")},
        )
        trainer = begun(halved, tmp_path)
        assert trainer.take(halved).loss is not None
        assert {each.dtype for each in trainer._parameters()} == {torch.float32}
        assert trainer.predictor.precision == "bf16"
        with trainer.drawing(halved):
            assert {each.dtype for each in halved.unet.parameters()} == {torch.bfloat16}
            assert not any(each.requires_grad for each in halved.unet.parameters())
        assert {each.dtype for each in halved.unet.parameters()} == {torch.bfloat16}


def _copied(module: Any) -> Any:
    import copy

    return copy.deepcopy(module)


def test_it_learns_sdxl_with_both_of_its_text_encoders(host: StandaloneHost, tmp_path: Path) -> None:
    with host.components() as components:
        sdxl = tiny_sdxl(components)
        trainer = begun(sdxl, tmp_path)
        assert [each.part for each in trainer.networks] == ["unet", "text_encoder", "text_encoder_2"]
        assert trainer.take(sdxl).loss is not None
