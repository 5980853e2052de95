"""A Stable Diffusion 1 checkpoint as one .safetensors file in LDM's layout: read into diffusers modules, and written.

Other families are read by diffusers' own loader, which fetches their configuration from the hub.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.atomic import cannot_write, write_atomically, write_folder
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.core.models.files import reason_about
from lib_bootcamp.core.models.headers import why_unreadable
from lib_bootcamp.errors import ModelError, OutputError, first_line

from .ldm_config import count_of, ldm_config
from .ldm_names import TEXT, to_ldm
from .ldm_view import UNET, as_named_here

_OWN_TEXT_ENCODER = (768, 12, 12)
"""Width, layers and heads of CLIP ViT-L/14's."""


def checkpoint_kind(path: Path) -> str:
    """`sd1`, or `other` for what diffusers' own loader is asked to read; from the file's header alone.

    Raises:
        ModelError: the file is no .safetensors file, or holds no checkpoint.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            names = list(file.keys())
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path.name} {why_unreadable(path)}", place=path) from error
    if not any(name.startswith(UNET) for name in names):
        raise ModelError(f"{path.name} holds no checkpoint: it has no UNet", place=path)
    return "sd1" if any(name.startswith(TEXT) for name in names) else "other"


def read_single_file(path: Path, tokenizer: Path) -> dict[str, Any]:
    """Read a checkpoint of Stable Diffusion 1's layout; a .yaml beside it states what its shapes do not.

    Args:
        path: the .safetensors file.
        tokenizer: a folder with CLIP's tokenizer.

    Returns:
        `unet`, `vae`, `text_encoder`, `tokenizer` and `scheduler` (keyword arguments), the modules in 32 bits.

    Raises:
        ModelError: the file cannot be read, or is of another layout.
    """
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from diffusers.loaders.single_file_utils import (
        convert_ldm_unet_checkpoint,
        convert_ldm_vae_checkpoint,
        create_unet_diffusers_config_from_ldm,
        create_vae_diffusers_config_from_ldm,
    )
    from safetensors import SafetensorError
    from safetensors.torch import load_file
    from transformers import CLIPTokenizer

    try:
        tensors = load_file(str(path))
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path.name} {why_unreadable(path)}", place=path) from error
    named = {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
    config = _beside(path) or ldm_config({name: value.shape for name, value in named.items()})
    unet_config = create_unet_diffusers_config_from_ldm(config, named)
    vae_config = create_vae_diffusers_config_from_ldm(config, named)
    side = 8 * int(config["model"]["params"].get("image_size", 64))
    unet_config["sample_size"], vae_config["sample_size"] = side // 8, side
    unet = _filled(UNet2DConditionModel, unet_config, convert_ldm_unet_checkpoint(dict(named), unet_config))
    vae = _filled(AutoencoderKL, vae_config, convert_ldm_vae_checkpoint(dict(named), vae_config))
    text = {name[len(TEXT) :]: value for name, value in named.items() if name.startswith(TEXT)}
    params = config["model"]["params"]
    scheduler = {
        "num_train_timesteps": int(params.get("timesteps", 1000)),
        "beta_start": float(params.get("linear_start", 0.00085)),
        "beta_end": float(params.get("linear_end", 0.012)),
        "beta_schedule": "scaled_linear",
        "prediction_type": "v_prediction" if params.get("parameterization") == "v" else "epsilon",
    }
    return {
        "unet": unet,
        "vae": vae,
        "text_encoder": text_encoder_of(text),
        "tokenizer": CLIPTokenizer.from_pretrained(str(tokenizer)),
        "scheduler": scheduler,
    }


def _beside(path: Path) -> Any:
    """The .yaml beside a checkpoint as plain dictionaries, or None."""
    found = path.with_suffix(".yaml")
    if not found.is_file():
        return None
    import yaml

    try:
        config = yaml.safe_load(read_regular(found, MAX_TEXT_BYTES))
        config["model"]["params"]["unet_config"]["params"], config["model"]["params"]["first_stage_config"]["params"]
    except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ModelError(
            f"{found.name} is not the configuration of a Stable Diffusion checkpoint ({reason_about(error, found)})",
            place=found,
        ) from error
    return config


def _filled(kind: Any, config: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Any:
    with torch.device("meta"):
        module = kind.from_config(config)
    try:
        module.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        raise ModelError(f"The checkpoint's layers are not those of its configuration: {str(error)[:300]}.") from error
    return module.eval().requires_grad_(requires_grad=False)


def text_encoder_of(tensors: Mapping[str, torch.Tensor]) -> Any:
    """transformers' CLIPTextModel of these weights, whose shapes give its sizes; named as in transformers 4.

    Raises:
        ModelError: they are not those of such an encoder.
    """
    from transformers import CLIPTextConfig, CLIPTextModel

    table = tensors.get("text_model.embeddings.token_embedding.weight")
    if table is None:
        raise ModelError("The checkpoint has no text encoder of Stable Diffusion 1's kind.")
    vocabulary, width = table.shape
    model = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=vocabulary,
            hidden_size=width,
            intermediate_size=tensors["text_model.encoder.layers.0.mlp.fc1.weight"].shape[0],
            num_hidden_layers=count_of(tensors, "text_model.encoder.layers."),
            # CLIP's heads are 64 wide; those of smaller models 16
            num_attention_heads=width // 64 if width % 64 == 0 else max(width // 16, 1),
            max_position_embeddings=tensors["text_model.embeddings.position_embedding.weight"].shape[0],
            hidden_act="quick_gelu",
            bos_token_id=49406,
            eos_token_id=49407,
            pad_token_id=49407,
        )
    )
    missing, unexpected = model.load_state_dict(as_named_here(tensors, model.state_dict()), strict=False)
    missing = [name for name in missing if "position_ids" not in name]
    unexpected = [name for name in unexpected if "position_ids" not in name]
    if missing or unexpected:
        raise ModelError(f"The text encoder's layers do not fit, the first is {(missing or unexpected)[0]}.")
    return model.eval().requires_grad_(requires_grad=False)


def write_single_file(parts: Mapping[str, Any], path: Path) -> list[Path]:
    """Write a checkpoint as one file that a WebUI loads, its .yaml, and a folder for its text encoder's settings.

    Args:
        parts: `unet`, `vae`, `text_encoder`, `tokenizer` (diffusers and transformers).
        path: the .safetensors file to write, in 16 bits.

    Returns:
        The files and the folder that were written.

    Raises:
        OutputError: they cannot be written.
        ModelError: the checkpoint is of another family.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    unet, vae, text = parts["unet"], parts["vae"], parts["text_encoder"]
    tensors = to_ldm(unet, vae, text)
    beside = text_encoder_folder(path)
    config = yaml_of(tensors, unet, str(beside.resolve()))
    halves = {name: value.detach().half().contiguous().cpu() for name, value in tensors.items()}
    part = path.with_suffix(".part")
    try:
        write_folder(beside)
        parts["tokenizer"].save_pretrained(str(beside))
        text.config.save_pretrained(str(beside))
        save_file(halves, str(part), metadata={"format": "pt"})
        write_atomically(path.with_suffix(".yaml"), config)
        part.replace(path)
    except OutputError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    except SafetensorError as error:  # how safetensors reports a full disk
        raise OutputError(f"{path} cannot be written: {first_line(error)}.") from error
    finally:
        part.unlink(missing_ok=True)
    return [path, path.with_suffix(".yaml"), beside]


def text_encoder_folder(path: Path) -> Path:
    """Where a checkpoint's .yaml finds the settings of a text encoder that is not Stable Diffusion 1's own."""
    return path.with_name(f"{path.stem}-text-encoder")


def yaml_of(
    tensors: Mapping[str, torch.Tensor], unet: Any, text_encoder: str, scheduler: Mapping[str, Any] | None = None
) -> bytes:
    """The .yaml beside a checkpoint of Stable Diffusion 1's layout.

    Args:
        tensors: by LDM name; their shapes count.
        unet: diffusers' `UNet2DConditionModel`.
        text_encoder: the name or folder of the text encoder's settings.
        scheduler: keyword arguments for a diffusers scheduler; None: Stable Diffusion 1's.
    Raises:
        ModelError: they are not those of such a checkpoint.
    """
    import yaml

    shapes, size = {name: value.shape for name, value in tensors.items()}, int(unet.config.sample_size)
    config = ldm_config(shapes, heads=_heads(unet), text_encoder=text_encoder, image_size=size, scheduler=scheduler)
    return str(yaml.safe_dump(config, sort_keys=False)).encode("utf-8")


def text_encoder_files(components: Any) -> dict[str, bytes]:
    """The settings and the tokenizer of a text encoder, by file name; none for Stable Diffusion 1's own.

    Args:
        components: with `text_encoder` and `tokenizer`.
    """
    text = components.text_encoder.config
    if (text.hidden_size, text.num_hidden_layers, text.num_attention_heads) == _OWN_TEXT_ENCODER:
        return {}
    with tempfile.TemporaryDirectory() as name:
        components.tokenizer.save_pretrained(name)
        text.save_pretrained(name)
        made = {each.name: each.read_bytes() for each in sorted(Path(name).iterdir()) if each.is_file()}
    return made | ({} if "vocab.json" in made else _vocabulary(made["tokenizer.json"]))


def _vocabulary(tokenizer: bytes) -> dict[str, bytes]:
    """A tokenizer of transformers 5 as the files that transformers 4, which A1111 has, reads it from."""
    model = json.loads(tokenizer)["model"]
    merges = (each if isinstance(each, str) else " ".join(each) for each in model["merges"])
    return {
        "vocab.json": json.dumps(model["vocab"], ensure_ascii=False).encode("utf-8"),
        "merges.txt": "\n".join(["#version: 0.2", *merges, ""]).encode("utf-8"),
    }


def _heads(unet: Any) -> int:
    heads = unet.config.attention_head_dim
    return int(heads if isinstance(heads, int) else heads[0])
