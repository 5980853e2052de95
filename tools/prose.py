"""A small lint of the English: doubled words, and turns of phrase that a native reader stops at.

`python -m tools.prose [FILE...]`; without files the pages at the top and in docs/, and the package, where names,
comments and sentences are held to a list of words. British spelling is codespell's.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
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
    r"told(?! apart)": "reported, listed or named",
    r"(?:is|are|was|were|be|been) said": "is stated",
    r"(?:is|are) left and": "is skipped and",
}
WORDS = {r"told(?! apart)": "reported, listed or named", r"said": "stated, or the name of what it is"}
"""In a source: names, comments and sentences."""
_DOUBLED = re.compile(r"\b([A-Za-z]+)\s+\1\b", re.IGNORECASE)
_MAY_DOUBLE = {"that", "had", "bye"}
_BAD, _BAD_WORDS = (
    [(re.compile(rf"\b(?:{phrase})\b", re.IGNORECASE), better) for phrase, better in each.items()]
    for each in (PHRASES, WORDS)
)
_CODE = re.compile(r"```.*?```|^    .*$|`[^`]*`|<!--.*?-->|\]\([^)]*\)", re.DOTALL | re.MULTILINE)
# old names that are still read, and the column of a journal that older programs read too
_KEPT = re.compile(r"renamed\w*=[^)\n]*|\btold INTEGER|\b(?:AND|SET) told = [01]")


def remarks(text: str) -> Iterator[tuple[int, str]]:
    """The number of each line with a remark, and the remark; code is left out."""
    prose = _without(_CODE, text)
    for found in _DOUBLED.finditer(prose):
        if found.group(1).lower() not in _MAY_DOUBLE and "\n\n" not in found.group(0):
            yield _line(prose, found.start()), f"{found.group(1)!r} is doubled"
    yield from _listed(_BAD, prose)


def source_remarks(text: str) -> Iterator[tuple[int, str]]:
    """As `remarks`, of a Python source: the words that no name, comment or sentence has."""
    return _listed(_BAD_WORDS, _without(_KEPT, text))


def _listed(bad: Iterable[tuple[re.Pattern[str], str]], text: str) -> Iterator[tuple[int, str]]:
    for pattern, better in bad:
        for found in pattern.finditer(text):
            yield _line(text, found.start()), f"{found.group(0)!r}: better {better}"


def _without(what: re.Pattern[str], text: str) -> str:
    """The text with dots in the place of these parts."""
    return what.sub(lambda part: re.sub(r"[^\n]", "·", part.group(0)), text)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def pages() -> list[Path]:
    """The pages that are held to it; what is dated (the changelog) is left as it was written."""
    top = (path for path in ROOT.glob("*.md") if path.name != "CHANGELOG.md")
    return sorted([*top, *(ROOT / "docs").rglob("*.md")])


def sources() -> list[Path]:
    """The package's modules."""
    return sorted((ROOT / "lib_bootcamp").rglob("*.py"))


def main(argv: list[str]) -> int:
    """Print the remarks; returns 1 where there are some."""
    found = 0
    for path in map(Path, argv) if argv else [*pages(), *sources()]:
        lint = source_remarks if path.suffix == ".py" else remarks
        for number, remark in sorted(lint(path.read_text(encoding="utf-8"))):
            sys.stdout.write(f"{path}:{number}: {remark}\n")
            found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
