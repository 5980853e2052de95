"""A training that goes on from what was kept of it beside the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from tools.mini_models.loop import Recipe, train  # noqa: E402
from tools.mini_models.things import kept  # noqa: E402

torch: Any = pytest.importorskip("torch")
RECIPE = Recipe(steps=30, rate=0.1, seed=1, warmup=5, steady=True)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(kept, "FOLDER", tmp_path / "kept")
    return tmp_path / "kept"


def work(base: Path, name: str) -> Path:
    made = base / name
    made.mkdir()
    return made


def trained(module: Any, state: Path, begun: int = 0) -> tuple[dict[str, Any], list[int]]:
    seen = []

    def loss_of(chance: np.random.Generator) -> tuple[Any, dict[str, float]]:
        seen.append(int(chance.integers(10**9)))
        return (module(torch.ones(1, 2)) - 3).square().mean(), {}

    return train(module, loss_of, state, RECIPE, begun), seen


def test_what_is_kept_is_the_average_of_the_newest_round_and_its_step(tmp_path: Path, folder: Path) -> None:
    first = work(tmp_path, "first")
    trained(torch.nn.Linear(2, 1), first / "unet-0.pt")
    kept.keep("unet", first)
    average, _ = trained(torch.nn.Linear(2, 1), first / "unet-1.pt")
    kept.keep("unet", first)
    assert [each.name for each in folder.iterdir()] == ["unet-1.safetensors"]
    found = kept.begun("unet", work(tmp_path, "second"))
    assert found is not None
    assert (found.number, found.step_of(1), found.step_of(0)) == (1, 30, 0)
    assert all(torch.equal(found.values[name], average[name].half().float()) for name in average)


def test_a_state_in_the_work_folder_comes_before_what_was_kept(tmp_path: Path) -> None:
    first = work(tmp_path, "first")
    trained(torch.nn.Linear(2, 1), first / "clip-0.pt")
    kept.keep("clip", first)
    assert kept.begun("clip", first) is None
    assert kept.begun("vae", work(tmp_path, "second")) is None


def test_it_sees_the_steps_that_were_left_at_a_rate_that_rises_again(tmp_path: Path) -> None:
    _, whole = trained(torch.nn.Linear(2, 1), tmp_path / "a.pt")
    _, rest = trained(torch.nn.Linear(2, 1), tmp_path / "b.pt", begun=20)
    assert rest == whole[20:]
    assert [RECIPE.rate_at(step, 20) for step in (20, 22, 24, 29)] == pytest.approx([0.02, 0.06, 0.1, 0.1])
    state = torch.load(tmp_path / "b.pt", weights_only=True)
    assert (state["step"], state["fresh"]) == (30, 20)
