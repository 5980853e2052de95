"""Infotext of AUTOMATIC1111's WebUI and its relatives: read as the WebUI itself reads it, and written.

Source: `modules/infotext_utils.py` of AUTOMATIC1111's WebUI 1.10.1 (`parse_generation_parameters`, `quote`). The fields
are those of the WebUI's own reader without the defaults that it adds; a test compares the two in a real WebUI. Its
regular expression takes quadratic time on hostile lines; the scanner here finds the same in linear time.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .civitai import CIVITAI, add_resources
from .generation import NUMBERS, Generation, file_name, make, number, plain_value, without_ending
from .limits import read_object
from .lora_tags import loras_of
from .odd_forms import NEGATIVE, straightened
from .samplers import webui_sampler

_RUN = re.compile(r"([\w \-/]+)(:?)")
_WORD = re.compile(r"\w")
_SPACE = re.compile(r"\s*")
_QUOTE = re.compile(r'\\.|"')
_SIZE = re.compile(r"^(\d+)x(\d+)$")
_KEY = re.compile(r"\w[\w \-/]+")
_HYPERNET = re.compile(r"<hypernet:[^<>]{0,300}>\Z")
MAX_SETTINGS = 10_000
_OBJECT = json.JSONDecoder()


@dataclass(frozen=True)
class Infotext:
    """The parts of an infotext.

    Args:
        prompt, negative_prompt: with their lines.
        fields: the settings by name, in their order; sizes as two fields, `Size-1` and `Size-2`.
    """

    prompt: str
    negative_prompt: str
    fields: dict[str, str]


def settings_of(line: str) -> Iterator[tuple[str, str]]:
    r"""The `name: value` pairs of a settings line, quoted values with their quotes.

    They are those that `\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)` finds, one after another.
    """
    at = 0
    while (run := _RUN.search(line, at)) is not None:
        at = run.end()
        begins = _WORD.search(run[1])
        name = run[1][begins.start() :] if begins else ""
        if not run[2] or len(name) < 2:
            continue
        start = _SPACE.match(line, at).end()  # type: ignore[union-attr]
        end = _quoted_end(line, start) or _object_end(line, start)
        if end is None:
            comma = line.find(",", start)
            end = comma if comma >= 0 else len(line)
        yield name, line[start:end]
        at = end + 1


def _quoted_end(line: str, start: int) -> int | None:
    """Where a quoted value ends, if one stands here and a comma or the line's end follows."""
    if not line.startswith('"', start):
        return None
    for found in _QUOTE.finditer(line, start + 1):
        if found[0] == '"':
            end = found.end()
            return end if end - start > 2 and line[end : end + 1] in {"", ","} else None
    return None


def _object_end(line: str, start: int) -> int | None:
    """Where bare JSON ends, as in `Hashes: {"vae": ...}` or Civitai's lists, if a comma or the line's end follows."""
    if not line.startswith(('{"', '[{"', '["'), start):
        return None
    try:
        end = _OBJECT.raw_decode(line, start)[1]
    except (ValueError, RecursionError):
        return None
    return end if line[end : end + 1] in {"", ","} else None


def unquoted(value: str) -> str:
    """A value without its quotes; as it is where it has none, or is not the JSON that they promise."""
    if len(value) < 1 or value[0] != '"' or value[-1] != '"':
        return value
    try:
        return str(json.loads(value))
    except ValueError:
        return value


def quoted(value: str) -> str:
    """A value as it can stand in a settings line."""
    if value and not any(each in value for each in ',\n:"') and value == value.strip():
        return value
    return json.dumps(value, ensure_ascii=False)


def is_infotext(text: str) -> bool:
    """Whether a text has a settings line, as against a plain comment."""
    last = in_webui_form(text).rsplit("\n", 1)[-1]
    return _count(last) == 3 or (last.startswith("Steps:") and "," in last)


def in_webui_form(text: str) -> str:
    """An infotext with its settings on the last line, wherever they stand in it."""
    return straightened(text, _count)


def _count(line: str) -> int:
    """How many settings a line has; 3 stands for more as well."""
    return sum(1 for _ in zip(settings_of(line), range(3), strict=False))


def parse(text: str) -> Infotext:
    """Read an infotext; one without settings is a prompt."""
    *lines, last = text.strip().split("\n")
    if _count(last) < 3:
        lines.append(last)
        last = ""
    prompt: list[str] = []
    negative: list[str] = []
    target = prompt
    for each in lines:
        line = each.strip()
        if line.startswith(NEGATIVE):
            target = negative
            line = line[len(NEGATIVE) :].strip()
        # the first lines of each part are its beginning only once one of them is not empty
        if line or target:
            target.append(line)
    fields: dict[str, str] = {}
    for name, raw in islice(settings_of(last), MAX_SETTINGS):
        if not raw:
            continue
        value = unquoted(raw)
        size = _SIZE.match(value.replace(" ", "") if name.casefold() == "size" else value)
        if size:
            fields[f"{name}-1"], fields[f"{name}-2"] = size[1], size[2]
        else:
            fields[name] = value
    _restore_first_pass(fields)
    positive = "\n".join(prompt)
    if "Hypernet" in fields:
        positive += f"<hypernet:{fields['Hypernet']}:{fields.get('Hypernet strength', '1.0')}>"
    return Infotext(positive, "\n".join(negative), fields)


def _restore_first_pass(fields: dict[str, str]) -> None:
    """Before 1.0, Size was that of the second pass, and the first pass had a field of its own."""
    first = [number(fields.get(f"First pass size-{n}"), whole=True) for n in (1, 2)]
    size = [number(fields.get(f"Size-{n}", "512"), whole=True) for n in (1, 2)]
    if None in first or None in size or "First pass size-1" not in fields:
        return
    if 0 in first:
        if not all(size):
            return
        scale = math.sqrt(512 * 512 / (size[0] * size[1]))
        first = [math.ceil(scale * each / 64) * 64 for each in size]
    for n in (1, 2):
        fields[f"Size-{n}"], fields[f"Hires resize-{n}"] = str(first[n - 1]), str(size[n - 1])


FIELDS = {
    "Steps": "steps",
    "Sampler": "sampler",
    "Schedule type": "scheduler",
    "CFG scale": "cfg_scale",
    "Seed": "seed",
    "Size-1": "width",
    "Size-2": "height",
    "Model hash": "model_hash",
    "Model": "model",
    "VAE": "vae",
    "Denoising strength": "denoising_strength",
    "Clip skip": "clip_skip",
    "Hires upscale": "hires_upscale",
    "Hires steps": "hires_steps",
    "Hires upscaler": "hires_upscaler",
    "Hires resize-1": "hires_width",
    "Hires resize-2": "hires_height",
}


_ANY_CASE = {name.casefold(): name for name in FIELDS}


def tool_of(fields: Mapping[str, str]) -> str:
    """Which of the WebUI's relatives wrote an infotext, by what it says of its version."""
    version, app = fields.get("Version", ""), fields.get("App", "")
    if app == "SD.Next":
        return "SD.Next"
    for sign, tool in (("Fooocus", "Fooocus"), ("ComfyUI", "ComfyUI"), ("Civitai", "Civitai"), ("neo", "Forge Neo")):
        if version.startswith(sign):
            return tool
    if CIVITAI in fields:
        return "Civitai"
    return "Forge" if re.match(r"f\d", version) else "AUTOMATIC1111"


def read(text: str, tool: str = "") -> Generation:
    """An infotext as a record; settings without a field of their own are its extras, in their order."""
    parts = parse(in_webui_form(text))
    values: dict[str, Any] = {"prompt": parts.prompt, "negative_prompt": parts.negative_prompt}
    extras: dict[str, Any] = {}
    for name, value in parts.fields.items():
        known = name if name in FIELDS else _ANY_CASE.get(name.casefold(), name)
        field = FIELDS.get(known) if known == name or known not in parts.fields else None
        if field is None or (field in NUMBERS and number(value, whole=NUMBERS[field] is int) is None):
            extras[name] = value
        else:
            values[field] = value
    values["loras"] = loras_of(parts.prompt, parts.fields)
    hashes = read_object(parts.fields.get("Hashes"))
    if hashes:
        extras["Hashes"] = hashes
    add_resources(parts.fields, values, extras)
    return make(tool or tool_of(parts.fields), values, extras)


def _shown(value: Any) -> str:
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return "" if value is None else str(value)


def write(made: Generation) -> str:
    """A record as an infotext that the WebUI's paste reads, whatever tool made it.

    Samplers and schedules get the WebUI's names, LoRAs that only the tool's fields name get into the prompt, and what
    the infotext's form cannot hold (names with other signs, empty values) is left out.
    """
    # the WebUI's reader appends a hypernetwork to the prompt, and would do it again
    prompt = _HYPERNET.sub("", made.prompt) if "Hypernet" in made.extras else made.prompt
    lines = [prompt + _lora_tags(made)] if prompt or made.loras else []
    if made.negative_prompt:
        lines.append(f"{NEGATIVE} {made.negative_prompt}")
    settings = _settings(made)
    if settings or lines:
        # the WebUI takes a line of fewer than three settings for a part of the prompt; these are its defaults
        for name, value in (("Clip skip", "1"), ("RNG", "GPU"), ("VAE Decoder", "Full")):
            if len(settings) < 3:
                settings.setdefault(name, value)
        lines.append(", ".join(f"{name}: {quoted(value)}" for name, value in settings.items()))
    return "\n".join(lines)


def _lora_tags(made: Generation) -> str:
    named = {each.name for each in loras_of(made.prompt, {})}
    missing = [each for each in made.loras if each.name not in named and without_ending(each.name) not in named]
    weights = [_shown(1.0 if each.weight is None else each.weight) for each in missing]
    tags = [f"<lora:{without_ending(each.name)}:{weight}>" for each, weight in zip(missing, weights, strict=True)]
    return "".join(f" {each}" for each in tags)


def _settings(made: Generation) -> dict[str, str]:
    own = {name: _shown(getattr(made, field)) for name, field in FIELDS.items()}
    extras = {name: _extra(value) for name, value in made.extras.items()}
    if made.tool not in WEBUIS:
        own["Sampler"], own["Schedule type"] = webui_sampler(made.sampler, made.scheduler)
        own["Model"], own["VAE"] = without_ending(made.model), file_name(made.vae)
        extras = {_as_key(name): value for name, value in extras.items() if value}
    merged = {name: value for name, value in own.items() if value}
    merged |= {name: value for name, value in extras.items() if name not in merged and _KEY.fullmatch(name)}
    return _joined_sizes(merged)


WEBUIS = frozenset({"AUTOMATIC1111", "Forge", "Forge Neo", "SD.Next", "Civitai"})


def _extra(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(plain_value(value), ensure_ascii=False)
    return "" if value is None else str(value)


def _as_key(name: str) -> str:
    """A name with what an infotext's names may hold."""
    kept = re.sub(r"[^\w \-/]+", " ", name.replace("_", " ")).strip(" -/")
    return kept[:1].upper() + kept[1:]


def _joined_sizes(settings: dict[str, str]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in settings.items():
        stem, other = name[:-2], settings.get(f"{name[:-2]}-2")
        if name.endswith("-1") and other is not None and value.isdecimal() and other.isdecimal() and len(stem) > 1:
            joined[stem] = f"{value}x{other}"
        elif not (name.endswith("-2") and name[:-2] in joined):
            joined[name] = value
    return joined
