"""BLIP: a sentence for a picture, through transformers. BLIP-2 and GIT, which are called the same way, too.

Source: Li et al., "BLIP: Bootstrapping Language-Image Pre-training", 2022; clip-interrogator 0.6.0 for how many
words are asked for.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image as Pil

from lib_bootcamp.core.files.folders import is_folder
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular, unreadable_in
from lib_bootcamp.core.images.arrays import Image, to_rgb
from lib_bootcamp.core.models.files import reason_about, shown_name
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
MAX_NEW_TOKENS = 32
"""clip-interrogator's `caption_max_length`."""
_CLASSES = {
    "blip": "BlipForConditionalGeneration",
    "blip-2": "Blip2ForConditionalGeneration",
    "git": "AutoModelForCausalLM",
}


class Blip:
    """A loaded model; call it while the host's queue is held.

    Args:
        name: as others know it.
        model: of transformers, in evaluation mode.
        processor: the model's own.
        device: where it is.
    """

    at_once = 8

    def __init__(self, name: str, model: Any, processor: Any, device: str) -> None:
        self.name, self.device = name, device
        self._model, self._processor = model, processor
        self._dtype = next(model.parameters()).dtype
        self.bytes = sum(each.numel() * each.element_size() for each in model.parameters())

    def caption(self, pictures: Sequence[Image]) -> list[str]:
        """A sentence for each picture, the likeliest word after the other.

        Args:
            pictures: each uint8 [H, W, 3] RGB or [H, W].
        """
        if not pictures:
            return []
        opened = [Pil.fromarray(to_rgb(each)) for each in pictures]
        given = self._processor(images=opened, return_tensors="pt").to(self.device)
        given["pixel_values"] = given["pixel_values"].to(self._dtype)
        with torch.inference_mode():
            tokens = self._model.generate(**given, max_new_tokens=MAX_NEW_TOKENS)
        return [str(each).strip() for each in self._processor.batch_decode(tokens, skip_special_tokens=True)]


def is_here(spec: str) -> bool:
    """Whether a model is on this machine: a folder of its files, or in the hub's cache."""
    folder = Path(spec).expanduser()
    if is_folder(folder):
        return any((folder / name).is_file() for name in WEIGHTS)
    from huggingface_hub import try_to_load_from_cache

    try:
        return any(isinstance(try_to_load_from_cache(spec, name), str) for name in WEIGHTS)
    except ValueError:  # no name that the hub could have
        return False


def load_blip(spec: str, device: str = "cpu", dtype: str = "float32") -> Blip:
    """Load a captioning model.

    Args:
        spec: `owner/model` of the hub, or a folder with config.json, the processor's files and .safetensors.
        device: a torch device.
        dtype: `float32`, `float16` or `bfloat16`; GIT stays in single precision.

    Raises:
        ModelError: it is not here and cannot be fetched, is a pickle, or is no BLIP.
    """
    import_torchvision()
    import transformers
    from safetensors import SafetensorError

    from lib_bootcamp.ml.runtime.quiet import quiet_log

    folder = Path(spec).expanduser()
    if is_folder(folder):
        _check_folder(folder)
        spec = str(folder)
    try:
        with quiet_log():
            kind = str(transformers.AutoConfig.from_pretrained(spec).model_type)
            if kind not in _CLASSES:
                raise ModelError(f"{shown_name(spec)} is a model of the kind {kind}: name one of BLIP, BLIP-2 or GIT.")
            built = getattr(transformers, _CLASSES[kind])
            model = built.from_pretrained(spec, use_safetensors=True)
            processor = transformers.AutoProcessor.from_pretrained(spec)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise ModelError(
            f"The caption model {shown_name(spec)} is not here or cannot be used ({reason_about(error, spec)}): "
            "without a network download its config.json, model.safetensors, tokenizer and preprocessor files into a "
            "folder and give that folder"
        ) from error
    model = model.eval().requires_grad_(requires_grad=False)
    model = model.to(device) if kind == "git" else model.to(device, getattr(torch, dtype))
    return Blip(shown_name(spec), model, processor, device)


def _check_folder(folder: Path) -> None:
    if why := unreadable_in(folder):
        raise ModelError(f"The caption model cannot be loaded: {why}", place=folder)
    try:
        known = isinstance(json.loads(read_regular(folder / "config.json", MAX_TEXT_BYTES)), dict)
    except (OSError, ValueError):
        known = False
    if not known:
        raise ModelError(
            f"The folder {folder.name} has no config.json of a caption model: put all of the model's files there",
            place=folder,
        )
    if not any((folder / name).is_file() for name in WEIGHTS):
        raise ModelError(
            f"The folder {folder.name} has no model.safetensors",
            hint="a pickle (.bin) is not loaded, because it can run code of "
            "its maker's: convert it with `model.save_pretrained(folder, safe_serialization=True)`",
            place=folder,
        )
