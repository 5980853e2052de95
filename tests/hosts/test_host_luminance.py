"""The fit of the WebUI's own VAE: where the weights lie, their scale, and an encoder that comes when it is called."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.errors import ModelError
from lib_bootcamp.hosts.a1111 import A1111Host
from lib_bootcamp.hosts.forge import ForgeHost
from tests.ml.needs import skip_without_models

from .fakes_webui import FakeWebui, install, sd_model

skip_without_models()

import torch  # noqa: E402, TID253

SCALE = 0.25


class Vae(torch.nn.Module):
    """An LDM autoencoder whose latents are the mean colors over the scale."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1 / SCALE]))
        self.config = SimpleNamespace(scaling_factor=SCALE, shift_factor=None)
        self.encoded = 0

    def encode(self, pictures: torch.Tensor) -> Any:
        self.encoded += 1
        latents = torch.nn.functional.avg_pool2d(pictures, 8) * self.weight
        return SimpleNamespace(mode=lambda: latents)


@pytest.fixture
def webui(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeWebui:
    made = install(monkeypatch, tmp_path)
    monkeypatch.setattr("lib_bootcamp.hosts.a1111.A1111Host.device", lambda self: "cpu")
    return made


@pytest.mark.parametrize("kind", [A1111Host, ForgeHost])
def test_the_webuis_vae_is_measured_once_with_its_scale(
    webui: FakeWebui, monkeypatch: pytest.MonkeyPatch, kind: type[A1111Host]
) -> None:
    vae, brought = Vae(), []
    patcher = SimpleNamespace()
    objects = SimpleNamespace(vae=SimpleNamespace(first_stage_model=vae, patcher=patcher))
    more = {"forge_objects": objects, "forge_objects_original": objects} if kind is ForgeHost else {}
    webui.model_data.sd_model = sd_model(first_stage_model=vae, scale_factor=SCALE, **more)
    memory = SimpleNamespace(load_models_gpu=brought.extend)
    monkeypatch.setitem(sys.modules, "backend.memory_management", memory)
    host = kind()
    first = host.luminance()
    # latents are (-1 to 1) colors: half the luma's weights
    assert first.channels == pytest.approx((0.1495, 0.2935, 0.057), abs=1e-3)
    assert first.bias == pytest.approx(0.5, abs=1e-3)
    times = vae.encoded
    assert host.luminance() == first
    assert vae.encoded == times
    assert brought == ([patcher] * 2 if kind is ForgeHost else [])


def test_without_a_checkpoint_there_is_nothing_to_measure(webui: FakeWebui) -> None:
    with pytest.raises(ModelError, match="no checkpoint loaded"):
        A1111Host().luminance()
