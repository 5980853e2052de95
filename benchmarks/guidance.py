"""Luminance guidance: what it costs beside a step of the UNet, how linear the VAE is, and how pictures follow a map."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lib_bootcamp.context import Context
from lib_bootcamp.hosts.standalone import SilentProgress, StandaloneHost
from lib_bootcamp.operations.draw.qr_art import QR_ART, guidance_of
from lib_bootcamp.operations.draw.txt2img import TXT2IMG
from lib_bootcamp.operations.maps.brightness import BRIGHTNESS
from lib_bootcamp.operations.maps.lighting import LIGHTING
from lib_bootcamp.operations.qr.code import place_code

from .timing import medians

NEEDS = ("torch", "diffusers")
SIDE = 256
# the UNet of Stable Diffusion 1.5, diffusers' names
SD15 = {
    "sample_size": 64,
    "in_channels": 4,
    "out_channels": 4,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}


def _step(unet: Any, side: int, width: int) -> Callable[[], Any]:
    """One step with classifier-free guidance: a batch of two."""
    import torch

    noisy, texts = torch.randn(2, 4, side, side), torch.randn(2, 77, width)

    def run() -> None:
        with torch.inference_mode():
            unet(noisy, torch.tensor(500), encoder_hidden_states=texts)

    return run


def _guide(fit: Any, pixels: int) -> Callable[[], Any]:
    """What is done after the step: a code of which every module is asked for."""
    import torch

    from lib_bootcamp.ml.diffusion.guidance import LuminanceGuide, code_target

    params = QR_ART.params_from({"content": "HELLO", "prompt": "a", "width": pixels, "height": pixels})
    _, layout = place_code(params, pixels, pixels)
    target = code_target(layout, fit.factor)
    guided = LuminanceGuide(fit=fit, target=target, guidance=guidance_of(params))
    latents = torch.randn(1, 4, pixels // 8, pixels // 8)

    def run() -> None:
        with torch.inference_mode():
            guided(latents, 0.5)

    return run


def _cost(fit: Any, components: Any, rounds: int, *, quick: bool) -> dict[str, Any]:
    from diffusers import UNet2DConditionModel

    rows = {}
    small = components.unet
    for name, pixels, unet, width, times in (
        ("mini-sd", SIDE, small, small.config.cross_attention_dim, rounds * 5),
        *(() if quick else (("Stable Diffusion 1.5", 512, None, 768, rounds),)),
    ):
        made = unet if unet is not None else UNet2DConditionModel(**SD15).eval()
        step = medians({"step": _step(made, pixels // 8, width)}, rounds=times, warm_up=1)["step"]
        added = medians({"guidance": _guide(fit, pixels)}, rounds=50, warm_up=1)["guidance"]
        rows[name] = {
            "side": pixels,
            "step_ms": round(step, 1),
            "guidance_ms": round(added, 2),
            "percent": round(100 * added / step, 2),
        }
    return rows


def _follow(context: Context, seeds: int) -> dict[str, dict[str, float]]:
    """Mean correlation of the picture's luma and the map's, without guidance and with it."""
    from lib_bootcamp.ml.diffusion.luminance import block_luma
    from tools.mini_models.shapes.scenes import plain_prompt, sample_scene

    circle = np.zeros((SIDE, SIDE, 3), np.uint8)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    circle[np.hypot(rows - SIDE / 2, columns - SIDE / 2) < SIDE / 3] = 255
    size = {"width": SIDE, "height": SIDE}
    maps = {
        "lighting, from the left": LIGHTING.run(LIGHTING.params_from({"gradient": "left", **size}), context).image,
        "lighting, from above": LIGHTING.run(LIGHTING.params_from({"gradient": "top", **size}), context).image,
        "brightness, a soft disc": BRIGHTNESS.run(
            BRIGHTNESS.params_from({"image": circle, "blur": 10.0, "blur_unit": "percent", **size}), context
        ).image,
    }
    found: dict[str, dict[str, float]] = {}
    for name, wanted in maps.items():
        level = block_luma(np.asarray(wanted)[None], 8)[0].ravel()
        correlations: dict[str, list[float]] = {"none": [], "guided": []}
        for seed in range(seeds):
            scene = sample_scene(np.random.default_rng((78, seed)), plain=1.0)
            prompt = plain_prompt(scene)
            for kind, values in {"none": {}, "guided": {"guide_map": wanted, "guide_strength": 1.0}}.items():
                asked = {"prompt": prompt, "seed": seed, "steps": 14, **size, **values}
                picture = TXT2IMG.run(TXT2IMG.params_from(asked), context).image
                correlations[kind].append(float(np.corrcoef(block_luma(picture[None], 8)[0].ravel(), level)[0, 1]))
        found[name] = {kind: round(float(np.mean(each)), 3) for kind, each in correlations.items()}
    return found


def run(quick: bool) -> dict[str, Any]:  # noqa: FBT001 - the signature of every benchmark
    """The cost of a step, R2 of the fit and what measuring it takes, and the correlation with maps."""
    from lib_bootcamp.ml.diffusion.luminance import fit, scaled_encoder

    with tempfile.TemporaryDirectory() as name:
        host = StandaloneHost(device="cpu", data_dir=Path(name))
        context = Context.of_terminal(host, SilentProgress())
        with host.components() as components:
            start = time.perf_counter()
            measured = fit(*scaled_encoder(components.vae))
            took = time.perf_counter() - start
            cost = _cost(measured, components, 2 if quick else 4, quick=quick)
        follow = _follow(context, 2 if quick else 16)
    return {
        "fit": {"r2": round(measured.r2, 4), "kernel_r2": round(measured.kernel_r2, 4), "seconds": round(took, 1)},
        "cost": cost,
        "follow": follow,
    }


def table(result: dict[str, Any]) -> str:
    """The result as Markdown."""
    lines = [
        "| a step with classifier-free guidance | px | UNet, ms | guidance, ms | share |",
        "|---|---|---|---|---|",
        *(
            f"| {name} | {row['side']} | {row['step_ms']:g} | {row['guidance_ms']:g} | {row['percent']:g} % |"
            for name, row in result["cost"].items()
        ),
        "",
        f"Measuring mini-sd's VAE, once: {result['fit']['seconds']:g} s; R2 {result['fit']['r2']:.3f} from one latent "
        f"pixel, {result['fit']['kernel_r2']:.3f} from 3 x 3.",
        "",
        f"| correlation of the picture's brightness with the map's, mini-sd at {SIDE} px | no control | guided |",
        "|---|---|---|",
        *(f"| {name} | {row['none']:.2f} | {row['guided']:.2f} |" for name, row in result["follow"].items()),
    ]
    return "\n".join(lines)
