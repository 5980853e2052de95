"""The label tables of an interrogation as vectors: computed once for each model, kept on disk, ranked for pictures.

A table's file is named by its labels and the weights of the text tower. Vectors are kept in half precision, as
clip-interrogator does it: their rounding takes part in what it ranks. What was finished when a computation was stopped
is kept too, and the next one goes on from there.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib_bootcamp.core.files.atomic import write_atomically
from lib_bootcamp.core.images.arrays import Floats
from lib_bootcamp.core.text.label_tables import LabelTables
from lib_bootcamp.errors import InvalidParamError, OutputError
from lib_bootcamp.ports import Progress

from .prompt_encoder import PromptEncoder, text_digest

LOG = logging.getLogger(__name__)
FORMAT = "1"
"""Raised when what is written changes, so that older files are not read."""
CHUNK = 2048
"""clip-interrogator's `chunk_size`."""
MERGED = ("artists", "flavors", "mediums", "movements", "trendings")
_LENGTH_TOLERANCE = 0.01


class LabelFeatures:
    """The tables of one model.

    Args:
        name: what is in memory, for a person.
        tables: labels by table.
        features: of each table, half [labels, D]; may lie in a memory-mapped file.

    Attributes:
        labels: all of them, those of the tables in `MERGED` first and in that order.
    """

    device = "cpu"

    def __init__(self, name: str, tables: LabelTables, features: dict[str, torch.Tensor]) -> None:
        self.name = name
        named = tables.named()
        order = (*MERGED, *(each for each in named if each not in MERGED))
        self.labels: list[str] = [label for table in order for label in named[table]]
        self._spans: dict[str, tuple[int, int]] = {}
        width = next(iter(features.values())).shape[1]
        self._features = torch.empty(len(self.labels), width)
        start = 0
        for table in order:
            stop = start + len(named[table])
            self._spans[table] = (start, stop)
            self._features[start:stop] = features[table]
            start = stop
        self._spans["merged"] = (0, self._spans[MERGED[-1]][1])

    @property
    def bytes(self) -> int:
        """Of the vectors."""
        return int(self._features.numel() * self._features.element_size())

    def similarities(self, images: Floats) -> torch.Tensor:
        """All labels weighed on all pictures in one product.

        Args:
            images: float32 [N, D], unit length.
        Returns:
            float32 [N, labels].
        """
        return torch.from_numpy(np.ascontiguousarray(images)) @ self._features.T

    def rank(
        self, table: str, similarities: torch.Tensor, count: int, *, chunk: int = CHUNK, reverse: bool = False
    ) -> list[list[int]]:
        """The labels that fit each picture best, as clip-interrogator ranks them.

        A table of more labels than `chunk` is cut into chunks, only the best `chunk / chunks` of each of which take
        part in the final ranking; so this is no true top. The final ranking is never reversed.

        Args:
            table: one of the tables, or `merged`.
            similarities: as `similarities` gives them.
            count: how many at most.
            chunk: labels ranked at once.
            reverse: those that fit worst.
        Returns:
            for each picture places among `labels`, best first.
        Raises:
            InvalidParamError: the chunks are so many that none of their labels is left.
        Source: `LabelTable.rank` and `_rank` of clip-interrogator 0.6.0.
        """
        start, stop = self._spans[table]
        all_of_it = similarities[:, start:stop]
        signed = -all_of_it if reverse else all_of_it
        total = stop - start
        if total <= chunk:
            best = _top(signed, count)
            return [[start + int(at) for at in row] for row in best]
        chunks = math.ceil(total / chunk)
        keep = chunk // chunks
        if not keep:
            raise InvalidParamError(
                "chunk_size",
                f"is too small for a table of {total} labels",
                hint=f"give {math.isqrt(total) + 1} or more",
            )
        parts = []
        for at in range(0, total, chunk):
            parts.append(_top(signed[:, at : at + chunk], keep) + at)
        kept = torch.cat(parts, dim=-1)
        best = _top(all_of_it.gather(1, kept), count)
        return [[start + int(at) for at in row] for row in kept.gather(1, best)]

    def best(self, table: str, similarities: torch.Tensor, count: int) -> list[tuple[str, float]]:
        """The true top of a table for one picture: labels and cosines, best first, empty labels passed over.

        Args:
            table: one of the tables.
            similarities: float32 [labels], of one picture.
            count: how many at most.
        """
        start, stop = self._spans[table]
        span = similarities[start:stop]
        found = [(self.labels[start + int(at)], float(span[at])) for at in _top(span[None], count + 1)[0]]
        return [each for each in found if each[0]][:count]

    def table(self, name: str) -> list[str]:
        """The labels of a table."""
        start, stop = self._spans[name]
        return self.labels[start:stop]

    def vectors(self, name: str) -> torch.Tensor:
        """The vectors of a table, float32 [labels, D]."""
        start, stop = self._spans[name]
        return self._features[start:stop]

    def place(self, label: str) -> int:
        """Where a label stands among `labels`, the first time."""
        return self._places[label]

    @cached_property
    def _places(self) -> dict[str, int]:
        """Whole before another thread sees it; two that need it at once may both make it."""
        places: dict[str, int] = {}
        for at, each in enumerate(self.labels):
            places.setdefault(each, at)
        return places


def _top(values: torch.Tensor, count: int) -> torch.Tensor:
    """Places of each row's largest, of equal ones the first; `topk` alone takes equal ones as it happens to find them.

    Args:
        values: float32 [N, L].
        count: how many at most.
    Returns:
        int64 [N, min(count, L)], largest first.
    """
    count = min(count, values.shape[1])
    if not count or not len(values):
        return torch.empty((len(values), count), dtype=torch.long)
    least = values.topk(count, dim=-1)[0][:, -1:]
    rows = []
    for row, enough in zip(values, ~(values < least), strict=True):
        places = enough.nonzero()[:, 0]
        rows.append(places[row[places].sort(descending=True, stable=True)[1][:count]])
    return torch.stack(rows)


def load_label_features(encoder: PromptEncoder, tables: LabelTables, folder: Path, progress: Progress) -> LabelFeatures:
    """The tables' vectors, read from the cache or computed and written there.

    Args:
        encoder: of the model.
        tables: the labels.
        folder: the cache; may not exist yet.
        progress: shows how far a computation is, and stops it.
    Raises:
        CancelledError, OutOfMemoryError: as `in_batches`; what is finished stays in the cache.
    """
    model = text_digest(encoder.model)
    found: dict[str, torch.Tensor] = {}
    for table, labels in tables.named().items():
        path = cached(folder, model, table, labels)
        features = read_features(path, len(labels), encoder.model.width)
        found[table] = _computed(encoder, labels, path, progress, table) if features is None else features
    total = sum(map(len, tables.named().values()))
    return LabelFeatures(f"{encoder.model.name}, {total} labels", tables, found)


def cached(folder: Path, model: str, table: str, labels: Sequence[str]) -> Path:
    """Where a table's vectors are or will be.

    Args:
        folder: the cache.
        model: the text tower's digest.
        table: its name.
        labels: its labels.
    """
    digest = hashlib.sha256(f"{FORMAT}\n{model}\n".encode())
    digest.update("\n".join(labels).encode("utf-8", "surrogatepass"))
    return folder / f"{table}-{digest.hexdigest()[:32]}.safetensors"


def read_features(path: Path, count: int | None, width: int) -> torch.Tensor | None:
    """Vectors from a file, mapped into memory and not read; None where it is missing or not what it should be.

    Args:
        path: the file.
        count: of vectors; None where any number will do.
        width: of each.
    Returns:
        half [count, width].
    """
    from safetensors import SafetensorError, safe_open

    if count == 0:
        return torch.empty((0, width), dtype=torch.float16)
    if not path.is_file():
        return None
    try:
        with safe_open(str(path), framework="pt") as file:
            features: torch.Tensor = file.get_tensor("features")
    except (SafetensorError, OSError, ValueError, RuntimeError):
        LOG.warning("%s is damaged and is computed again", path)
        return None
    fits = features.dtype == torch.float16 and features.ndim == 2 and features.shape[1] == width
    if fits and count in (None, features.shape[0]) and _all_unit(features):
        return features
    LOG.warning("%s is damaged and is computed again", path)
    return None


def _all_unit(features: torch.Tensor) -> bool:
    lengths = features.float().norm(dim=1)
    return bool(((lengths - 1).abs() < _LENGTH_TOLERANCE).all())


def _computed(
    encoder: PromptEncoder, labels: Sequence[str], path: Path, progress: Progress, table: str
) -> torch.Tensor:
    unfinished = path.with_suffix(".part.safetensors")
    before = read_features(unfinished, None, encoder.model.width)

    def keep(made: list[Floats]) -> None:
        if made:
            _write(unfinished, torch.from_numpy(np.stack(made)).half())

    features = torch.from_numpy(
        encoder.features(
            labels,
            progress,
            title=f"Label table: {table}",
            unit="label",
            known=() if before is None else list(before.float().numpy()),
            keep=keep,
        )
    ).half()
    _write(path, features)
    with suppress(OSError):
        unfinished.unlink(missing_ok=True)
    return features


def _write(path: Path, features: torch.Tensor) -> None:
    from safetensors.torch import save

    content: Any = save({"features": features.contiguous()}, {"format": FORMAT})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
    except (OutputError, OSError) as error:
        LOG.warning("The label table's vectors are not kept: %s", error)
