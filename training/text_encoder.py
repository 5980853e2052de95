"""mini-clip's text tower as the text encoder of mini-sd: transformers' CLIPTextModel, and CLIP's tokenizer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from training.clip import CONFIG


def from_open_clip(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The text tower's tensors under transformers' names.

    Args:
        weights: an open_clip model's, by open_clip's names.
    """
    found = {
        "embeddings.token_embedding.weight": weights["token_embedding.weight"],
        "embeddings.position_embedding.weight": weights["positional_embedding"],
    }
    found |= {f"final_layer_norm.{kind}": weights[f"ln_final.{kind}"] for kind in ("weight", "bias")}
    names = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    names["attn.out_proj"] = "self_attn.out_proj"
    for layer in range(CONFIG["text_cfg"]["layers"]):
        old, new = f"transformer.resblocks.{layer}", f"encoder.layers.{layer}"
        for kind in ("weight", "bias"):
            parts = weights[f"{old}.attn.in_proj_{kind}"].chunk(3)
            for part, value in zip("qkv", parts, strict=True):
                found[f"{new}.self_attn.{part}_proj.{kind}"] = value
            for before, after in names.items():
                found[f"{new}.{after}.{kind}"] = weights[f"{old}.{before}.{kind}"]
    return {f"text_model.{name}": value.contiguous() for name, value in found.items()}


def build(clip: Path) -> Any:
    """transformers' CLIPTextModel with the weights of mini-clip in the folder `clip`."""
    from transformers import CLIPTextConfig, CLIPTextModel

    text = CONFIG["text_cfg"]
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=text["vocab_size"],
            hidden_size=text["width"],
            intermediate_size=text["width"] * 4,
            num_hidden_layers=text["layers"],
            num_attention_heads=text["heads"],
            max_position_embeddings=text["context_length"],
            projection_dim=CONFIG["embed_dim"],
            hidden_act="quick_gelu",
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
        )
    )
    named = from_open_clip(
        {name: value.float() for name, value in load_file(clip / "open_clip_model.safetensors").items()}
    )
    expected = model.state_dict()
    if "text_model.final_layer_norm.weight" not in expected:  # transformers 5 has no outer module
        named = {name.removeprefix("text_model."): value for name, value in named.items()}
    missing, unexpected = model.load_state_dict(named, strict=False)
    if unexpected or any("position_ids" not in name for name in missing):
        raise ValueError(f"the text tower does not fit: {missing} {unexpected}")
    return model.eval().requires_grad_(requires_grad=False)


def write_tokenizer(folder: Path) -> None:
    """CLIP's tokenizer in the form of transformers, from the vocabulary that open_clip carries."""
    from open_clip.tokenizer import SimpleTokenizer

    source = SimpleTokenizer()
    folder.mkdir(parents=True, exist_ok=True)
    merges = sorted(source.bpe_ranks, key=source.bpe_ranks.__getitem__)
    vocabulary = {
        name.replace("<start_of_text>", "<|startoftext|>").replace("<end_of_text>", "<|endoftext|>"): at
        for name, at in source.encoder.items()
    }
    (folder / "vocab.json").write_text(
        json.dumps(vocabulary, ensure_ascii=False, separators=(",", ":")), encoding="utf-8"
    )
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    (folder / "merges.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    special = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
    }
    (folder / "special_tokens_map.json").write_text(json.dumps(special, indent=2) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "do_lower_case": True,
        "add_prefix_space": False,
        "errors": "replace",
        **special,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")
