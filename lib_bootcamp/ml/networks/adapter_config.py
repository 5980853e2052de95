"""Strengths that peft and diffusers keep beside the tensors: `adapter_config.json`, or `lora_adapter_metadata`.

Source: peft 0.13 `tuners/lora/config.py`, `utils/peft_types.py`; diffusers 0.35 `loaders/lora_base.py`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lib_bootcamp.core.networks.names import PARTS, Module, Part
from lib_bootcamp.core.networks.numbers import finite

IN_HEADER = "lora_adapter_metadata"
BESIDE = "adapter_config.json"
MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class AdapterConfig:
    """What is stated of a part's adapter.

    Args:
        alpha: `lora_alpha`, None where it is not stated.
        alphas: those of single modules, by the end of their path.
        is_rank_stabilized: whether the scale is alpha / sqrt(r) (rsLoRA, arXiv 2312.03732).
    """

    alpha: float | None = None
    alphas: Mapping[str, float] = field(default_factory=dict)
    is_rank_stabilized: bool = False

    def alpha_of(self, path: str, rank: int) -> float | None:
        """The alpha that gives a module's scale when it is divided by its rank; None for a scale of 1."""
        found = next((each for end, each in self.alphas.items() if re.search(rf"(^|\.){re.escape(end)}$", path)), None)
        alpha = self.alpha if found is None else found
        return alpha if alpha is None or not self.is_rank_stabilized else alpha * math.sqrt(rank)


AdapterConfigs = Mapping[Part, AdapterConfig]


def configs_of_header(metadata: Mapping[str, str]) -> dict[Part, AdapterConfig]:
    """What diffusers stated in a file's header, for each part; empty where it did not."""
    stated = _object(metadata.get(IN_HEADER, ""))
    found: dict[Part, AdapterConfig] = {}
    for part in PARTS:
        own = {key[len(part) + 1 :]: value for key, value in stated.items() if key.startswith(f"{part}.")}
        if own:
            found[part] = _config(own)
    return found


def configs_of_file(data: bytes) -> dict[Part, AdapterConfig]:
    """What peft's `adapter_config.json` states; its adapter is of any part."""
    stated = _object(data)
    return dict.fromkeys(PARTS, _config(stated)) if stated else {}


def alpha_of(configs: AdapterConfigs, module: Module, rank: int) -> float | None:
    """`AdapterConfig.alpha_of` of the module's part."""
    own = configs.get(module.part)
    return None if own is None else own.alpha_of(module.path, rank)


def _config(stated: Mapping[str, Any]) -> AdapterConfig:
    pattern = stated.get("alpha_pattern")
    alphas = {} if not isinstance(pattern, dict) else {key: finite(value) for key, value in pattern.items()}
    return AdapterConfig(
        alpha=finite(stated.get("lora_alpha")),
        alphas={key: value for key, value in alphas.items() if value is not None},
        is_rank_stabilized=stated.get("use_rslora") is True,
    )


def _object(data: str | bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
