"""Texts of files inside of Markdown: they are shown as they are, and begin no list, link, tag or table of their own.

Sources: CommonMark 0.31, 2.4 (a backslash before a sign of punctuation), 6.1 (code spans) and 4.5 (fences); GitHub
Flavored Markdown 4.10 (a bar ends a table's cell) and 6.9 (addresses that become links by themselves).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from .terminal import shown
from .valid_text import valid_text

MOST = 300
_SIGNS = re.compile(r"([\\`*_{}\[\]<>()#+!|~&$:/@=\"^]|(?<=[wW]{3})\.)")
_BEGINS_A_LIST = re.compile(r"^([0-9]{0,9})([.-])")
_TICKS = re.compile(r"`+")


def plain(text: str, most: int = MOST) -> str:
    """The text on one line, without what is not seen, at most so many characters; not escaped yet."""
    line = " ".join(shown(valid_text(text[: most * 8])).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def prose(text: str, most: int = MOST) -> str:
    """The text as a paragraph, or within one."""
    return _BEGINS_A_LIST.sub(r"\1\\\2", _cell(text, most))


def _cell(text: str, most: int = MOST) -> str:
    """The same where no line begins."""
    return _SIGNS.sub(r"\\\1", plain(text, most))


def paragraphs(text: str, most: int = 4000) -> str:
    """A text of several lines: where a line is empty a paragraph ends."""
    lines = [each.strip() for each in text[:most].splitlines()]
    parts = (" ".join(group) for is_text, group in itertools.groupby(lines, bool) if is_text)
    return "\n\n".join(prose(each, most) for each in parts)


def code(text: str, most: int = MOST) -> str:
    """The text as code within a line; not for a table's cell."""
    line = plain(text, most)
    ticks = "`" * (1 + max((len(each) for each in _TICKS.findall(line)), default=0))
    space = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{space}{line}{space}{ticks}"


def fenced(lines: Iterable[str], language: str = "") -> str:
    """Lines of code as a block, which nothing in them ends."""
    text = "\n".join(lines)
    ticks = "`" * max(3, 1 + max((len(each) for each in _TICKS.findall(text)), default=0))
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(head: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """A table of two columns; their texts are escaped here."""
    lines = [f"| {head[0]} | {head[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {_cell(name)} | {_cell(value)} |" for name, value in rows)])
