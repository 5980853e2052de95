"""No regular expression of the package takes time with the square of a text's length by how it begins.

One that is looked for in a text, and begins with a repeat without an end after which something may not be there,
begins anew at every sign of a long run: blanks before a word are the usual case. Look for the word, then strip.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

try:
    from re import _constants as codes
    from re import _parser as reader
except ImportError:  # Python 3.10
    import sre_constants as codes
    import sre_parse as reader

NO_SIGN = {codes.AT, codes.ASSERT, codes.ASSERT_NOT}
BEGINNINGS = (codes.AT_BEGINNING, codes.AT_BEGINNING_STRING)
PACKAGE = Path(__file__).resolve().parents[2] / "lib_bootcamp"
LOOKS = {"search", "split", "sub", "subn", "findall", "finditer"}
BOUNDED = {
    "core/networks/file_names.py": "names of at most 100 signs",
}
"""Where the text is known to be short."""


def literal(node: ast.expr) -> str | None:
    """An expression as it is written; what is put into it stands as one sign."""
    if isinstance(node, ast.Constant):
        value = node.value
        return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else None
    if isinstance(node, ast.JoinedStr):
        parts = [str(each.value) if isinstance(each, ast.Constant) else "X" for each in node.values]
        return "".join(parts)
    return None


def looked_for(path: Path) -> Iterator[tuple[int, str]]:
    """The expressions of a module that are looked for in a text, and where they stand."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            call, name = node.value, node.targets[0].id
            uses = set(re.findall(rf"\b{name}\.(\w+)\(", text))
            wanted = ast.unparse(call.func) == "re.compile" and (uses & LOOKS or not uses)
        elif isinstance(node, ast.Call):
            call, wanted = node, ast.unparse(node.func) in {f"re.{each}" for each in LOOKS}
        else:
            continue
        written = literal(call.args[0]) if wanted and call.args else None
        if written is not None:
            yield node.lineno, written


def begins_anew(items: Any) -> bool:
    """Whether a parsed expression begins with a repeat without an end, after which it may fail."""
    for at, (kind, value) in enumerate(items):
        rest = items[at + 1 :]
        if kind in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            least, most, inner = value
            if most is codes.MAXREPEAT and may_fail(rest):
                return True
            if least:
                return begins_anew(inner)
        elif kind is codes.SUBPATTERN:
            inner = value[-1]
            return begins_anew([*inner, *rest])
        elif kind is codes.BRANCH:
            return any(begins_anew([*each, *rest]) for each in value[1])
        elif kind not in NO_SIGN or value in BEGINNINGS:
            return False
    return False


def may_fail(items: Any) -> bool:
    """Whether some text does not fit a parsed expression at its beginning."""
    for kind, value in items:
        if kind in {codes.MAX_REPEAT, codes.MIN_REPEAT}:
            if value[0] and may_fail(value[2]):
                return True
        elif kind is codes.SUBPATTERN:
            if may_fail(value[-1]):
                return True
        elif kind is not codes.BRANCH or all(may_fail(each) for each in value[1]):
            return True
    return False


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        (r"\s*\bBREAK\b", True),
        (r"\s+$", True),
        (r"^[.\s]+|[.\s]+$", True),
        (r"(?:a|\s+)b", True),
        (r"(\s*)b", True),
        (r"^\s+b", False),
        (r"[\s_-]+", False),
        (r"\w+(?:-\w+)*", False),
        (r"\bBREAK\b\s*", False),
        (r"([\w ]+)(:?)", False),
    ],
)
def test_the_check_knows_what_begins_anew(written: str, wrong: bool) -> None:
    assert begins_anew(list(reader.parse(written))) == wrong


def test_no_expression_that_is_looked_for_begins_anew_at_every_sign() -> None:
    found = [
        f"{path.relative_to(PACKAGE)}:{line}: {written}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.relative_to(PACKAGE).as_posix() not in BOUNDED
        for line, written in looked_for(path)
        if begins_anew(list(reader.parse(written)))
    ]
    assert found == []
