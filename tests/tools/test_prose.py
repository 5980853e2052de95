"""The lint of the docs' English: what it stops at, and what it leaves."""

from __future__ import annotations

import pytest

from tools.prose import pages, remarks, source_remarks


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("It is is wrong.", "'is' is doubled"),
        ("The end\nend of a line.", "'end' is doubled"),
        ("A file that leads out of the folder", "better is outside the folder"),
        ("done in order to win", "better to"),
        ("Pictures that fail are told.", "better reported"),
    ],
)
def test_a_turn_that_stops_a_reader_is_reported(text: str, remark: str) -> None:
    assert any(remark in found for _, found in remarks(text))


@pytest.mark.parametrize("text", ["`is is`", "```\nin order to\n```", "one `a` and `b` and c", "end.\n\nEnd of it"])
def test_code_and_paragraphs_are_left(text: str) -> None:
    assert not list(remarks(text))


def test_things_can_be_told_apart() -> None:
    assert not list(remarks("Two models that are told apart by their tensors."))


@pytest.mark.parametrize(
    "source", ["told = 1", "# what is said", '"""It is told."""', 'told: Annotated[str, Spec("x")]']
)
def test_the_words_are_found_in_names_comments_and_sentences(source: str) -> None:
    assert list(source_remarks(source))


@pytest.mark.parametrize("source", ['Spec("By", renamed=("told",))', "AND told = 0", "they are told apart", "retold"])
def test_old_names_that_are_read_are_no_remarks(source: str) -> None:
    assert not list(source_remarks(source))


def test_a_remark_has_its_line() -> None:
    assert next(iter(remarks("one\ntwo\nthe the"))) == (3, "'the' is doubled")


def test_the_decisions_are_among_the_pages() -> None:
    assert any(path.parent.name == "decisions" for path in pages())
