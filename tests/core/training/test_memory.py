"""How much memory a training takes, by numbers worked out by hand, and what is next where it is too much."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_bootcamp.core.training.levers import next_lever
from lib_bootcamp.core.training.memory import Block, Network, Step, activation_bytes, amount, memory_of, optimizer_bytes
from lib_bootcamp.core.training.optimizers import Optimizer
from lib_bootcamp.core.training.ram import available_ram

BLOCKS = (
    Block(kind="residual", into=4, out=8, level=0),
    Block(kind="transformer", into=8, out=8, level=1),
)
STEP = Step(latent=(8, 8), batch=1, width=4, checkpointing=False)
SHAPES = ((4, 10), (6, 4), (3,))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("adamw", 8 * (40 + 24 + 3) + 3 * 4),
        ("adafactor", 4 * ((4 + 10) + (6 + 4) + 3)),
        ("prodigy", 16 * 67),
        ("adamw8bit", 8 * 67),
    ],
)
def test_the_optimizers_state(name: Optimizer, expected: int) -> None:
    assert optimizer_bytes(name, SHAPES) == expected


def test_large_tensors_of_8_bits_have_a_byte_for_each_mean_and_a_factor_a_block() -> None:
    assert optimizer_bytes("adamw8bit", [(64, 64)]) == 2 * (4096 + 4 * 16)


def test_a_convolutions_rows_and_columns() -> None:
    assert optimizer_bytes("adafactor", [(4, 3, 3, 3)]) == 4 * (4 * 3 * 3 + 4 * 3 * 3)


@pytest.mark.parametrize(
    ("network", "checkpointing", "numbers"),
    [
        (Network(blocks=BLOCKS, shapes=SHAPES), False, 2 * 12 * 64 + 28 * 8 * 16 + 28 * 8 * 16),
        (Network(blocks=BLOCKS, shapes=SHAPES), True, 4 * 64 + 8 * 16 + 2 * (28 * 8 * 16)),
        (Network(blocks=BLOCKS, shapes=SHAPES, adapters=False), False, 2 * 12 * 64 + 2 * (21 * 8 * 16)),
        (Network(blocks=BLOCKS, shapes=SHAPES, dora=True), False, 2 * 12 * 64 + 2 * (38 * 8 * 16)),
        (Network(blocks=BLOCKS, shapes=SHAPES, convolutions=True), False, 3 * 12 * 64 + 2 * (28 * 8 * 16)),
        (Network(blocks=BLOCKS, shapes=SHAPES, text=(5, 5)), False, 2 * 12 * 64 + 2 * 3584 + 2 * 20 * 77 * 5),
    ],
    ids=["lora", "checkpointing", "embedding", "dora", "locon", "text"],
)
def test_what_a_step_keeps(network: Network, numbers: int, *, checkpointing: bool) -> None:
    step = Step(latent=(8, 8), batch=3, width=2, checkpointing=checkpointing)
    assert activation_bytes(network, step) == 3 * 2 * numbers


def test_all_of_it() -> None:
    network = Network(blocks=BLOCKS, shapes=SHAPES, casts=1000)
    made = memory_of(network, STEP, optimizer="adamw", average=True)
    assert (made.weights, made.gradients, made.average, made.optimizer) == (268, 268, 268, 548)
    assert made.total == 3 * 268 + 548 + made.activations
    assert made.activations == 4 * (2 * 12 * 64 + 2 * 3584) + 1000
    assert made.sentence().startswith("About 38 KB beside the checkpoint: 1 KB learned weights, 1 KB gradients")


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 KB"), (1, "1 KB"), (820_000, "820 KB"), (1_200_000, "1.2 MB"), (12e6, "12 MB"), (1.24e9, "1.2 GB")],
)
def test_amounts(size: float, text: str) -> None:
    assert amount(int(size)) == text


def test_levers_come_in_the_order_of_what_they_cost() -> None:
    left = {"checkpointing": False, "batch": 4, "text_rate": 1e-4, "optimizer": "adamw", "resolution": 512}
    pulled = [
        ("checkpointing", True, "gradient checkpointing"),
        ("batch", 1, "batch 1"),
        ("text_rate", 0.0, "text_rate 0"),
        ("optimizer", "adafactor", "adafactor or adamw8bit"),
        ("resolution", 256, "resolution 384"),
    ]
    for name, value, expected in pulled:
        assert expected in next_lever(**left)  # type: ignore[arg-type]
        left[name] = value
    assert next_lever(**left) == ""  # type: ignore[arg-type]


def test_available_memory_is_what_linux_states(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\nMemFree: 1 kB\nMemAvailable:    2048 kB\n", encoding="ascii")
    assert available_ram(tmp_path / "meminfo") == 2 * 1024 * 1024
    assert available_ram(tmp_path / "none") is None
    (tmp_path / "meminfo").write_text("MemTotal:  9 kB\n", encoding="ascii")
    assert available_ram(tmp_path / "meminfo") is None
