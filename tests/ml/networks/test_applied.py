"""Drawing with LoRAs on the small checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers", "transformers")

import torch  # noqa: E402, TID253

from lib_bootcamp.core.models.files import EMBEDDED  # noqa: E402
from lib_bootcamp.errors import ModelError  # noqa: E402
from lib_bootcamp.ml.checkpoints.load import load_checkpoint  # noqa: E402
from lib_bootcamp.ml.networks.applied import LoraUse, loras_applied  # noqa: E402
from lib_bootcamp.ml.networks.file import LoraFile, read_lora  # noqa: E402
from lib_bootcamp.ml.networks.layers import LoraLayer  # noqa: E402
from lib_bootcamp.ml.networks.matched import targets_of  # noqa: E402
from tests.ml.networks.loras import column_norms, random_layer, random_layers, random_lora  # noqa: E402


@pytest.fixture(scope="module")
def components() -> Any:
    return load_checkpoint(EMBEDDED, "cpu")


@pytest.fixture(scope="module")
def file(components: Any, tmp_path_factory: pytest.TempPathFactory) -> LoraFile:
    return read_lora(random_lora(components, tmp_path_factory.mktemp("loras") / "one.safetensors"))


def weights(components: Any) -> dict[Any, torch.Tensor]:
    return {module: target.weight.clone() for module, target in targets_of(components).items()}


@pytest.fixture
def unchanged(components: Any) -> Iterator[dict[Any, torch.Tensor]]:
    """The weights, which have to be the same bits after the test."""
    before = weights(components)
    yield before
    after = weights(components)
    assert [module for module, value in before.items() if not torch.equal(value, after[module])] == []


def test_every_module_has_its_change_inside_the_block(
    components: Any, file: LoraFile, unchanged: dict[Any, torch.Tensor]
) -> None:
    wanted = random_layers(components)
    with loras_applied(components, [LoraUse(file, unet=0.5, text=0.25)]) as notes:
        inside = weights(components)
    assert notes == ()
    for module, layer in wanted.items():
        share = 0.5 if module.part == "unet" else 0.25
        change = inside[module] - unchanged[module]
        assert torch.allclose(change, share * layer.delta().reshape(change.shape), atol=2e-2), module
    assert {module.part for module in wanted} == {"unet", "text_encoder"}


def test_a_weight_of_zero_changes_nothing_of_that_part(
    components: Any, file: LoraFile, unchanged: dict[Any, torch.Tensor]
) -> None:
    with loras_applied(components, [LoraUse(file, unet=0, text=1)]):
        inside = weights(components)
    same = {module.part for module, value in inside.items() if torch.equal(value, unchanged[module])}
    assert same == {"unet"}


def test_two_loras_add_up_and_the_same_one_twice_too(
    components: Any, file: LoraFile, unchanged: dict[Any, torch.Tensor]
) -> None:
    with loras_applied(components, [LoraUse(file), LoraUse(file, unet=-0.5, text=-0.5)]):
        twice = weights(components)
    with loras_applied(components, [LoraUse(file, unet=0.5, text=0.5)]):
        once = weights(components)
    assert all(torch.allclose(twice[module], once[module], atol=1e-5) for module in unchanged)


@pytest.mark.usefixtures("unchanged")
def test_weights_come_back_after_an_error_and_after_half_of_them(components: Any, file: LoraFile) -> None:
    with pytest.raises(RuntimeError, match="in between"), loras_applied(components, [LoraUse(file)]):
        raise RuntimeError("in between")
    last = list(file.tensors)[-1].partition(".")[0]
    large = {
        name: torch.full_like(value, 1e30) if name.startswith(last) and "weight" in name else value
        for name, value in ((name, value.float()) for name, value in file.tensors.items())
    }
    with (
        pytest.raises(ModelError, match=r"large makes .* too large for torch\.float32; lower its weight"),
        loras_applied(components, [LoraUse(LoraFile(name="large", tensors=large))]),
    ):
        pytest.fail("nothing is drawn with it")


@pytest.mark.usefixtures("unchanged")
def test_keys_that_match_nothing_are_counted_in_a_sentence(components: Any, file: LoraFile) -> None:
    more = LoraFile(name="one", tensors={**file.tensors, "lora_unet_nowhere.alpha": torch.tensor(1.0)})
    count = len(file.tensors)
    with loras_applied(components, [LoraUse(more)]) as notes:
        assert notes == (
            f"one: {count} of {count + 1} keys matched, the first of the others is lora_unet_nowhere.alpha.",
        )


def test_dora_has_the_norms_of_the_file_along_the_input_axis(
    components: Any, tmp_path: Path, unchanged: dict[Any, torch.Tensor]
) -> None:
    file = read_lora(random_lora(components, tmp_path / "dora.safetensors", dora=True))
    with loras_applied(components, [LoraUse(file)]):
        inside = weights(components)
    for module, layer in random_layers(components, dora=True).items():
        value = inside[module].float()
        norms = column_norms(value)
        assert layer.dora_scale is not None
        assert torch.allclose(norms, layer.dora_scale, rtol=2e-3, atol=1e-4)
        assert not torch.equal(value, unchanged[module])


def test_dora_is_computed_as_a1111_computes_it() -> None:
    """The formula of A1111's `apply_weight_decompose`, written out for one convolution."""
    torch.manual_seed(0)
    weight = torch.randn(6, 4, 3, 3)
    layer = random_layer(weight, 1, dora=True)
    changed = weight + layer.delta()
    norm = changed.transpose(0, 1).reshape(4, -1).norm(dim=1, keepdim=True).reshape(4, 1, 1, 1).transpose(0, 1)
    wanted = weight + 0.7 * (changed * (layer.dora_scale / norm) - weight)
    assert torch.allclose(layer.changed(weight, 0.7), wanted, atol=1e-5)


def test_norms_of_the_rows_are_applied_to_the_rows() -> None:
    weight = torch.randn(6, 8)
    layer = LoraLayer(down=torch.randn(2, 8), up=torch.randn(6, 2), dora_scale=torch.full((6, 1), 2.0))
    assert torch.allclose(layer.changed(weight, 1).norm(dim=1), torch.full((6,), 2.0))


def test_locons_tucker_form_is_the_product_of_its_three_factors() -> None:
    down, mid, up = torch.randn(3, 4, 1, 1), torch.randn(3, 3, 3, 3), torch.randn(6, 3, 1, 1)
    layer = LoraLayer(down=down, up=up, mid=mid, alpha=1.5)
    taken = torch.randn(1, 4, 5, 5)
    conv = torch.nn.functional.conv2d
    through = conv(conv(conv(taken, down), mid), up) * 0.5
    assert torch.allclose(conv(taken, layer.delta()), through, atol=1e-4)
