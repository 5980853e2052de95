"""What a training starts from: its factors are the first weights; the first mismatch is named."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.networks.metadata import LoraFacts  # noqa: E402
from lib_bootcamp.core.networks.names import Module, canonical  # noqa: E402
from lib_bootcamp.errors import BootcampError, InvalidParamError, ModelError  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.networks.embedding_file import embedding_bytes, parse_embedding  # noqa: E402
from lib_bootcamp.ml.networks.file import lora_bytes, parse_lora  # noqa: E402
from lib_bootcamp.ml.networks.layers import LoraLayer  # noqa: E402
from lib_bootcamp.ml.training.adapters import Shape  # noqa: E402
from lib_bootcamp.ml.training.networks import networks_of  # noqa: E402
from lib_bootcamp.ml.training.start import Start  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")

SHAPE = Shape(rank=4, alpha=2.0)
SHAPES = {
    "lora": SHAPE,
    "dora": dataclasses.replace(SHAPE, dora=True),
    "locon": dataclasses.replace(SHAPE, conv_rank=3, conv_alpha=1.0),
}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def layers_of(host: StandaloneHost, kind: str, **changed: Any) -> dict[Module, LoraLayer]:
    """Layers as they are learned, with other values."""
    random = torch.Generator().manual_seed(3)
    made = {}
    with host.components() as components:
        for network in networks_of(components, material.settings(shape=SHAPES[kind], **changed)):
            for path, held in network.tensors().items():  # type: ignore[union-attr]
                made[canonical(network.part, path)] = LoraLayer(  # type: ignore[arg-type]
                    down=held["lora_down.weight"].clone(),
                    up=torch.randn(held["lora_up.weight"].shape, generator=random) * 0.01,
                    alpha=float(held["alpha"]),
                    dora_scale=held["dora_scale"] * 1.1 if "dora_scale" in held else None,
                )
    return made


def start_of(host: StandaloneHost, layers: dict[Module, LoraLayer]) -> Start:
    with host.components() as components:
        data = lora_bytes(layers, dict(components.unet.config), LoraFacts(output_name="zorb"), dtype=torch.float32)
        return Start.of_lora(parse_lora(data, Path("zorb.safetensors")), components)


def networks(host: StandaloneHost, start: Start, kind: str, **changed: Any) -> list[Any]:
    with host.components() as components:
        return list(networks_of(components, material.settings(shape=SHAPES[kind], **changed), start))


def mistake(host: StandaloneHost, layers: dict[Module, LoraLayer], kind: str = "lora", **changed: Any) -> str:
    with pytest.raises(InvalidParamError) as caught:
        networks(host, start_of(host, layers), kind, **changed)
    assert caught.value.param == "start_from"
    return str(caught.value)


@pytest.mark.parametrize("kind", SHAPES)
def test_the_files_factors_are_the_first_weights(host: StandaloneHost, kind: str) -> None:
    layers = layers_of(host, kind)
    made = networks(host, start_of(host, layers), kind)
    held = {canonical(each.part, path): one for each in made for path, one in each.tensors().items()}
    assert held.keys() == layers.keys()
    for module, layer in layers.items():
        assert torch.equal(held[module]["lora_down.weight"], layer.down)
        assert torch.equal(held[module]["lora_up.weight"], layer.up)
        assert float(held[module]["alpha"]) == pytest.approx(layer.alpha)
        if layer.dora_scale is not None:
            assert torch.equal(held[module]["dora_scale"], layer.dora_scale)


def test_each_layer_keeps_its_own_rank_and_strength(host: StandaloneHost) -> None:
    layers = layers_of(host, "lora")
    first = next(iter(layers))
    own = layers[first]
    layers[first] = LoraLayer(down=own.down[:2].contiguous(), up=own.up[:, :2].contiguous(), alpha=None)
    made = networks(host, start_of(host, layers), "lora")[0]
    assert (made.adapters[0].rank, made.adapters[0].alpha, made.adapters[0].scale) == (2, 2.0, 1.0)
    assert {each.rank for each in made.adapters[1:]} == {4}


def test_the_rank_is_the_largest_that_it_has(host: StandaloneHost) -> None:
    start = start_of(host, layers_of(host, "locon"))
    assert start.strength(spread=False) == (4, pytest.approx(2.0))
    assert start.strength(spread=True) == (3, pytest.approx(1.0))


@pytest.mark.parametrize(
    ("held", "asked", "expected"),
    [
        ("dora", "lora", r"cannot be zorb: it is a DoRA, as down_blocks\S+ shows; choose the method dora"),
        ("lora", "dora", r"cannot be zorb: it is no DoRA, as down_blocks\S+ shows; choose the method lora"),
        ("locon", "lora", r"it has \S+ of the UNet, which is not taught; choose the method locon"),
        ("lora", "locon", r"it lacks \S+ of the UNet, which is taught; choose the method lora"),
    ],
)
def test_another_kind_is_named(host: StandaloneHost, held: str, asked: str, expected: str) -> None:
    assert re.search(expected, mistake(host, layers_of(host, held), asked))


def test_other_layers_are_named(host: StandaloneHost) -> None:
    layers = layers_of(host, "lora")
    assert "of the text encoder, which is not taught; give text_rate" in mistake(host, layers, text_rate=0.0)
    of_unet = {module: each for module, each in layers.items() if module.part == "unet"}
    assert "of the text encoder, which is taught; set text_rate to 0" in mistake(host, of_unet)
    fewer = dataclasses.replace(SHAPE, blocks=("mid",))
    with (
        pytest.raises(InvalidParamError, match="which is not taught; choose more blocks and layers"),
        host.components() as c,
    ):
        networks_of(c, material.settings(shape=fewer), start_of(host, layers))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"mid": torch.ones(4, 4, 1, 1)}, "Tucker form"),
        ({"alpha": 0.0}, "has the strength 0, which must be above 0"),
        ({"rows": True}, "is a DoRA of rows, and input columns are trained here"),
    ],
)
def test_what_is_not_trained_here_is_named(host: StandaloneHost, change: dict[str, Any], expected: str) -> None:
    layers = layers_of(host, "lora")
    module, own = next((module, each) for module, each in layers.items() if module.path.endswith("ff.net.0.proj"))
    if change.pop("rows", False):
        change = {"dora_scale": torch.ones(own.up.shape[0], 1)}
    layers[module] = dataclasses.replace(own, **change)
    with pytest.raises(BootcampError, match=expected):
        start_of(host, layers)


def test_a_whole_difference_and_a_key_that_fits_nothing_are_named(host: StandaloneHost) -> None:
    from safetensors.torch import load, save

    layers = layers_of(host, "lora")
    with host.components() as components:
        data = lora_bytes(layers, dict(components.unet.config), LoraFacts(output_name="zorb"))
        weight = components.unet.mid_block.attentions[0].transformer_blocks[0].attn1.to_q.weight
        stem = next(each for each in load(data) if "middle_block" in each and "attn1_to_q.lora_up" in each)
        whole = {stem.replace("lora_up.weight", "diff"): torch.zeros_like(weight)}
        for more, expected in (
            ({"lora_unet_x.alpha": torch.ones(())}, "has no layer for its lora_unet_x"),
            (whole, ""),
        ):
            rest = {name: each for name, each in load(data).items() if not more.keys() & {name}}
            with pytest.raises(InvalidParamError, match=expected or "is a whole difference"):
                Start.of_lora(parse_lora(save({**rest, **more}), Path("zorb.safetensors")), components)


def test_another_checkpoints_is_refused(host: StandaloneHost) -> None:
    layers = layers_of(host, "lora")
    module, own = next(iter(layers.items()))
    layers[module] = dataclasses.replace(own, down=torch.ones(4, 7))
    with pytest.raises(ModelError, match="zorb is for another checkpoint"):
        start_of(host, layers)


def test_an_embeddings_vectors_are_the_first_ones(host: StandaloneHost, tmp_path: Path) -> None:
    vectors = {"text_encoder": torch.randn(3, 48, generator=torch.Generator().manual_seed(1))}
    file = parse_embedding(embedding_bytes(vectors, LoraFacts(output_name="zorb")), Path("zorb.safetensors"))
    with host.components() as components:
        start = Start.of_embedding(file, components)
        (made,) = networks_of(components, material.settings(vectors=start.count), start)
        assert torch.equal(made.vectors.data, vectors["text_encoder"])
        other = {"text_encoder": torch.zeros(3, 768)}
        file = parse_embedding(embedding_bytes(other, LoraFacts(output_name="zorb")), Path("zorb.safetensors"))
        with pytest.raises(InvalidParamError, match="cannot be zorb: it is for Stable Diffusion 1, not for the loaded"):
            Start.of_embedding(file, components)


@pytest.mark.parametrize("more", [{}, {"shape": SHAPES["dora"]}, {"vectors": 2}], ids=["lora", "dora", "embedding"])
def test_a_state_alone_is_enough_to_go_on(host: StandaloneHost, tmp_path: Path, more: dict[str, Any]) -> None:
    settings = material.settings(**{"shape": SHAPE, **more})
    with host.components() as components:
        if more.get("vectors"):
            start = Start(name="zorb", hash="ab", vectors={"text_encoder": torch.ones(2, 48)})
        else:
            start = start_of(host, layers_of(host, "dora" if "shape" in more else "lora"))
        found = material.examples(tmp_path / "pictures")
        whole = Trainer(found, settings, tmp_path / "latents", components, start)
        losses = [whole.take(components).loss for _ in range(2)]
        state = whole.state()
        again = Start.of_state(state.facts, state.tensors)
        assert again is not None
        assert (again.name, again.hash) == (start.name, start.hash)
        second = Trainer(found, settings, tmp_path / "latents", components, again)
        second.load(state)
        assert whole.take(components) == second.take(components)
        assert all(torch.equal(a, b) for a, b in zip(whole._parameters(), second._parameters(), strict=True))
        assert losses[0] is not None
        assert Start.of_state({}, {}) is None
