"""A checkpoint from a file, a folder or the hub, as the modules that the standalone host lends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.folders import is_file, is_folder
from lib_bootcamp.core.files.regular import unreadable_in
from lib_bootcamp.core.models.files import EMBEDDED, MODELS, reason_about
from lib_bootcamp.core.models.headers import stated_license
from lib_bootcamp.errors import MissingPackageError, ModelError
from lib_bootcamp.ml.runtime.torchvision_guard import import_torchvision
from lib_bootcamp.ports import Components

from .single_file import checkpoint_kind, read_single_file

MINI_SD = MODELS / "mini-sd"
SHARED = ("unet", "vae", "text_encoder", "text_encoder_2")
_KEPT = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "prediction_type", "rescale_betas_zero_snr")


def load_checkpoint(named: str, device: str) -> Components:
    """Load a checkpoint.

    Args:
        named: a .safetensors file, a diffusers folder, an id on the hub, or `mini`.
        device: a torch device; in 16 bits on all but `cpu`.

    Returns:
        The modules in evaluation mode, without gradients.

    Raises:
        ModelError: it is not there, damaged, a pickle, or no checkpoint.
        MissingPackageError: torch, diffusers or transformers are not installed.
    """
    try:
        import_torchvision()
        import diffusers  # noqa: F401
        import transformers  # noqa: F401
    except ImportError as error:
        raise MissingPackageError(str(error.name), "Drawing pictures") from error
    _hush()
    path = MINI_SD if named == EMBEDDED else Path(named).expanduser()
    if named == EMBEDDED and not (path / "model_index.json").is_file():
        raise ModelError("The small checkpoint is not in this copy of the program: give one with --checkpoint.")
    if is_file(path):
        parts = _from_file(path)
    elif is_folder(path):
        parts = _from_folder(path)
    elif path.suffix in {".safetensors", ".ckpt", ".pt", ".bin"} or path.is_absolute():
        raise ModelError(
            f"There is no checkpoint {path.name}",
            hint="give a .safetensors file, a diffusers folder or a hub id with --checkpoint",
            place=path,
        )
    else:
        parts = _from_hub(named)
    dtype = torch.float32 if torch.device(device).type == "cpu" else torch.float16
    for name in SHARED:
        if parts.get(name) is not None:
            parts[name] = parts[name].to(device=device, dtype=dtype).eval().requires_grad_(requires_grad=False)
    scheduler = {name: value for name, value in parts.pop("scheduler").items() if name in _KEPT}
    width = int(_first(parts["unet"].config.cross_attention_dim))
    family = "sdxl" if parts.get("text_encoder_2") is not None else "sd2" if width == 1024 else "sd1"
    held = {id(each): each for name in SHARED if parts.get(name) is not None for each in parts[name].parameters()}
    size = sum(each.numel() * each.element_size() for each in held.values())
    stated = stated_license(path) if is_file(path) else ""
    return Components(family=family, scheduler=scheduler, device=device, owned_bytes=size, license=stated, **parts)


def _hush() -> None:
    """No bars and remarks of the libraries about loading: a person sees what matters here, and mistakes as such."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    for each in (of_diffusers, of_transformers):
        each.set_verbosity_error()
        each.disable_progress_bar()


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, (list, tuple)) else value


def _from_file(path: Path) -> dict[str, Any]:
    if path.suffix.lower() != ".safetensors":
        raise ModelError(
            f"{path.name} may hold a program: only .safetensors files are loaded. The WebUI's Checkpoint Merger "
            "writes one (No interpolation, safetensors)",
            place=path,
        )
    if checkpoint_kind(path) == "sd1":
        return read_single_file(path, MINI_SD / "tokenizer")
    from diffusers import StableDiffusionPipeline

    try:
        pipeline = StableDiffusionPipeline.from_single_file(str(path), use_safetensors=True)
    except Exception as error:
        raise ModelError(
            f"{path.name} cannot be read as a checkpoint: {reason_about(error, path)}", place=path
        ) from error
    return _parts_of(pipeline)


def _from_folder(path: Path) -> dict[str, Any]:
    if why := unreadable_in(path):
        raise ModelError(f"The checkpoint cannot be loaded: {why}", place=path)
    if not (path / "model_index.json").is_file():
        raise ModelError(f"{path.name} is not a diffusers folder: it has no model_index.json", place=path)
    return _from_pipeline(str(path), f"The folder {path.name}", path)


def _from_hub(named: str) -> dict[str, Any]:
    return _from_pipeline(named, f"The checkpoint {named}")


def _from_pipeline(source: str, what: str, place: Path | None = None) -> dict[str, Any]:
    from diffusers import DiffusionPipeline

    try:
        pipeline = DiffusionPipeline.from_pretrained(source, use_safetensors=True, safety_checker=None)
    except Exception as error:
        raise ModelError(f"{what} cannot be loaded: {reason_about(error, source)}", place=place) from error
    return _parts_of(pipeline)


def _parts_of(pipeline: Any) -> dict[str, Any]:
    names = (*SHARED, "tokenizer", "tokenizer_2")
    parts = {name: getattr(pipeline, name, None) for name in names}
    missing = [name for name in ("unet", "vae", "text_encoder", "tokenizer") if parts[name] is None]
    if missing:
        raise ModelError(f"This is not a checkpoint of Stable Diffusion 1, 2 or XL: it has no {missing[0]}.")
    return {**parts, "scheduler": dict(pipeline.scheduler.config)}
