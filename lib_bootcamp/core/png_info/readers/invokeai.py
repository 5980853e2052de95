"""InvokeAI: `invokeai_metadata` since 3, `sd-metadata` in 2, `Dream` (a command line) before."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lib_bootcamp.core.png_info.generation import Generation, Lora, make, number, text

from .tool_fields import Texts, items, json_of, renamed, rest

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
    given = json_of(texts, "invokeai_metadata")
    if not given:
        return _invoke_2(texts) or _dream(texts)
    values = renamed(given, _INVOKE)
    model = given.get("model")
    model = model if isinstance(model, Mapping) else {"name": model}
    values["model"] = text(model.get("name", model.get("model_name")))
    values["model_hash"] = text(model.get("hash")) or None
    vae = given.get("vae")
    values["vae"] = text(vae.get("name", vae.get("model_name"))) if isinstance(vae, Mapping) else text(vae)
    values["loras"] = [found for each in items(given.get("loras")) if (found := _invoke_lora(each))]
    if number(values.get("clip_skip"), whole=True) is not None:
        values["clip_skip"] = number(values["clip_skip"], whole=True) + 1  # InvokeAI counts the layers left out
    return make("InvokeAI", values, rest(given, {*_INVOKE, "model", "vae", "loras"}))


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
    given = json_of(texts, "sd-metadata")
    picture = given.get("image")
    if not isinstance(picture, Mapping):
        return None
    prompts = picture.get("prompt")
    typed = [text(each.get("prompt") if isinstance(each, Mapping) else each) for each in items(prompts)] or [
        text(prompts)
    ]
    positive, negative = _bracketed("\n".join(typed))
    values = {**renamed(picture, {**_INVOKE, "sampler": "sampler"}), "prompt": positive, "negative_prompt": negative}
    values |= {"model": given.get("model_weights"), "model_hash": given.get("model_hash")}
    more = rest(given, {"image", "model_weights", "model_hash"}) | rest(picture, {*_INVOKE, "prompt", "sampler"})
    return make("InvokeAI", values, more)


def _bracketed(prompt: str) -> tuple[str, str]:
    """InvokeAI before 3 puts what a picture must not show into square brackets."""
    negative = re.findall(r"\[([^\[\]]*)\]", prompt)
    positive = re.sub(r"\[[^\[\]]*\]", "", prompt)
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
    "cfg_scale": "cfg_scale",
    "steps": "steps",
    "seed": "seed",
    "width": "width",
    "height": "height",
    "sampler": "sampler",
    "strength": "denoising_strength",
}
# the quote that ends the prompt: options, which may be quoted too, or nothing follows
_PROMPT = re.compile(r'\s*"((?:\\.|[^\\])*?)"(?=\s+--?[A-Za-z]|\s*\Z)', re.DOTALL)
_FIRST_OPTION = re.compile(r"\s(?=-[A-Za-z]|--[A-Za-z])")


def _dream(texts: Texts) -> Generation | None:
    line = texts.get("Dream") or texts.get("dream")
    if not line:
        return None
    quoted = _PROMPT.match(line)
    words, options = (quoted[1], line[quoted.end() :]) if quoted else _unquoted(line)
    flags = _options(options[:10_000].split())
    if not quoted and not flags:
        return None
    positive, negative = _bracketed(words.replace('\\"', '"') if quoted else words)
    values = {"prompt": positive, "negative_prompt": negative, **renamed(flags, _DREAM)}
    return make("InvokeAI", values, {name: value for name, value in flags.items() if name not in _DREAM})


def _unquoted(line: str) -> tuple[str, str]:
    """The words and the options of a line that was typed without quotes."""
    words, *options = _FIRST_OPTION.split(line, maxsplit=1)
    return words.strip(), "".join(options)


def _options(parts: list[str]) -> dict[str, str | bool]:
    """A command line's options: `-s 50`, `-s50`, `-cf 0.75`, `-U 4 0.95`, `--threshold=0.2`, `--seamless`."""
    found: dict[str, str | bool] = {}
    name = ""
    for at, part in enumerate(parts):
        option = _OPTION.fullmatch(part)
        if option is None:
            if name:
                before = found[name]
                found[name] = part if before is True else f"{before} {part}"
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
