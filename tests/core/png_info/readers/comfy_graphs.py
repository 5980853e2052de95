"""ComfyUI graphs for tests: a plain one of a sampler, and what is put in its places."""

from __future__ import annotations

import json
from typing import Any

from lib_bootcamp.core.png_info.generation import Generation
from lib_bootcamp.core.png_info.readers.comfy import read_comfy


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    """A node of the prompt graph."""
    return {"class_type": kind, "inputs": inputs}


def text_to_image(**sampler: Any) -> dict[str, Any]:
    """A checkpoint, two prompts, empty latents, a sampler, a saved picture."""
    given = {
        "seed": 42, "steps": 20, "cfg": 7.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0,
        "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0],
    }  # fmt: skip
    return {
        "3": node("KSampler", **{**given, **sampler}),
        "4": node("CheckpointLoaderSimple", ckpt_name="m.safetensors"),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="a cat", clip=["4", 1]),
        "7": node("CLIPTextEncode", text="blurry", clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", images=["8", 0], filename_prefix="x"),
    }


def read(graph: dict[str, Any], workflow: Any = None, size: tuple[int, int] = (0, 0)) -> Generation:
    """The record of a graph."""
    texts = {"prompt": json.dumps(graph)} | ({} if workflow is None else {"workflow": json.dumps(workflow)})
    made = read_comfy(texts, size)
    assert made is not None
    return made


def prompt_of(value: Any, **nodes: Any) -> str:
    """The prompt where the positive text is this value or link."""
    graph = text_to_image() | nodes
    graph["6"]["inputs"]["text"] = value
    return read(graph).prompt


def loras_of(*models: Any, **nodes: Any) -> list[tuple[str, float | None]]:
    """The LoRAs where the sampler's model is node 20's first output."""
    graph = text_to_image(model=["20", 0]) | nodes
    return [(each.name, each.weight) for each in read(graph).loras]
