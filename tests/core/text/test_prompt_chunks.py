"""Weights of a prompt, chunks of 75 tokens, and words of one's own among the tokens."""

from __future__ import annotations

import math
from typing import Any

import pytest

from lib_bootcamp.core.text.prompt_chunks import Chunk, chunks_of
from lib_bootcamp.core.text.prompt_weights import MOST, Part, weighted_parts
from lib_bootcamp.core.text.word_finder import WordFinder, names_that_may_stand


def read(prompt: str) -> list[Any]:
    return [each and (each.text, round(each.weight, 6)) for each in weighted_parts(prompt)]


@pytest.mark.parametrize(
    ("prompt", "parts"),
    [
        ("", []),
        ("a word", [("a word", 1)]),
        ("an (important) word", [("an ", 1), ("important", 1.1), (" word", 1)]),
        ("(a:1.5)", [("a", 1.5)]),
        ("[a]", [("a", 0.909091)]),
        ("((a:2) b)", [("a", 2.2), (" b", 1.1)]),
        ("(a: 0.5 ) b", [("a", 0.5), (" b", 1)]),
        ("(a)(b)", [("ab", 1.1)]),
        ("(open", [("open", 1.1)]),
        ("[open", [("open", 0.909091)]),
        ("closed) b] c", [("closed) b] c", 1)]),
        ("at 5:30) b", [("at 5:30) b", 1)]),
        (r"\(a\) \\ \[b\]", [(r"(a) \ [b]", 1)]),
        ("(a:1.2.3)", [("a:1.2.3)", 1.1)]),
        ("a BREAK b", [("a", 1), None, ("b", 1)]),
        ("(a BREAK b)", [("a", 1.1), None, ("b", 1.1)]),
        ("BREAKFAST", [("BREAKFAST", 1)]),
    ],
)
def test_weights_are_those_of_the_webui(prompt: str, parts: list[Any]) -> None:
    assert read(prompt) == parts


@pytest.mark.parametrize("prompt", ["(" * 5_000 + "a" + ")" * 5_000, "(a:" + "9" * 500 + ")", "[" * 9_999 + "a"])
def test_no_weight_is_without_an_end(prompt: str) -> None:
    (part,) = weighted_parts(prompt)
    assert part is not None
    assert math.isfinite(part.weight)
    assert abs(part.weight) <= MOST


def ones(*units: int | tuple[int, ...] | None) -> list[Any]:
    return [None if each is None else ((each,) if isinstance(each, int) else each, 1.0) for each in units]


def tokens(made: list[Chunk]) -> list[list[int]]:
    return [each.tokens for each in made]


def test_there_is_always_a_chunk_and_what_is_too_long_goes_into_the_next() -> None:
    assert tokens(chunks_of([])) == [[]]
    assert tokens(chunks_of(ones(*range(1, 8)), length=3)) == [[1, 2, 3], [4, 5, 6], [7]]
    assert [len(each.tokens) for each in chunks_of(ones(*range(150)))] == [75, 75]


def test_vectors_stay_together_and_have_the_weight_of_their_word() -> None:
    made = chunks_of([((5,), 1.0), ((6,), 1.0), ((-1, -2), 1.3), ((7,), 1.0)], length=3)
    assert tokens(made) == [[5, 6], [-1, -2, 7]]
    assert [each.weights for each in made] == [[1.0, 1.0], [1.3, 1.3, 1.0]]


def test_a_break_begins_a_new_chunk() -> None:
    assert tokens(chunks_of(ones(1, None, 2))) == [[1], [2]]
    assert tokens(chunks_of(ones(1, None))) == [[1]]


def test_what_follows_a_comma_closely_goes_with_the_rest_of_it() -> None:
    assert tokens(chunks_of(ones(1, 2, 9, 4, 5, 6), comma=9, backtrack=3, length=5)) == [[1, 2, 9], [4, 5, 6]]
    assert tokens(chunks_of(ones(1, 9, 3, 4, 5, 6), comma=9, backtrack=3, length=5)) == [[1, 9, 3, 4, 5], [6]]
    assert tokens(chunks_of(ones(1, 2, 9, 4, 5, 6), comma=9, backtrack=0, length=5)) == [[1, 2, 9, 4, 5], [6]]


def test_the_longest_name_is_found() -> None:
    finder = WordFinder({"my": [1], "my cat": [1, 2], "dog": [4], "empty": []})
    assert list(finder.split([1, 2, 1, 3, 4, 1])) == ["my cat", "my", 3, "dog", "my"]


def test_where_the_longest_name_does_not_count_a_shorter_one_stands() -> None:
    finder = WordFinder({"my": [1], "my cat": [1, 2], "My cat": [1, 2], "dog": [4]})
    asked: list[str] = []

    def fits(name: str) -> bool:
        asked.append(name)
        return name not in {"my cat", "dog"}

    assert list(finder.split([1, 2, 1, 3, 4], fits)) == ["My cat", "my", 3, 4]
    assert asked == ["my cat", "My cat", "my", "dog"]
    assert list(finder.split([1, 2, 4], lambda name: name == "my")) == ["my", 2, 4]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("red zorb", "a (Red   ZORB:1.2), night"),
        ("red-zorb", "a red-\nzorb"),
        ("zorb's", "the zorb\\(\\)'s hat"),
        ("caf\u00e9", "a cafe\u0301"),
        ("cafe\u0301", "a caf\u00e9"),
        ("\uff5a\uff4f\uff52\uff42", "a zorb"),
        ("zorb", "a \uff5a\uff4f\uff52\uff42"),
        ("\u732b", "\u732b"),
        ("!!", "no!!"),
    ],
)
def test_a_name_that_may_stand_in_a_text_is_looked_for(name: str, text: str) -> None:
    assert names_that_may_stand([name, "absent"], ["first", text]) == [name]


def test_a_name_that_cannot_stand_there_is_not_looked_for() -> None:
    assert names_that_may_stand(["x0 " + "a" * 200, "zorbs", "bz", "ab"], ["a zorb", "b"]) == []


def test_of_two_names_with_the_same_tokens_the_first_is_found() -> None:
    assert list(WordFinder({"Cat": [1], "cat": [1]}).split([1])) == ["Cat"]


def test_a_text_of_one_weight_is_one_part() -> None:
    assert weighted_parts("a cat, {b|c}: d") == [Part("a cat, {b|c}: d")]


def test_weights_of_brackets_in_brackets_multiply_one_after_the_other() -> None:
    """As many as there is room for; the weights as they come out where each is multiplied by hand."""
    open_ones = weighted_parts("(a" * 50)
    expected = 1.0
    for at, part in enumerate(open_ones):
        expected = 1.1
        for _ in range(at):
            expected *= 1.1
        assert part == Part("a", expected)
    assert len(weighted_parts("(a" * 3000)) < 80  # no weight is above 1000
    assert weighted_parts("(" * 3000 + "a" + ")" * 3000) == [Part("a", 1000.0)]


def test_a_number_of_any_size_is_a_weight() -> None:
    assert weighted_parts(f"(a:{'9' * 400}) (b:0)") == [Part("a", 1000.0), Part(" "), Part("b", 0.0)]
    assert weighted_parts(f"((a:0):{'9' * 400})") == [Part("a", 0.0)]


def test_blanks_around_a_break_are_no_text() -> None:
    assert weighted_parts(" a \t BREAK\n BREAK b ") == [Part(" a"), None, None, Part("b ")]
