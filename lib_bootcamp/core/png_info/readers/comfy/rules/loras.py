"""A node's own LoRAs, in the many spellings of the node packs."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any

from lib_bootcamp.core.png_info.generation import Lora, file_name, number
from lib_bootcamp.core.png_info.lora_tags import LORA_TAG

from .graph import Node, link
from .rule import Answer, Of, given, named
from .values import Ask, Value, Want, as_text

MAX_STACK = 60
_NUMBER = re.compile(r"(?<!\d)\d{1,3}(?!\d)")
# the nth of a stack: `{}` is its number, `{:02}` with a zero before it; one alone has none
_NAMES = ("lora_name", "lora_name_{}", "lora_name{}", "lora_{}", "lora_{:02}", "lora_{}_name", "lora{}_name", "lora{}")
_ALONE = (*_NAMES, "lora")
_ON_MODEL = (
    "lora_model_strength", "strength_model", "model_strength", "model_weight", "weight_model",
    "model_str_{}", "model_weight_{}", "model_strength_{}", "strength_model_{}", "lora_{}_model_strength",
    "lora{}_model_strength", "lora{}_strength_model", "lora_{}_strength_model",
)  # fmt: skip
_ON_BOTH = (
    "strength", "lora_strength", "lora_weight", "weight", "lora_wt", "lora_wt_{}", "strength_{}", "strength_{:02}",
    "lora_{}_strength", "lora{}_strength", "lora_strength_{}", "lora_{}_weight", "lora_weight_{}", "weight_{}",
    "weight{}", "strength{}",
)  # fmt: skip
_ON_CLIP = (
    "strength_clip", "lora_clip_strength", "clip_strength", "clip_weight", "clip_str_{}", "clip_weight_{}",
    "clip_strength_{}", "strength_clip_{}", "lora_{}_clip_strength", "lora{}_clip_strength",
)  # fmt: skip
_SWITCHES = ("switch", "toggle", "enabled", "enable", "on", "lora_on", "switch_{}", "toggle_{}", "enabled_{}", "on_{}",
             "lora_{}_on", "lora_{}_enabled", "lora_on_{}", "enable_{}", "switch{}")  # fmt: skip
_COUNTS = ("lora_count", "num_loras", "num_lora", "count")
_OFF = frozenset({"off", "false", "disable", "disabled", "no", "0"})

Loras = Generator[Ask, Value | None, tuple[Lora, ...]]


def own_loras(node: Node, spelled: str) -> Loras:
    """The LoRAs that a node loads, those of the stacks that come in before its own, only what is switched on.

    Args:
        node: the node.
        spelled: what to look at: `names` for inputs of names and strengths, `objects`, `tags:INPUT` for `<lora:...>` in
            a text, `stack:INPUT` for stacks that come in; parted by blanks.
    """
    found: list[Lora] = []
    for part in spelled.split():
        how, _, name = part.partition(":")
        if how == "stack":
            for value in (yield from _each(node, name)):
                found += value.loras
        elif not (yield from _is_on(node, None)) or (
            how == "tags" and node.inputs.get("insert_lora") == "DISABLE LORAS"
        ):
            continue
        elif how == "tags":
            text = as_text((yield from Of(name, "text").find(node, Want("text"))))
            found += tags_in(text or "")
        elif how == "objects":
            found += _objects(node, name)
        else:
            found += yield from _named(node)
    return tuple(found)


def _each(node: Node, names: str) -> Generator[Ask, Value | None, list[Value]]:
    found = []
    for name in names.split("|"):
        if name in node.inputs and link(node.inputs[name]):
            value = yield from given(node, name, Want("lora"))
            if value is not None:
                found.append(value)
    return found


def _named(node: Node) -> Loras:
    found: list[Lora] = []
    count = yield from _first(node, _COUNTS, None)
    last = number(count.plain, whole=True) if count is not None else None
    simple = node.inputs.get("input_mode", node.inputs.get("mode")) == "simple"
    # the numbers that occur in its inputs' names
    numbers = {int(each) for name in node.inputs for each in _NUMBER.findall(str(name)[:80])}
    for place in (None, *sorted(each for each in numbers if each < MAX_STACK)):
        if place is not None and last is not None and place > last:
            break
        value = yield from _first(node, _ALONE if place is None else _NAMES, place, "text")
        name = named(value)
        if name is None or not (yield from _is_on(node, place)):
            continue
        of_both = yield from _first(node, _ON_BOTH, place)
        of_model = None if simple and of_both is not None else (yield from _first(node, _ON_MODEL, place))
        of_clip = None if simple and of_both is not None else (yield from _first(node, _ON_CLIP, place))
        weight = number((of_model or of_both or Value()).plain, whole=False)
        clip = number((of_clip or Value()).plain, whole=False)
        if weight != 0 or clip:  # loaded at no strength it is not loaded
            found.append(Lora(name=file_name(name), weight=weight))
    return tuple(found)


def _first(node: Node, names: tuple[str, ...], place: int | None, kind: str = "strength") -> Answer:
    for each in names:
        if ("{" in each) != (place is not None):
            continue
        name = each.format(place) if place is not None else each
        if name in node.inputs:
            return (yield from given(node, name, Want(kind)))
    return None


def _is_on(node: Node, place: int | None) -> Generator[Ask, Value | None, bool]:
    value = yield from _first(node, _SWITCHES, place, "switch")
    return value is None or str(value.plain).strip().lower() not in _OFF


def _objects(node: Node, only: str) -> list[Lora]:
    """LoRAs that are objects: an input each, or a list of them in one."""
    found: list[Any] = []
    for name, raw in node.inputs.items():
        if only and name not in only.split("|"):
            continue
        inner = raw.get("__value__", raw) if isinstance(raw, Mapping) else raw
        found += inner[:MAX_STACK] if isinstance(inner, list) else [inner]
    made = [_object(each) for each in found if isinstance(each, Mapping)]
    return [each for each in made if each is not None]


def _object(given: Mapping[str, Any]) -> Lora | None:
    name = named(Value(plain=given.get("lora", given.get("name"))))
    on = given.get("on", given.get("active", given.get("enabled", True)))
    weight = number(given.get("strength", given.get("weight")), whole=False)
    clip = number(given.get("strengthTwo", given.get("clipStrength")), whole=False)
    if name is None or on is False or str(on).lower() in _OFF or (weight == 0 and not clip):
        return None
    return Lora(name=file_name(name), weight=weight)


def tags_in(text: str) -> list[Lora]:
    """The LoRAs of a text's `<lora:name:strength>`; one of no strength is not loaded."""
    found = []
    for each in list(LORA_TAG.finditer(text[:100_000]))[:MAX_STACK]:
        weights = [number(part.strip(), whole=False) for part in each[2].split(":")[1:3]]
        weight = weights[0] if weights else 1.0
        if weight != 0 or any(weights):
            found.append(Lora(name=file_name(each[1].strip()), weight=weight))
    return found


def without_tags(text: str) -> str:
    """A text without its `<lora:...>`."""
    return LORA_TAG.sub("", text)
