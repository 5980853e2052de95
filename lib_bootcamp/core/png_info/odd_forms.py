"""Infotext in forms that the WebUI does not write, put into its own.

Settings may stand before the end (Dynamic Prompts puts its template below them) or over several lines, and what passes
on a text may take its line breaks away. The WebUI's own reader looks at the last line only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

NEGATIVE = "Negative prompt:"
_STEPS = re.compile(r"Steps: ?\d{1,6}\s*(?:,|\Z)")
# one line: the settings begin where the steps are followed by another setting
_INSIDE = re.compile(r"(?<=[\s,.;|])Steps: ?\d{1,6}, ?(?=[A-Z][\w \-/]{1,40}: )")
_LINE = re.compile(r"(\w[\w \-/]{1,60}): ?(.*)\Z", re.DOTALL)
_NEGATIVE_LINE = re.compile(r"^negative prompt:", re.IGNORECASE | re.MULTILINE)


def straightened(text: str, count: Callable[[str], int]) -> str:
    """The text with its settings on the last line; a text that has them there, or has none, as it is.

    Args:
        text: an infotext.
        count: tells how many settings a line has, up to 3.
    """
    lines = text.strip().splitlines() if "\r" in text else text.strip().split("\n")
    if NEGATIVE not in text:
        lines = [_NEGATIVE_LINE.sub(NEGATIVE, line) for line in lines]
    start = next((n for n in range(len(lines) - 1, -1, -1) if _STEPS.match(lines[n].lstrip())), None)
    if start is not None and start < len(lines) - 1:
        settings = _joined(lines[start:], count)
        if count(settings) == 3:
            return "\n".join([*lines[:start], settings])
    if start is None and lines:
        inside = _INSIDE.search(lines[-1])
        if inside and count(lines[-1][inside.start() :]) == 3:
            said = "\n".join([*lines[:-1], lines[-1][: inside.start()].rstrip(" ,|")])
            if not any(line.startswith(NEGATIVE) for line in said.split("\n")):
                said = re.sub(rf"\s+{NEGATIVE}", f"\n{NEGATIVE}", said, count=1)
            return f"{said}\n{lines[-1][inside.start() :]}"
    return "\n".join(lines)


def _joined(lines: list[str], count: Callable[[str], int]) -> str:
    """Settings of several lines on one; a line that is one setting alone keeps its commas, and lines without a name
    go on with the setting above them."""
    whole = lines[0].strip()
    below: list[tuple[str, str]] = []
    for line in (each.strip() for each in lines[1:]):
        named = _LINE.match(line)
        if not below and named and (whole.endswith(",") or count(line) >= 2):
            whole = f"{whole.rstrip(', ')}, {line}"
        elif named:
            below.append((named[1], named[2]))
        elif line:
            name, value = below.pop() if below else ("Note", "")
            below.append((name, f"{value}\n{line}" if value else line))
    return ", ".join([whole.rstrip(", "), *(f"{name}: {json.dumps(value)}" for name, value in below if value)])
