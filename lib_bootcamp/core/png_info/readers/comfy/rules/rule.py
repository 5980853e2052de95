"""How a node's output is made of its inputs: the few ways there are, in which the table of node classes is written.

Inputs are named as in `"text_a|text_b|string_*"`: the first that is given counts, or each of them, and a star stands
for a number. A rule asks for inputs by yielding an `Ask`, and the walk (`walk.py`) sends what it found.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from lib_bootcamp.core.png_info.generation import number

from .graph import Node, link
from .values import Ask, Value, Want, as_text

Answer: TypeAlias = Generator[Ask, "Value | None", "Value | None"]
NO_NAME = frozenset({"", "none", "[none]", "baked vae", "choose", "undefined", "(use same)", "default", "null"})
_SIZE = re.compile(r"(\d{2,5})\s*[x×*]\s*(\d{2,5})", re.IGNORECASE)
# what a pipe's fields hold
WANTS = {
    "positive": Want("words", "+"),
    "negative": Want("words", "-"),
    "refiner_positive": Want("words", "+"),
    "refiner_negative": Want("words", "-"),
    "base_positive": Want("words", "+"),
    "base_negative": Want("words", "-"),
    "text_positive": Want("text", "+"),
    "text_negative": Want("text", "-"),
    "refiner_model": Want("model"),
}


# how a fact is asked for where another node says it; the others are texts
KINDS = {"up_width": "width", "up_height": "height", "width": "width", "height": "height"} | dict.fromkeys(
    ("scale_by", "guidance", "shift", "clip_skip"), "number"
)


class Rule(Protocol):
    """One way to make an output."""

    def find(self, node: Node, want: Want) -> Answer:
        """What the output gives; None where the graph does not show it."""


@functools.cache
def _spelled(names: str) -> tuple[tuple[str, str | None], ...]:
    parts = (each.partition("*") for each in names.split("|"))
    return tuple((start, end if star else None) for start, star, end in parts)


def names_of(node: Node, names: str) -> list[str]:
    """The inputs that are there among those named."""
    found: list[str] = []
    for start, end in _spelled(names):
        if end is None:
            if start in node.inputs:
                found.append(start)
        else:
            cut = -len(end) or None
            numbered = [(int(each[len(start) : cut]), each) for each in _between(node, start, end)]
            found += [each for _, each in sorted(numbered)]
    return found


def _between(node: Node, start: str, end: str) -> list[str]:
    middle = len(start) + len(end)
    return [
        each
        for each in node.inputs
        if isinstance(each, str)
        and each.startswith(start)
        and each.endswith(end)
        and middle < len(each) <= middle + 6
        and each[len(start) : len(each) - len(end)].isdecimal()
    ]


def literal(raw: Any) -> Value | None:
    """A value that stands in the graph itself; what widgets wrap is unwrapped."""
    if isinstance(raw, Mapping):
        for key in ("content", "__value__"):
            if key in raw:
                raw = raw[key]
                break
    return None if raw is None else Value(plain=raw)


def given(node: Node, name: str, want: Want) -> Answer:
    """What an input gets."""
    raw = node.inputs.get(name)
    found = link(raw)
    return (yield Ask(*found, want)) if found else literal(raw)


def named(value: Value | None) -> str | None:
    """A file's name; None where nothing is chosen."""
    name = as_text(value)
    return None if name is None or name.strip().lower() in NO_NAME else name


@dataclass(frozen=True)
class Of:
    """The first of these inputs that gives something: what is passed on, and what overrides it before it."""

    names: str
    kind: str = ""
    side: str = ""

    def find(self, node: Node, want: Want) -> Answer:
        asked = Want(self.kind or want.kind, self.side or want.side)
        for name in names_of(node, self.names):
            found = yield from given(node, name, asked)
            if found is not None:
                return found
        return None


@dataclass(frozen=True)
class Nothing:
    """What an output gives without any input; by default conditioning that says nothing."""

    value: Value | None = field(default_factory=lambda: Value(words=()))

    def find(self, node: Node, want: Want) -> Answer:
        return self.value
        yield


def facts_of(node: Node, facts: Mapping[str, str | Rule]) -> Generator[Ask, Value | None, dict[str, Any]]:
    """The facts that a node's inputs say; those of files only where one is chosen."""
    found: dict[str, Any] = {}
    for fact, names in facts.items():
        kind = KINDS.get(fact, "text")
        rule = Of(names, kind) if isinstance(names, str) else names
        value = yield from rule.find(node, Want(kind))
        if value is None or value.plain is None:
            continue
        known = value.plain if isinstance(value.plain, (int, float)) else named(value)
        if known is not None:
            found[fact] = known
    return found


@dataclass(frozen=True)
class Sized:
    """Empty latents, or a picture, of a size; or the size in a preset's name, as in `832 x 1216 (portrait)`.

    With `typed` sides that are given and not 0 count more than the preset.
    """

    width: str = "width"
    height: str = "height"
    preset: str = ""
    of: Rule | None = None
    swap: str = "swap_dimensions|invert"
    typed: bool = False

    def find(self, node: Node, want: Want) -> Answer:
        base = (yield from self.of.find(node, want)) if self.of is not None else None
        size = []
        preset = as_text((yield from Of(self.preset, "text").find(node, want))) if self.preset else None
        found = _SIZE.search(preset[:200]) if preset else None
        for n, names in enumerate((self.width, self.height), 1):
            value = yield from Of(names, "width" if n == 1 else "height").find(node, want)
            side = number(value.plain, whole=True) if value is not None else None
            size.append(int(found[n]) if found and not (self.typed and side) else side)
        swap = yield from Of(self.swap, "switch").find(node, want)
        size = size[::-1] if swap is not None and str(swap.plain).lower() in {"on", "true"} else size
        base = Value() if base is None else base
        if not all(size):
            return base
        if want.kind in {"width", "height"}:
            return Value(plain=size[want.kind == "height"])
        return base.with_facts({"width": size[0], "height": size[1]})


@dataclass(frozen=True)
class Pick:
    """A field of a pipe: one that comes in, or the one that this node makes."""

    field: str
    of: str | Bundle

    def find(self, node: Node, want: Want) -> Answer:
        if isinstance(self.of, str):
            for name in names_of(node, self.of):
                value = yield from given(node, name, Want("pipe"))
                if value is not None and self.field in value.fields:
                    return value.fields[self.field]
            return None
        return (yield from self.of.one(node, self.field))


@dataclass(frozen=True)
class Bundle:
    """Several values under their names: a pipe, a context, a guider, a sampler's settings.

    Args:
        fields: name: the inputs, or the rule.
        base: the pipes that come in.
        last: of several the later ones count first.
        switch: of several only the first that is not empty counts.
    """

    fields: Mapping[str, str | Rule] = field(default_factory=dict)
    base: str = ""
    last: bool = False
    switch: bool = False

    def find(self, node: Node, want: Want) -> Answer:
        fields = dict((yield from self._bases(node)))
        for name in self.fields:
            own = yield from self._own(node, name)
            if own is not None:
                fields[name] = own
        return Value(fields=fields)

    def one(self, node: Node, name: str) -> Answer:
        """One of the fields."""
        own = yield from self._own(node, name)
        return own if own is not None else (yield from self._bases(node)).get(name)

    def _own(self, node: Node, name: str) -> Answer:
        rule = self.fields.get(name)
        if rule is None:
            return None
        found = yield from (Of(rule) if isinstance(rule, str) else rule).find(node, WANTS.get(name, Want(name)))
        # a number or a name that is one to be, and not a link to what has no value
        return None if found is not None and found.plain == "" and isinstance(rule, str) else found

    def _bases(self, node: Node) -> Generator[Ask, Value | None, Mapping[str, Value]]:
        names = names_of(node, self.base) if self.base else []
        fields: dict[str, Value] = {}
        for name in reversed(names) if self.last else names:
            value = yield from given(node, name, Want("pipe"))
            if value is not None and value.fields:
                fields = {**value.fields, **fields}
                if self.switch:
                    break
        return fields


@dataclass(frozen=True)
class Switch:
    """One of several inputs, by the value of another.

    Args:
        by: the inputs that choose.
        cases: a value in small letters: the inputs it chooses.
        pattern: or the input's name with `{}` for the number.
        offset: added to the number.
    """

    by: str
    cases: Mapping[str, str] = field(default_factory=dict)
    pattern: str = ""
    offset: int = 0

    def find(self, node: Node, want: Want) -> Answer:
        value = yield from Of(self.by, "switch").find(node, want)
        chosen = "" if value is None else str(value.plain)[:100].strip().lower()
        names = self.cases.get(chosen, "")
        if self.pattern:
            place = number(chosen, whole=True)
            names = "" if place is None else self.pattern.replace("{}", str(place + self.offset))
        return (yield from Of(names).find(node, want)) if names else None


def rule_of(made: Any) -> Rule:
    """A rule, or inputs that are passed on by their names alone."""
    return Of(made) if isinstance(made, str) else made


def table(rules: Mapping[str, Any]) -> dict[str, Any]:
    """Rules by class, of keys that name several classes with `; ` between them."""
    return {kind: made for kinds, made in rules.items() for kind in kinds.split("; ")}
