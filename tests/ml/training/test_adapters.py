"""Networks beside a layer compute what merging them into its weight would."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.training.places import BLOCKS, LAYERS  # noqa: E402
from lib_bootcamp.ml.training.adapters import Network, Shape, is_taught, learnable, targets_of  # noqa: E402

torch: Any = pytest.importorskip("torch")


class Layers(torch.nn.Module):  # type: ignore[misc]
    """One layer of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(6, 5)
        self.point = torch.nn.Conv2d(5, 7, 1)
        self.spread = torch.nn.Conv2d(7, 4, 3, stride=2, padding=1)

    def forward(self, given: Any) -> Any:
        return self.spread(self.point(self.linear(given).permute(0, 3, 1, 2)))


PATHS = ("linear", "point", "spread")


def network(module: Any, *, dora: bool = False, seed: int = 3) -> Network:
    made = Network(
        "unet", module, Shape(rank=3, alpha=2.0, conv_rank=2, conv_alpha=3.0, dora=dora), seed, targets=PATHS
    )
    source = torch.Generator().manual_seed(9)
    for name, each in made.named_parameters():
        with torch.no_grad():
            if "magnitude" in name:
                each.mul_(1 + 0.3 * torch.rand(each.shape, generator=source))
            else:
                each.copy_(torch.randn(each.shape, generator=source))
    return made


def merged(module: Any, made: Network) -> Any:
    """A copy whose weights hold the change, by the formulae of the files' readers (A1111's network_lora)."""
    copy = Layers()
    copy.load_state_dict(module.state_dict())
    for path, values in made.tensors().items():
        layer = copy.get_submodule(path)
        down, up = values["lora_down.weight"], values["lora_up.weight"]
        change = (up.flatten(1) @ down.flatten(1)).view(layer.weight.shape) * (values["alpha"] / down.shape[0])
        weight = layer.weight + change
        if "dora_scale" in values:
            columns = weight.transpose(0, 1).reshape(weight.shape[1], -1).norm(dim=1)
            shape = (1, -1, *(1 for _ in weight.shape[2:]))
            weight = weight / columns.view(shape) * values["dora_scale"].view(shape)
        layer.weight.data = weight.detach()
    return copy


@pytest.mark.parametrize("dora", [False, True])
def test_beside_a_layer_is_what_merged_into_it_would_be(dora: bool) -> None:
    torch.manual_seed(1)
    module, given = Layers(), torch.randn(2, 8, 8, 6)
    made = network(module, dora=dora)
    with made.attached(module):
        beside = module(given)
    assert torch.allclose(beside, merged(module, made)(given), atol=1e-4)
    assert not torch.allclose(beside, module(given), atol=1e-2)


def test_what_is_taken_off_leaves_nothing() -> None:
    module, given = Layers(), torch.randn(1, 4, 4, 6)
    before, weights = module(given), {name: value.clone() for name, value in module.state_dict().items()}
    with pytest.raises(RuntimeError), network(module).attached(module):
        raise RuntimeError
    assert torch.equal(module(given), before)
    assert all(torch.equal(value, weights[name]) for name, value in module.state_dict().items())
    assert not any(each._forward_hooks or each._forward_pre_hooks for each in module.modules())


@pytest.mark.parametrize("dora", [False, True])
def test_it_begins_as_nothing_and_by_seed(dora: bool) -> None:
    module, given = Layers(), torch.randn(1, 4, 4, 6)
    shape = Shape(rank=2, alpha=1.0, conv_rank=2, conv_alpha=1.0, dora=dora)
    one, same, other = (Network("unet", module, shape, seed, targets=PATHS) for seed in (1, 1, 2))
    with one.attached(module):
        assert torch.allclose(module(given), Layers.forward(module, given), atol=1e-5)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), same.parameters(), strict=True))
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_a_rank_larger_than_a_layer_is_the_layers_with_the_same_strength() -> None:
    made = Network("unet", Layers(), Shape(rank=64, alpha=32.0), 1, targets=("linear",))
    down = made.tensors()["linear"]["lora_down.weight"]
    assert down.shape == (5, 6)
    assert float(made.tensors()["linear"]["alpha"]) / 5 == pytest.approx(0.5)


def test_every_part_of_it_learns_but_the_layer_does_not() -> None:
    module = Layers().requires_grad_(False)
    made = network(module, dora=True)
    with made.attached(module):
        module(torch.randn(2, 4, 4, 6)).square().sum().backward()
    assert all(each.grad is not None and bool(each.grad.abs().sum() > 0) for each in made.parameters())
    assert all(each.grad is None for each in module.parameters())


def test_the_layers_that_trainers_take_are_found_by_their_kind() -> None:
    class Transformer2DModel(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.proj_in, self.norm = torch.nn.Conv2d(4, 4, 1), torch.nn.GroupNorm(1, 4)

    class ResnetBlock2D(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv_shortcut = torch.nn.Conv2d(4, 4, 3), torch.nn.Conv2d(4, 4, 1)

    module = torch.nn.ModuleDict({"a": Transformer2DModel(), "b": ResnetBlock2D()})
    assert targets_of("unet", module) == ["a.proj_in"]
    assert targets_of("unet", module, convolutions=4) == ["a.proj_in", "b.conv1", "b.conv_shortcut"]


def test_weights_made_in_inference_mode_are_learned_through_and_stay_the_same_memory() -> None:
    with torch.inference_mode():
        module = Layers().requires_grad_(False)
        owners = dict(module.named_parameters())
    made, given = network(Layers()), torch.randn(1, 4, 4, 6)
    with made.attached(module), learnable(module):
        assert module.linear.weight.data_ptr() == owners["linear.weight"].data_ptr()
        module(given).square().sum().backward()
    assert all(each.grad is not None for each in made.parameters())
    assert all(value is owners[name] for name, value in module.named_parameters())


def test_without_that_they_are_not() -> None:
    with torch.inference_mode():
        module = Layers().requires_grad_(False)
    made = network(Layers())
    with made.attached(module), pytest.raises(RuntimeError, match="nference tensors"):
        module(torch.randn(1, 4, 4, 6)).square().sum().backward()


def test_rank_stabilized_the_strength_falls_with_the_root_of_the_rank() -> None:
    layers = Layers()
    made = {
        rank: Network("unet", layers, Shape(rank=rank, alpha=2.0, rslora=True), 3, targets=("linear",))
        for rank in (1, 4)
    }
    assert [made[rank].adapters[0].scale for rank in (1, 4)] == [2.0, 1.0]
    for rank, network in made.items():  # readers divide by the rank
        assert float(network.tensors()["linear"]["alpha"]) / rank == pytest.approx(network.adapters[0].scale)


def test_the_blocks_and_layers_that_are_asked_for_are_taught_and_no_others() -> None:
    paths = {
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q": ("down", "self-attention"),
        "mid_block.attentions.0.transformer_blocks.0.attn2.to_k": ("mid", "cross-attention"),
        "up_blocks.1.attentions.0.transformer_blocks.0.ff.net.0.proj": ("up", "feed-forward"),
        "up_blocks.1.attentions.0.proj_in": ("up", "other"),
        "up_blocks.1.resnets.0.conv1": ("up", "other"),
        "conv_in": (None, "other"),
    }
    for block in BLOCKS:
        for layer in LAYERS:
            shape = Shape(blocks=(block,), layers=(layer,))
            wanted = [path for path, (one, other) in paths.items() if one in {block, None} and other == layer]
            assert [each for each in paths if is_taught(each, shape)] == wanted
    assert all(is_taught(each, Shape()) for each in paths)
