"""A LoRA file, read as data that may be hostile, and written for the WebUIs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.models.headers import SAFETENSORS
from lib_bootcamp.core.networks.container import model_hash
from lib_bootcamp.core.networks.keys import split_key
from lib_bootcamp.core.networks.metadata import LoraFacts, with_facts
from lib_bootcamp.core.networks.names import Factor, Module, Part, Spelling, file_stem, spelling_for, tensor_name
from lib_bootcamp.errors import BootcampError, ModelError

from .adapter_config import BESIDE, MAX_BYTES, AdapterConfig, configs_of_file, configs_of_header
from .checked_tensors import checked_tensors
from .layers import LoraLayer

MAX_FILE_BYTES = 4 * 1024 * 1024 * 1024
"""SDXL's with all layers at rank 256 have 3.5 GB in 32 bits."""
MAX_TENSORS = 50_000
MAX_SIDE = 200_000
_DTYPES = frozenset({"F16", "BF16", "F32", "F64", "F8_E4M3", "F8_E5M2"})
_WHOLE = frozenset({"I8", "I16", "I32", "I64", "U8"})
_STRENGTHS: tuple[Factor | None, ...] = ("alpha", "scale")
"""Factors that are one number; some tools keep whole ones."""
_HASH = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True, kw_only=True)
class LoraFile:
    """A file's tensors as they are in it, all of them finite, and what it states of itself.

    Args:
        name: of the file, without its ending.
        tensors: by the file's own names, on the CPU.
        metadata: of its header.
        hash: its `sshs_model_hash`, up to 64 hex digits: what it states, as the WebUI takes it, else of its tensors.
        configs: strengths of peft's and diffusers' files.
    """

    name: str
    tensors: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    hash: str = ""
    configs: Mapping[Part, AdapterConfig] = field(default_factory=dict)

    @property
    def short_hash(self) -> str:
        """What the WebUI writes into `Lora hashes`: 12 hex digits."""
        return self.hash[:12]


def read_lora(path: Path, inside: Inside | None = None) -> LoraFile:
    """Read a LoRA file.

    Args:
        path: a .safetensors file.
        inside: the folder that it has to lie in; None for its own.
    Raises:
        ModelError: it is a pickle, damaged, too large, or holds what no LoRA holds.
        LeadsOutError, OutputError, TooLargeError: as `Inside.read`.
    """
    if path.suffix.lower() not in SAFETENSORS:
        raise ModelError(f"{path.name} may hold a program: only .safetensors files are read", place=path)
    folder = inside or Inside(path.parent)
    data = folder.read(path, MAX_FILE_BYTES)
    if data is None:
        raise ModelError(f"There is no LoRA {path.name}", place=path)
    beside = folder.read(path.with_name(BESIDE), MAX_BYTES) if path.stem.startswith("adapter_model") else None
    return parse_lora(data, path, beside)


def parse_lora(data: bytes, path: Path, beside: bytes | None = None) -> LoraFile:
    """As `read_lora`, of bytes.

    Args:
        data: the file's.
        path: what it is called; nothing is opened.
        beside: the bytes of peft's `adapter_config.json`.
    Raises:
        ModelError: as `read_lora`.
    """
    tensors, metadata = checked_tensors(data, path, _problem)
    stated = metadata.get("sshs_model_hash", "").lower()
    known = stated if _HASH.fullmatch(stated) else model_hash(data)
    configs = configs_of_header(metadata) or (configs_of_file(beside) if beside else {})
    return LoraFile(name=path.stem, tensors=tensors, metadata=metadata, hash=known, configs=configs)


def _problem(header: Mapping[str, Any]) -> str:
    """What a header says that no LoRA's says, in words that follow the file's name."""
    tensors = {name: each for name, each in header.items() if name != "__metadata__"}
    if not tensors:
        return "holds no tensors"
    if len(tensors) > MAX_TENSORS:
        return f"holds {len(tensors):,} tensors, more than any LoRA"
    for name, each in tensors.items():
        shape, dtype = each["shape"], each.get("dtype")
        factor = split_key(name)[1]
        if dtype not in _DTYPES and not (dtype in _WHOLE and (factor in _STRENGTHS or not shape)):
            return f"holds {name[:100]} as {str(dtype)[:20]}, and weights are floating-point numbers"
        is_weight = factor is not None and factor not in _STRENGTHS
        if len(shape) > 4 or (is_weight and not shape) or any(not 0 < side <= MAX_SIDE for side in shape):
            return f"holds {name[:100]} of the shape {shape[:6]}, which no LoRA has"
    return ""


def lora_bytes(
    layers: Mapping[Module, LoraLayer],
    config: Mapping[str, Any],
    facts: LoraFacts,
    *,
    dtype: torch.dtype = torch.float16,
    spelling: Spelling | None = None,
) -> bytes:
    """A LoRA file; the same layers and facts always give the same bytes.

    Args:
        layers: by module (`core.networks.names.canonical`).
        config: the UNet's, as diffusers has it.
        facts: what its metadata state.
        dtype: of the factors; alphas are float32.
        spelling: None for what the WebUIs load (`spelling_for`). diffusers' and peft's have no place for alpha: their
            `up` is scaled.
    Raises:
        ModelError: there is no layer, a value does not fit into the dtype, or the spelling has no place for a factor.
    """
    from safetensors.torch import save

    if not layers:
        raise ModelError("A LoRA file needs at least one layer")
    chosen = spelling or spelling_for(config)
    tensors: dict[str, torch.Tensor] = {}
    for module, layer in layers.items():
        stem = file_stem(module, config, chosen)
        for factor, value in _factors(layer, scaled=chosen in {"diffusers", "peft"}).items():
            kept = torch.float32 if factor == "alpha" else dtype
            made = value.detach().to(device="cpu", dtype=kept).contiguous().clone()
            if not torch.isfinite(made).all():
                raise ModelError(f"The LoRA's layer {module.path} has values that do not fit into {kept}")
            tensors[tensor_name(stem, factor, chosen)] = made
    return with_facts(save(tensors), facts)


def _factors(layer: LoraLayer, *, scaled: bool) -> dict[Any, torch.Tensor]:
    made: dict[Any, torch.Tensor] = {"down": layer.down, "up": layer.up.float() * layer.scale if scaled else layer.up}
    if not scaled:
        made["alpha"] = torch.tensor(float(layer.rank) if layer.alpha is None else layer.alpha)
    if layer.mid is not None:
        made["mid"] = layer.mid
    if layer.dora_scale is not None:
        made["dora_scale"] = layer.dora_scale
    return made


def write_lora(
    path: Path,
    layers: Mapping[Module, LoraLayer],
    config: Mapping[str, Any],
    facts: LoraFacts,
    *,
    dtype: torch.dtype = torch.float16,
) -> str:
    """Write a LoRA file whole or not at all, in the spelling that the WebUIs load; arguments as `lora_bytes`.

    Returns:
        its `sshs_model_hash`.
    Raises:
        ModelError: as `lora_bytes`.
        OutputError, StorageError: it cannot be written.
    """
    if path.suffix.lower() not in SAFETENSORS:
        raise BootcampError(f"{path.name} is no name of a LoRA file", hint="end it in .safetensors")
    data = lora_bytes(layers, config, facts, dtype=dtype)
    write_atomically(path, data)
    return model_hash(data)
