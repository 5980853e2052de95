"""The walk: what comes out of a node's output, asked backwards through the graph.

A question waits for the questions that it asks; they lie on a list and not on Python's stack, each is answered once,
and one that leads back to itself is answered by nothing. So circles, very deep and very large graphs end.
"""

from __future__ import annotations

from .rules.graph import Graph, Node, link
from .rules.rule import Answer, Of, Rule, rule_of
from .rules.sampling import Sample
from .rules.unknown import Unknown
from .rules.values import MADE, Ask, Value, Want
from .tables import NODES, SHOWING

MAX_ASKS = 40_000
MAX_DEPTH = 10_000
MAX_TEXT = 64 * 2**20
_UNKNOWN = Unknown()


class Walk:
    """Answers questions about one graph; `cut` where there were too many of them."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.known: dict[Ask, Value | None] = {}
        self.cut = False
        self._texts = 0

    def made_by(self, node: Node) -> Value | None:
        """What a sampler makes, or what another node hands on."""
        return self.ask(Ask(node.key, MADE, Want("image")))

    def of(self, node: Node, name: str) -> Value | None:
        """What an input of a node gets, where it is linked."""
        found = link(node.inputs.get(name))
        return self.ask(Ask(*found, Want("image"))) if found else None

    def ask(self, first: Ask) -> Value | None:
        """What an output gives."""
        waiting: list[tuple[Ask, Answer]] = [(first, self._answer(first))]
        open_asks = {first}
        found: Value | None = None
        while waiting:
            ask, answer = waiting[-1]
            try:
                wanted = answer.send(found)
            except StopIteration as end:
                waiting.pop()
                open_asks.discard(ask)
                found = self.known[ask] = self._within_bounds(end.value)
                continue
            found = self.known.get(wanted)
            new = wanted not in self.known and wanted not in open_asks
            if new and (len(self.known) >= MAX_ASKS or len(waiting) >= MAX_DEPTH):
                self.cut = True
            elif new:
                waiting.append((wanted, self._answer(wanted)))
                open_asks.add(wanted)
        return found

    def _within_bounds(self, value: Value | None) -> Value | None:
        if value is not None and isinstance(value.plain, str):
            self._texts += len(value.plain)
            return value if self._texts <= MAX_TEXT else None
        return value

    def _answer(self, ask: Ask) -> Answer:
        node = self.graph.nodes.get(ask.node)
        if node is None:
            return None
        if node.bypassed:
            return (yield from _bypass(node, ask))
        rule = rule_at(node, ask.slot)
        found = yield from rule.find(node, ask.want)
        if ask.want.kind == "text" and (found is None or found.partial or found.plain is None):
            # what another node showed of it
            for use in self.graph.uses.get((ask.node, ask.slot), ()):
                shown = use.shown() if use.kind in SHOWING else None
                if shown is not None:
                    return Value(plain=shown)
        return found


def rule_at(node: Node, slot: int) -> Rule:
    """How an output is made: by the table, else by what is sensible for a class that nobody knows."""
    made = NODES.get(node.kind)
    if made is None:
        return _UNKNOWN.at(node, slot)
    if not isinstance(made, tuple):
        return rule_of(made)
    if slot == MADE:
        return next((each for each in map(rule_of, made) if isinstance(each, Sample)), rule_of(made[0]))
    return rule_of(made[slot]) if 0 <= slot < len(made) else _UNKNOWN.at(node, slot)


def _bypass(node: Node, ask: Ask) -> Answer:
    """A bypassed node hands on the input of the output's type."""
    names = node.typed_inputs(node.output(max(ask.slot, 0))[1])
    return (yield from Of(names[0]).find(node, ask.want)) if names else None
