"""What a node adds to what it passes on: a model's name, a VAE, LoRAs, a size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .graph import Node
from .loras import own_loras
from .rule import Answer, Of, Rule, facts_of, names_of
from .values import Value, Want


@dataclass(frozen=True)
class WithFacts:
    """What another rule finds, and facts that this node adds.

    Args:
        of: what they are added to; None: the node is the first.
        facts: fact: the inputs that say it, or a rule.
        always: facts that need no input.
        loras: how the node's own LoRAs are spelled (`loras.own_loras`); empty: it loads none.
        vae: the inputs of a VAE that is passed along.
        upscaler: the inputs of an upscaling model that is passed along.
    """

    of: Rule | None = None
    facts: Mapping[str, str | Rule] = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    loras: str = ""
    vae: str = ""
    upscaler: str = ""

    def find(self, node: Node, want: Want) -> Answer:
        base = (yield from self.of.find(node, want)) if self.of is not None else None
        base = Value() if base is None else base
        facts = dict(self.always) | (yield from facts_of(node, self.facts))
        loras = (yield from own_loras(node, self.loras)) if self.loras else ()
        if names_of(node, self.vae):
            # a picture's VAE is the one that decoded it last
            base = replace(base, facts={name: each for name, each in base.facts.items() if name != "vae"})
            other = yield from Of(self.vae, "vae").find(node, want)
            facts = ({} if other is None else dict(other.facts)) | facts
        if self.upscaler:
            other = yield from Of(self.upscaler, "upscaler").find(node, want)
            facts = ({} if other is None else dict(other.facts)) | facts
        return base.with_facts(facts, loras)
