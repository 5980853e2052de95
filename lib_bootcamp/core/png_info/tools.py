"""The formats of tools that write JSON or texts of their own: each takes a file's texts and gives a record or None."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from . import infotext
from .generation import Generation, Lora, file_name, make, number, text, without_ending
from .limits import read_object

Texts = Mapping[str, str]


def _rest(given: Mapping[str, Any], used: set[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in used and value not in (None, "", [], {})}


def _renamed(given: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: given[name] for name, field in names.items() if name in given}


def _json_of(texts: Texts, *names: str) -> dict[str, Any]:
    return next((found for name in names if (found := read_object(texts.get(name)))), {})


def _size(given: Any, separator: str = "x") -> dict[str, Any]:
    parts = re.findall(r"\d{1,6}", text(given)[:40]) if separator in text(given) else []
    return {"width": parts[0], "height": parts[1]} if len(parts) == 2 else {}


def _items(value: Any) -> list[Any]:
    return value[:100] if isinstance(value, list) else []


# InvokeAI: `invokeai_metadata` since 3, `sd-metadata` in 2, `Dream` (a command line) before.
_INVOKE = {
    "positive_prompt": "prompt",
    "negative_prompt": "negative_prompt",
    "steps": "steps",
    "scheduler": "sampler",
    "cfg_scale": "cfg_scale",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "clip_skip": "clip_skip",
    "strength": "denoising_strength",
}


def read_invokeai(texts: Texts) -> Generation | None:
    """InvokeAI 3 to 5, else 2, else 1."""
    given = _json_of(texts, "invokeai_metadata")
    if not given:
        return _invoke_2(texts) or _dream(texts)
    values = _renamed(given, _INVOKE)
    model = given.get("model")
    model = model if isinstance(model, Mapping) else {"name": model}
    values["model"] = text(model.get("name", model.get("model_name")))
    values["model_hash"] = text(model.get("hash")) or None
    vae = given.get("vae")
    values["vae"] = text(vae.get("name", vae.get("model_name"))) if isinstance(vae, Mapping) else text(vae)
    values["loras"] = [found for each in _items(given.get("loras")) if (found := _invoke_lora(each))]
    if number(values.get("clip_skip"), whole=True) is not None:
        values["clip_skip"] = number(values["clip_skip"], whole=True) + 1  # InvokeAI counts the layers left out
    return make("InvokeAI", values, _rest(given, {*_INVOKE, "model", "vae", "loras"}))


def _invoke_lora(given: Any) -> Lora | None:
    if not isinstance(given, Mapping):
        return None
    model = given.get("model", given.get("lora"))
    model = model if isinstance(model, Mapping) else {}
    name = text(model.get("name", model.get("model_name")))
    return (
        Lora(name=name, weight=number(given.get("weight"), whole=False), hash=text(model.get("hash")) or None)
        if name
        else None
    )


def _invoke_2(texts: Texts) -> Generation | None:
    given = _json_of(texts, "sd-metadata")
    picture = given.get("image")
    if not isinstance(picture, Mapping):
        return None
    prompts = picture.get("prompt")
    said = [text(each.get("prompt") if isinstance(each, Mapping) else each) for each in _items(prompts)] or [
        text(prompts)
    ]
    positive, negative = _bracketed("\n".join(said))
    values = {**_renamed(picture, {**_INVOKE, "sampler": "sampler"}), "prompt": positive, "negative_prompt": negative}
    values |= {"model": given.get("model_weights"), "model_hash": given.get("model_hash")}
    more = _rest(given, {"image", "model_weights", "model_hash"}) | _rest(picture, {*_INVOKE, "prompt", "sampler"})
    return make("InvokeAI", values, more)


def _bracketed(said: str) -> tuple[str, str]:
    """InvokeAI before 3 puts what a picture must not show into square brackets."""
    negative = re.findall(r"\[([^\[\]]*)\]", said)
    positive = re.sub(r"\[[^\[\]]*\]", "", said)
    return positive.strip(" ,"), ", ".join(each.strip() for each in negative if each.strip())


_OPTION = re.compile(r"--([A-Za-z][\w-]*)(?:=(\S*))?|-([A-Za-z]\S*)")
# options of more than one letter after one dash: `args.py` of InvokeAI 2
_LONG = frozenset({"cf", "ft", "nf", "tm", "sh", "hires", "seamless"})
_DREAM = {
    "s": "steps",
    "S": "seed",
    "W": "width",
    "H": "height",
    "C": "cfg_scale",
    "A": "sampler",
    "f": "denoising_strength",
}


def _dream(texts: Texts) -> Generation | None:
    said = texts.get("Dream") or texts.get("dream")
    if not said:
        return None
    start, end = said.find('"'), said.rfind('"')
    if not 0 <= start < end:
        return None
    positive, negative = _bracketed(said[start + 1 : end])
    flags = _options(said[end + 1 :][:10_000].split())
    values = {"prompt": positive, "negative_prompt": negative, **_renamed(flags, _DREAM)}
    return make("InvokeAI", values, {name: value for name, value in flags.items() if name not in _DREAM})


def _options(parts: list[str]) -> dict[str, str | bool]:
    """A command line's options: `-s 50`, `-s50`, `-cf 0.75`, `-U 4 0.95`, `--threshold=0.2`, `--seamless`."""
    found: dict[str, str | bool] = {}
    name = ""
    for at, part in enumerate(parts):
        option = _OPTION.fullmatch(part)
        if option is None:
            if name:
                said = found[name]
                found[name] = part if said is True else f"{said} {part}"
            continue
        follows = at + 1 < len(parts) and not _OPTION.fullmatch(parts[at + 1])
        if option[1]:
            name, value = option[1], option[2]
        elif option[3].isalpha() and (len(option[3]) == 1 or follows or option[3] in _LONG):
            name, value = option[3], None
        else:  # the short form has no space between name and value
            name, value = option[3][0], option[3][1:].removeprefix("=")
        found[name] = True if value is None else value
    return found


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
    given = _json_of(texts, "Comment", "UserComment")
    said = texts.get("Software", "").startswith("NovelAI") or "NovelAI" in texts.get("Title", "")
    if not given or not (said or ("uc" in given and "scale" in given)):
        return None
    values = _renamed(given, _NOVEL)
    if number(values.get("denoising_strength"), whole=False) == 1:
        del values["denoising_strength"]  # what text to image has
    values["prompt"] = _caption(given.get("v4_prompt")) or texts.get("Description") or text(given.get("prompt"))
    values["negative_prompt"] = _caption(given.get("v4_negative_prompt")) or text(given.get("uc"))
    source = re.fullmatch(r"(.*?)\s+([0-9A-F]{6,16})", texts.get("Source", "").strip()[:200])
    values["model"], values["model_hash"] = source.groups() if source else (texts.get("Source"), None)
    return make(
        "NovelAI", values, _rest(given, {*_NOVEL, "prompt", "uc", "v4_prompt", "v4_negative_prompt", "signed_hash"})
    )


def _caption(given: Any) -> str:
    """The prompt of NovelAI 4: the scene, then a line for each person."""
    caption = given.get("caption") if isinstance(given, Mapping) else None
    if not isinstance(caption, Mapping):
        return ""
    people = [
        text(each.get("char_caption")) for each in _items(caption.get("char_captions")) if isinstance(each, Mapping)
    ]
    return "\n".join(each for each in (text(caption.get("base_caption")), *people) if each)


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
    given = _json_of(texts, "parameters", "UserComment")
    if not given and texts.get("parameters", "").startswith('"{'):
        given = read_object(infotext.unquoted(texts["parameters"]))
    if given.get("software") != "RuinedFooocus":
        return None
    values = _renamed(given, _RUINED)
    values["loras"] = [found for each in _items(given.get("loras")) if (found := _ruined_lora(each))]
    return make("RuinedFooocus", values, _rest(given, {*_RUINED, "loras", "software"}))


def _ruined_lora(given: Any) -> Lora | None:
    """`{"name": ..., "weight": ...}`, or `[hash, "0.50 - name"]`."""
    if isinstance(given, Mapping):
        name, weight, said = text(given.get("name")), given.get("weight"), text(given.get("hash"))
    elif isinstance(given, list) and len(given) >= 2:
        weight, _, name = text(given[1]).partition(" - ")
        said = text(given[0])
    else:
        return None
    found = Lora(name=file_name(name), weight=number(weight, whole=False), hash=said or None)
    return found if found.name not in {"", "None"} else None


def read_fooocus(texts: Texts) -> Generation | None:
    """Fooocus' own scheme (JSON); its other scheme is the WebUI's infotext with Fooocus as its version."""
    given = _json_of(texts, "parameters", "UserComment")
    if not {"base_model", "full_prompt", "metadata_scheme"} & given.keys():
        return None
    values = _renamed(given, _FOOOCUS) | _size(given.get("resolution"), ",")
    loras = [each for each in _items(given.get("loras")) if isinstance(each, list) and len(each) >= 2]
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
    return make("Fooocus", values, _rest(given, used))


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
    whole = _json_of(texts, "parameters", "UserComment")
    given = whole.get("sui_image_params")
    if not isinstance(given, Mapping):
        return None
    values = _renamed(given, _SWARM)
    skipped = number(given.get("clipstopatlayer"), whole=True)
    if skipped is not None and skipped < 0:
        values["clip_skip"] = -skipped
    hashes = {}
    for each in _items(whole.get("sui_models")):
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
    return make("SwarmUI", values, _rest(given, used) | (_rest(extra, set()) if isinstance(extra, Mapping) else {}))


def _listed(value: Any) -> list[Any]:
    """A list, or the parts of a text with commas, which older versions write."""
    return text(value)[:10_000].split(",")[:100] if isinstance(value, str) and value else _items(value)


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
    given = _json_of(texts, "XMP UserComment")
    if not given:
        return _draw_things_lines(texts.get("XMP description", ""))
    values = _renamed(given, _DRAW_THINGS) | _size(given.get("size"))
    if number(given.get("strength"), whole=False) not in (None, 1):
        values["denoising_strength"] = given["strength"]
    more = given.get("v2")
    loras = _items(given.get("lora")) or (_items(more.get("loras")) if isinstance(more, Mapping) else [])
    values["loras"] = [
        Lora(name=file_name(each.get("file", each.get("model"))), weight=number(each.get("weight"), whole=False))
        for each in loras
        if isinstance(each, Mapping) and file_name(each.get("file", each.get("model")))
    ]
    skipped = more.get("clipSkip") if isinstance(more, Mapping) else None
    values["clip_skip"] = number(skipped, whole=True)
    return make("Draw Things", values, _rest(given, {*_DRAW_THINGS, "size", "strength", "lora"}))


def _draw_things_lines(said: str) -> Generation:
    """Prompt, a line that begins with a minus, settings: the infotext's form but for the second."""
    lines = ["Negative prompt: " + each[1:] if each.startswith("-") else each for each in said.split("\n")]
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
        given = _json_of(texts, "UserComment", "parameters")
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
    return make("Easy Diffusion", values, _rest(given, used))


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
