"""A CLIP model: pictures and texts to unit vectors of one space, as fast as the device allows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from lib_bootcamp.core.images.arrays import Floats, Image
from lib_bootcamp.core.models.files import shown_name
from lib_bootcamp.errors import BootcampError, InvalidParamError
from lib_bootcamp.ports import Host

from . import onnx as clip_onnx
from .load import Loaded, load
from .pictures import Preprocessing
from .text_tower import TextTower, text_tower

Backend: TypeAlias = Literal["auto", "torch", "onnx", "onnx-int8"]
BACKENDS: tuple[Backend, ...] = ("auto", "torch", "onnx", "onnx-int8")
TEXTS_AT_ONCE = 64
PICTURES_AT_ONCE = 16
"""Pictures in one pass on the processor: larger ones are no faster there and need more memory."""
WORTH_AN_EXPORT_S = 60.0
"""After so much work on one model more of it is expected, and an export of some seconds is tried."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What 8 bits cost: the cosine of features to those in single precision.

    Args:
        mean: of the pictures.
        least: of the picture that is hit hardest.
        pictures: how many were compared.
    """

    mean: float
    least: float
    pictures: int

    def __str__(self) -> str:
        pictures = f"{self.pictures} picture{'s' if self.pictures > 1 else ''}"
        return f"cosine to single precision {self.mean:.4f}, least {self.least:.4f}, of {pictures}"


class ClipModel:
    """A loaded model; safe to use from several threads where each holds the host's queue.

    Args:
        spec: as it was asked for, which may be a path of the owner's; `name` is that without where it lies.
        loaded: open_clip's module with what belongs to it.
        device: where it is.
        dtype: `float32`, `float16` or `bfloat16`.
        backend: what computes pictures on the processor.
        cache: a folder for what ONNX Runtime reads; needed by its two backends.

    Attributes:
        width: the length of a vector.
        logit_scale: what a cosine is multiplied by.
        logit_bias: what is added then; None for models that have none.
        bytes: of the weights.
        text_tower: for very many texts; None for models whose towers are not CLIP's own.
        cost: what `onnx-int8` costs, measured on the first pictures; None before that and for others.
    """

    def __init__(  # noqa: PLR0913 - what a model is, once
        self,
        spec: str,
        loaded: Loaded,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        backend: Backend = "auto",
        cache: Path | None = None,
    ) -> None:
        self.spec, self.name, self.device, self.dtype = spec, shown_name(spec), device, dtype
        self.module, self.tokenizer = loaded.module, loaded.tokenizer
        self.preprocessing: Preprocessing = loaded.preprocessing
        self.logit_scale = float(self.module.logit_scale.exp())
        bias = getattr(self.module, "logit_bias", None)
        self.logit_bias = None if bias is None else float(bias)
        self.bytes = sum(each.numel() * each.element_size() for each in self.module.parameters())
        self._dtype = getattr(torch, dtype)
        self._tower = _causal_tower(self.module)
        self.text_tower: TextTower | None = text_tower(self._tower, device, self._dtype)
        self.width = len(self.encode_texts([""])[0])
        self._image_tower: Callable[[torch.Tensor], torch.Tensor] = self._encode_with_torch
        self._cache = cache
        self._undecided = backend == "auto" and cache is not None and device == "cpu" and clip_onnx.is_installed()
        self._spent_s = 0.0
        self.cost: Cost | None = None
        self._cost_due = False
        if backend in ("onnx", "onnx-int8"):
            self._use_onnx(int8=backend == "onnx-int8")

    @property
    def backend(self) -> str:
        """What computes pictures: `torch`, `onnx` or `onnx-int8` with what the 8 bits cost, once that is known."""
        if not isinstance(self._image_tower, clip_onnx.OnnxTower):
            return "torch"
        if self.cost is None:
            return "onnx-int8" if self._cost_due else "onnx"
        return f"onnx-int8 ({self.cost})"

    def prepare(self, picture: Image | bytes) -> torch.Tensor:
        """Decode and scale one picture; safe to call from several threads, and needs no device.

        Args:
            picture: uint8 [H, W, 3] RGB or [H, W], or the bytes of a picture file that nobody has checked.
        Returns:
            uint8 [3, height, width] of the model's size.
        Raises:
            ImageError, TooLargeError: as `decode_image`.
        """
        return self.preprocessing.prepare(picture)

    def encode_prepared(self, prepared: Sequence[torch.Tensor]) -> Floats:
        """What `prepare` made to vectors.

        Returns:
            float32 [N, D], unit length.
        """
        return self._encode(list(prepared), lambda part: part)

    def encode_images(self, pictures: Sequence[Image | bytes]) -> Floats:
        """Pictures to vectors.

        Args:
            pictures: each uint8 [H, W, 3] RGB or [H, W], or the bytes of a picture file that nobody has checked.
        Returns:
            float32 [N, D], unit length.
        Raises:
            ImageError, TooLargeError: as `decode_image`.
        """
        return self._encode(list(pictures), lambda part: [self.prepare(each) for each in part])

    def encode_exactly(self, prepared: Sequence[torch.Tensor]) -> Floats:
        """As `encode_prepared`, with torch whatever the backend is.

        Returns:
            float32 [N, D], unit length.
        """
        return self._encode(list(prepared), lambda part: part, exactly=True)

    def encode_texts(self, texts: Sequence[str]) -> Floats:
        """Texts to vectors; what is longer than the model's context is cut off, as open_clip does it.

        Returns:
            float32 [N, D], unit length.
        """
        if not texts:
            return np.zeros((0, self.width), np.float32)
        tokens = self.tokenizer(list(texts))
        lengths = tokens.argmax(1) + 1 if self._tower is not None else torch.zeros(len(tokens))
        order = lengths.argsort()  # texts of like length together, so that little is computed beyond their ends
        made = []
        with torch.inference_mode():
            for part in order.split(TEXTS_AT_ONCE):
                made.append(_unit(self._encode_tokens(tokens[part].to(self.device))))
        return _array(torch.cat(made)[order.argsort()])

    def _encode_tokens(self, tokens: torch.Tensor) -> torch.Tensor:
        tower = self._tower
        if tower is None:
            found: torch.Tensor = self.module.encode_text(tokens)
            return found
        # Attention looks back only, and the answer is read at the end of the text: what follows it does not matter.
        ends = tokens.argmax(1)
        length = int(ends.max()) + 1
        states = tower.token_embedding(tokens[:, :length]).to(self._dtype)
        states = states + tower.positional_embedding[:length].to(self._dtype)
        mask = tower.attn_mask[:length, :length].to(self._dtype)
        if getattr(tower.transformer, "batch_first", False):
            states = tower.transformer(states, attn_mask=mask)
        else:
            states = tower.transformer(states.permute(1, 0, 2), attn_mask=mask).permute(1, 0, 2)
        pooled = tower.ln_final(states[torch.arange(len(ends), device=tokens.device), ends])
        projection = tower.text_projection
        if projection is None:
            return pooled
        return projection(pooled) if isinstance(projection, torch.nn.Module) else pooled @ projection

    def _encode(
        self, items: list[Any], prepared: Callable[[list[Any]], list[torch.Tensor]], *, exactly: bool = False
    ) -> Floats:
        if not items:
            return np.zeros((0, self.width), np.float32)
        tower = self._encode_with_torch if exactly else None

        def encode(part: list[Any]) -> torch.Tensor:
            with torch.inference_mode():
                return _unit((tower or self._image_tower)(torch.stack(prepared(part))))

        if self.device != "cpu":
            return _array(encode(items))
        if exactly:
            return _array(torch.cat(_on_all_cores(encode, items, always=False)))
        if self._cost_due or self._undecided:
            some = prepared(items[:PICTURES_AT_ONCE])
            self._measure_cost(some)
            self._choose(some)
        start = time.monotonic()
        made = _on_all_cores(encode, items, always=self._image_tower != self._encode_with_torch)
        self._spent_s += time.monotonic() - start
        return _array(torch.cat(made))

    def _use_onnx(self, *, int8: bool) -> None:
        if self.device != "cpu" or self.dtype != "float32":
            raise InvalidParamError(
                "backend", f"onnx works on the processor only, not on {self.device}", hint="use torch"
            )
        if self._cache is None:
            raise InvalidParamError("backend", "onnx needs a folder for its files", hint="use torch")
        path = clip_onnx.exported(self.module, self.preprocessing, self._cache, int8=int8)
        self._image_tower, self._cost_due = clip_onnx.OnnxTower(path), int8

    def _measure_cost(self, some: list[torch.Tensor]) -> None:
        """What the 8 bits cost, on the first pictures that come."""
        if self._cost_due:
            pictures = torch.stack(some)
            with torch.inference_mode():
                exact, rough = _unit(self._encode_with_torch(pictures)), _unit(self._image_tower(pictures))
            cosines = (exact * rough).sum(1)
            self.cost = Cost(mean=float(cosines.mean()), least=float(cosines.min()), pictures=len(some))
            self._cost_due = False

    def _choose(self, some: list[torch.Tensor]) -> None:
        """Take ONNX Runtime where it is faster: tried where the export is there, or where the work pays for it."""
        if not self._undecided or len(some) < PICTURES_AT_ONCE or self._cache is None:
            return
        if self._spent_s < WORTH_AN_EXPORT_S and not clip_onnx.cached(self.module, self._cache).is_file():
            return
        self._undecided = False
        try:
            tower = clip_onnx.OnnxTower(clip_onnx.exported(self.module, self.preprocessing, self._cache))
        except BootcampError:
            return  # it cannot be exported or kept: torch can do it all the same
        pairs = [(_seconds(tower, some), _seconds(self._encode_with_torch, some)) for _ in range(3)]
        if min(onnx for onnx, _ in pairs) < 0.95 * min(own for _, own in pairs):
            self._image_tower = tower

    def _encode_with_torch(self, prepared: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.module.encode_image(self.preprocessing.normalize(prepared, self.device, self._dtype))
        return found


def load_clip(
    spec: str = "mini",
    device: str = "cpu",
    dtype: str = "float32",
    *,
    backend: Backend = "auto",
    cache: Path | None = None,
) -> ClipModel:
    """Load a CLIP model.

    Args:
        spec: as `clip_load.load`.
        device: a torch device.
        dtype: `float32`, `float16` or `bfloat16`.
        backend: what computes pictures on the processor.
        cache: a folder for what ONNX Runtime reads.

    Raises:
        MissingPackageError, ModelError: as `clip_load.load` and `clip_onnx.exported`.
        InvalidParamError: an ONNX backend on another device than the processor.
    """
    loaded = load(spec, device, dtype)
    return ClipModel(spec, loaded, device=device, dtype=dtype, backend=backend, cache=cache)


@contextmanager
def lend_clip(host: Host, spec: str = "mini", *, backend: Backend = "auto") -> Iterator[ClipModel]:
    """The host's CLIP model of this name, on its device, loaded once for all operations.

    Args:
        host: whose model cache it is on.
        spec: as `clip_load.load`.
        backend: what computes pictures on the processor.

    Raises:
        MissingPackageError, ModelError: as `clip_load.load`.
    """
    device, dtype = host.device(), host.dtype()
    with host.model_cache.borrow(
        f"clip {spec} {backend} {device} {dtype}",
        lambda: load_clip(spec, device, dtype, backend=backend, cache=host.data_dir() / "clip"),
    ) as model:
        yield model


def _seconds(tower: Callable[[torch.Tensor], torch.Tensor], some: list[torch.Tensor]) -> float:
    def encode(part: list[torch.Tensor]) -> torch.Tensor:
        with torch.inference_mode():
            return tower(torch.stack(part))

    start = time.monotonic()
    _on_all_cores(encode, some, always=True)
    return time.monotonic() - start


def _array(features: torch.Tensor) -> Floats:
    array: Floats = features.numpy()
    return array


def _unit(features: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.normalize(features.float(), dim=-1).cpu()


def _causal_tower(module: Any) -> Any:
    """The text tower, where it looks back only and is read at the end-of-text token; else None."""
    tower = getattr(module, "text", module)
    names = ("token_embedding", "positional_embedding", "transformer", "ln_final", "attn_mask")
    if any(getattr(tower, name, None) is None for name in names) or getattr(tower, "cls_emb", None) is not None:
        return None
    pool = getattr(tower, "pool_type", None) or getattr(tower, "text_pool_type", None) or "argmax"
    return tower if pool == "argmax" and not getattr(tower, "use_pad_mask", False) else None


def _on_all_cores(encode: Callable[[list[Any]], torch.Tensor], items: list[Any], *, always: bool) -> list[torch.Tensor]:
    """Parts of `items` side by side, each on one core.

    A core that decodes, scales and multiplies its own pictures waits for no other: 1.2 to 1.4 times as fast as all
    cores in each operation of one picture after the other. Few pictures are done that way, unless `always`.
    """
    threads = torch.get_num_threads()
    if threads == 1 or (len(items) < 2 * threads and not always):
        return [encode(items[at : at + PICTURES_AT_ONCE]) for at in range(0, len(items), PICTURES_AT_ONCE)]

    def alone(part: list[Any]) -> torch.Tensor:
        torch.set_num_threads(1)  # of this thread
        return encode(part)

    size = min(PICTURES_AT_ONCE, -(-len(items) // threads))
    torch.set_num_threads(1)  # of the matrix library, which has one number for all
    try:
        with ThreadPoolExecutor(threads, thread_name_prefix="bootcamp-clip") as pool:
            return list(pool.map(alone, [items[at : at + size] for at in range(0, len(items), size)]))
    finally:
        torch.set_num_threads(threads)
