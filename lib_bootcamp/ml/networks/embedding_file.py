"""An embedding of textual inversion as a file: read as data that may be hostile, and written for the WebUIs.

Source: A1111 1.10.1, `modules/textual_inversion/textual_inversion.py` (`create_embedding_from_data`): one tensor under
any name, or for SDXL `clip_l` and `clip_g`. A1111's own trainer and kohya's call the one tensor `emb_params`, diffusers
calls it as the word, `<my-word>`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from lib_bootcamp.core.files.inside import Inside
from lib_bootcamp.core.models.headers import SAFETENSORS
from lib_bootcamp.core.networks.container import legacy_hash, model_hash, with_metadata
from lib_bootcamp.core.networks.keys import other_kind, split_key
from lib_bootcamp.core.networks.metadata import LoraFacts, metadata_of
from lib_bootcamp.core.text.clip_tokens import MAX_TOKENS
from lib_bootcamp.errors import ModelError
from lib_bootcamp.ports import Components

from .checked_tensors import checked_tensors

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_WIDTH = 16_384
_DTYPES = frozenset({"F16", "BF16", "F32", "F64"})
_BOTH = {"text_encoder": "clip_l", "text_encoder_2": "clip_g"}
_OWN = "emb_params"
_MADE_FOR: dict[int, str] = {768: "Stable Diffusion 1", 1024: "Stable Diffusion 2"}


@dataclass(frozen=True, kw_only=True)
class EmbeddingFile:
    """A file's vectors, all of them finite.

    Args:
        name: of the file without its ending, which is the word in a prompt.
        vectors: float32 [N, width] for each text encoder that it is for, on the CPU; 1 to 75 of them, as many for both.
        metadata: of its header.
        hash: the SHA-256 of the file, 64 hex digits.
    """

    name: str
    vectors: Mapping[str, torch.Tensor]
    metadata: Mapping[str, str] = field(default_factory=dict)
    hash: str = ""

    @property
    def short_hash(self) -> str:
        """What the WebUI writes into `TI hashes`: 12 hex digits."""
        return self.hash[:12]

    def why_unfit(self, components: Components) -> str:
        """Why a checkpoint cannot draw with it, in words that follow its name; empty where it can."""
        widths = {
            part: getattr(components, part).config.hidden_size
            for part in _BOTH
            if getattr(components, part) is not None
        }
        own = {part: each.shape[1] for part, each in self.vectors.items()}
        if own == widths:
            return ""
        if len(own) == len(_BOTH):
            kind = "SDXL"
        else:
            kind = _MADE_FOR.get(own["text_encoder"], f"a text encoder of width {own['text_encoder']}")
        return f"is for {kind}, not for the loaded checkpoint"


def read_embedding(path: Path, inside: Inside | None = None) -> EmbeddingFile:
    """Read an embedding.

    Args:
        path: a .safetensors file.
        inside: the folder that it has to lie in; None for its own.
    Raises:
        ModelError: it is a pickle, damaged, too large, or holds what no embedding holds.
        LeadsOutError, OutputError, TooLargeError: as `Inside.read`.
    """
    if path.suffix.lower() not in SAFETENSORS:
        raise ModelError(f"{path.name} may hold a program: only .safetensors files are read", place=path)
    data = (inside or Inside(path.parent)).read(path, MAX_FILE_BYTES)
    if data is None:
        raise ModelError(f"There is no embedding {path.name}", place=path)
    return parse_embedding(data, path)


def parse_embedding(data: bytes, path: Path) -> EmbeddingFile:
    """As `read_embedding`, of bytes.

    Args:
        data: the file's.
        path: what it is called; nothing is opened.
    Raises:
        ModelError: as `read_embedding`.
    """
    tensors, texts = checked_tensors(data, path, _problem)
    parts = {key: part for part, key in _BOTH.items()} if len(tensors) == len(_BOTH) else {}
    vectors = {
        parts.get(key, "text_encoder"): value.float().reshape(-1, value.shape[-1]) for key, value in tensors.items()
    }
    digest = hashlib.sha256(data).hexdigest()
    return EmbeddingFile(name=path.stem, vectors=vectors, metadata=texts, hash=digest)


def _problem(header: Mapping[str, Any]) -> str:
    """What a header says that no embedding's says, in words that follow the file's name."""
    tensors = {name: each for name, each in header.items() if name != "__metadata__"}
    if not tensors:
        return "holds no tensors"
    if len(tensors) > 1 and set(tensors) != set(_BOTH.values()):
        kind = "a LoRA" if any(split_key(each)[1] for each in tensors) else other_kind(tensors)
        what = f"is {kind} and no embedding" if kind and "embedding" not in kind else "is no embedding"
        return f"{what}: it holds {len(tensors):,} tensors, and not clip_l and clip_g"
    for name, each in tensors.items():
        shape, dtype = each["shape"], each.get("dtype")
        if dtype not in _DTYPES:
            return f"holds {name[:100]} as {str(dtype)[:20]}, and vectors are floating-point numbers"
        count, width = (1, *shape) if len(shape) == 1 else shape if len(shape) == 2 else (0, 0)
        if not (0 < count <= MAX_TOKENS and 0 < width <= MAX_WIDTH):
            return f"holds {name[:100]} of the shape {shape[:6]}, and an embedding has 1 to {MAX_TOKENS} vectors"
    counts = {name: each["shape"][0] if len(each["shape"]) > 1 else 1 for name, each in tensors.items()}
    if len(set(counts.values())) > 1:
        return f"has {counts['clip_l']} vectors for one text encoder and {counts['clip_g']} for the other"
    return ""


def embedding_bytes(vectors: Mapping[str, torch.Tensor], facts: LoraFacts) -> bytes:
    """An embedding as a file; the same vectors and facts always give the same bytes.

    Args:
        vectors: float [N, width] for each text encoder (`text_encoder`, of SDXL `text_encoder_2` too).
        facts: what its metadata state.
    Raises:
        ModelError: a value is no number.
    """
    from safetensors.torch import save

    names = _BOTH if len(vectors) > 1 else {"text_encoder": _OWN}
    tensors = {
        names[part]: each.detach().to(device="cpu", dtype=torch.float32).contiguous().clone()
        for part, each in vectors.items()
    }
    if not all(bool(torch.isfinite(each).all()) for each in tensors.values()):
        raise ModelError("The embedding has values that are no numbers")
    bare = save(tensors)
    whole = model_hash(bare)
    return with_metadata(bare, metadata_of(facts, model_hash=whole, legacy_hash=legacy_hash(bare)))
