"""Optimizers, each from its own package."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from lib_bootcamp.core.training.optimizers import PLACES, Optimizer, package_of
from lib_bootcamp.errors import MissingPackageError

_MORE: Mapping[Optimizer, Mapping[str, Any]] = {
    "prodigy": {"decouple": True, "use_bias_correction": True, "safeguard_warmup": True},
    "adafactor": {"scale_parameter": False, "relative_step": False, "warmup_init": False},
}
"""Prodigy as its authors set it for diffusion models (github.com/konstmish/prodigy); Adafactor with the rate given."""


def optimizer_of(name: Optimizer, groups: list[dict[str, Any]], decay: float) -> Any:
    """An optimizer of torch's kind.

    Args:
        name: of the optimizer.
        groups: of parameters, each with its `lr`.
        decay: weight decay.
    Raises:
        MissingPackageError: the package that has it is not installed.
    """
    kind, more = _class_of(name), _MORE.get(name, {})
    if name == "adamw":
        with suppress(RuntimeError):  # this device, or this torch, has no fused one
            return kind(groups, weight_decay=decay, fused=True, **more)
    return kind(groups, weight_decay=decay, **more)


def _class_of(name: Optimizer) -> Callable[..., Any]:
    module, _, kind = PLACES[name].rpartition(".")
    try:
        return getattr(import_module(module), kind)  # type: ignore[no-any-return]
    except (ImportError, AttributeError, RuntimeError) as error:  # bitsandbytes without a GPU's library
        raise MissingPackageError(package_of(name), f"The optimizer {name}") from error
