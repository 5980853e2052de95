"""What a person's terminal is shown: texts of files are shown as text, and never obeyed as its commands.

File names, captions and what pictures carry may hold escape sequences, which clear a screen, retitle a window, set a
link or hide a line, and letters that nobody sees. Such characters are written as JSON writes them (`\\u001b`), so that
`--json` stays the same data.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

_UTF_16 = f"utf-16-{sys.byteorder[0]}e"
_CONTROLS = (range(0x20), range(0x7F, 0xA0))  # C0 and C1 (ECMA-48)
_DIRECTIONS = (range(0x061C, 0x061D), range(0x200E, 0x2010), range(0x202A, 0x202F), range(0x2066, 0x206A))
_ENDS = (range(0x2028, 0x202A),)  # of a line and of a paragraph
# What is not seen and makes one text look like another: breaks that nobody sees, fillers, tags. (Not joiners, U+200C
# and U+200D, without which Persian and pictographs are spelled otherwise.)
_UNSEEN = (
    *(range(0x00AD, 0x00AE), range(0x034F, 0x0350), range(0x115F, 0x1161), range(0x17B4, 0x17B6)),
    *(range(0x180E, 0x180F), range(0x200B, 0x200C), range(0x2060, 0x2066), range(0x206A, 0x2070)),
    *(range(0x3164, 0x3165), range(0xFEFF, 0xFF00), range(0xFFA0, 0xFFA1), range(0xFFF9, 0xFFFC)),
    range(0xE0000, 0xE0080),
)
_SHOWN = {
    code: "".join(f"\\u{unit:04x}" for unit in memoryview(chr(code).encode(_UTF_16)).cast("H"))
    for each in (*_CONTROLS, *_DIRECTIONS, *_ENDS, *_UNSEEN)
    for code in each
    if chr(code) not in "\t\n\r"
}
MOST_SHOWN = 200
"""Of a text that stands within a line."""


def shown(text: str) -> str:
    """The text without a character that a terminal obeys or that is not seen, but for tabs and ends of lines."""
    return text.translate(_SHOWN)


def on_one_line(text: str) -> str:
    """As `shown`, for a name within a line: it begins no line of its own."""
    return shown(text).replace("\n", "\\n").replace("\r", "\\r")


def cut_short(text: str, written: Callable[[str], str] = str) -> str:
    """The text, or its beginning and how long it is.

    Args:
        text: of any length.
        written: how what is left of it is shown, in quotation marks say.
    """
    if len(text) <= MOST_SHOWN:
        return written(text)
    return f"{written(text[:MOST_SHOWN] + '…')} ({len(text):,} characters)"
