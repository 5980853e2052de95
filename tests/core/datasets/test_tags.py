"""Tags: counted, and those that are nearly alike."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.tags import count_tags, similar_tags, tags_of, words_of


def test_tags_are_the_parts_between_separators() -> None:
    assert tags_of(" a  dog,, long hair , ") == ["a dog", "long hair"]
    assert tags_of("a. b, c. ", ".") == ["a", "b, c"]


def test_a_tag_counts_once_in_a_caption() -> None:
    assert count_tags(["dog, dog, cat", "dog", ""]) == {"dog": 2, "cat": 1}


def test_words_are_counted_without_their_signs() -> None:
    assert words_of("a red-haired girl, don't! 8k ...") == ["a", "red-haired", "girl", "don't", "8k"]


@pytest.mark.parametrize(
    ("rare", "common"),
    [
        ("long hiar", "long hair"),  # two letters swapped
        ("long hir", "long hair"),  # one lost
        ("long haair", "long hair"),  # one added
        ("long hais", "long hair"),  # one changed
        ("Long_Hair", "long hair"),
        ("long-hair", "long hair"),
        ("smiles", "smile"),
    ],
)
def test_a_slip_is_found(rare: str, common: str) -> None:
    assert [(each.rare, each.common) for each in similar_tags({rare: 1, common: 20, "dog": 5})] == [(rare, common)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1girl", "2girl"),  # digits are no slips
        ("1980s", "1990s"),
        ("cat", "car"),  # too short
        ("blue sky", "blue eyes"),
        ("red dress", "reddish dress"),
    ],
)
def test_different_tags_are_no_slips(one: str, other: str) -> None:
    assert similar_tags({one: 1, other: 20}) == []


def test_two_tags_that_are_both_frequent_are_two_tags() -> None:
    assert similar_tags({"shirt": 50, "skirt": 40}) == []
    assert similar_tags({"shirt": 50, "skirt": 10}) != []


def test_the_pairs_of_the_most_frequent_tags_come_first() -> None:
    made = similar_tags({"grass": 50, "grasss": 2, "trees": 5, "Trees": 1})
    assert [(each.rare, each.rare_count, each.common, each.common_count) for each in made] == [
        ("grasss", 2, "grass", 50),
        ("Trees", 1, "trees", 5),
    ]


@given(st.text(string.ascii_lowercase, min_size=5, max_size=12), st.data())
def test_any_letter_that_is_lost_is_found(tag: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(tag) - 1))
    slip = tag[:at] + tag[at + 1 :]
    if len(slip) >= 5:
        assert [(each.rare, each.common) for each in similar_tags({tag: 30, slip: 1})] == [(slip, tag)]


def test_many_tags_are_compared_without_comparing_all_with_all() -> None:
    tags = {f"tag {a}{b}{c} of many": 1 for a in "abcdefghij" for b in "klmnopqrst" for c in "uvwxyzabcd"}
    assert len(similar_tags(tags, most=50)) == 50
