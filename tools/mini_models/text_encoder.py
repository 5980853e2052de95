"""mini-clip's text tower as the text encoder of mini-sd: transformers' CLIPTextModel, and CLIP's tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lib_bootcamp.ml.checkpoints.ldm_view import open_clip_tensors, write_vocabulary
from lib_bootcamp.ml.checkpoints.single_file import text_encoder_of
from lib_bootcamp.ml.clip.model import load_clip


def build(clip: Path) -> Any:
    """transformers' CLIPTextModel with the weights of mini-clip in the folder `clip`."""
    tensors = dict(open_clip_tensors(load_clip(str(clip)).module))
    return text_encoder_of({name: value for name, value in tensors.items() if name.startswith("text_model.")})


def write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer in the form of transformers, from the vocabulary that open_clip carries."""
    write_vocabulary(folder)
    end = "<|endoftext|>"
    special = {"bos_token": "<|startoftext|>", "eos_token": end, "pad_token": end, "unk_token": end}
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", encoding="utf-8")
    settings = {"tokenizer_class": "CLIPTokenizer", "model_max_length": 77, "do_lower_case": True}
    settings |= {"add_prefix_space": False, "errors": "replace", **special}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def write(clip: Path, folder: Path) -> tuple[Any, Any]:
    """Write `tokenizer` and `text_encoder` of a diffusers folder, under the names that Stable Diffusion's own have.

    Returns:
        Both as transformers loads them, the encoder in single precision.
    """
    from safetensors.torch import save_file
    from transformers import CLIPTokenizer

    write_tokenizer(folder / "tokenizer")
    text = build(clip).half()
    text.config.save_pretrained(folder / "text_encoder")
    # what transformers 5 writes, 4 does not find
    named = {
        name if name.startswith("text_model.") else f"text_model.{name}": value.contiguous()
        for name, value in text.state_dict().items()
        if "position_ids" not in name
    }
    save_file(named, folder / "text_encoder" / "model.safetensors", metadata={"format": "pt"})
    return CLIPTokenizer.from_pretrained(folder / "tokenizer"), text.float()
