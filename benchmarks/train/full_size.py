"""One LoRA step at the true shapes of Stable Diffusion 1.5 and SDXL, with weights by chance, on the processor.

`python -m benchmarks.train.full_size sd1|sdxl`: prints as JSON how long a step took, the process's peak memory, and how
many of the written file's keys the checkpoint has modules for. SDXL takes about 17 GB.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from lib_bootcamp.core.images.codec import write_image
from lib_bootcamp.core.training.examples import Found, find_examples, sizes_for
from lib_bootcamp.core.training.rates import Rates
from lib_bootcamp.hosts.standalone import StandaloneHost
from lib_bootcamp.ports import Components
from tests.core.networks.unets import UNETS

SIDE = 512
FAMILIES = ("sd1", "sdxl")
VAE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
}
TEXTS = {"sd1": ((768, 12, 12),), "sdxl": ((768, 12, 12), (1280, 32, 20))}
"""Width, layers and heads of each text encoder."""


def _filled(make: Any) -> Any:
    """A module on the processor with small numbers by chance; its own beginning would take minutes."""
    import torch

    with torch.device("meta"):
        module = make()
    module = module.to_empty(device="cpu").eval().requires_grad_(requires_grad=False)
    source = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in module.named_parameters():
            if value.dim() > 1:
                value.uniform_(-0.03, 0.03, generator=source)
            else:
                value.fill_(float(name.endswith("weight")))
        for name, value in module.named_buffers():
            if name.endswith("position_ids"):
                value.copy_(torch.arange(value.numel()).reshape(value.shape))
    return module


def components(family: str, other: Components) -> Components:
    """A checkpoint of true shapes.

    Args:
        family: `sd1` or `sdxl`.
        other: whose tokenizer and scheduler it has.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    kinds = (CLIPTextModel, CLIPTextModelWithProjection)
    texts = [
        _filled(
            lambda kind=kind, width=width, layers=layers, heads=heads: kind(
                CLIPTextConfig(
                    hidden_size=width,
                    intermediate_size=4 * width,
                    num_hidden_layers=layers,
                    num_attention_heads=heads,
                    projection_dim=width,
                    bos_token_id=49406,
                    eos_token_id=49407,
                    pad_token_id=49407,
                )
            )
        )
        for kind, (width, layers, heads) in zip(kinds, TEXTS[family], strict=False)
    ]
    return Components(
        family=family,
        unet=_filled(lambda: UNet2DConditionModel(**UNETS[family])),
        vae=_filled(lambda: AutoencoderKL(**VAE)),
        text_encoder=texts[0],
        tokenizer=other.tokenizer,
        text_encoder_2=texts[1] if len(texts) > 1 else None,
        tokenizer_2=other.tokenizer if len(texts) > 1 else None,
        scheduler=other.scheduler,
    )


def _pictures(folder: Path) -> Found:
    """One picture with a caption."""
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3))
    write_image(folder / "a.png", noise.astype(np.uint8))
    (folder / "a.txt").write_text("a zorb", encoding="utf-8")
    return find_examples(folder, sizes_for(SIDE, 64), enlarge=False)


def run(family: str, steps: int) -> dict[str, Any]:
    """Take steps, write the file, and look for its keys."""
    from safetensors.torch import load

    from lib_bootcamp.core.networks.keys import match_keys
    from lib_bootcamp.ml.networks.matched import targets_of
    from lib_bootcamp.ml.training.saved import Origin, network_file
    from lib_bootcamp.ml.training.settings import Settings
    from lib_bootcamp.ml.training.trainer import Trainer

    with tempfile.TemporaryDirectory() as name:
        host = StandaloneHost(device="cpu", data_dir=Path(name) / "data")
        with host.components() as small:
            lent = components(family, small)
        host.model_cache.clear()
        found = _pictures(Path(name) / "pictures")
        settings = Settings(steps=steps, rates=Rates(steps=steps), text_rate=0.0, checkpointing=family == "sdxl")
        trainer = Trainer(found, settings, Path(name) / "latents", lent)
        spent, losses = [], []
        for _ in range(steps):
            start = time.perf_counter()
            losses.append(trainer.take(lent).loss)
            spent.append(time.perf_counter() - start)
        origin = Origin(
            name="zorb", checkpoint=family, params={}, found=found, resolution=SIDE, started=0.0, finished=0.0
        )
        data = network_file(trainer, lent, origin)
    keys = load(data).keys()
    matched = match_keys(keys, lent.unet.config, targets_of(lent))
    unit = 1024**3 if sys.platform == "darwin" else 1024**2
    return {
        "family": family,
        "seconds": [round(each, 1) for each in spent],
        "losses": losses,
        "peak_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1),
        "file_mb": round(len(data) / 2**20, 1),
        "keys": len(keys),
        "matched": sum(len(each) for each in matched.modules.values()),
    }


def main() -> None:
    """Take two steps of a family."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.train.full_size", description=__doc__)
    parser.add_argument("family", choices=FAMILIES)
    parser.add_argument("--steps", type=int, default=2)
    arguments = parser.parse_args()
    print(json.dumps(run(arguments.family, arguments.steps)))


if __name__ == "__main__":
    main()
