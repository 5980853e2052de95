"""Fetch the emoji sets and render each icon once."""

from __future__ import annotations

from pathlib import Path

from . import pictures, sets


def main(work: Path, out: Path) -> None:
    """Fetch and render; says what there is."""
    del out
    things, pairs = sets.things(work), sets.taught_pairs(work)
    pictures.icons_of(work)
    taught = sum(each.taught for each in things)
    print(f"{len(things)} things, {taught} of them taught, in {len(pairs)} pairs of thing and style.")
