"""Which captions are meant and what an edit makes of them: worked out by hand, and laws on any input."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.caption_edit import MAX_CHARACTERS, Edit, Where, arrows
from lib_bootcamp.core.datasets.tags import tags_of
from lib_bootcamp.errors import InvalidParamError

CAPTIONS = ["dog, red", "cat, Dog", "blue, Long  Hair, sits on grass", None, "", ":d, !x, a|b"]


def chosen(where: str) -> list[int]:
    return [at for at, each in enumerate(CAPTIONS) if Where(where).holds(each)]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("dog", [0, 1]),
        ("DOG", [0, 1]),
        ("do", []),  # whole tags only
        ("dog, !cat", [0]),
        ("!dog", [2, 3, 4, 5]),
        ("red | blue", [0, 2]),
        ("!red | dog", [0, 1, 2, 3, 4, 5]),
        ("red|blue, !dog", [2]),
        ("long hair", [2]),
        ("*hair", [2]),
        ("*o*g*", [0, 1, 2]),
        ("do*og", []),  # what stands before and after the star does not overlap
        ("*", [0, 1, 2, 5]),
        ('"on GRASS"', [2]),
        ('!"on grass", !<missing>', [0, 1, 5]),
        ("<missing>", [3, 4]),
        (":d", [5]),
        (r"\!x", [5]),
        (r"a\|b", [5]),
        ("! !dog", [0, 1]),
    ],
)
def test_a_question_finds_its_captions(where: str, found: list[int]) -> None:
    assert chosen(where) == found


@pytest.mark.parametrize("where", ["dog,", ",", "a||b", "!", '"open', 'dog "cat"', '"a""b"', "a, , b"])
def test_a_question_that_makes_no_sense_is_refused(where: str) -> None:
    with pytest.raises(InvalidParamError, match=r"^where "):
        Where(where)


@given(st.text(st.sampled_from(string.ascii_letters + ' ,|!"*\\<>'), max_size=30), st.text(max_size=30))
def test_any_question_is_answered_or_refused(where: str, caption: str) -> None:
    try:
        made = Where(where)
    except InvalidParamError:
        return
    assert made.holds(caption) in {True, False}


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    assert not Where("*a" * 200 + "b").holds("a" * 4000)


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        ({"add": ["new"]}, "a, b", "a, b, new"),
        ({"add": ["new", "x"], "at": "first"}, "a, b", "new, x, a, b"),
        ({"add": ["new"], "at": "position", "position": 1}, "a, b", "a, new, b"),
        ({"add": ["new"], "at": "position", "position": 99}, "a, b", "a, b, new"),
        ({"add": ["B"]}, "a,  b", "a,  b"),  # it is there: nothing is touched, not even the space
        ({"add": ["x, y"]}, "", "x, y"),
        ({"remove": ["B"]}, "a, b, c", "a, c"),
        ({"remove": ["*hair"]}, "long hair, a, hair, hairs", "a, hairs"),
        ({"remove": ["none"]}, "a ,b", "a ,b"),
        ({"rename": {"a": "z"}}, "a, b, a b", "z, b, a b"),
        ({"rename": {"a": "x, y"}}, "a, b", "x, y, b"),
        ({"rename": {"a": ""}}, "a, b", "b"),
        ({"rename": {"a": "b", "b": "a"}}, "a, b", "b, a"),  # at once, not one after the other
        ({"replace_text": {"blu": "red"}}, "blue sky, blu", "rede sky, red"),
        ({"dedupe": True}, "a, b, A, c, b", "a, b, c"),
        ({"order": "alphabetical"}, "c, B, a", "a, B, c"),
        ({"order": "alphabetical", "keep_first": 1}, "sks, c, b", "sks, b, c"),
        ({"order": "frequency", "counts": {"a": 1, "b": 5, "c": 5}}, "a, c, b", "b, c, a"),
        ({"new_separator": "."}, "a, b", "a. b"),
        ({"new_separator": " "}, "a, b", "a b"),
        ({"separator": ".", "new_separator": ","}, "a. b, c", "a, b, c"),
        ({"text": " whole new \n"}, "a", "whole new"),
        ({"text": "", "add": ["x"]}, "a", "x"),
        ({"rename": {"a": "b"}, "dedupe": True, "add": ["c"], "order": "alphabetical"}, "z, a, b", "b, c, z"),
        ({}, "  a,b  ", "a,b"),
        # a separator at the end stays, unless what is added comes after it
        ({"add": ["new"]}, "a, b,", "a, b, new"),
        ({"add": ["new"], "at": "first"}, "a, b,", "new, a, b,"),
        ({"remove": ["a"]}, "a, b ,", "b,"),
        ({"remove": ["a", "b"]}, "a, b,", ""),
        ({"order": "alphabetical"}, "b, a, ", "a, b,"),
        ({"dedupe": True}, "a, b,", "a, b,"),
        # a tag that stays is written as it was, with whatever space it has inside
        ({"add": ["new"]}, "u\u2028v, a  b", "u\u2028v, a  b, new"),
        ({"order": "frequency", "counts": {"a b": 1, "c": 5}}, "a  b, c", "c, a  b"),
        # words that are taken out leave no tag of nothing
        ({"replace_text": {"solo": ""}}, "solo, 1girl, red", "1girl, red"),
        ({"replace_text": {"x": ""}}, "a, , bx", "a, , b"),
        # what a choice holds is one tag
        ({"order": "alphabetical"}, "z, {b, a|c} hair, d", "d, z, {b, a|c} hair"),
        ({"remove": ["a"]}, "{b, a|c}, a", "{b, a|c}"),
    ],
)
def test_an_edit_worked_out_by_hand(edit: dict[str, Any], before: str, after: str) -> None:
    assert Edit(**edit).apply(before) == after


LINES = "a cat, sitting\r\n\r\n  a red cat on grass, sitting \nmeow, cat, sitting,"


@pytest.mark.parametrize(
    ("edit", "after"),
    [
        ({"add": ["solo"], "at": "first"},
         "solo, a cat, sitting\r\n\r\n  solo, a red cat on grass, sitting \nsolo, meow, cat, sitting,"),
        ({"add": ["cat"]},
         "a cat, sitting, cat\r\n\r\n  a red cat on grass, sitting, cat \nmeow, cat, sitting,"),
        ({"add": ["x"], "at": "position", "position": 1},
         "a cat, x, sitting\r\n\r\n  a red cat on grass, x, sitting \nmeow, x, cat, sitting,"),
        ({"remove": ["sitting"]}, "a cat\r\n\r\n  a red cat on grass \nmeow, cat,"),
        ({"remove": ["a cat", "sitting"]}, "\r\n\r\n  a red cat on grass \nmeow, cat,"),
        ({"rename": {"sitting": "asleep"}},
         "a cat, asleep\r\n\r\n  a red cat on grass, asleep \nmeow, cat, asleep,"),
        ({"replace_text": {"cat": "dog"}},
         "a dog, sitting\r\n\r\n  a red dog on grass, sitting \nmeow, dog, sitting,"),
        ({"dedupe": True}, LINES),  # what is in two lines is no repeat
        ({"order": "alphabetical"},
         "a cat, sitting\r\n\r\n  a red cat on grass, sitting \ncat, meow, sitting,"),
        ({"order": "frequency", "counts": {"sitting": 3}, "keep_first": 1},
         "a cat, sitting\r\n\r\n  a red cat on grass, sitting \nmeow, sitting, cat,"),
        ({"new_separator": ";"},
         "a cat; sitting\r\n\r\n  a red cat on grass; sitting \nmeow; cat; sitting;"),
        ({"text": "one\ntwo"}, "one\r\ntwo"),
        ({"text": "1\n2\n3\n4"}, "1\r\n2\r\n3\n4"),
    ],
)  # fmt: skip
def test_each_line_is_edited_by_itself(edit: dict[str, Any], after: str) -> None:
    assert Edit(**edit).apply(LINES) == after


def test_lines_that_are_the_separator_are_tags() -> None:
    assert Edit(separator="\n", order="alphabetical").apply("b\na") == "a\nb"
    assert Where("b", "\n").holds("a\nb")


def test_a_tag_ends_with_its_line() -> None:
    assert Where("sitting").holds("meow, sitting\na cat")
    assert not Where("sitting a cat").holds("meow, sitting\na cat")


@pytest.mark.parametrize("pair", ["a\nb => c", "a => b\r\nc"])
def test_words_of_two_lines_are_not_replaced(pair: str) -> None:
    with pytest.raises(InvalidParamError, match="line by line"):
        arrows("replace_text", [pair])


_tag = st.text(string.ascii_letters + " _-", min_size=1, max_size=6)
_captions = st.lists(_tag, max_size=10).map(", ".join)


@given(_captions)
def test_dedupe_is_idempotent_and_keeps_the_first_of_each(caption: str) -> None:
    once = Edit(dedupe=True).apply(caption)
    assert Edit(dedupe=True).apply(once) == once
    forms = [" ".join(tag.split()).casefold() for tag in tags_of(once)]
    assert forms == list(dict.fromkeys(" ".join(tag.split()).casefold() for tag in tags_of(caption)))


@given(_captions, st.integers(0, 5))
def test_sorting_keeps_every_tag_and_is_idempotent(caption: str, keep: int) -> None:
    made = Edit(order="alphabetical", keep_first=keep).apply(caption)
    assert sorted(tags_of(made)) == sorted(tags_of(caption))
    assert tags_of(made)[:keep] == tags_of(caption)[:keep]
    assert Edit(order="alphabetical", keep_first=keep).apply(made) == made


@given(_captions, st.lists(_tag.filter(str.strip), min_size=1, max_size=4))
def test_what_is_added_and_then_removed_is_gone(caption: str, tags: list[str]) -> None:
    added = Edit(add=tags).apply(caption)
    assert all(Where("").holds(added) and Where(tag.strip()).holds(added) for tag in tags)
    assert not any(Where(tag.strip()).holds(Edit(remove=tags).apply(added)) for tag in tags)


_edits = st.fixed_dictionaries(
    {},
    optional={
        "replace_text": st.dictionaries(_tag.filter(str.strip), _tag, max_size=2),
        "rename": st.dictionaries(_tag.filter(str.strip), _tag, max_size=2),
        "remove": st.lists(_tag, max_size=2),
        "add": st.lists(_tag, max_size=2),
        "at": st.sampled_from(["first", "last", "position"]),
        "dedupe": st.booleans(),
        "order": st.sampled_from(["keep", "alphabetical", "frequency"]),
        "new_separator": st.sampled_from([None, ";", " | "]),
    },
)


@pytest.mark.thorough
@given(st.lists(_captions.filter(str.strip), min_size=2, max_size=4), _edits, st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_lines_are_edited_as_captions_of_their_own(lines: list[str], edit: dict[str, Any], end: str) -> None:
    whole = end.join(line.strip() for line in lines)
    assert Edit(**edit).apply(whole) == end.join(Edit(**edit).apply(line) for line in lines)


@given(st.text(st.characters(codec="utf-8")))
def test_an_edit_of_nothing_changes_nothing_but_the_space_around(caption: str) -> None:
    assert Edit().apply(caption) == caption.strip()
    assert not Edit(separator=".").changes_anything()


@pytest.mark.parametrize(
    "edit", [{"text": ""}, {"add": ["a"]}, {"dedupe": True}, {"order": "alphabetical"}, {"new_separator": " "}]
)
def test_an_edit_knows_that_it_changes_something(edit: dict[str, Any]) -> None:
    assert Edit(**edit).changes_anything()


def test_a_caption_does_not_grow_without_end() -> None:
    with pytest.raises(InvalidParamError, match="shorter"):
        Edit(replace_text={"a": "a" * 4000}).apply("a" * 50)
    assert len(Edit(text="a" * MAX_CHARACTERS).apply("")) == MAX_CHARACTERS


def test_arrows_are_read() -> None:
    assert arrows("rename", ["a => b", "c=>", " long hair  =>  hair, long "]) == {
        "a": "b",
        "c": "",
        "long hair": "hair, long",
    }


@pytest.mark.parametrize("pair", ["a", "=> b", "a > b"])
def test_what_is_no_arrow_is_refused(pair: str) -> None:
    with pytest.raises(InvalidParamError, match="old => new"):
        arrows("rename", [pair])


def test_an_old_name_is_given_once() -> None:
    with pytest.raises(InvalidParamError, match="twice"):
        arrows("rename", ["a => b", "a=>c"])
