"""How texts, and conditioning of texts, are made: given, joined, changed, drawn at random, shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from lib_bootcamp.core.png_info.lora_tags import LORA_TAG

from .graph import Node
from .rule import Answer, Of, Rule, facts_of, given, names_of
from .values import Value, Want, as_text, mixed

MAX_JOINED = 1_000_000
_WILD = re.compile(r"__[\w/*.-]+__|\{[^{}|]*\|[^{}]*\}|\{\d+\$\$")


@dataclass(frozen=True)
class Mix:
    """Several conditionings as one."""

    names: str

    def find(self, node: Node, want: Want) -> Answer:
        values = []
        for name in names_of(node, self.names):
            values.append((yield from given(node, name, Want("words", want.side))))
        return mixed(values)


@dataclass(frozen=True)
class Staged:
    """Conditioning with what an earlier model made."""

    names: str
    stage: str

    def find(self, node: Node, want: Want) -> Answer:
        base = yield from Of(self.names, "words").find(node, want)
        stage = yield from Of(self.stage, "latent").find(node, Want("latent"))
        if base is None or stage is None:
            return base
        return Value(words=base.words, facts=base.facts, passes=stage.passes, partial=base.partial)


@dataclass(frozen=True)
class Says:
    """Conditioning of texts; what is known of the text encoder is passed along.

    Args:
        names: the texts.
        clip: the text encoders.
        facts: as in `WithFacts`.
        tags: off: the node takes `<lora:...>` out.
    """

    names: str
    clip: str = "clip|opt_clip|optional_clip"
    facts: Mapping[str, str | Rule] = field(default_factory=dict)
    tags: bool = True

    def find(self, node: Node, want: Want) -> Answer:
        words: dict[str, None] = {}
        partial = False
        for name in names_of(node, self.names):
            value = yield from given(node, name, Want("text", want.side))
            text = as_text(value)
            partial = partial or text is None or (value is not None and value.partial)
            text = LORA_TAG.sub("", text) if text and not self.tags else text
            if text and text.strip():
                words[text.strip()] = None
        made = Value(words=tuple(words), partial=partial)
        clip = yield from Of(self.clip, "clip").find(node, want)
        skip = {} if clip is None else {name: each for name, each in clip.facts.items() if name == "clip_skip"}
        return made.with_facts(skip | (yield from facts_of(node, self.facts)))


@dataclass(frozen=True)
class Join:
    """Texts in their order, repeats and all.

    Args:
        names: the parts.
        by: what stands between them; with an @ before it the input that says so.
        skip_empty: parts that are empty are left out.
        strip: the parts without blanks at their ends.
    """

    names: str
    by: str = ""
    skip_empty: bool = False
    strip: bool = False

    def find(self, node: Node, want: Want) -> Answer:
        between: str | None = self.by
        if self.by.startswith("@"):
            between = as_text((yield from Of(self.by[1:], "text").find(node, want)))
        parts: list[str] = []
        partial = False
        for name in names_of(node, self.names):
            value = yield from given(node, name, Want("text", want.side))
            raw = value.plain if value is not None and isinstance(value.plain, list) else None
            text = as_text(value) if raw is None else None
            several = [each for each in raw[:1000] if isinstance(each, str)] if raw is not None else [text]
            partial = partial or value is None or value.partial
            parts += [each.strip() if self.strip else each for each in several if each is not None]
        if self.skip_empty:
            parts = [each for each in parts if each]
        if not parts or sum(map(len, parts)) > MAX_JOINED:
            return None
        between = (between or "").replace("\\n", "\n")
        return Value(plain=between.join(parts), partial=partial)


@dataclass(frozen=True)
class Text:
    """A text worked out from others.

    Args:
        work: takes the inputs' texts by name, those that are not known left out; None where it is not known.
        names: the inputs.
    """

    work: Callable[[Mapping[str, str]], str | None]
    names: str

    def find(self, node: Node, want: Want) -> Answer:
        texts: dict[str, str] = {}
        partial = False
        for name in names_of(node, self.names):
            value = yield from given(node, name, Want("text", want.side))
            text = as_text(value)
            if value is not None and isinstance(value.plain, bool):
                text = str(value.plain)
            if text is None:
                return None
            texts[name] = text
            partial = partial or (value is not None and value.partial)
        made = self.work(texts)
        return None if made is None or len(made) > MAX_JOINED else Value(plain=made, partial=partial)


@dataclass(frozen=True)
class Drawn:
    """A text out of which a node draws at random: known only where there is nothing to draw."""

    names: str

    def find(self, node: Node, want: Want) -> Answer:
        value = yield from Of(self.names, "text").find(node, want)
        text = as_text(value)
        return None if text is None or _WILD.search(text) else value


@dataclass(frozen=True)
class Shown:
    """What a node showed, which the workflow keeps; else what it got."""

    names: str

    def find(self, node: Node, want: Want) -> Answer:
        shown = node.shown()
        if shown is not None and want.kind in {"text", "switch"}:
            return Value(plain=shown)
        return (yield from Of(self.names).find(node, want))
