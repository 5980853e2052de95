"""The memory that a training is said to take, beside what it takes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.training.examples import find_examples, sizes_for  # noqa: E402
from lib_bootcamp.hosts.standalone import StandaloneHost  # noqa: E402
from lib_bootcamp.ml.training.adapters import Shape  # noqa: E402
from lib_bootcamp.ml.training.memory import asked_for, free_bytes, memory_needed  # noqa: E402
from lib_bootcamp.ml.training.trainer import Trainer  # noqa: E402
from tests.ml.training import material  # noqa: E402

torch: Any = pytest.importorskip("torch")

FACTOR = 1.5
"""That docs/training.md states."""
LORA = Shape(rank=4, alpha=2.0)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandaloneHost]:
    with material.host(tmp_path_factory.mktemp("data")) as made:
        yield made


def peak_of(work: Callable[[], object]) -> int:
    """The most bytes that torch held on the processor at once, beside what it had before."""
    with torch.autograd.profiler.profile(use_kineto=True, profile_memory=True) as profiled:
        work()
    held = most = 0
    for event in profiled.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


@pytest.mark.parametrize(
    ("side", "more"),
    [
        (128, {"shape": LORA}),
        (128, {"shape": LORA, "batch": 4, "text_rate": 0.0}),
        (256, {"shape": LORA, "batch": 2, "checkpointing": True}),
        (128, {"shape": Shape(rank=4, alpha=2.0, dora=True)}),
        (128, {"shape": Shape(rank=4, alpha=2.0, conv_rank=4, conv_alpha=2.0)}),
        (128, {"vectors": 2}),
        (128, {"shape": LORA, "precision": "bf16"}),
        (128, {"whole": True, "text_rate": 0.0}),
        (128, {"whole": True, "batch": 4}),
        (256, {"whole": True, "batch": 2, "checkpointing": True, "text_rate": 0.0}),
        (128, {"whole": True, "precision": "bf16"}),
    ],
    ids=[
        *("lora", "batch", "checkpointing", "dora", "locon", "embedding", "bf16"),
        *("dreambooth", "dreambooth and text", "dreambooth checkpointing", "dreambooth bf16"),
    ],
)
def test_a_steps_peak_is_within_the_stated_factor(
    host: StandaloneHost, tmp_path: Path, side: int, more: dict[str, Any]
) -> None:
    found = find_examples(material.pictures(tmp_path / "pictures"), sizes_for(side, 8), enlarge=True)
    with host.components() as components:
        settings = material.settings(**more)
        trainer = Trainer(found, settings, tmp_path / "latents", components)
        for each in trainer.examples:
            for flipped in (False, True):
                trainer._latents_of(components, each, flipped=flipped)
        trainer.take(components)
        trainer.optimizer.zero_grad()
        peak = peak_of(lambda: trainer.take(components))
        need = memory_needed(components, settings, trainer.networks, (side, side), settings.batch)
    assert 1 / FACTOR < (need.activations + need.gradients) / peak < FACTOR


@pytest.mark.parametrize("whole", [False, True], ids=["network", "dreambooth"])
@pytest.mark.parametrize("optimizer", ["adamw", "adafactor"])
def test_weights_gradients_and_the_optimizers_state_are_exact(
    host: StandaloneHost, tmp_path: Path, optimizer: str, *, whole: bool
) -> None:
    found = material.examples(tmp_path / "pictures")
    shape = Shape(rank=4, alpha=2.0, conv_rank=2, conv_alpha=1.0)
    settings = material.settings(optimizer=optimizer, shape=shape, ema_decay=0.9, whole=whole)
    with host.components() as components:
        trainer = Trainer(found, settings, tmp_path / "latents", components)
        trainer.take(components)
        need = memory_needed(components, settings, trainer.networks, (64, 64), 2)
    weights = sum(each.nbytes for each in trainer._parameters())
    state = trainer.optimizer.state_dict()["state"].values()
    held = sum(value.nbytes for values in state for value in values.values() if torch.is_tensor(value))
    assert (need.weights, need.gradients, need.average) == (weights, weights, weights)
    scalars = sum(
        value.nbytes for values in state for value in values.values() if torch.is_tensor(value) and not value.ndim
    )
    assert need.optimizer == held - (scalars if optimizer == "adafactor" else 0)


@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has", "2.50 GiB"),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 4000 bytes. Error code 12", "4000 bytes"),
        ("Unable to allocate 1.0 GiB for an array with shape (1,)", "1.0 GiB"),
        ("", ""),
    ],
)
def test_what_was_asked_for(message: str, asked: str) -> None:
    assert asked_for(message) == asked


def test_what_is_free_is_known_where_the_device_tells() -> None:
    free = free_bytes("cpu")
    assert free is None or free > 0
    assert free_bytes("meta") is None
