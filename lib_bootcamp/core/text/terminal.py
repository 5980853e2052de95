"""What a person's terminal is shown: texts of files are shown as text, and never obeyed as its commands.

File names, captions and what pictures carry may hold escape sequences, which clear a screen, retitle a window, set a
link or hide a line. Such characters are written as JSON writes them (`\\u001b`), so that `--json` stays the same data.
"""

from __future__ import annotations

_CONTROLS = [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
"""C0 and C1 (ECMA-48), and what turns the direction of a line round (Unicode, annex 9)."""
_SHOWN = {code: f"\\u{code:04x}" for code in _CONTROLS if chr(code) not in "\t\n\r"}


def shown(text: str) -> str:
    """The text without a character that a terminal obeys, but for tabs and ends of lines."""
    return text.translate(_SHOWN)


def on_one_line(text: str) -> str:
    """As `shown`, for a name within a line: it begins no line of its own."""
    return shown(text).replace("\n", "\\n").replace("\r", "\\r")
