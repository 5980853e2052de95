"""The diffusion models that ControlNets and adapters belong to."""

from __future__ import annotations

from typing import Literal

Base = Literal[
    "sd15", "sd2", "sdxl", "sd3", "flux", "kolors", "qwen", "pixart", "hunyuandit", "zimage", "chroma", "flux2"
]

BASE_TITLES: dict[str, str] = {
    "sd15": "SD1.5",
    "sd2": "SD2.1",
    "sdxl": "SDXL",
    "sd3": "SD3",
    "flux": "Flux",
    "kolors": "Kolors",
    "qwen": "Qwen-Image",
    "pixart": "PixArt",
    "hunyuandit": "HunyuanDiT",
    "zimage": "Z-Image",
    "chroma": "Chroma",
    "flux2": "Flux.2",
}
NATIVE_PX: dict[Base, int] = {
    "sd15": 512,
    "sd2": 768,
    "sdxl": 1024,
    "sd3": 1024,
    "flux": 1024,
    "kolors": 1024,
    "qwen": 1328,
    "pixart": 1024,
    "hunyuandit": 1024,
    "zimage": 1024,
    "chroma": 1024,
    "flux2": 1024,
}
"""Side of the square that a base was trained on."""
GRID_PX: dict[Base, int] = {base: 8 if base in {"sd15", "sd2", "sdxl", "kolors"} else 16 for base in NATIVE_PX}
"""What the sides of a picture must be multiples of: the VAE's 8, and 2 x 2 patches of the latent in transformers."""
