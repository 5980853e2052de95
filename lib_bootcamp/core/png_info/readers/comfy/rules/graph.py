"""ComfyUI's prompt graph as nodes: `{id: {"class_type": ..., "inputs": {name: value or [id, slot]}}}`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lib_bootcamp.core.png_info.generation import text

MAX_NODES = 100_000
MAX_INPUTS = 500
MUTED, BYPASSED = 2, 4


class Node:
    """One node; `inputs` are values or links.

    Args:
        key: its id; in a subgraph `outer:inner`.
        given: class and inputs.
        seen: the same node of the workflow: what its widgets showed, which types its outputs have; empty where unknown.
    """

    __slots__ = ("inputs", "key", "kind", "seen")

    def __init__(self, key: str, given: Mapping[str, Any], seen: Mapping[str, Any]) -> None:
        inputs = given.get("inputs")
        self.key = key
        self.kind = text(given.get("class_type"))[:200]
        self.inputs: dict[str, Any] = {}
        if isinstance(inputs, Mapping):
            self.inputs = {name: inputs[name] for name in list(inputs)[:MAX_INPUTS]}
        self.seen = seen if text(seen.get("type")) == self.kind else {}

    @property
    def bypassed(self) -> bool:
        """Whether it hands on what it gets."""
        return self.seen.get("mode") == BYPASSED

    def output(self, slot: int) -> tuple[str, str]:
        """An output's name and type, where the workflow gives them."""
        outputs = self.seen.get("outputs")
        each = outputs[slot] if isinstance(outputs, list) and 0 <= slot < len(outputs) else None
        if not isinstance(each, Mapping):
            return "", ""
        return text(each.get("name")), text(each.get("type"))

    def typed_inputs(self, kind: str) -> list[str]:
        """The linked inputs of a type, where the workflow gives them."""
        inputs = self.seen.get("inputs")
        known = [each for each in inputs if isinstance(each, Mapping)] if isinstance(inputs, list) else []
        names = [text(each.get("name")) for each in known if kind and each.get("type") == kind]
        return [name for name in names if name in self.inputs]

    def shown(self) -> str | None:
        """The text that the workflow's copy of it holds: of a node that shows texts, what it showed."""
        return last_text(self.seen.get("widgets_values"))


def last_text(given: Any) -> str | None:
    """The last text of a widget's values: lists of texts are lines."""
    if isinstance(given, Mapping):
        given = list(given.values())
    if not isinstance(given, list):
        return None
    for each in reversed(given[:50]):
        if isinstance(each, str) and each:
            return each
        lines = [line for line in each[:50] if isinstance(line, str)] if isinstance(each, list) else []
        if lines:
            return "\n".join(lines)
    return None


def link(value: Any) -> tuple[str, int] | None:
    """The node and output that an input comes from; None where it is a value of its own."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], (str, int)) and type(value[1]) is int:
        return str(value[0]), value[1]
    return None


class Graph:
    """A prompt graph that may be anything, with what the workflow beside it says of its nodes."""

    def __init__(self, given: Mapping[str, Any], workflow: Mapping[str, Any] | None = None) -> None:
        seen = dict(_workflow_nodes(workflow or {}))
        self.nodes: dict[str, Node] = {}
        for key, node in list(given.items())[:MAX_NODES]:
            if isinstance(node, Mapping) and "class_type" in node:
                made = Node(str(key), node, seen.get(str(key), {}))
                if made.seen.get("mode") != MUTED:
                    self.nodes[made.key] = made
        self.cut = len(given) > MAX_NODES
        self.uses: dict[tuple[str, int], list[Node]] = {}
        for made in self.nodes.values():
            for value in made.inputs.values():
                found = link(value)
                if found:
                    self.uses.setdefault(found, []).append(made)

    def sinks(self) -> list[Node]:
        """The nodes of which nothing is used further on."""
        used = {key for key, _ in self.uses}
        return [node for key, node in self.nodes.items() if key not in used]


def _workflow_nodes(workflow: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The workflow's nodes by the ids that they have in the prompt, those of subgraphs too."""
    definitions = workflow.get("definitions")
    subgraphs = definitions.get("subgraphs") if isinstance(definitions, Mapping) else None
    listed = subgraphs if isinstance(subgraphs, list) else []
    inner = {text(each.get("id")): each for each in listed if isinstance(each, Mapping)}
    waiting: list[tuple[str, Mapping[str, Any], int]] = [("", workflow, 0)]
    count = 0
    while waiting:
        prefix, level, depth = waiting.pop()
        nodes = level.get("nodes")
        for node in nodes if isinstance(nodes, list) else ():
            if not isinstance(node, Mapping) or not isinstance(node.get("id"), (str, int)):
                continue
            count += 1
            if count > MAX_NODES:
                return
            key = f"{prefix}{node['id']}"
            yield key, node
            kind = node.get("type")
            if isinstance(kind, str) and kind in inner and depth < 20:
                waiting.append((f"{key}:", inner[kind], depth + 1))
