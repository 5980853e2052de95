"""Says what differs between the outputs of two checkouts, reading the old ones through the `renamed` table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

VOLATILE = {"created", "started", "finished", "spent_s", "eta_s", "argv", "asked", "packages", "extension", "device"}
"""What no two runs have in common, or what was asked for and is no answer."""
PROSE = {
    "summary",
    "detail",
    "stderr",
    "note",
    "reason",
    "why",
    "what",
    "message",
    "advice",
    "sentence",
    "chosen_try",
    "hint",
}
"""Sentences for a person. They may be worded anew, and are then told apart from what is wrong."""
WORDED, ADDED = "wording", "is new"
Difference = tuple[str, str]
"""Where, and what: `WORDED` where only a sentence is another one, `ADDED` where an answer tells more."""


def compare(base: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[tuple[str, list[Difference]]]:
    """For each output that differs its name and where it does.

    Args:
        base: `outputs.json` of the older checkout.
        new: that of the newer one, whose `renamed` table holds.
    """
    renamed, kept = new["renamed"], new["results"]
    for name, old in base["results"].items():
        if name.endswith("-operations"):  # declarations with their labels, which tests of their own hold
            continue
        found = list(_differences(old, kept.get(name), renamed, ""))
        if found:
            yield name, found


def _differences(old: Any, new: Any, renamed: Mapping[str, Sequence[str]], where: str) -> Iterator[Difference]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(old, new, renamed, where)
    elif isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            yield where, f"{len(old)} items were {len(new)}"
        for index, (left, right) in enumerate(zip(old, new, strict=False)):
            yield from _differences(left, right, renamed, f"{where}[{index}]")
    elif old != new and not (isinstance(old, str) and new in renamed.get(old, ())):
        worded = where.rpartition(".")[2].partition("[")[0] in PROSE or ".html." in where
        yield where, WORDED if worded else f"{old!r:.200} became {new!r:.200}"


def _objects(
    old: Mapping[str, Any], new: Mapping[str, Any], renamed: Mapping[str, Sequence[str]], where: str
) -> Iterator[Difference]:
    matched = set()
    for key, value in old.items():
        name = next((each for each in (key, *renamed.get(key, ())) if each in new), None)
        if key in VOLATILE or (key == "version" and where.endswith(".bootcamp")):  # the program's
            matched.add(name)
            continue
        if name is None:
            yield f"{where}.{key}", "is gone"
            continue
        if name == key and key in renamed and where.startswith(".answer"):
            yield f"{where}.{key}", "is still called by its old name"
        matched.add(name)
        yield from _differences(value, new[name], renamed, f"{where}.{name}")
    for key in new.keys() - matched - VOLATILE:
        yield f"{where}.{key}", ADDED
