"""The fit of a latent pixel's brightness beside the WebUI's own approximate decoder of Stable Diffusion 1's latents."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.files import load_file
from tests.ml.needs import skip_without_models

skip_without_models()

import torch  # noqa: E402, TID253

from lib_bootcamp.ml.diffusion.luminance import LUMA, fit_latents  # noqa: E402

COUNT, SIDE, HELD_OUT = 64, 64, 16


@pytest.fixture
def approximation(webui_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The WebUI's `modules.sd_vae_approx` by itself, with the small decoder that is in its repository."""
    modules = ModuleType("modules")
    loaded = SimpleNamespace(is_sd3=False, is_sdxl=False)
    parts = {"devices": SimpleNamespace(), "paths": SimpleNamespace(), "shared": SimpleNamespace(sd_model=loaded)}
    for name, part in parts.items():
        setattr(modules, name, part)
    monkeypatch.setitem(sys.modules, "modules", modules)
    made = load_file(webui_dir / "modules" / "sd_vae_approx.py")
    decoder = made.VAEApprox()
    weights = torch.load(webui_dir / "models" / "VAE-approx" / "model.pt", map_location="cpu", weights_only=True)
    decoder.load_state_dict(weights)
    return SimpleNamespace(decoder=decoder.eval(), cheap=made.cheap_approximation)


def natural_latents() -> torch.Tensor:
    """Latents whose spectrum falls as a photograph's: float32 [COUNT, 4, SIDE, SIDE] of about unit variance."""
    rng = np.random.default_rng(0)
    frequency = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)[None, :])
    frequency[0, 0] = 1 / SIDE
    noise = rng.normal(size=(2, COUNT, 4, *frequency.shape))
    fields = np.fft.irfft2((noise[0] + 1j * noise[1]) / frequency, s=(SIDE, SIDE))
    fields /= fields.std((2, 3), keepdims=True)
    return torch.from_numpy(fields.astype(np.float32))


def luma_of(pictures: torch.Tensor) -> torch.Tensor:
    """Luma [N, h, w] in [0, 1] of pictures [N, 3, h, w] in [-1, 1]."""
    return (pictures * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1) / 2 + 0.5


def test_the_fit_shows_what_the_webuis_decoder_draws_better_than_its_linear_one(
    approximation: Any, record_property: Callable[[str, object], None]
) -> None:
    latents = natural_latents()
    with torch.inference_mode():
        drawn = torch.nn.functional.avg_pool2d(luma_of(approximation.decoder(latents))[:, None], 2)[:, 0]
        linear = luma_of(torch.stack([approximation.cheap(each) for each in latents]))
    made = fit_latents(latents, drawn.numpy(), 8, HELD_OUT)
    wanted = drawn[-HELD_OUT:]
    left = (linear[-HELD_OUT:] - wanted).square().sum() / (wanted - wanted.mean()).square().sum()
    figures = {"webui_linear": 1 - float(left), "one_pixel": made.r2, "neighbors": made.kernel_r2}
    record_property("r2", figures)
    assert made.r2 > max(0.85, figures["webui_linear"])
    assert made.kernel_r2 > 0.95
