"""What a training starts from: the factors of a LoRA, or the vectors of an embedding, that were learned before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from lib_bootcamp.core.networks.names import Module, canonical
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.ml.networks.embedding_file import EmbeddingFile
from lib_bootcamp.ml.networks.file import LoraFile
from lib_bootcamp.ml.networks.layers import LoraLayer
from lib_bootcamp.ml.networks.matched import match_lora, targets_of
from lib_bootcamp.ports import Components

PARAM = "start_from"
_SPREAD_DIMS = 4
_OF_LOCON = (".resnets.", ".downsamplers.", ".upsamplers.")


@dataclass(frozen=True, kw_only=True)
class Start:
    """What is begun with.

    Args:
        name: of the file, without its ending.
        hash: its `sshs_model_hash`, or an embedding's SHA-256.
        layers: of a LoRA, by module.
        vectors: of an embedding, float32 [N, width] by text encoder.
    """

    name: str
    hash: str
    layers: Mapping[Module, LoraLayer] = field(default_factory=dict)
    vectors: Mapping[str, torch.Tensor] = field(default_factory=dict)

    @classmethod
    def of_lora(cls, file: LoraFile, components: Components) -> Start:
        """A LoRA's, LoCon's or DoRA's.

        Raises:
            ModelError: the file is of another kind, or for another checkpoint.
            InvalidParamError: a layer is none that can be trained.
        """
        matched = match_lora(file, targets_of(components), dict(components.unet.config))
        if matched.match.unmatched:
            raise InvalidParamError(
                PARAM, f"cannot be {file.name}: the checkpoint has no layer for its {matched.match.unmatched[0][:100]}"
            )
        layers = {}
        for module, layer in matched.layers.items():
            problem = _problem(layer)
            if problem or not isinstance(layer, LoraLayer):
                raise InvalidParamError(PARAM, f"cannot be {file.name}: {module.path} {problem}")
            layers[module] = layer
        return cls(name=file.name, hash=file.hash, layers=layers)

    @classmethod
    def of_embedding(cls, file: EmbeddingFile, components: Components) -> Start:
        """An embedding's.

        Raises:
            InvalidParamError: it is for another checkpoint.
        """
        if problem := file.why_unfit(components):
            raise InvalidParamError(PARAM, f"cannot be {file.name}: it {problem}")
        return cls(name=file.name, hash=file.hash, vectors=file.vectors)

    @classmethod
    def of_state(cls, facts: Mapping[str, Any], tensors: Mapping[str, torch.Tensor]) -> Start | None:
        """What a state was begun with, as it is now; None: with nothing.

        Args:
            facts: of the state.
            tensors: its.
        """
        kept = facts.get("start")
        if kept is None:
            return None
        layers = {}
        for part, alphas in kept["alphas"].items():
            for at, (path, alpha) in enumerate(alphas):
                own = f"{part}.adapters.{at}."
                layers[canonical(part, path)] = LoraLayer(
                    down=tensors[f"{own}down"],
                    up=tensors[f"{own}up"],
                    alpha=float(alpha),
                    dora_scale=tensors.get(f"{own}magnitude"),
                )
        vectors = {part: tensors[f"{part}.vectors"] for part in kept["vectors"]}
        return cls(name=str(kept["name"]), hash=str(kept["hash"]), layers=layers, vectors=vectors)

    def facts(self, networks: Iterable[Any]) -> dict[str, Any]:
        """What a state keeps of it beside the weights.

        Args:
            networks: that learn.
        """
        made: dict[str, Any] = {"name": self.name, "hash": self.hash, "alphas": {}, "vectors": []}
        for each in networks:
            if self.vectors:
                made["vectors"].append(each.part)
            else:
                alphas = [float(adapter.alpha) for adapter in each.adapters]
                made["alphas"][each.part] = list(zip(each.paths, alphas, strict=True))
        return made

    @property
    def count(self) -> int:
        """Vectors of an embedding; 0 of a LoRA."""
        return max((len(each) for each in self.vectors.values()), default=0)

    def strength(self, *, spread: bool) -> tuple[int, float] | None:
        """The rank and alpha of linear layers and 1x1 convolutions, or of the others; None where it has none.

        Small layers may have less: the largest rank is what was asked for.
        """
        own = [each for each in self.layers.values() if _is_spread(each) is spread]
        if not own:
            return None
        largest = max(own, key=lambda each: each.rank)
        return largest.rank, largest.rank * largest.scale

    @property
    def is_dora(self) -> bool:
        """Whether it has magnitudes."""
        return any(each.dora_scale is not None for each in self.layers.values())


def _is_spread(layer: LoraLayer) -> bool:
    """Whether it is of a convolution of more than one pixel."""
    return bool(layer.down.ndim == _SPREAD_DIMS and layer.down.shape[2:].numel() > 1)


def _problem(layer: object) -> str:
    """Why a layer cannot be trained on, in words that follow its name; empty where it can."""
    if not isinstance(layer, LoraLayer):
        return "is a whole difference, and not two factors"
    if layer.mid is not None:
        return "has LoCon's Tucker form, which is not trained here"
    if layer.scale <= 0:
        return f"has the strength {layer.scale:g}, which must be above 0"
    norms = layer.dora_scale
    if norms is not None and not (norms.ndim > 1 and norms.shape[0] == 1 and norms.numel() == layer.down.shape[1]):
        return "is a DoRA of rows, and input columns are trained here"
    return ""


def refuse_other_kind(start: Start, networks: Iterable[Any], *, dora: bool) -> None:
    """Refuse what has other layers than are taught, and name the first.

    Args:
        start: what is begun with.
        networks: that learn: their `part` and `paths`.
        dora: whether they have magnitudes.
    Raises:
        InvalidParamError: it has.
    """
    taught = dict.fromkeys(canonical(each.part, path) for each in networks for path in each.paths)
    order = {module: at for at, module in enumerate(taught)}
    for module in sorted(start.layers, key=lambda each: order.get(each, len(order))):
        layer = start.layers[module]
        if (layer.dora_scale is not None) is not dora:
            kind, method = ("no DoRA", "lora") if dora else ("a DoRA", "dora")
            raise InvalidParamError(
                PARAM,
                f"cannot be {start.name}: it is {kind}, as {module.path} shows",
                hint=f"choose the method {method}",
            )
        if module not in taught:
            raise InvalidParamError(
                PARAM,
                f"cannot be {start.name}: it has {module.path} of the {_named(module)}, which is not taught",
                hint=_hint(module, more=True),
            )
    for module in taught:
        if module not in start.layers:
            raise InvalidParamError(
                PARAM,
                f"cannot be {start.name}: it lacks {module.path} of the {_named(module)}, which is taught",
                hint=_hint(module, more=False),
            )


def _named(module: Module) -> str:
    return "UNet" if module.part == "unet" else module.part.replace("_", " ", 1)


def _hint(module: Module, *, more: bool) -> str:
    if module.part != "unet":
        return "give text_rate" if more else "set text_rate to 0"
    if any(each in module.path for each in _OF_LOCON):
        return f"choose the method {'locon' if more else 'lora'}"
    return "choose more blocks and layers" if more else "choose fewer blocks and layers"
