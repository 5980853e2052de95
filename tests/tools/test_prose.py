"""The lint of the docs' English: what it stops at, and what it leaves."""

from __future__ import annotations

import pytest

from tools.prose import pages, remarks


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("It is is wrong.", "'is' is doubled"),
        ("The end\nend of a line.", "'end' is doubled"),
        ("A file that leads out of the folder", "better is outside the folder"),
        ("done in order to win", "better to"),
    ],
)
def test_a_turn_that_stops_a_reader_is_told(text: str, remark: str) -> None:
    assert any(remark in found for _, found in remarks(text))


@pytest.mark.parametrize("text", ["`is is`", "```\nin order to\n```", "one `a` and `b` and c", "end.\n\nEnd of it"])
def test_code_and_paragraphs_are_left(text: str) -> None:
    assert not list(remarks(text))


def test_a_remark_has_its_line() -> None:
    assert next(iter(remarks("one\ntwo\nthe the"))) == (3, "'the' is doubled")


def test_the_decisions_are_among_the_pages() -> None:
    assert any(path.parent.name == "decisions" for path in pages())
