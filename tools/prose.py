"""A small lint of the docs' English: doubled words, and turns of phrase that a native reader stops at.

`python -m tools.prose [FILE...]`; without files the pages at the top and in docs/. British spelling is codespell's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PHRASES = {
    r"leads out of the folder": "is outside the folder",
    r"is no folder": "folder not found",
    r"at least so many": "minimum",
    r"least score": "minimum score",
    r"told in words": "captioned",
    r"goes? on with it": "resumes it",
    r"is not a number": "is NaN",
    r"the same holds for": "so does",
    r"in order to": "to",
    r"at this point in time": "now",
    r"due to the fact that": "because",
    r"a number of": "several",
    r"simply|just|obviously|of course": "(leave it out)",
}
_DOUBLED = re.compile(r"\b([A-Za-z]+)\s+\1\b", re.IGNORECASE)
_MAY_DOUBLE = {"that", "had", "bye"}
_BAD = [(re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), better) for phrase, better in PHRASES.items()]
_CODE = re.compile(r"```.*?```|^    .*$|`[^`]*`|<!--.*?-->|\]\([^)]*\)", re.DOTALL | re.MULTILINE)


def remarks(text: str) -> Iterator[tuple[int, str]]:
    """The number of each line with a remark, and the remark; code is left out."""
    prose = _CODE.sub(lambda code: re.sub(r"[^\n]", "·", code.group(0)), text)
    for found in _DOUBLED.finditer(prose):
        if found.group(1).lower() not in _MAY_DOUBLE and "\n\n" not in found.group(0):
            yield _line(prose, found.start()), f"{found.group(1)!r} is doubled"
    for pattern, better in _BAD:
        for found in pattern.finditer(prose):
            yield _line(prose, found.start()), f"{found.group(0)!r}: better {better}"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def pages() -> list[Path]:
    """The pages that are held to it; what is dated (the changelog) is left as it was written."""
    top = (path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")
    return sorted([*top, *(ROOT / "docs").rglob("*.md")])


def main(argv: list[str]) -> int:
    """Print the remarks; returns 1 where there are some."""
    found = 0
    for path in map(Path, argv) if argv else pages():
        for number, remark in sorted(remarks(path.read_text(encoding="utf-8"))):
            sys.stdout.write(f"{path}:{number}: {remark}\n")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
