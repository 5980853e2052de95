"""A loaded LDM checkpoint as diffusers and transformers modules that share its weights.

Knows no WebUI: it is given the LDM modules and the configuration (.yaml) they were made from.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.errors import MissingPackageError, ModelError
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision

from .lending import BorrowedModule, Mover

Family = Literal["sd1", "sd2", "sdxl"]
# LDM's own default where a .yaml says nothing (SDXL's); Rombach et al. 2022, latent-diffusion's configs.
BETAS = (0.00085, 0.012)
UNET, VAE = "model.diffusion_model.", "first_stage_model."


@dataclass(frozen=True, kw_only=True)
class LdmModel:
    """What a host has in memory.

    Args:
        family: `sd1`, `sd2` or `sdxl`.
        config: the .yaml that the model was made from, as plain dictionaries.
        unet: keys as below `model.diffusion_model.`.
        vae: keys as below `first_stage_model.`.
        clip: transformers `CLIPTextModel` (SD1, SDXL's first).
        open_clip: open_clip's text tower (SD2, SDXL's second).
        clip_2: SDXL's second text encoder where the host keeps it as transformers' CLIP with a `text_projection`.
        unet_config: diffusers' configuration of the UNet where the host has it; else from `config`.
        vae_config: likewise of the VAE.
        prediction_type: `epsilon` or `v_prediction`.
        zero_snr: whether the host rescales the betas to zero terminal SNR.
        upcast_attention: whether the host computes attention in 32 bits.
        movers: for `id` of a parameter, what brings it to the device before it is used.
    """

    family: Family
    config: Mapping[str, Any]
    unet: nn.Module
    vae: nn.Module
    clip: nn.Module | None = None
    open_clip: nn.Module | None = None
    clip_2: nn.Module | None = None
    unet_config: Mapping[str, Any] | None = None
    vae_config: Mapping[str, Any] | None = None
    prediction_type: str = "epsilon"
    zero_snr: bool = False
    upcast_attention: bool = False
    movers: Mapping[int, Mover] = field(default_factory=dict)


class LdmView:
    """The diffusers modules of one architecture; empty until `lend`, and after `give_back`.

    Args:
        model: shows the architecture; its weights are not kept.

    Raises:
        MissingPackageError: diffusers is not installed.
        ModelError: the architecture has no such modules.
    """

    def __init__(self, model: LdmModel) -> None:
        with contextlib.suppress(ImportError):  # diffusers does without it
            import_torchvision()
        try:
            from diffusers import AutoencoderKL, UNet2DConditionModel
        except ImportError as error:
            raise MissingPackageError("diffusers==0.31.0", "The view of the loaded checkpoint") from error
        self._unet_config, self._vae_config = _configs(model)
        with torch.device("meta"):
            self._parts: dict[str, BorrowedModule] = {
                "unet": BorrowedModule(UNet2DConditionModel.from_config(self._unet_config)),
                "vae": BorrowedModule(AutoencoderKL.from_config(self._vae_config)),
            }
        if model.clip is not None:
            self._parts["text_encoder"] = BorrowedModule(_clip_text(model.clip))
        if model.open_clip is not None:
            name = "text_encoder" if model.clip is None else "text_encoder_2"
            self._parts[name] = BorrowedModule(_empty_open_clip(model.open_clip, projected=model.family == "sdxl"))
        if model.clip_2 is not None:
            self._parts["text_encoder_2"] = BorrowedModule(_clip_text(model.clip_2, projected=True))
        if "text_encoder" not in self._parts:
            raise ModelError("This checkpoint's text encoder is neither CLIP nor OpenCLIP.")

    @property
    def shared_bytes(self) -> int:
        """Bytes of weights that are the host's own."""
        return sum(part.shared_bytes for part in self._parts.values())

    @property
    def owned_bytes(self) -> int:
        """Bytes that the modules hold beside them."""
        return sum(part.owned_bytes for part in self._parts.values())

    def borrow(self, model: LdmModel) -> dict[str, nn.Module]:
        """The modules by their names in a diffusers pipeline, filled with this model's weights.

        Raises:
            ModelError: the weights are not of this architecture or cannot be shared.
        """
        tensors = self._tensors(model)
        for name, part in self._parts.items():
            owner, named = tensors[name]
            try:
                part.borrow(named, owner.parameters(), model.movers)
            except Exception:
                self.give_back()
                raise
        for name in ("text_encoder", "text_encoder_2"):
            if name in self._parts:
                _join_precisions(self._parts[name])
        return {name: part.module for name, part in self._parts.items()}

    def give_back(self) -> bool:
        """Empty the modules; whether they can be lent to again (nothing was added to them)."""
        pristine = [part.give_back() for part in self._parts.values()]
        return all(pristine)

    def _tensors(self, model: LdmModel) -> dict[str, tuple[nn.Module, dict[str, torch.Tensor]]]:
        from diffusers.loaders.single_file_utils import convert_ldm_unet_checkpoint, convert_ldm_vae_checkpoint

        unet = convert_ldm_unet_checkpoint(_named(model.unet, UNET), self._unet_config)
        vae = convert_ldm_vae_checkpoint(_named(model.vae, VAE), self._vae_config)
        found: dict[str, tuple[nn.Module, dict[str, torch.Tensor]]] = {
            "unet": (model.unet, unet),
            "vae": (model.vae, vae),
        }
        if model.clip is not None:
            found["text_encoder"] = (model.clip, self._fitting("text_encoder", _named(model.clip)))
        if model.clip_2 is not None:
            found["text_encoder_2"] = (model.clip_2, self._fitting("text_encoder_2", _named(model.clip_2)))
        if model.open_clip is not None:
            name = "text_encoder" if model.clip is None else "text_encoder_2"
            found[name] = (model.open_clip, self._fitting(name, dict(open_clip_tensors(model.open_clip))))
        return found

    def _fitting(self, part: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        # Encoders carry what a pipeline does not use: SD2's last layer, a projection, CLIP's temperature.
        names = {name for name, _ in self._parts[part].module.named_parameters()}
        return {name: tensor for name, tensor in as_named_here(tensors, names).items() if name in names}


def as_named_here(tensors: Mapping[str, torch.Tensor], names: Iterable[str]) -> dict[str, torch.Tensor]:
    """A CLIP text encoder's tensors under the names of the transformers that is installed: 5 has one module less.

    Args:
        tensors: by the names of transformers 4 or of `names`.
        names: those of the module to fill.
    """
    if any(name.startswith("text_model.") for name in names):
        return dict(tensors)
    return {name.removeprefix("text_model."): tensor for name, tensor in tensors.items()}


def scheduler_config(model: LdmModel) -> dict[str, Any]:
    """Keyword arguments for a diffusers scheduler: the betas and the prediction type of this checkpoint."""
    params = model.config["model"]["params"] if model.config else {}
    return {
        "num_train_timesteps": int(params.get("timesteps", 1000)),
        "beta_start": float(params.get("linear_start", BETAS[0])),
        "beta_end": float(params.get("linear_end", BETAS[1])),
        "beta_schedule": "scaled_linear",
        "prediction_type": model.prediction_type,
        "rescale_betas_zero_snr": model.zero_snr,
    }


def open_clip_tensors(tower: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """The weights of open_clip's text tower under transformers' names, each a view of the tower's own.

    open_clip fuses the query, key and value projections and keeps the text projection transposed.
    """
    for name, value in _named(tower).items():
        _, _, rest = name.partition("resblocks.")
        if not rest:
            if name in OPEN_CLIP_TOP:
                yield OPEN_CLIP_TOP[name], value.T if name == "text_projection" else value
            continue
        layer, _, inner = rest.partition(".")
        prefix = f"text_model.encoder.layers.{layer}."
        if inner.startswith("attn.in_proj_"):
            kind = inner.rpartition("_")[2]
            for part, piece in zip("qkv", value.detach().chunk(3), strict=True):
                yield f"{prefix}self_attn.{part}_proj.{kind}", piece
        else:
            for old, new in OPEN_CLIP_LAYER.items():
                inner = inner.replace(old, new)
            yield prefix + inner, value


OPEN_CLIP_TOP = {
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
}
OPEN_CLIP_LAYER = {
    "ln_1.": "layer_norm1.",
    "ln_2.": "layer_norm2.",
    "attn.out_proj.": "self_attn.out_proj.",
    "mlp.c_fc.": "mlp.fc1.",
    "mlp.c_proj.": "mlp.fc2.",
}


def open_clip_tokenizer(folder: Path) -> Any:
    """transformers' `CLIPTokenizer` with open_clip's vocabulary and its padding (token 0).

    Args:
        folder: where the vocabulary is written once, since transformers reads files only.
    """
    from transformers import CLIPTokenizer

    vocabulary, merges = write_vocabulary(folder)
    return CLIPTokenizer(str(vocabulary), str(merges), pad_token="!", model_max_length=77)


def write_vocabulary(folder: Path) -> tuple[Path, Path]:
    """Write CLIP's vocabulary and merges, which open_clip carries, as transformers reads them; once.

    Returns:
        The two files.
    """
    import json

    from open_clip.tokenizer import SimpleTokenizer

    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    if not (vocabulary.is_file() and merges.is_file()):
        source = SimpleTokenizer()
        special = {"<start_of_text>": "<|startoftext|>", "<end_of_text>": "<|endoftext|>"}
        words = {special.get(word, word): number for word, number in source.encoder.items()}
        ranked = [" ".join(pair) for pair, _ in sorted(source.bpe_ranks.items(), key=lambda item: item[1])]
        _write(vocabulary, json.dumps(words, ensure_ascii=False))
        _write(merges, "\n".join(["#version: 0.2", *ranked, ""]))
    return vocabulary, merges


def padded_with_zero(tokenizer: Any) -> Any:
    """A copy of a `CLIPTokenizer` that pads as OpenCLIP does, with token 0."""
    other = copy.deepcopy(tokenizer)
    other.pad_token = "!"
    return other


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8"))


def _named(module: nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    # The WebUI wraps token embeddings to lay textual inversions over them.
    return {prefix + name.replace(".wrapped.", "."): value for name, value in module.named_parameters()}


def _configs(model: LdmModel) -> tuple[dict[str, Any], dict[str, Any]]:
    from diffusers.loaders.single_file_utils import (
        create_unet_diffusers_config_from_ldm,
        create_vae_diffusers_config_from_ldm,
    )

    if model.unet_config is not None and model.vae_config is not None:
        return dict(model.unet_config), dict(model.vae_config)
    weights = {**_named(model.unet, UNET), **_named(model.vae, VAE)}
    try:
        unet = create_unet_diffusers_config_from_ldm(model.config, weights)
        vae = create_vae_diffusers_config_from_ldm(model.config, weights)
    except (KeyError, TypeError, AssertionError) as error:
        raise ModelError(
            f"The configuration of this checkpoint is not one of Stable Diffusion 1, 2 or XL ({error})."
        ) from error
    pixels = 1024 if model.family == "sdxl" else 768 if model.prediction_type == "v_prediction" else 512
    factor = 2 ** (len(vae["block_out_channels"]) - 1)
    unet |= {"sample_size": pixels // factor, "upcast_attention": model.upcast_attention}
    return unet, vae | {"sample_size": pixels}


def _built(make: Callable[[Any], nn.Module], config: Any) -> nn.Module:
    with torch.device("meta"):
        made = make(config)
    for module in made.modules():
        if "position_ids" in module._buffers:
            module._buffers["position_ids"] = torch.arange(config.max_position_embeddings).expand((1, -1))
    return made


def _join_precisions(encoder: BorrowedModule) -> None:
    """Forge keeps token embeddings in 32 bits before layers of 16: cast between the two."""
    text: Any = getattr(encoder.module, "text_model", encoder.module)
    wanted = text.final_layer_norm.weight.dtype
    if text.embeddings.token_embedding.weight.dtype != wanted:
        encoder.until_given_back(text.embeddings.register_forward_hook(lambda _module, _given, made: made.to(wanted)))


def _clip_text(tower: Any, *, projected: bool = False) -> nn.Module:
    from transformers import CLIPTextModel, CLIPTextModelWithProjection

    config = copy.deepcopy(tower.config)
    if projected:
        config.projection_dim = tower.text_projection.weight.shape[0]
    return _built(CLIPTextModelWithProjection if projected else CLIPTextModel, config)


def _empty_open_clip(tower: Any, *, projected: bool) -> nn.Module:
    """An empty text encoder of this tower's size.

    SD2 is conditioned on the last layer but one, so that its encoder is built without the last:
    the same as Stability's own diffusers configuration.
    """
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    blocks = tower.transformer.resblocks
    vocabulary, width = _named(tower)["token_embedding.weight"].shape
    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=blocks[0].mlp.c_fc.out_features,
        num_hidden_layers=len(blocks) if projected else len(blocks) - 1,
        num_attention_heads=blocks[0].attn.num_heads,
        max_position_embeddings=tower.positional_embedding.shape[0],
        hidden_act="quick_gelu" if "Quick" in type(blocks[0].mlp.gelu).__name__ else "gelu",
        projection_dim=tower.text_projection.shape[1],
        bos_token_id=0,
        eos_token_id=2,
        pad_token_id=1,
    )
    return _built(CLIPTextModelWithProjection if projected else CLIPTextModel, config)
