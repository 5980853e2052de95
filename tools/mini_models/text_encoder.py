"""mini-clip's text tower as the text encoder of mini-sd: transformers' CLIPTextModel, and CLIP's tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lib_bootcamp.ml.clip_model import load_clip
from lib_bootcamp.ml.ldm_view import open_clip_tensors, write_vocabulary
from lib_bootcamp.ml.single_file import text_encoder_of


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
