"""Files as each tool writes them, made here."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

from PIL import Image as Pil
from PIL import PngImagePlugin

INFOTEXT = """a cat, <lora:x:0.8>
line two
Negative prompt: bad, ugly
worse
Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, \
Model hash: 45dee52b, Model: foo, Denoising strength: 0.4, Hires upscale: 2, Hires upscaler: Latent, \
ADetailer model: face_yolov8n.pt, ControlNet 0: "Module: canny, Weight: 1", \
Lora hashes: "x: abc123", Version: v1.10.1"""


def png(**texts: str) -> bytes:
    """A PNG with these texts; a name's underscores before a capital stay."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name.replace("__", "-"), text)
    out = io.BytesIO()
    Pil.new("RGB", (32, 24)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def plain(kind: str) -> bytes:
    """A picture without texts."""
    out = io.BytesIO()
    Pil.new("RGB", (32, 24)).save(out, kind)
    return out.getvalue()


def chunk(kind: bytes, body: bytes, crc: int | None = None) -> bytes:
    """A PNG chunk."""
    sum_ = zlib.crc32(kind + body) if crc is None else crc
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", sum_)


def with_chunk(*chunks: bytes) -> bytes:
    """A PNG with these chunks after its head."""
    whole = plain("PNG")
    return whole[:33] + b"".join(chunks) + whole[33:]


def comfy() -> dict[str, Any]:
    """A graph of two passes, with a LoRA, a primitive node and a circle beside it."""
    return {
        "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd\\foo.safetensors"}},
        "2": {
            "class_type": "LoraLoader",
            "inputs": {"lora_name": "x.safetensors", "strength_model": 0.8, "model": ["1", 0], "clip": ["1", 1]},
        },
        "3": {"class_type": "CLIPTextEncode", "inputs": {"text": ["11", 0], "clip": ["2", 1]}},
        "4": {"class_type": "CLIPTextEncode", "inputs": {"text": "bad", "clip": ["2", 1]}},
        "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
        "6": {
            "class_type": "KSampler",
            "inputs": {
                "seed": ["12", 0],
                "steps": 20,
                "cfg": 7.0,
                "sampler_name": "euler_ancestral",
                "scheduler": "karras",
                "denoise": 1.0,
                "model": ["2", 0],
                "positive": ["3", 0],
                "negative": ["4", 0],
                "latent_image": ["5", 0],
            },
        },
        "7": {
            "class_type": "LatentUpscaleBy",
            "inputs": {"upscale_method": "bislerp", "scale_by": 2.0, "samples": ["6", 0]},
        },
        "8": {
            "class_type": "KSampler",
            "inputs": {
                "seed": 9,
                "steps": 12,
                "cfg": 7.0,
                "sampler_name": "euler",
                "scheduler": "normal",
                "denoise": 0.5,
                "model": ["2", 0],
                "positive": ["3", 0],
                "negative": ["4", 0],
                "latent_image": ["7", 0],
            },
        },
        "9": {"class_type": "VAEDecode", "inputs": {"samples": ["8", 0], "vae": ["1", 2]}},
        "10": {"class_type": "SaveImage", "inputs": {"images": ["9", 0]}},
        "11": {"class_type": "PrimitiveString", "inputs": {"value": "a cat"}},
        "12": {"class_type": "PrimitiveInt", "inputs": {"value": 1234}},
    }


def draw_things() -> str:
    """Draw Things' XMP packet."""
    reported = {
        "c": "a cat",
        "uc": "bad",
        "model": "m.ckpt",
        "sampler": "Euler A",
        "scale": 4.5,
        "seed": 1234,
        "size": "512x768",
        "steps": 20,
        "strength": 1,
        "v2": {"loras": [{"file": "x.ckpt", "weight": 0.8}]},
    }
    item = json.dumps(reported).replace('"', "&quot;")
    return (
        "<x:xmpmeta><rdf:RDF><rdf:Description><xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment><rdf:Alt>"
        f'<rdf:li xml:lang="x-default">{item}</rdf:li></rdf:Alt></exif:UserComment></rdf:Description></rdf:RDF></x:xmpmeta>'  # noqa: E501
    )


_EASY = {
    "Prompt": "a cat",
    "Negative Prompt": "bad",
    "Seed": "1234",
    "Steps": "20",
    "Sampler": "euler_a",
    "Guidance Scale": "7",
    "Width": "512",
    "Height": "768",
    "Stable Diffusion model": "sd/foo.safetensors",
}

# tool: its file
TOOLS: dict[str, bytes] = {
    "AUTOMATIC1111": png(
        parameters=INFOTEXT.replace("965400086", "1234")
        .replace("a cat, <lora:x:0.8>\nline two", "a cat")
        .replace("bad, ugly\nworse", "bad")
    ),
    "Forge": png(
        parameters="a cat\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, Seed: 1234, Size: 512x768, Version: f2.0.1v1.10.1"  # noqa: E501
    ),
    "ComfyUI": png(prompt=json.dumps(comfy()), workflow='{"nodes": [], "links": []}'),
    "InvokeAI": png(
        invokeai_metadata=json.dumps(
            {
                "positive_prompt": "a cat",
                "negative_prompt": "bad",
                "steps": 20,
                "scheduler": "dpmpp_2m_k",
                "cfg_scale": 7,
                "seed": 1234,
                "width": 512,
                "height": 768,
                "model": {"key": "k", "name": "foo", "hash": "blake3:1"},
                "loras": [{"model": {"name": "x"}, "weight": 0.8}],
                "app_version": "5.0.0",
            }
        )
    ),
    "NovelAI": png(
        Software="NovelAI",
        Title="NovelAI generated image",
        Description="a cat",
        Source="NovelAI Diffusion V4.5 4BDE2A90",
        Comment=json.dumps(
            {
                "v4_prompt": {"caption": {"base_caption": "a cat", "char_captions": []}},
                "uc": "bad",
                "steps": 20,
                "scale": 6.0,
                "seed": 1234,
                "sampler": "k_euler",
                "noise_schedule": "karras",
                "width": 512,
                "height": 768,
            }
        ),
    ),
    "Fooocus": png(
        fooocus_scheme="fooocus",
        parameters=json.dumps(
            {
                "prompt": "a cat",
                "full_prompt": ["a cat"],
                "negative_prompt": "bad",
                "steps": 20,
                "sampler": "dpmpp_2m_sde_gpu",
                "scheduler": "karras",
                "guidance_scale": 4,
                "seed": "1234",
                "resolution": "(512, 768)",
                "base_model": "foo",
                "base_model_hash": "ab",
                "loras": [["x", 0.8, "cd"]],
                "metadata_scheme": "fooocus",
            }
        ),
    ),
    "SwarmUI": png(
        parameters=json.dumps(
            {
                "sui_image_params": {
                    "prompt": "a cat",
                    "negativeprompt": "bad",
                    "model": "sd/foo",
                    "seed": 1234,
                    "steps": 20,
                    "cfgscale": 7.0,
                    "width": 512,
                    "height": 768,
                    "sampler": "euler",
                    "loras": ["x"],
                    "loraweights": ["0.8"],
                },
                "sui_models": [{"name": "sd/foo.safetensors", "hash": "0xab"}],
            }
        )
    ),
    "Draw Things": with_chunk(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + draw_things().encode())),
    "Easy Diffusion": png(**_EASY),
}
