"""The LoRAs that a prompt asks for, as the WebUI reads them: `<lora:name:1>`, `<lora:name:te:unet>`.

Source: A1111 1.10.1, `modules/extra_networks.py` (`parse_prompt`) and
`extensions-builtin/Lora/extra_networks_lora.py` (`activate`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from lib_bootcamp.errors import InvalidParamError

MAX_TAGS = 100
_OPENING = re.compile(r"<(?:lora|lyco):(?!>)")
_NO_SIGNS = str.maketrans("", "", ":,")


@dataclass(frozen=True)
class LoraTag:
    """One LoRA of a prompt.

    Args:
        name: of its file without the ending, or what the file itself states as its name.
        text: weight on the text encoders.
        unet: weight on the UNet.
    """

    name: str
    text: float = 1.0
    unet: float = 1.0


def split_prompt(prompt: str, param: str = "prompt") -> tuple[str, tuple[LoraTag, ...]]:
    """A prompt without its LoRAs, and the LoRAs, each as often as it stands there.

    Args:
        prompt: as it was given.
        param: the parameter it came from, for mistakes.
    Raises:
        InvalidParamError: a tag has no name or a weight that is no number, or there are too many.
    """
    rest, inner = _taken_apart(prompt)
    tags = tuple(_tag(each, param) for each in inner)
    if len(tags) > MAX_TAGS:
        raise InvalidParamError(param, f"names {len(tags)} LoRAs, and {MAX_TAGS} are the most")
    return rest.strip() if tags else prompt, tags


def _taken_apart(prompt: str) -> tuple[str, list[str]]:
    """A prompt without its tags, and what stands in each.

    The end is looked for once: an expression with the end in it reads the rest of the prompt for each tag without one.
    """
    kept, inner, at = [], [], 0
    while (opening := _OPENING.search(prompt, at)) is not None:
        end = prompt.find(">", opening.end())
        if end < 0:
            break
        kept.append(prompt[at : opening.start()])
        inner.append(prompt[opening.end() : end])
        at = end + 1
    return "".join((*kept, prompt[at:])), inner


def _tag(inner: str, param: str) -> LoraTag:
    parts = [each.strip() for each in inner.split(":")]
    named = dict(each.split("=", 1) for each in parts if "=" in each)
    name, *weights = [each for each in parts if "=" not in each] or [""]
    if not name:
        raise InvalidParamError(param, f"has <lora:{inner[:60]}> without a name", hint="write <lora:NAME:1>")
    unknown = sorted(named.keys() - {"te", "unet"})
    if unknown or len(weights) > 2:
        what = unknown[0] if unknown else weights[2]
        raise InvalidParamError(
            param, f"has {what[:40]!r} in the tag of the LoRA {name[:60]}", hint="write <lora:NAME:TEXT:UNET>"
        )
    text = _weight(named.get("te", weights[0] if weights else "1"), name, param)
    unet = named.get("unet", weights[1] if len(weights) > 1 else None)
    return LoraTag(name, text, text if unet is None else _weight(unet, name, param))


def _weight(given: str, name: str, param: str) -> float:
    try:
        weight = float(given)
    except ValueError:
        weight = math.nan
    if not math.isfinite(weight):
        raise InvalidParamError(
            param,
            f"gives the LoRA {name[:60]} the weight {given[:40]!r}, which is no number",
            hint="write <lora:NAME:1>",
        )
    return weight


def hashes_text(found: Iterable[tuple[str, str]]) -> str:
    """`name: 12 digits, …`, as the WebUI writes `Lora hashes` and `TI hashes`; names without what parts them.

    Args:
        found: names and hashes; of one name the last.
    """
    return ", ".join(
        f"{name}: {digits}" for name, digits in {name.translate(_NO_SIGNS): digits for name, digits in found}.items()
    )
