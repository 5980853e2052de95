"""What a LoRA may be called: a name that every system takes as a file's, and that the tag `<lora:name:1>` can call.

Sources: Microsoft, "Naming Files, Paths, and Namespaces" (signs, names of devices, no dot or blank at the end);
`prompt_tags` (`:`, `>` and `=` end a name, blanks around it are left out); `files.walk` (what begins with a dot is
hidden). Signs that are not seen or turn the direction of writing make one name look like another (Unicode TR 36);
joiners stay, without which Persian is spelled otherwise.
"""

from __future__ import annotations

import re

MOST_CHARACTERS = 100
MOST_BYTES = 255
"""Of a file's name, in UTF-8 on Linux; macOS and Windows allow as many UTF-16 units, which are never more."""
ENDING = ".safetensors"

_SIGNS = r"\\/:*?\"<>|="
_UNSEEN = (
    r"\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    r"\u3164\ufeff\uffa0\ufff9-\ufffb"
)
_DEVICES = ("con", "prn", "aux", "nul", "conin\\$", "conout\\$", "com[0-9¹²³]", "lpt[0-9¹²³]")


def _any_case(text: str) -> str:
    return re.sub(r"(?<!\\)[a-z]", lambda found: f"[{found[0]}{found[0].upper()}]", text)


_IS_DEVICE = f"(?:{'|'.join(map(_any_case, _DEVICES))})" + r"\s*(?:\.|$)"
_INNER = f"[^{_SIGNS}{_UNSEEN}]"
_OUTER = rf"[^{_SIGNS}{_UNSEEN}.\s]"
NAME = f"(?!{_IS_DEVICE}){_OUTER}(?:{_INNER}{{0,{MOST_CHARACTERS - 2}}}{_OUTER})?"
"""The rule as an expression that Python and JavaScript read alike; the whole name has to match."""
RULE = (
    'without \\ / : * ? " < > | = or signs that are not seen, without a blank or a dot at either end, and no name that '
    "Windows keeps for itself, such as NUL"
)
"""The same for a person, in words that follow "a text"."""
_WRONG = re.compile(f"[{_SIGNS}{_UNSEEN}\ud800-\udfff\U000e0000-\U000e007f]")


def cleaned(text: str) -> str:
    """The name that is nearest to a text of any kind and may be given; empty where nothing is left."""
    name = _trimmed(_WRONG.sub("", text)[:MOST_CHARACTERS])
    while len(name.encode()) > MOST_BYTES - 55:  # room for a number and an ending
        name = _trimmed(name[:-1])
    return name if not name or re.fullmatch(NAME, name) else f"_{name}"[:MOST_CHARACTERS]


def _trimmed(name: str) -> str:
    return re.sub(r"^[.\s]+|[.\s]+$", "", name)
