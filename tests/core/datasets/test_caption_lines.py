"""Captions of several lines: every line by itself, and nothing else of the text is touched."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.caption_lines import each_line, lines_of, parts_of, replaced, with_endings_of

PIECES = st.lists(
    st.sampled_from(["a", " b ", "", "\t", ",", "\n", "\r\n", "\r", "\u2028", "\x0c", "c, d"]), max_size=12
)
TEXTS = PIECES.map("".join)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\r\nb\rc\n", ["a", "b", "c"]),
        (" a \n\n \t\n b", ["a", "b"]),
        ("a\u2028b\x0cc\x85d", ["a\u2028b\x0cc\x85d"]),  # no ends of lines for who reads the file
        ("", []),
        (" \n ", []),
    ],
)
def test_lines_are_those_that_a_trainer_reads(text: str, lines: list[str]) -> None:
    assert lines_of(text) == lines


@given(TEXTS)
def test_lines_that_are_not_changed_leave_the_text_as_it_is(text: str) -> None:
    assert each_line(text, lambda line: line) == text


@given(TEXTS)
def test_every_line_is_changed_once_and_by_itself(text: str) -> None:
    seen: list[str] = []

    def marked(line: str) -> str:
        seen.append(line)
        return f"<{line}>"

    made = each_line(text, marked)
    assert seen == lines_of(text)
    assert lines_of(made) == [f"<{line}>" for line in seen]
    assert made.replace("<", "").replace(">", "") == text


@pytest.mark.parametrize(
    ("whole", "text", "made"),
    [
        ("a\n", "b", "b\n"),
        ("a", "b", "b"),
        (" \r\n a\r\nb \r\n", "c\nd", " \r\n c\r\nd \r\n"),
        ("a\r\n", "c\nd", "c\r\nd\r\n"),
        ("a\nb\r\nc", "x\ny\nz", "x\ny\r\nz"),
        ("", "b", "b"),
        ("\n", "b", "b\n"),
        ("  \r\n\r\n", "b", "b\r\n\r\n"),  # not on the third line, which nobody reads
        ("a\n", "", "\n"),
    ],
)
def test_the_text_is_replaced_and_the_rest_stays(whole: str, text: str, made: str) -> None:
    assert replaced(whole, text) == made


@given(TEXTS)
def test_the_same_text_in_its_own_place_changes_nothing(text: str) -> None:
    assert replaced(text, text.strip()) == text or not text.strip()
    assert with_endings_of(text, text) == text


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("a, b", ["a", " b"]),
        ("{red, bright|blue} hair, b", ["{red, bright|blue} hair", " b"]),
        ("a, {b|c, d}, {e, f}", ["a", " {b|c, d}", " {e", " f}"]),  # without | it is no choice
        ("{a, b", ["{a", " b"]),
        ("", [""]),
    ],
)
def test_a_choice_between_braces_is_not_cut(line: str, parts: list[str]) -> None:
    assert parts_of(line, ",") == parts


HOSTILE = (
    "{" + "|" * 2_000_000,
    "{|}" * 300_000 + "," * 600_000,
    "{" * 1_000_000 + "|",
    "{a|" * 300_000 + "}" * 300_000,
)


@pytest.mark.parametrize("text", HOSTILE, ids=["unclosed", "many choices", "only opened", "nested"])
def test_however_braces_stand_a_line_is_looked_at_once(text: str) -> None:
    """Looked at anew from each brace or separator, these take hours."""
    parts = parts_of(text, ",")
    assert ",".join(parts) == text
    assert len(parts) == text.count(",") + 1
    assert not any("," in each for each in parts)


@given(st.lists(st.sampled_from(["{", "}", "|", ", ", ",", "a", " "]), max_size=14).map("".join))
def test_parts_are_cut_at_separators_outside_of_choices_alone(text: str) -> None:
    inside = [range(*found.span()) for found in re.finditer(r"\{[^{}]*\|[^{}]*\}", text)]  # sd-scripts' own
    outside = [at for at, sign in enumerate(text) if sign == "," and not any(at in each for each in inside)]
    starts, ends = [0, *(each + 1 for each in outside)], [*outside, len(text)]
    assert parts_of(text, ",") == [text[start:end] for start, end in zip(starts, ends, strict=True)]
