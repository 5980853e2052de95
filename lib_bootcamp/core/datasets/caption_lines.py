"""Captions of several lines: alternatives of which a trainer takes one, so that each line is edited by itself.

Source: kohya-ss/sd-scripts, library/train_util.py `read_caption` and `process_caption` (`enable_wildcard`: one of the
lines, else the first; `{a|b}`: one of them); Nerogar/mgds, LoadMultipleTexts (one of the lines that are not blank).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BREAK = re.compile(r"\r\n|\r|\n")
"""What ends a line for whoever reads a text file in Python; a form feed or U+2028 does not."""
CHOICE = re.compile(r"\{([^{}|]*\|[^{}]*)\}")
"""kohya's `{a|b}`: separators inside are words of one alternative. Whatever the text, it is looked at once."""


def has_break(text: str) -> bool:
    """Whether there is the end of a line in a text."""
    return _BREAK.search(text) is not None


def lines_of(text: str) -> list[str]:
    """The lines that are not blank, without the space around them."""
    return [line.strip() for line in _BREAK.split(text) if line.strip()]


def parts_of(line: str, separator: str) -> list[str]:
    """A line's parts between separators, as they are; a `{a|b}` is never cut."""
    if "{" not in line:
        return line.split(separator)
    parts, start = [], 0
    for match in re.finditer(f"{CHOICE.pattern}|(?P<between>{re.escape(separator)})", line):
        if match["between"] is not None:
            parts.append(line[start : match.start()])
            start = match.end()
    return [*parts, line[start:]]


def each_line(text: str, change: Callable[[str], str]) -> str:
    """A text with each line that is not blank changed; blank lines, ends of lines and the space around lines stay."""
    pieces = re.split(f"({_BREAK.pattern})", text)
    for at in range(0, len(pieces), 2):
        line = pieces[at]
        if content := line.strip():
            start = len(line) - len(line.lstrip())
            pieces[at] = line[:start] + change(content) + line[start + len(content) :]
    return "".join(pieces)


def with_endings_of(before: str, text: str) -> str:
    """A text whose lines end as those of another one: each as its own line, or all as the first one."""
    lines, own, there = _BREAK.split(text), _BREAK.findall(text), _BREAK.findall(before)
    if not own or not there:
        return text
    ends = there if len(there) == len(own) else there[:1] * len(own)
    return "".join(line + end for line, end in zip(lines, [*ends, ""], strict=True))


def replaced(whole: str, text: str) -> str:
    """A text in the place of what a whole says; the space around it and the kind of line's end stay.

    Where there was no text it comes on the first line: a trainer that reads one line reads that.
    """
    content = whole.strip()
    if not content:
        first = _BREAK.search(whole)
        return with_endings_of(whole, text) + (whole[first.start() :] if first else "")
    start = len(whole) - len(whole.lstrip())
    inside = with_endings_of(content if has_break(content) else whole, text)
    return whole[:start] + inside + whole[start + len(content) :]
