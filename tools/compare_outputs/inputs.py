"""The files that the outputs are made from: drawn by numbers here, so that every checkout gets the same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

A1111 = (
    "a red fox in snow <lora:fur:0.7>\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 42, "
    "Size: 64x48, Model hash: abc1234567, Model: fox, Clip skip: 2"
)
COMFY = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "fox.safetensors"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["1", 1]}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": 64, "height": 48, "batch_size": 1}},
    "5": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5, "steps": 12, "cfg": 6.5, "sampler_name": "euler", "scheduler": "karras", "denoise": 1.0,
            "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0],
        },
    },
}  # fmt: skip
INVOKE = {"app_version": "4.2.0", "positive_prompt": "a fox", "seed": 9, "steps": 30, "cfg_scale": 5.5, "width": 64}
LABELS = "circle, square, triangle, star, cross"


def scene(width: int, height: int, seed: int = 0) -> Image.Image:
    """A gradient with two shapes and some grain."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    picture = np.stack([255 * x / width, 255 * y / height, 128 + 100 * np.sin(x / 9 + seed)], axis=-1)
    picture[(x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2] = (230, 60 + 20 * seed, 40)
    picture[height // 8 : height // 3, 2 * width // 3 : -8] = (20, 40, 90)
    noise = rng.integers(-6, 7, picture.shape)
    return Image.fromarray(np.clip(picture + noise, 0, 255).astype(np.uint8))


def make_inputs(checkout: Path, folder: Path) -> None:
    """Write every input below `folder`."""
    folder.mkdir(parents=True)
    scene(192, 144).save(folder / "scene.png")
    scene(96, 128, 1).save(folder / "palette.png")
    Image.open(checkout / "examples" / "photo.jpg").convert("RGB").resize((256, 192)).save(folder / "photo.png")
    y, x = np.mgrid[0:144, 0:192].astype(np.float64)
    bump = np.exp(-((x - 96) ** 2 + (y - 72) ** 2) / 1800)
    Image.fromarray((255 * bump).astype(np.uint8)).save(folder / "depth.png")
    normal = np.stack([127 + 60 * (x - 96) / 96, 127 - 60 * (y - 72) / 72, np.full_like(x, 220)], axis=-1)
    Image.fromarray(normal.astype(np.uint8)).save(folder / "normal.png")
    (folder / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    texts = {
        "a1111": {"parameters": A1111},
        "comfy": {"prompt": json.dumps(COMFY)},
        "invoke": {"invokeai_metadata": json.dumps(INVOKE)},
        "other": {"Comment": "a walk"},
    }
    for name, chunks in texts.items():
        info = PngImagePlugin.PngInfo()
        for key, text in chunks.items():
            info.add_text(key, text)
        scene(64, 48, 2).save(folder / f"{name}.png", pnginfo=info)
    shutil.copytree(checkout / "examples" / "drawn-shapes", folder / "shapes")
    _data_set(folder / "set")
    tables = folder / "tables"
    tables.mkdir()
    for name in ("artists", "flavors", "mediums", "movements", "trendings", "negative"):
        (tables / f"{name}.txt").write_text("\n".join(f"{name[:-1]} {word}" for word in LABELS.split(", ")), "utf-8")


def _data_set(folder: Path) -> None:
    inner = folder / "3_fox"
    inner.mkdir(parents=True)
    captions = ["fox, snow, red fur", "fox, grass", "", "foxes, snow, night sky, red fur", None]
    for number, caption in enumerate(captions):
        scene(200 + 40 * number, 240, number).save(inner / f"{number}.png")
        if caption is not None:
            (inner / f"{number}.txt").write_text(caption, "utf-8")
    scene(200, 240, 0).save(folder / "copy.png")
    scene(40, 30, 6).save(folder / "small.jpg")
    (folder / "broken.png").write_bytes(b"nothing")
    (folder / "alone.txt").write_text("a caption without its picture", "utf-8")
