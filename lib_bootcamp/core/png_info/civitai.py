"""What Civitai's own generator adds to an infotext: the models that were used, as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lib_bootcamp.params import has_too_many_values

from .generation import Lora, number, text
from .lora_tags import MAX_LORAS

CIVITAI = "Civitai resources"
_LORAS = frozenset({"lora", "locon", "lycoris", "dora"})


def add_resources(fields: Mapping[str, str], values: dict[str, Any], extras: dict[str, Any]) -> None:
    """Fill the model and the LoRAs that nothing else names, and keep the list as one extra."""
    listed = fields.get(CIVITAI, "")
    if has_too_many_values(listed):
        return
    try:
        given = json.loads(listed)
    except (ValueError, RecursionError):
        return
    if not isinstance(given, list):
        return
    extras[CIVITAI] = given
    used = [each for each in given[:MAX_LORAS] if isinstance(each, Mapping) and text(each.get("modelName"))]
    for each in used:
        if each.get("type") == "checkpoint" and not values.get("model"):
            values["model"] = text(each.get("modelName"))
    if not values.get("loras"):
        values["loras"] = tuple(
            Lora(name=text(each.get("modelName")), weight=number(each.get("weight", 1), whole=False), hash=None)
            for each in used
            if str(each.get("type")).lower() in _LORAS
        )
