"""Small CLIP models with random weights, as folders that `load_clip` reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Pil

from lib_bootcamp.core.images.arrays import Image

TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 2}
VIT = {"image_size": 64, "layers": 2, "width": 32, "head_width": 16, "patch_size": 16}
RESNET = {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 32, "patch_size": None}


def config(vision: dict[str, Any] = VIT, **more: Any) -> dict[str, Any]:
    """A `model_cfg`."""
    return {"embed_dim": 16, "quick_gelu": True, "vision_cfg": dict(vision), "text_cfg": dict(TEXT), **more}


def build(model: dict[str, Any], seed: int = 0) -> Any:
    """open_clip's module with random weights."""
    import torch

    from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

    import_torchvision()
    from open_clip.model import CLIP, CustomTextCLIP

    torch.manual_seed(seed)
    given = dict(model)
    return (CustomTextCLIP if given.pop("custom_text", False) else CLIP)(**given).eval()


def save(
    folder: Path, model: dict[str, Any] | None = None, preprocess: dict[str, Any] | None = None, seed: int = 0
) -> Path:
    """A folder with open_clip_config.json and open_clip_model.safetensors."""
    from safetensors.torch import save_file

    model = model or config()
    folder.mkdir(parents=True, exist_ok=True)
    values = {name: value.contiguous() for name, value in build(model, seed).state_dict().items()}
    save_file(values, folder / "open_clip_model.safetensors")
    written = {"model_cfg": model, "preprocess_cfg": preprocess or {}}
    (folder / "open_clip_config.json").write_text(json.dumps(written), encoding="utf-8")
    return folder


def photograph(width: int, height: int, seed: int = 0) -> Image:
    """uint8 [H, W, 3]: soft shapes with a little noise."""
    rng = np.random.default_rng(seed)
    soft = Pil.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8)).resize(
        (width, height), Pil.Resampling.BICUBIC
    )
    return (np.asarray(soft) + rng.normal(0, 4, (height, width, 3))).clip(0, 255).astype(np.uint8)
