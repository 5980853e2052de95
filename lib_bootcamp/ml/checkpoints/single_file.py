"""A Stable Diffusion 1 checkpoint as one .safetensors file in LDM's layout: read into diffusers modules, and written.

Other families are read by diffusers' own loader, which fetches their configuration from the hub.
Source of the layout: CompVis/latent-diffusion, `openaimodel.py` and `diffusionmodules/model.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.atomic import cannot_write, write_atomically, write_folder
from lib_bootcamp.core.files.regular import MAX_TEXT_BYTES, read_regular
from lib_bootcamp.errors import ModelError, OutputError, first_line

from .ldm_view import UNET, VAE, as_named_here

TEXT = "cond_stage_model.transformer."
# v1-inference.yaml; a checkpoint of another size brings its own .yaml
HEADS = 8


def ldm_config(shapes: Mapping[str, torch.Size]) -> dict[str, Any]:
    """The configuration (as a .yaml beside a checkpoint holds it) that these tensors were made with.

    Args:
        shapes: by LDM name, of a checkpoint of Stable Diffusion 1's layout.

    Raises:
        ModelError: the tensors are not those of such a checkpoint.
    """
    try:
        unet, vae = _unet_params(shapes), _vae_params(shapes)
    except (KeyError, IndexError, ValueError) as error:
        raise ModelError(f"This is no checkpoint of Stable Diffusion 1's layout ({error}).") from error
    return _config(unet, vae)


def _config(
    unet: Mapping[str, Any], vae: Mapping[str, Any], *, text: str = "openai/clip-vit-large-patch14"
) -> dict[str, Any]:
    embed = vae["z_channels"]
    return {
        "model": {
            "target": "ldm.models.diffusion.ddpm.LatentDiffusion",
            "params": {
                "linear_start": 0.00085,
                "linear_end": 0.012,
                "num_timesteps_cond": 1,
                "log_every_t": 200,
                "timesteps": 1000,
                "first_stage_key": "jpg",
                "cond_stage_key": "txt",
                "image_size": 64,
                "channels": embed,
                "cond_stage_trainable": False,
                "conditioning_key": "crossattn",
                "scale_factor": 0.18215,
                "use_ema": False,
                "unet_config": {"target": "ldm.modules.diffusionmodules.openaimodel.UNetModel", "params": dict(unet)},
                "first_stage_config": {
                    "target": "ldm.models.autoencoder.AutoencoderKL",
                    "params": {
                        "embed_dim": embed,
                        "monitor": "val/rec_loss",
                        "ddconfig": dict(vae),
                        "lossconfig": {"target": "torch.nn.Identity"},
                    },
                },
                "cond_stage_config": {
                    "target": "ldm.modules.encoders.modules.FrozenCLIPEmbedder",
                    "params": {"version": text},
                },
            },
        }
    }


def _unet_params(shapes: Mapping[str, torch.Size]) -> dict[str, Any]:
    first = shapes[f"{UNET}input_blocks.0.0.weight"]
    width, taken = first[0], first[1]
    levels: list[list[tuple[int, bool]]] = [[]]
    context = 0
    for at in range(1, _count(shapes, f"{UNET}input_blocks.")):
        block = f"{UNET}input_blocks.{at}."
        if f"{block}0.op.weight" in shapes:
            levels.append([])
            continue
        attends = f"{block}1.transformer_blocks.0.attn2.to_k.weight"
        if attends in shapes:
            context = shapes[attends][1]
        levels[-1].append((shapes[f"{block}0.out_layers.3.weight"][0], attends in shapes))
    return {
        "image_size": 32,
        "in_channels": taken,
        "out_channels": shapes[f"{UNET}out.2.weight"][0],
        "model_channels": width,
        "attention_resolutions": [2**at for at, blocks in enumerate(levels) if blocks[0][1]],
        "num_res_blocks": len(levels[0]),
        "channel_mult": [blocks[0][0] // width for blocks in levels],
        "num_heads": HEADS,
        "use_spatial_transformer": True,
        "transformer_depth": 1,
        "context_dim": context or shapes[f"{UNET}middle_block.1.transformer_blocks.0.attn2.to_k.weight"][1],
        "use_checkpoint": False,
        "legacy": False,
    }


def _vae_params(shapes: Mapping[str, torch.Size]) -> dict[str, Any]:
    width = shapes[f"{VAE}encoder.conv_in.weight"][0]
    levels = _count(shapes, f"{VAE}decoder.up.")
    blocks = _count(shapes, f"{VAE}decoder.up.0.block.") - 1
    sizes = [shapes[f"{VAE}decoder.up.{at}.block.{blocks}.conv2.weight"][0] for at in range(levels)]
    return {
        "double_z": True,
        "z_channels": shapes[f"{VAE}post_quant_conv.weight"][0],
        "resolution": 256,
        "in_channels": shapes[f"{VAE}encoder.conv_in.weight"][1],
        "out_ch": shapes[f"{VAE}decoder.conv_out.weight"][0],
        "ch": width,
        "ch_mult": [each // width for each in sizes],
        "num_res_blocks": blocks,
        "attn_resolutions": [],
        "dropout": 0.0,
    }


def _count(shapes: Mapping[str, Any], prefix: str) -> int:
    numbers = {int(name[len(prefix) :].partition(".")[0]) for name in shapes if name.startswith(prefix)}
    if not numbers:
        raise KeyError(prefix)
    return max(numbers) + 1


def read_single_file(path: Path, tokenizer: Path) -> dict[str, Any]:
    """Read a checkpoint of Stable Diffusion 1's layout; a .yaml beside it tells what its shapes do not.

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
        raise ModelError(f"{path.name} is not a whole .safetensors file ({error}).") from error
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
            f"{found.name} is not the configuration of a Stable Diffusion checkpoint ({error})."
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
    """transformers' CLIPTextModel of these weights, whose shapes tell its sizes; named as in transformers 4.

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
            num_hidden_layers=_count(tensors, "text_model.encoder.layers."),
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


def to_ldm(unet: Any, vae: Any, text_encoder: Any) -> dict[str, torch.Tensor]:
    """All tensors of a checkpoint under LDM's names: the inverse of diffusers' conversion."""
    layers, weights = int(unet.config.layers_per_block), unet.state_dict()
    attending = {int(name.split(".")[1]) for name in weights if re.match(r"up_blocks\.\d+\.attentions", name)}
    found = {UNET + _unet_name(name, layers, attending): value for name, value in weights.items()}
    for name, value in vae.state_dict().items():
        new = _vae_name(name, len(vae.config.block_out_channels))
        if re.search(r"mid\.attn_1\.(q|k|v|proj_out)\.weight", new) and value.ndim == 2:
            value = value[..., None, None]
        found[VAE + new] = value
    for name, value in text_encoder.state_dict().items():
        found[TEXT + (name if name.startswith("text_model.") else f"text_model.{name}")] = value
    return found


_UNET_TOP = {
    "time_embedding.linear_1.": "time_embed.0.",
    "time_embedding.linear_2.": "time_embed.2.",
    "conv_in.": "input_blocks.0.0.",
    "conv_norm_out.": "out.0.",
    "conv_out.": "out.2.",
}
_UNET_RESNET = {
    "norm1.": "in_layers.0.",
    "conv1.": "in_layers.2.",
    "norm2.": "out_layers.0.",
    "conv2.": "out_layers.3.",
    "time_emb_proj.": "emb_layers.1.",
    "conv_shortcut.": "skip_connection.",
}


def _unet_name(name: str, layers: int, attending: set[int]) -> str:
    for old, new in _UNET_TOP.items():
        if name.startswith(old):
            return new + name[len(old) :]
    place, at, kind, index, rest = _parts(name)
    if kind == "resnets":
        rest = _renamed(rest, _UNET_RESNET)
    if place == "mid_block":
        return f"middle_block.{index * 2 + (kind == 'attentions')}.{rest}"
    if place == "down_blocks":
        if kind == "downsamplers":
            return f"input_blocks.{(layers + 1) * (at + 1)}.0.op.{rest.removeprefix('conv.')}"
        return f"input_blocks.{1 + at * (layers + 1) + index}.{int(kind == 'attentions')}.{rest}"
    if kind == "upsamplers":  # in the level's last block, after its attention where it has one
        return f"output_blocks.{at * (layers + 1) + layers}.{1 + (at in attending)}.{rest}"
    return f"output_blocks.{at * (layers + 1) + index}.{int(kind == 'attentions')}.{rest}"


def _parts(name: str) -> tuple[str, int, str, int, str]:
    found = re.match(r"(down_blocks|up_blocks)\.(\d+)\.(\w+?)\.(\d+)\.(.*)", name)
    if found:
        return found[1], int(found[2]), found[3], int(found[4]), found[5]
    found = re.match(r"mid_block\.(\w+?)\.(\d+)\.(.*)", name)
    if not found:
        raise ModelError(f"The weight {name} has no place in Stable Diffusion 1's layout.")
    return "mid_block", 0, found[1], int(found[2]), found[3]


def _renamed(name: str, table: Mapping[str, str]) -> str:
    for old, new in table.items():
        if name.startswith(old):
            return new + name[len(old) :]
    return name


_VAE_ATTENTION = {"group_norm.": "norm.", "to_q.": "q.", "to_k.": "k.", "to_v.": "v.", "to_out.0.": "proj_out."}


def _vae_name(name: str, levels: int) -> str:
    side, _, inner = name.partition(".")
    if side not in ("encoder", "decoder"):
        return name
    inner = inner.replace("conv_norm_out.", "norm_out.")
    if not inner.startswith(("down_blocks", "up_blocks", "mid_block")):
        return f"{side}.{inner}"
    place, at, kind, index, rest = _parts(inner)
    rest = rest.replace("conv_shortcut.", "nin_shortcut.")
    if place == "mid_block":
        if kind == "attentions":
            return f"{side}.mid.attn_1.{_renamed(rest, _VAE_ATTENTION)}"
        return f"{side}.mid.block_{index + 1}.{rest}"
    level, short = (at, "down") if place == "down_blocks" else (levels - 1 - at, "up")
    if kind in ("downsamplers", "upsamplers"):
        return f"{side}.{short}.{level}.{short}sample.{rest}"
    return f"{side}.{short}.{level}.block.{index}.{rest}"


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
    import yaml
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    unet, vae, text = parts["unet"], parts["vae"], parts["text_encoder"]
    tensors = to_ldm(unet, vae, text)
    shapes = {name: value.shape for name, value in tensors.items()}
    unet_params = _unet_params(shapes) | {"num_heads": _heads(unet)}
    beside = path.with_name(f"{path.stem}-text-encoder")
    config = _config(unet_params, _vae_params(shapes), text=str(beside.resolve()))
    config["model"]["params"]["image_size"] = int(unet.config.sample_size)
    halves = {name: value.detach().half().contiguous().cpu() for name, value in tensors.items()}
    part = path.with_suffix(".part")
    try:
        write_folder(beside)
        parts["tokenizer"].save_pretrained(str(beside))
        text.config.save_pretrained(str(beside))
        save_file(halves, str(part), metadata={"format": "pt"})
        write_atomically(path.with_suffix(".yaml"), yaml.safe_dump(config, sort_keys=False).encode("utf-8"))
        part.replace(path)
    except OutputError:
        raise
    except OSError as error:
        raise cannot_write(path, error) from error
    except SafetensorError as error:  # how safetensors tells of a full disk
        raise OutputError(f"{path} cannot be written: {first_line(error)}.") from error
    finally:
        part.unlink(missing_ok=True)
    return [path, path.with_suffix(".yaml"), beside]


def _heads(unet: Any) -> int:
    heads = unet.config.attention_head_dim
    return int(heads if isinstance(heads, int) else heads[0])


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
        raise ModelError(f"{path.name} is not a whole .safetensors file ({error}).") from error
    if not any(name.startswith(UNET) for name in names):
        raise ModelError(f"{path.name} holds no checkpoint: it has no UNet.")
    return "sd1" if any(name.startswith(TEXT) for name in names) else "other"
