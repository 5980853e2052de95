"""Infotext in forms that the WebUI does not write, put into its own.

Settings may stand before the end (Dynamic Prompts puts its template below them) or over several lines, and what passes
on a text may take its line breaks away. The WebUI's own reader looks at the last line only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

NEGATIVE = "Negative prompt:"
_STEPS = re.compile(r"Steps: ?\d{1,6}\s*(?:[,|;]|\Z)")
_SEMICOLONS = re.compile(r"(?<![^\s,.;|])Steps: ?\d{1,6}\s*;\s*(?=[A-Z][\w \-/]{1,40}:)")
_BEFORE_NAME = re.compile(r";\s*(?=[A-Z][\w \-/]{1,60}:|\Z)")
# one line: the settings begin where the steps are followed by another setting
_INSIDE = re.compile(r"(?<=[\s,.;|])Steps: ?\d{1,6}, ?(?=[A-Z][\w \-/]{1,40}: )")
_BARS = re.compile(r" \|(?= |$)")
MAX_LINES = 20_000
_OPENED = re.compile(r': ?"')
_LINE = re.compile(r"(\w[\w \-/]{1,60}): ?(.*)\Z", re.DOTALL)
_NEGATIVE_LINE = re.compile(r"^negative prompt:", re.IGNORECASE | re.MULTILINE)


def straightened(text: str, count: Callable[[str], int]) -> str:
    """The text with its settings on the last line; a text that has them there, or has none, as it is.

    Args:
        text: an infotext.
        count: counts the settings a line has, up to 3.
    """
    lines = text.strip().splitlines() if "\r" in text else text.strip().split("\n")
    if NEGATIVE not in text:
        lines = [_NEGATIVE_LINE.sub(NEGATIVE, line) for line in lines]
    lines = [_without_semicolons(line) if _SEMICOLONS.search(line) else line for line in lines]
    start = next((n for n in range(len(lines) - 1, -1, -1) if _STEPS.match(lines[n].lstrip())), None)
    if start is not None and _BARS.search(lines[start]):
        lines = _without_bars(lines, start)
        start = next(n for n, line in enumerate(lines) if n >= start - 1 and "Steps:" in line)
    if start is not None and start < len(lines) - 1:
        settings = _joined(lines[start:], count)
        if count(settings) == 3:
            return "\n".join([*lines[:start], settings])
    if start is None and lines:
        inside = _INSIDE.search(lines[-1])
        if inside and count(lines[-1][inside.start() :]) == 3:
            prompt = "\n".join([*lines[:-1], lines[-1][: inside.start()].rstrip(" ,|")])
            if not any(line.startswith(NEGATIVE) for line in prompt.split("\n")):
                prompt = _negative_on_a_line(prompt)
            return f"{prompt}\n{lines[-1][inside.start() :]}"
    return "\n".join(lines)


def _negative_on_a_line(prompt: str) -> str:
    """With the first negative prompt that stands after blanks on a line of its own."""
    at = prompt.find(NEGATIVE)
    while at >= 0:
        if prompt[at - 1 : at].isspace():
            return f"{prompt[:at].rstrip()}\n{prompt[at:]}"
        at = prompt.find(NEGATIVE, at + 1)
    return prompt


def _without_bars(lines: list[str], start: int) -> list[str]:
    """SD.Next of 2023: settings between bars, the version on a line above them, `prompt:` at the beginning."""
    pairs = [each.strip() for each in _BARS.split(lines[start])]
    quoted = [_quoted(each) for each in pairs if each.partition(":")[2].strip()]
    head, above = lines[:start], []
    if head and head[-1].rstrip().endswith(",") and _LINE.match(head[-1].strip()) and not head[-1].startswith(NEGATIVE):
        above = [head.pop().strip().rstrip(",")]
    if head and head[0].lower().startswith("prompt:"):
        head[0] = head[0][len("prompt:") :].strip()
    return [*head, ", ".join([*quoted, *above]), *lines[start + 1 :]]


def _without_semicolons(line: str) -> str:
    """Settings with semicolons between them, as some galleries write them anew; what stands before them as it is."""
    begins = _SEMICOLONS.search(line)
    start = begins.start() if begins else 0
    pairs = [each.strip() for each in _outside_quotes(line[start:])]
    return line[:start] + ", ".join(_quoted(each) for each in pairs if each.partition(":")[2].strip())


def _outside_quotes(settings: str) -> list[str]:
    """Parted at the semicolons that stand in no quoted value."""
    pairs, begin = [], 0
    for found in _BEFORE_NAME.finditer(settings):
        if not _toggles(settings[begin : found.start()]):
            pairs.append(settings[begin : found.start()])
            begin = found.end()
    return [*pairs, settings[begin:]]


def _quoted(pair: str) -> str:
    name, _, value = pair.partition(":")
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return f"{name}: {value}"
    return f"{name}: {json.dumps(value, ensure_ascii=False)}" if "," in value else f"{name}: {value}"


def _joined(lines: list[str], count: Callable[[str], int]) -> str:
    """Settings of several lines on one.

    A line that is one setting alone keeps its commas, lines without a name go on with the setting above them, and a
    quoted value goes on until its quote.
    """
    parts = [lines[0].strip()]
    is_open = _toggles(parts[0]) and _OPENED.search(parts[0]) is not None
    below: list[tuple[str, list[str]]] = []
    for line in (each.strip() for each in lines[1:MAX_LINES]):
        named = _LINE.match(line)
        if is_open and not below:
            parts[-1:] = [parts[-1], "\\n", line]
            is_open = is_open != _toggles(line)
        elif not below and named and (parts[-1].endswith(",") or count(line) >= 2):
            parts[-1] = parts[-1].rstrip(", ")
            parts += [", ", line]
            is_open = _toggles(line)
        elif named:
            below.append((named[1], [named[2]]))
        elif line:
            if not below:
                below.append(("Note", []))
            below[-1][1].append(line)
    parts[-1] = parts[-1].rstrip(", ")
    values = ((name, "\n".join(each).strip()) for name, each in below)
    return "".join(parts) + "".join(f", {name}: {json.dumps(value)}" for name, value in values if value)


def _toggles(line: str) -> bool:
    """Whether a quote is open after a line where none was before it."""
    return (line.count('"') - line.count('\\"')) % 2 == 1
