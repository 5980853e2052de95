"""The losses of a step, the concepts' and those of class pictures apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ml.needs import skip_without_models

skip_without_models()


from lib_bootcamp.core.training.examples import Folder  # noqa: E402
from lib_bootcamp.ml.training.losses import Losses, mean_of, smoothed  # noqa: E402

torch: Any = pytest.importorskip("torch")

OWN = Folder(root=Path("a"), weight=2.0)
CLASS = Folder(root=Path("b"), weight=0.5, is_class=True)


def test_weights_count_in_what_is_minimized_and_not_in_what_is_shown() -> None:
    made = Losses()
    assert made.weighted(torch.tensor([1.0, 3.0]), [OWN, CLASS]).item() == pytest.approx((2.0 + 1.5) / 2)
    made.weighted(torch.tensor([2.0]), [OWN])
    assert (made.own, made.of_class) == ([1.0, 2.0], [3.0])


def test_weights_of_one_change_no_bit() -> None:
    losses = torch.rand(7, generator=torch.Generator().manual_seed(1))
    folder = Folder(root=Path("a"))
    assert torch.equal(Losses().weighted(losses, [folder] * 7), losses.mean())


def test_a_step_without_any_leaves_the_smoothed_loss_as_it_was() -> None:
    assert mean_of([]) is None
    assert smoothed(None, None, 0.9) is None
    assert smoothed(0.5, None, 0.9) == 0.5
    assert smoothed(None, 0.5, 0.9) == 0.5
    assert smoothed(1.0, 0.5, 0.5) == 0.75
