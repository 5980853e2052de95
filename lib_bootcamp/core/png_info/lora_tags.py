"""The LoRAs that a prompt names in tags, `<lora:name:weight>`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from .generation import Lora, number
from .limits import read_object

MAX_LORAS = 100
LORA_TAG = re.compile(r"<(?:lora|lyco):([^:<>]{1,200})((?::[^<>]{0,200})?)>")


def loras_of(prompt: str, fields: Mapping[str, str]) -> tuple[Lora, ...]:
    """The LoRAs that a prompt names, each once, with the hashes from `Lora hashes` or `Hashes`."""
    hashes: dict[str, str | None] = {}
    for name, value in islice(read_object(fields.get("Hashes")).items(), MAX_LORAS * 2):
        if name.lower().startswith("lora:") and isinstance(value, str):
            hashes[name[5:].strip()] = value
    for part in fields.get("Lora hashes", "").split(",")[: MAX_LORAS * 2]:
        name, _, value = part.rpartition(":")
        hashes[name.strip()] = value.strip() or None
    found: dict[str, Lora] = {}
    for each in LORA_TAG.finditer(prompt):
        if len(found) < MAX_LORAS:
            name = each[1].strip()
            found.setdefault(name, Lora(name=name, weight=_unet_weight(each[2]), hash=hashes.get(name)))
    return tuple(found.values())


def _unet_weight(given: str) -> float | None:
    """The weight on the model of `:0.5`, `:0.5:0.7` (text encoder, model) or `:te=0.5:unet=0.7`; 1 where none is given.

    Source: `extra_networks_lora.py` of the WebUI's built-in extension.
    """
    parts = [each.strip() for each in given.split(":")[1:]]
    named = dict(each.split("=", 1) for each in parts if "=" in each)
    plain = [each for each in parts if "=" not in each]
    weight = named.get("unet") or "".join(plain[1:2]) or named.get("te") or "".join(plain[:1]) or "1"
    return number(weight, whole=False)  # type: ignore[no-any-return]
