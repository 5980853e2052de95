"""A workflow without its prompt graph: the page's nodes and links as a prompt graph.

The page leaves muted nodes out, bypasses others, and resolves its own nodes (Reroute, PrimitiveNode, Get and Set,
subgraphs) before it sends a prompt; so does this, as far as the workflow shows it. A node's widgets have names where
the workflow lists them among its inputs, which newer pages do; for older ones `WIDGETS` has them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lib_bootcamp.core.png_info.generation import text

from .rules.graph import BYPASSED, MAX_NODES, MUTED
from .tables.widgets import AFTER_SEED, WIDGETS

MAX_DEPTH = 20
MAX_LEVELS = 300
MAX_PROMPT = 20_000
_GRAPH_INPUT, _GRAPH_OUTPUT = -10, -20
MAX_STEPS = 10_000
SETTERS = frozenset({"SetNode", "easy setNode"})
GETTERS = frozenset({"GetNode", "easy getNode"})
REROUTES = frozenset({"Reroute", "Reroute (rgthree)"})
_VIRTUAL = SETTERS | GETTERS | REROUTES | {"PrimitiveNode", "Note", "MarkdownNote"}


@dataclass
class _Level:
    """One graph: the workflow itself, or a subgraph where it is used.

    Args:
        prefix: of its nodes' ids.
        nodes: its nodes by id.
        links: (node, output) that each link comes from, by its id.
        outer: the level that it is used in, and the node that stands for it there.
    """

    prefix: str
    nodes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    links: dict[Any, tuple[str, int]] = field(default_factory=dict)
    outputs: dict[int, Any] = field(default_factory=dict)
    outer: tuple[_Level, Mapping[str, Any]] | None = None
    inner: dict[str, _Level] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def as_prompt(workflow: Mapping[str, Any]) -> dict[str, Any]:
    """The prompt graph of a workflow."""
    definitions = workflow.get("definitions")
    listed = definitions.get("subgraphs") if isinstance(definitions, Mapping) else None
    subgraphs = {text(each.get("id")): each for each in _mappings(listed)}
    prompt: dict[str, Any] = {}
    waiting = [(_level(workflow, "", None), 0)]
    levels: list[_Level] = []
    while waiting and len(levels) < MAX_LEVELS:
        level, depth = waiting.pop()
        levels.append(level)
        for key, node in level.nodes.items():
            kind = text(node.get("type"))
            if kind in subgraphs and node.get("mode") not in (MUTED, BYPASSED) and depth < MAX_DEPTH:
                inner = _level(subgraphs[kind], f"{level.prefix}{key}:", (level, node))
                level.inner[key] = inner
                waiting.append((inner, depth + 1))
    setters = {name: (level, node) for level in levels for name, node in _setters(level)}
    for level in levels:
        for key, node in level.nodes.items():
            kind = text(node.get("type"))
            if (
                kind in _VIRTUAL
                or key in level.inner
                or node.get("mode") in (MUTED, BYPASSED)
                or len(prompt) >= MAX_PROMPT
            ):
                continue
            prompt[level.prefix + key] = {"class_type": kind, "inputs": _inputs(level, node, setters)}
    return prompt


def _mappings(given: Any) -> list[Mapping[str, Any]]:
    return [each for each in given[:MAX_NODES] if isinstance(each, Mapping)] if isinstance(given, list) else []


def _level(graph: Mapping[str, Any], prefix: str, outer: tuple[_Level, Mapping[str, Any]] | None) -> _Level:
    level = _Level(prefix, outer=outer)
    level.names = [text(each.get("name")) for each in _mappings(graph.get("inputs"))] if outer else []
    for node in _mappings(graph.get("nodes")):
        if isinstance(node.get("id"), (str, int)):
            level.nodes[str(node["id"])] = node
    links = graph.get("links")
    for each in links[: MAX_NODES * 4] if isinstance(links, list) else ():
        if isinstance(each, Mapping):
            made = [each.get(name) for name in ("id", "origin_id", "origin_slot", "target_id", "target_slot")]
        elif isinstance(each, list) and len(each) >= 5:
            made = each
        else:
            continue
        if isinstance(made[0], (str, int)) and isinstance(made[1], (str, int)) and type(made[2]) is int:
            level.links[made[0]] = (str(made[1]), made[2])
            if made[3] == _GRAPH_OUTPUT and type(made[4]) is int:
                level.outputs[made[4]] = made[0]
    return level


def _setters(level: _Level) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for node in level.nodes.values():
        if text(node.get("type")) in SETTERS and node.get("mode") != MUTED:
            values = node.get("widgets_values")
            if isinstance(values, list) and values and isinstance(values[0], str):
                yield values[0], node


def _source(level: _Level, link: Any, setters: Mapping[str, tuple[_Level, Mapping[str, Any]]]) -> Any:
    """What a link brings: `[id, output]`, a value as `(value,)`, or None."""
    for _ in range(MAX_STEPS):
        if not isinstance(link, (str, int)) or link not in level.links:
            return None
        key, slot = level.links[link]
        if key == str(_GRAPH_INPUT):
            entered = _entered(level, slot)
            if not isinstance(entered, _At):
                return entered
            level, link = entered.level, entered.link
            continue
        node = level.nodes.get(key)
        if node is None or node.get("mode") == MUTED:
            return None
        if key in level.inner:
            level = level.inner[key]
            link = level.outputs.get(slot)
            continue
        passed = _passed(level, node, slot, setters)
        if not isinstance(passed, _At):
            return passed if isinstance(passed, tuple) else [level.prefix + key, slot]
        level, link = passed.level, passed.link
    return None


@dataclass(frozen=True)
class _At:
    """A link of a level, to go on with."""

    level: _Level
    link: Any


def _entered(level: _Level, slot: int) -> _At | tuple[Any] | None:
    """What comes into a subgraph: a link outside of it, or the value of its node's widget."""
    if level.outer is None or not 0 <= slot < len(level.names):
        return None
    name, (outside, node) = level.names[slot], level.outer
    found = next((each for each in _mappings(node.get("inputs")) if each.get("name") == name), {})
    if found.get("link") is not None:
        return _At(outside, found["link"])
    value = _outside(level).get(name)
    return None if value is None else (value,)


def _passed(
    level: _Level, node: Mapping[str, Any], slot: int, setters: Mapping[str, tuple[_Level, Mapping[str, Any]]]
) -> _At | tuple[Any] | None:
    """What the page's own nodes and bypassed ones hand on; None for a node that works."""
    kind, values = text(node.get("type")), node.get("widgets_values")
    first = values[0] if isinstance(values, list) and values else None
    if kind == "PrimitiveNode":
        return (first,)
    if kind in GETTERS:
        level, node = setters.get(first, (level, {})) if isinstance(first, str) else (level, {})
    if kind in GETTERS | SETTERS | REROUTES:
        return _At(level, next((each.get("link") for each in _mappings(node.get("inputs"))), None))
    return _At(level, _bypassed(node, slot)) if node.get("mode") == BYPASSED else None


def _bypassed(node: Mapping[str, Any], slot: int) -> Any:
    outputs = _mappings(node.get("outputs"))
    kind = outputs[slot].get("type") if 0 <= slot < len(outputs) else None
    return next((each.get("link") for each in _mappings(node.get("inputs")) if each.get("type") == kind), None)


def _inputs(
    level: _Level, node: Mapping[str, Any], setters: Mapping[str, tuple[_Level, Mapping[str, Any]]]
) -> dict[str, Any]:
    inputs = _widgets(node) | _promoted(level, node)
    for each in _mappings(node.get("inputs")):
        link = each.get("link")
        name = text(each.get("name"))
        if not isinstance(link, (str, int)):
            continue
        found = _source(level, link, setters)
        if isinstance(found, tuple):
            inputs[name] = found[0]
        elif found is not None:
            inputs[name] = found
        elif not (level.outer is not None and level.links.get(link, ("", 0))[0] == str(_GRAPH_INPUT)):
            inputs.pop(name, None)  # a subgraph's input without a link leaves the widget its own value
    return inputs


def _outside(level: _Level) -> dict[str, Any]:
    """The values that a subgraph's node gives to the subgraph's inputs, where they are as many as there are widgets."""
    if level.outer is None:
        return {}
    node = level.outer[1]
    links = {text(each.get("name")) for each in _mappings(node.get("inputs")) if not each.get("widget")}
    names = [name for name in level.names if name not in links]
    values = node.get("widgets_values")
    if isinstance(values, Mapping):
        return {name: values[name] for name in names if name in values}
    return dict(zip(names, values, strict=True)) if isinstance(values, list) and len(values) == len(names) else {}


def _promoted(level: _Level, node: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a node's widgets that stand on the outside of its subgraph."""
    if level.outer is None or _outside(level):
        return {}
    outer = level.outer[1]
    properties = outer.get("properties")
    proxies = properties.get("proxyWidgets") if isinstance(properties, Mapping) else None
    values = outer.get("widgets_values")
    if not isinstance(proxies, list) or not isinstance(values, list) or len(proxies) != len(values):
        return {}
    return {
        text(proxy[1]): value
        for proxy, value in zip(proxies, values, strict=False)
        if isinstance(proxy, list) and len(proxy) == 2 and text(proxy[0]) == text(node.get("id")) and value is not None
    }


def _widgets(node: Mapping[str, Any]) -> dict[str, Any]:
    """A node's widgets by name."""
    values = node.get("widgets_values")
    if isinstance(values, Mapping):
        return {text(name): each for name, each in values.items()}
    if not isinstance(values, list):
        return {}
    listed = [
        text(each.get("name")) for each in _mappings(node.get("inputs")) if isinstance(each.get("widget"), Mapping)
    ]
    names = WIDGETS.get(text(node.get("type")), ())
    kind = text(node.get("type"))
    names = names if len(names) > len(listed) or (names and set(listed) <= set(names)) else tuple(listed)
    if not names:
        found = {f"lora_{n}": each for n, each in enumerate(values) if isinstance(each, Mapping) and "lora" in each}
        if found:
            return found
        return {"text": values[0]} if len(values) == 1 and isinstance(values[0], str) and "Text" in kind else {}
    made: dict[str, Any] = {}
    at = 0
    for name in names:
        if at >= len(values):
            break
        made[name] = values[at]
        at += 1
        # the page puts what happens after a run behind a seed, without a name
        if name in {"seed", "noise_seed", "value"} and at < len(values) and _follows(values[at]):
            at += 1
    return made


def _follows(value: Any) -> bool:
    return value is None or isinstance(value, bool) or (isinstance(value, str) and value in AFTER_SEED)
