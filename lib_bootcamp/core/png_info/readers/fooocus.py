"""Fooocus' own scheme, and RuinedFooocus'."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info import infotext
from lib_bootcamp.core.png_info.generation import Generation, Lora, file_name, make, number, text
from lib_bootcamp.core.png_info.limits import read_object

from .tool_fields import Texts, items, json_of, renamed, rest, size_of

_RUINED = {
    "Prompt": "prompt",
    "Negative": "negative_prompt",
    "steps": "steps",
    "sampler_name": "sampler",
    "scheduler": "scheduler",
    "cfg": "cfg_scale",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "clip_skip": "clip_skip",
    "base_model_name": "model",
    "base_model_hash": "model_hash",
}


def read_ruined_fooocus(texts: Texts) -> Generation | None:
    """RuinedFooocus: JSON that names it under `software`, in some versions as a text within the JSON."""
    given = json_of(texts, "parameters", "UserComment")
    if not given and texts.get("parameters", "").startswith('"{'):
        given = read_object(infotext.unquoted(texts["parameters"]))
    if given.get("software") != "RuinedFooocus":
        return None
    values = renamed(given, _RUINED)
    values["loras"] = [found for each in items(given.get("loras")) if (found := _ruined_lora(each))]
    return make("RuinedFooocus", values, rest(given, {*_RUINED, "loras", "software"}))


def _ruined_lora(given: Any) -> Lora | None:
    """`{"name": ..., "weight": ...}`, or `[hash, "0.50 - name"]`."""
    if isinstance(given, Mapping):
        name, weight, digest = text(given.get("name")), given.get("weight"), text(given.get("hash"))
    elif isinstance(given, list) and len(given) >= 2:
        weight, _, name = text(given[1]).partition(" - ")
        digest = text(given[0])
    else:
        return None
    found = Lora(name=file_name(name), weight=number(weight, whole=False), hash=digest or None)
    return found if found.name not in {"", "None"} else None


_FOOOCUS = {
    "prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "steps": "steps",
    "sampler": "sampler",
    "scheduler": "scheduler",
    "guidance_scale": "cfg_scale",
    "seed": "seed",
    "base_model": "model",
    "base_model_hash": "model_hash",
    "vae": "vae",
    "clip_skip": "clip_skip",
}


def read_fooocus(texts: Texts) -> Generation | None:
    """Fooocus' own scheme (JSON); its other scheme is the WebUI's infotext with Fooocus as its version."""
    given = json_of(texts, "parameters", "UserComment")
    if not {"base_model", "full_prompt", "metadata_scheme"} & given.keys():
        return None
    values = renamed(given, _FOOOCUS) | size_of(given.get("resolution"), ",")
    loras = [each for each in items(given.get("loras")) if isinstance(each, list) and len(each) >= 2]
    made = [
        Lora(name=text(each[0]), weight=number(each[1], whole=False), hash=text((*each, "")[2]) or None)
        for each in loras
    ]
    combined = [value for name, value in given.items() if name.startswith("lora_combined_")]
    if not made:
        parts = [text(each).rpartition(" : ") for each in combined[:100]]
        made = [Lora(name=name, weight=number(weight, whole=False)) for name, _, weight in parts if name]
    values["loras"] = [each for each in made if each.name not in {"", "None"}]
    used = {*_FOOOCUS, "resolution", "loras", *(name for name in given if name.startswith("lora_combined_"))}
    return make("Fooocus", values, rest(given, used))
