"""How what was left out is named, and why: in one way for every command."""

from __future__ import annotations

from collections.abc import Iterable

from .terminal import on_one_line

NAMED = 100
"""So many with one reason are named one by one; of more than these their number is given."""


def left_out_lines(left: Iterable[tuple[str, str]]) -> list[str]:
    """A line for each file that was left out.

    Args:
        left: its path and a sentence about it.
    """
    by_reason: dict[str, list[str]] = {}
    for path, reason in left:
        by_reason.setdefault(reason, []).append(path)
    lines = []
    for reason, paths in by_reason.items():
        lines += [f"left out: {on_one_line(path)}: {on_one_line(reason)}" for path in paths[:NAMED]]
        if len(paths) > NAMED:
            lines.append(f"left out: {len(paths) - NAMED:,} more: {on_one_line(reason)} --json names them all.")
    return lines
