"""Latents are kept by what they are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models()

from lib_bootcamp.core.datasets.buckets import Placed  # noqa: E402
from lib_bootcamp.errors import NoNumbersError  # noqa: E402
from lib_bootcamp.ml.training.latents import Latents, encoded, fitted, sampled, weights_hash  # noqa: E402

torch: Any = pytest.importorskip("torch")
PLACED = Placed(bucket=(16, 8), scaled=(16, 12), cropped=0.33, upscale_factor=0.5)


class Vae(torch.nn.Module):  # type: ignore[misc]
    """Gives back what it is given, eight times smaller, and counts."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(1))
        self.config = type("Config", (), {"scaling_factor": 0.5})()
        self.calls = 0

    def encode(self, batch: Any) -> Any:
        self.calls += 1
        mean = batch[..., ::8, ::8] * self.factor
        found = type("Found", (), {"mean": mean, "std": torch.full_like(mean, 0.25)})()
        return type("Encoded", (), {"latent_dist": found})()


def image(value: int) -> Any:
    return np.full((24, 32, 3), value, np.uint8)


def never() -> Any:
    raise AssertionError("it was kept")


def test_what_was_kept_is_not_made_again_nor_read(tmp_path: Path) -> None:
    vae = Vae()
    first = Latents(tmp_path, weights_hash(vae)).of("a", PLACED, flipped=False, read=lambda: image(255), vae=vae)
    again = Latents(tmp_path, weights_hash(vae)).of("a", PLACED, flipped=False, read=never, vae=vae)
    assert vae.calls == 1
    assert torch.equal(first, again)
    assert first.shape == (2, 3, 1, 2)
    assert float(first[0].max()) == pytest.approx(0.5)
    assert float(first[1].max()) == pytest.approx(0.125)


def test_another_picture_bucket_side_or_vae_has_latents_of_its_own(tmp_path: Path) -> None:
    vae, other = Vae(), Vae()
    other.factor.data += 1
    Latents(tmp_path, weights_hash(vae)).of("a", PLACED, flipped=False, read=lambda: image(1), vae=vae)
    larger = Placed(bucket=(16, 16), scaled=(21, 16), cropped=0.2, upscale_factor=0.7)
    for given in (
        ("b", PLACED, False, vae),
        ("a", larger, False, vae),
        ("a", PLACED, True, vae),
        ("a", PLACED, False, other),
    ):
        identity, placed, flipped, which = given
        before = which.calls
        Latents(tmp_path, weights_hash(which)).of(identity, placed, flipped=flipped, read=lambda: image(9), vae=which)
        assert which.calls == before + 1


def test_memory_holds_so_many_and_the_disk_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lib_bootcamp.ml.training.latents.MOST_IN_MEMORY", 3)
    vae = Vae()
    latents = Latents(tmp_path, "x")
    for _ in range(2):
        for at in range(10):
            latents.of(str(at), PLACED, flipped=False, read=lambda: image(1), vae=vae)
            assert len(latents._here) <= 3
    assert vae.calls == 10


def test_a_file_that_is_cut_off_is_made_again(tmp_path: Path) -> None:
    vae = Vae()
    Latents(tmp_path, "x").of("a", PLACED, flipped=False, read=lambda: image(1), vae=vae)
    for file in tmp_path.iterdir():
        file.write_bytes(file.read_bytes()[:20])
    Latents(tmp_path, "x").of("a", PLACED, flipped=False, read=lambda: image(1), vae=vae)
    assert vae.calls == 2


def test_a_picture_fills_its_bucket_from_its_middle() -> None:
    picture = np.zeros((24, 32, 3), np.uint8)
    picture[:4] = 255
    made = fitted(picture, PLACED)
    assert made.shape == (8, 16, 3)
    assert made.max() < 60


def test_a_vae_that_overflows_is_a_sentence() -> None:
    vae = Vae()
    vae.factor.data *= float("inf")
    with pytest.raises(NoNumbersError, match=r"VAE makes no numbers \(NaN\) in float32; choose another one\.$"):
        encoded(vae, image(3))
    with pytest.raises(NoNumbersError, match=r"in float16; run it in 32 bits \(--no-half-vae\)\.$"):
        encoded(vae.half(), image(3))


def test_a_step_draws_from_mean_and_deviation() -> None:
    latents = torch.stack([torch.full((4, 32, 32), 2.0), torch.full((4, 32, 32), 0.5)])
    drawn = sampled(latents, np.random.default_rng(1))
    assert float(drawn.mean()) == pytest.approx(2, abs=0.03)
    assert float(drawn.std()) == pytest.approx(0.5, abs=0.03)
