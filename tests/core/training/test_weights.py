"""How much each time step counts."""

from __future__ import annotations

import numpy as np
import pytest

from lib_bootcamp.core.training.weights import alphas_of, weights_of

SD1 = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "num_train_timesteps": 1000}


@pytest.mark.thorough
def test_the_alphas_are_diffusers_own() -> None:
    diffusers = pytest.importorskip("diffusers")
    theirs = diffusers.DDPMScheduler(**SD1).alphas_cumprod.numpy()
    assert np.abs(alphas_of(SD1) - theirs).max() < 1e-6
    zero = diffusers.DDPMScheduler(**SD1, rescale_betas_zero_snr=True).alphas_cumprod.numpy()
    assert np.abs(alphas_of(SD1, zero_terminal=True) - zero).max() < 1e-5


def test_min_snr_is_the_papers() -> None:
    alphas = alphas_of(SD1)
    ratio = alphas / (1 - alphas)
    of_noise = weights_of(alphas, "min-snr", gamma=5, predicts_v=False)
    of_v = weights_of(alphas, "min-snr", gamma=5, predicts_v=True)
    assert of_noise == pytest.approx(np.minimum(ratio, 5) / ratio)
    assert of_v == pytest.approx(np.minimum(ratio, 5) / (ratio + 1))
    assert of_noise[-1] == pytest.approx(1)
    assert of_noise[0] < 0.01


def test_every_weight_is_a_number_also_where_nothing_but_noise_is_left() -> None:
    for zero in (False, True):
        for rule in ("min-snr", "debiased", "none"):
            for predicts_v in (False, True):
                found = weights_of(alphas_of(SD1, zero_terminal=zero), rule, gamma=5, predicts_v=predicts_v)
                assert np.isfinite(found).all()
                assert (found >= 0).all()


def test_an_unknown_schedule_is_refused() -> None:
    with pytest.raises(ValueError, match="sigmoid"):
        alphas_of({"beta_schedule": "sigmoid"})
