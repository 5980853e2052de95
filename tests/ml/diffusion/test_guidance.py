"""Luminance guidance: hand-computed steps, properties, and the same result through diffusers and a WebUI's callback."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.ml.needs import skip_without_models

skip_without_models("diffusers")

import torch  # noqa: E402, TID253

from lib_bootcamp.core.models.files import MODELS  # noqa: E402
from lib_bootcamp.errors import ModelError  # noqa: E402
from lib_bootcamp.hosts.webui_guidance import GuidedSteps  # noqa: E402
from lib_bootcamp.ml.diffusion.guidance import Guidance, LuminanceGuide, Target, guide, guide_exactly  # noqa: E402
from lib_bootcamp.ml.diffusion.guided_scheduler import with_hook  # noqa: E402
from lib_bootcamp.ml.diffusion.luminance import (  # noqa: E402
    LuminanceFit,
    fit,
    luminance_fit,
    measure_of,
    scaled_encoder,
    weights_hash,
)
from lib_bootcamp.ml.diffusion.text_to_image import SAMPLERS  # noqa: E402
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision  # noqa: E402
from lib_bootcamp.ports import STEER  # noqa: E402

KERNEL = tuple(
    tuple((0.01, 0.02, -0.01) if row != 1 else (0.0, value, 0.02) for row in range(3)) for value in (0.3, 0.4)
)
FIT = LuminanceFit(
    channels=(0.3, 0.4), bias=0.5, kernel=KERNEL, kernel_bias=0.5, r2=1.0, kernel_r2=1.0, factor=8, vae="none"
)


def target(side: int, level: float = 0.5, weight: float = 1.0, shape: tuple[int, int] = (1, 1)) -> Target:
    return Target(
        level=np.full(shape, level, np.float32),
        side=np.full(shape, side, np.int8),
        weight=np.full(shape, weight, np.float32),
    )


def moved(side: int, start: float = 0.0, weight: float = 1.0, **how: float) -> torch.Tensor:
    """Where latents of 0 (luma 0.5 + 0.3 * start) go by one latent pixel's fit."""
    latents = torch.zeros(1, 2, 1, 1)
    latents[:, 0] = start
    return guide(latents, FIT, target(side, weight=weight), Guidance(neighbors=False, **how))[0, :, 0, 0]


def test_the_step_is_the_shortest_one_along_the_channels_and_reaches_the_margin() -> None:
    # 0.1 of luma is missing; 0.1 * (0.3, 0.4) / 0.25
    torch.testing.assert_close(moved(1, margin=0.1, dead_zone=0.1), torch.tensor([0.12, 0.16]))
    torch.testing.assert_close(moved(-1, margin=0.1, dead_zone=0.1), torch.tensor([-0.12, -0.16]))


def test_strength_scales_the_step() -> None:
    torch.testing.assert_close(moved(1, margin=0.1, dead_zone=0.1, strength=0.5), torch.tensor([0.06, 0.08]))


def test_a_block_in_the_dead_zone_is_not_touched() -> None:
    # luma 0.56: right by 0.06
    torch.testing.assert_close(moved(1, start=0.2, margin=0.1, dead_zone=0.05), torch.tensor([0.2, 0.0]))
    assert moved(1, start=0.2, margin=0.1, dead_zone=0.07)[1] > 0


def test_a_block_without_weight_is_left_alone_and_a_heavy_one_goes_further() -> None:
    torch.testing.assert_close(moved(1, weight=0.0, margin=0.1, dead_zone=0.1), torch.zeros(2))
    torch.testing.assert_close(moved(1, weight=2.0, margin=0.1, dead_zone=0.1), torch.tensor([0.24, 0.32]))


def test_a_map_draws_brightness_to_the_edge_of_its_tolerance() -> None:
    made = guide(torch.zeros(1, 2, 1, 1), FIT, target(0, level=0.8), Guidance(margin=0.1, neighbors=False))
    assert FIT.luma(made, neighbors=False).item() == pytest.approx(0.7)


@pytest.mark.parametrize("seed", range(5))
def test_through_neighbors_every_block_that_was_wrong_comes_near_its_margin(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = target(1, shape=(6, 7))
    wanted = Target(level=wanted.level, side=rng.choice([-1, 1], (6, 7)).astype(np.int8), weight=wanted.weight)
    latents = torch.from_numpy(rng.normal(0, 0.5, (2, 2, 6, 7)).astype(np.float32))
    side = torch.from_numpy(wanted.side)
    before, after = (
        side * (FIT.luma(each) - 0.5)
        for each in (latents, guide(latents, FIT, wanted, Guidance(margin=0.1, dead_zone=0.1)))
    )
    assert (after[before < 0.1] > 0.07).all()


def test_type_and_batch_stay_what_they_are() -> None:
    latents = torch.zeros(3, 2, 1, 1, dtype=torch.float16)
    made = guide(latents, FIT, target(1), Guidance())
    assert (made.dtype, made.shape) == (torch.float16, latents.shape)
    assert torch.equal(made[0], made[2])


def test_it_acts_between_its_start_and_end_only() -> None:
    guided = LuminanceGuide(fit=FIT, target=target(1), guidance=Guidance(start=0.2, end=0.6))
    changed = [bool(guided(torch.zeros(1, 2, 1, 1), share).any()) for share in (0.0, 0.2, 0.5, 0.6, 0.95)]
    assert changed == [False, True, True, False, False]


def scheduler(name: str, prediction: str) -> object:
    import_torchvision()
    import diffusers

    kind, settings = SAMPLERS[name]
    betas = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
    made = getattr(diffusers, kind)(**betas, prediction_type=prediction, **settings)
    made.set_timesteps(6)
    return made


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("name", SAMPLERS)
def test_each_sampler_ends_at_the_clean_latents_that_the_hook_gives(name: str, prediction: str) -> None:
    wanted = torch.full((1, 4, 3, 3), 0.7)
    made = with_hook(scheduler(name, prediction), lambda denoised, share: wanted)
    generator = torch.Generator().manual_seed(0)
    sample = torch.randn(1, 4, 3, 3, generator=generator) * made.init_noise_sigma
    for step in made.timesteps:
        output = torch.randn(1, 4, 3, 3, generator=generator)
        sample = made.step(output, step, sample, return_dict=False)[0]
    torch.testing.assert_close(sample, wanted, atol=0.12 if name == "DDIM" else 2e-3, rtol=0)


def webui_step(guided: Any, denoiser: Any, sample: torch.Tensor, sigma: torch.Tensor, params: Any) -> None:
    """One step as the WebUI's sampler goes through it: both callbacks, the UNet's inputs twice, as with CFG."""
    denoiser.p = SimpleNamespace(**{STEER: guided})
    both = SimpleNamespace(denoiser=denoiser, x=torch.cat([sample] * 2), sigma=torch.cat([sigma] * 2))
    steps = GuidedSteps()
    steps.before(both)
    steps.after(params)


def test_diffusers_and_the_webuis_ddim_give_the_same_latents() -> None:
    guided = LuminanceGuide(fit=FIT, target=target(1, shape=(3, 3)), guidance=Guidance(margin=0.2, dead_zone=0.2))
    generator = torch.Generator().manual_seed(2)
    sample, output = (torch.randn(1, 2, 3, 3, generator=generator) for _ in range(2))
    ours = scheduler("DDIM", "epsilon")
    number = int(ours.timesteps[2])
    params = SimpleNamespace(x=output.clone(), sampling_step=2, total_sampling_steps=6)
    webui_step(guided, SimpleNamespace(alphas=ours.alphas_cumprod), sample, torch.tensor([number]), params)
    made = with_hook(ours, guided).step(output, number, sample, return_dict=False)[0]
    assert (params.x - output).abs().max() > 0.1
    theirs = scheduler("DDIM", "epsilon").step(params.x, number, sample, return_dict=False)[0]
    torch.testing.assert_close(made, theirs, atol=1e-4, rtol=1e-4)


def test_under_an_inpainting_mask_alone_anything_changes() -> None:
    guided = LuminanceGuide(fit=FIT, target=target(1, shape=(3, 3)), guidance=Guidance(neighbors=False))
    mask = torch.zeros(1, 1, 3, 3)
    mask[..., 1, 1] = 1
    params = SimpleNamespace(x=torch.zeros(2, 2, 3, 3), sampling_step=0, total_sampling_steps=6)
    webui_step(guided, SimpleNamespace(nmask=mask), params.x, torch.ones(2), params)
    moved = params.x.abs().sum(1) > 0
    assert moved[:, 1, 1].all()
    assert moved.sum() == 2


def test_a_generation_that_is_not_guided_is_left_alone_after_one_that_is() -> None:
    steps, given = GuidedSteps(), torch.zeros(1, 2, 3, 3)
    guided = SimpleNamespace(p=SimpleNamespace(**{STEER: lambda clean, share: clean + 1}))
    for denoiser, wanted in ((guided, 1.0), (SimpleNamespace(p=SimpleNamespace()), 0.0), (guided, 1.0)):
        steps.before(SimpleNamespace(denoiser=denoiser, x=given, sigma=torch.ones(1)))
        params = SimpleNamespace(x=given, sampling_step=0, total_sampling_steps=6)
        steps.after(params)
        assert float(params.x.max()) == wanted
        steps.after(params)  # another sampler's, with no step before it
        assert float(params.x.max()) == wanted


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_diffusers_and_the_webuis_callback_give_the_same_latents(prediction: str) -> None:
    guided = LuminanceGuide(fit=FIT, target=target(1, shape=(3, 3)), guidance=Guidance(margin=0.2, dead_zone=0.2))
    generator = torch.Generator().manual_seed(1)
    sample, output = (torch.randn(1, 2, 3, 3, generator=generator) for _ in range(2))
    ours = scheduler("Euler", prediction)
    sigma, after = (float(each) for each in ours.sigmas[:2])
    sample = sample * sigma
    if prediction == "epsilon":
        clean = sample - sigma * output
    else:
        clean = sample / (sigma**2 + 1) - output * sigma / (sigma**2 + 1) ** 0.5
    params = SimpleNamespace(x=clean, sampling_step=0, total_sampling_steps=6)
    webui_step(guided, SimpleNamespace(), sample, torch.tensor([sigma]), params)
    theirs = sample + (sample - params.x) / sigma * (after - sigma)  # k-diffusion's sample_euler
    made = with_hook(ours, guided).step(output, ours.timesteps[0], sample, return_dict=False)[0]
    assert (params.x - clean).abs().max() > 0.1
    torch.testing.assert_close(made, theirs, atol=1e-4, rtol=1e-4)


def test_a_linear_encoder_is_found_exactly() -> None:
    def encode(pictures: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(pictures, 8) * 2  # channels are the mean colors, -2 to 2

    made = fit(encode, probes=8, side=64)
    np.testing.assert_allclose(made.channels, np.array([0.299, 0.587, 0.114]) / 4, atol=1e-3)
    assert made.bias == pytest.approx(0.5, abs=1e-3)
    assert min(made.r2, made.kernel_r2) > 0.999


def test_a_change_of_brightness_leaves_the_color_that_is_kept() -> None:
    def encode(pictures: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(pictures, 8)  # channels are the mean colors, -1 to 1

    made = fit(encode, probes=8, side=64)
    red = torch.tensor([0.2, -0.6, -0.6]).view(1, 3, 1, 1)
    changes = {}
    for keep in (0.0, 1000.0):
        moved = guide(red, made, target(1), Guidance(margin=0.1, dead_zone=0.1, neighbors=False, keep_color=keep))
        assert made.luma(moved, neighbors=False).item() == pytest.approx(0.6, abs=1e-3)
        changes[keep] = (moved - red).flatten()
    torch.testing.assert_close(changes[1000.0], changes[1000.0].mean().expand(3), atol=2e-3, rtol=0)  # gray is added
    assert changes[0.0].std() > 0.1
    assert changes[0.0].norm() < changes[1000.0].norm()


def test_a_target_of_another_size_takes_each_blocks_nearest() -> None:
    wanted = Target(
        level=np.array([[0.1, 0.9]], np.float32),
        side=np.array([[1, -1]], np.int8),
        weight=np.array([[1, 2]], np.float32),
        window=5,
    ).at(2, 4)
    np.testing.assert_array_equal(wanted.side, [[1, 1, -1, -1]] * 2)
    np.testing.assert_array_equal(wanted.weight, [[1, 1, 2, 2]] * 2)
    assert wanted.window == 10


@pytest.mark.parametrize(
    ("kind", "words"), [(torch.float16, "no-half-vae"), (torch.float32, "in float32; choose another one")]
)
def test_a_vae_that_gives_no_numbers_is_reported_with_what_may_help(kind: Any, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        fit(lambda pictures: (pictures * float("nan")).mean(1, keepdim=True)[..., ::8, ::8].to(kind), probes=8, side=64)


def test_the_hash_of_a_vae_is_of_its_weights_whatever_their_names() -> None:
    first, second = torch.nn.Linear(2, 2), torch.nn.ModuleDict({"other": torch.nn.Linear(2, 2)})
    second["other"].load_state_dict(first.state_dict())
    assert weights_hash(first) == weights_hash(second)
    before = weights_hash(first)
    with torch.no_grad():
        first.weight.add_(1)  # another file loaded into the same module
    assert weights_hash(first) != before


def test_the_small_vae_is_nearly_linear_and_its_fit_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import_torchvision()
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(MODELS / "mini-sd" / "vae").float().eval()
    made = luminance_fit(vae, tmp_path)
    assert made.r2 > 0.93
    assert made.kernel_r2 > 0.96
    monkeypatch.setattr("lib_bootcamp.ml.diffusion.luminance.fit", lambda *_, **__: pytest.fail("measured again"))
    assert luminance_fit(vae, tmp_path) == made
    assert scaled_encoder(vae)[1] == 8


def test_through_the_vaes_gradient_a_bent_brightness_reaches_its_margin() -> None:
    def measure(latents: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(latents.sum(1) * 2) * 0.8 + 0.1

    with torch.inference_mode():
        latents = torch.full((2, 2, 3, 3), -0.3)
        made = guide_exactly(latents, measure, target(1, shape=(3, 3)), Guidance(margin=0.2, dead_zone=0.2))
    assert measure(latents).max() < 0.35
    torch.testing.assert_close(measure(made), torch.full((2, 3, 3), 0.7), atol=0.03, rtol=0)
    assert not made.requires_grad


def test_the_measure_of_a_vae_is_the_luma_of_what_it_decodes() -> None:
    import_torchvision()
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(MODELS / "mini-sd" / "vae").float().eval()
    latents = torch.randn(1, 4, 4, 4, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        picture = vae.decode(latents / vae.config.scaling_factor).sample.clamp(-1, 1) / 2 + 0.5
        reported = measure_of(vae, 8)(latents)
    gray = picture[0].permute(1, 2, 0).numpy() @ np.array([0.299, 0.587, 0.114], np.float32)
    np.testing.assert_allclose(reported[0], gray.reshape(4, 8, 4, 8).mean((1, 3)), atol=1e-5)
