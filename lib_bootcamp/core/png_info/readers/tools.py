"""The formats of tools that write JSON or texts of their own: each takes a file's texts and gives a record or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lib_bootcamp.core.png_info import infotext
from lib_bootcamp.core.png_info.generation import Generation, Lora, file_name, make, number, text, without_ending

from .fooocus import read_fooocus, read_ruined_fooocus
from .invokeai import read_invokeai
from .tool_fields import Texts, items, json_of, renamed, rest, size_of

_NOVEL = {
    "steps": "steps",
    "sampler": "sampler",
    "noise_schedule": "scheduler",
    "scale": "cfg_scale",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "strength": "denoising_strength",
}


def read_novelai(texts: Texts) -> Generation | None:
    """NovelAI: `Comment` holds JSON, `Description` the prompt, `Source` model and hash."""
    given = json_of(texts, "Comment", "UserComment")
    is_novelai = texts.get("Software", "").startswith("NovelAI") or "NovelAI" in texts.get("Title", "")
    if not given or not (is_novelai or ("uc" in given and "scale" in given)):
        return None
    values = renamed(given, _NOVEL)
    if number(values.get("denoising_strength"), whole=False) == 1:
        del values["denoising_strength"]  # what text to image has
    values["prompt"] = _caption(given.get("v4_prompt")) or texts.get("Description") or text(given.get("prompt"))
    values["negative_prompt"] = _caption(given.get("v4_negative_prompt")) or text(given.get("uc"))
    source = re.fullmatch(r"(.*?)\s+([0-9A-F]{6,16})", texts.get("Source", "").strip()[:200])
    values["model"], values["model_hash"] = source.groups() if source else (texts.get("Source"), None)
    return make(
        "NovelAI", values, rest(given, {*_NOVEL, "prompt", "uc", "v4_prompt", "v4_negative_prompt", "signed_hash"})
    )


def _caption(given: Any) -> str:
    """The prompt of NovelAI 4: the scene, then a line for each person."""
    caption = given.get("caption") if isinstance(given, Mapping) else None
    if not isinstance(caption, Mapping):
        return ""
    people = [
        text(each.get("char_caption")) for each in items(caption.get("char_captions")) if isinstance(each, Mapping)
    ]
    return "\n".join(each for each in (text(caption.get("base_caption")), *people) if each)


_SWARM = {
    "prompt": "prompt",
    "negativeprompt": "negative_prompt",
    "steps": "steps",
    "sampler": "sampler",
    "scheduler": "scheduler",
    "cfgscale": "cfg_scale",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "model": "model",
    "vae": "vae",
    "refinerupscale": "hires_upscale",
    "refinersteps": "hires_steps",
    "refinerupscalemethod": "hires_upscaler",
    "refinercontrolpercentage": "denoising_strength",
    "initimagecreativity": "denoising_strength",
}


def read_swarmui(texts: Texts) -> Generation | None:
    """SwarmUI: JSON with `sui_image_params`."""
    whole = json_of(texts, "parameters", "UserComment")
    given = whole.get("sui_image_params")
    if not isinstance(given, Mapping):
        return None
    values = renamed(given, _SWARM)
    skipped = number(given.get("clipstopatlayer"), whole=True)
    if skipped is not None and skipped < 0:
        values["clip_skip"] = -skipped
    hashes = {}
    for each in items(whole.get("sui_models")):
        if isinstance(each, Mapping):
            hashes[without_ending(each.get("name"))] = text(each.get("hash")).removeprefix("0x") or None
    values["model_hash"] = hashes.get(without_ending(given.get("model")))
    names, weights = _listed(given.get("loras")), _listed(given.get("loraweights"))
    weights += [None] * (len(names) - len(weights))
    values["loras"] = [
        Lora(name=text(name), weight=number(weight, whole=False), hash=hashes.get(without_ending(name)))
        for name, weight in zip(names, weights, strict=False)
        if text(name)
    ]
    extra = whole.get("sui_extra_data")
    used = {*_SWARM, "loras", "loraweights", "clipstopatlayer"}
    return make("SwarmUI", values, rest(given, used) | (rest(extra, set()) if isinstance(extra, Mapping) else {}))


def _listed(value: Any) -> list[Any]:
    """A list, or the parts of a text with commas, which older versions write."""
    return text(value)[:10_000].split(",")[:100] if isinstance(value, str) and value else items(value)


_DRAW_THINGS = {
    "c": "prompt",
    "uc": "negative_prompt",
    "steps": "steps",
    "sampler": "sampler",
    "scale": "cfg_scale",
    "seed": "seed",
    "model": "model",
}


def read_draw_things(texts: Texts) -> Generation | None:
    """Draw Things: XMP with JSON in `exif:UserComment`, else the lines of its description."""
    if texts.get("XMP CreatorTool") != "Draw Things":
        return None
    given = json_of(texts, "XMP UserComment")
    if not given:
        return _draw_things_lines(texts.get("XMP description", ""))
    values = renamed(given, _DRAW_THINGS) | size_of(given.get("size"))
    if number(given.get("strength"), whole=False) not in (None, 1):
        values["denoising_strength"] = given["strength"]
    more = given.get("v2")
    loras = items(given.get("lora")) or (items(more.get("loras")) if isinstance(more, Mapping) else [])
    values["loras"] = [
        Lora(name=file_name(each.get("file", each.get("model"))), weight=number(each.get("weight"), whole=False))
        for each in loras
        if isinstance(each, Mapping) and file_name(each.get("file", each.get("model")))
    ]
    skipped = more.get("clipSkip") if isinstance(more, Mapping) else None
    values["clip_skip"] = number(skipped, whole=True)
    return make("Draw Things", values, rest(given, {*_DRAW_THINGS, "size", "strength", "lora"}))


def _draw_things_lines(raw: str) -> Generation:
    """Prompt, a line that begins with a minus, settings: the infotext's form but for the second."""
    lines = ["Negative prompt: " + each[1:] if each.startswith("-") else each for each in raw.split("\n")]
    return infotext.read("\n".join(lines).replace("Guidance Scale:", "CFG scale:"), "Draw Things")


_EASY = {
    ("prompt", "Prompt"): "prompt",
    ("negative_prompt", "Negative Prompt"): "negative_prompt",
    ("seed", "Seed"): "seed",
    ("num_inference_steps", "Steps"): "steps",
    ("sampler_name", "Sampler"): "sampler",
    ("scheduler_name", "Scheduler"): "scheduler",
    ("guidance_scale", "Guidance Scale"): "cfg_scale",
    ("width", "Width"): "width",
    ("height", "Height"): "height",
    ("use_stable_diffusion_model", "Stable Diffusion model"): "model",
    ("use_vae_model", "VAE model"): "vae",
    ("clip_skip", "Clip Skip"): "clip_skip",
    ("prompt_strength", "Prompt Strength"): "denoising_strength",
}


def read_easy_diffusion(texts: Texts) -> Generation | None:
    """Easy Diffusion: a PNG text for each setting, or one JSON object; names of the program's form or of its code."""
    given: Mapping[str, Any] = texts
    signs = {"use_stable_diffusion_model", "Stable Diffusion model", "num_inference_steps"}
    if not signs & texts.keys():
        given = json_of(texts, "UserComment", "parameters")
    if not signs & given.keys():
        return None
    values: dict[str, Any] = {}
    for names, field in _EASY.items():
        found = [given[name] for name in names if given.get(name) not in (None, "", "None")]
        if found:
            values[field] = found[0]
    skip = values.get("clip_skip")
    if isinstance(skip, bool) or text(skip) in {"True", "False"}:  # a switch here: the last layer but one
        values["clip_skip"] = 2 if text(skip) == "True" or skip is True else None
    for name in ("model", "vae"):
        values[name] = file_name(values.get(name))
    loras = _texts(given.get("use_lora_model", given.get("LoRA model")))
    weights = _texts(given.get("lora_alpha", given.get("LoRA Strength")))
    weights += [""] * (len(loras) - len(weights))
    values["loras"] = [
        Lora(name=file_name(name), weight=number(weight, whole=False))
        for name, weight in zip(loras, weights, strict=False)
    ]
    used = {name for names in _EASY for name in names} | {"use_lora_model", "LoRA model", "lora_alpha", "LoRA Strength"}
    return make("Easy Diffusion", values, rest(given, used))


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text(each) for each in value[:100] if text(each)]
    bare = text(value)[:10_000].strip("[]")
    return [part for each in bare.split(",")[:100] if (part := each.strip().strip("'\"")) and part != "None"]


READERS: tuple[Callable[[Texts], Generation | None], ...] = (
    read_swarmui,
    read_ruined_fooocus,
    read_fooocus,
    read_invokeai,
    read_novelai,
    read_draw_things,
    read_easy_diffusion,
)
