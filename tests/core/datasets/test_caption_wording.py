"""How a caption is worded of what was found: every rule by hand, and laws on any words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.datasets.caption_edit import MAX_CHARACTERS
from lib_bootcamp.core.datasets.caption_files import CaptionError
from lib_bootcamp.core.datasets.caption_wording import Existing, Found, Wording, chosen, longest_tokens, token_warning
from lib_bootcamp.core.datasets.tags import tags_of

FOUND: list[Found] = [("long_hair", 0.3), ("red dog", 0.9), ("Grass", 0.5)]


def compose(existing: str = "", how: Existing = "overwrite", found: list[Found] | None = None, **rules: Any) -> str:
    return Wording(**rules).compose(FOUND if found is None else found, existing, how)


# --- which labels


def test_labels_below_the_threshold_are_left_out_and_the_order_stays() -> None:
    assert chosen(FOUND, 0.4, None) == [("red dog", 0.9), ("Grass", 0.5)]
    assert chosen(FOUND, 0.3, None) == FOUND


def test_of_many_the_best_are_taken_in_their_order() -> None:
    assert chosen([("a", 0.2), ("b", 0.9), ("c", 0.5), ("d", 0.7)], 0.0, 2) == [("b", 0.9), ("d", 0.7)]
    assert chosen([("a", 0.5), ("b", 0.5)], 0.0, 1) == [("a", 0.5)]  # the first of equal ones


# --- rules


@pytest.mark.parametrize(
    ("rules", "caption"),
    [
        ({}, "red dog, Grass, long_hair"),
        ({"order": "alphabetical"}, "Grass, long_hair, red dog"),
        ({"order": "listed"}, "long_hair, red dog, Grass"),
        ({"spaces": True}, "red dog, Grass, long hair"),
        ({"replace_text": {"red": "brown", "long": "short"}}, "brown dog, Grass, short_hair"),
        ({"rename": {"GRASS": "meadow"}}, "red dog, meadow, long_hair"),
        ({"rename": {"gras": "meadow"}}, "red dog, Grass, long_hair"),  # whole tags only
        ({"rename": {"grass": ""}}, "red dog, long_hair"),
        ({"rename": {"grass": "green, meadow"}}, "red dog, green, meadow, long_hair"),
        ({"never": ("GRASS",)}, "red dog, long_hair"),
        ({"never": ("*hair", "red*")}, "Grass"),
        ({"spaces": True, "never": ("long hair",)}, "red dog, Grass"),
        ({"replace_text": {"Grass": "sky"}, "never": ("grass",)}, "red dog, sky, long_hair"),
        ({"always": ("photo", "grass")}, "red dog, Grass, long_hair, photo"),
        ({"always": ("a, b", "a")}, "red dog, Grass, long_hair, a, b"),
        ({"always": ("photo",), "never": ("photo",)}, "red dog, Grass, long_hair, photo"),
        ({"separator": ";"}, "red dog; Grass; long_hair"),
        ({"prefix": "a photo of ", "suffix": " outdoors"}, "a photo of red dog, Grass, long_hair outdoors"),
        ({"trigger": "ohwx"}, "ohwx, red dog, Grass, long_hair"),
        ({"trigger": "red dog"}, "red dog, Grass, long_hair"),  # once
        ({"trigger": "ohwx", "prefix": "a photo of "}, "ohwx, a photo of red dog, Grass, long_hair"),
        ({"never": ("*",)}, ""),
        ({"never": ("*",), "prefix": "a photo of "}, ""),
        ({"never": ("*",), "trigger": "ohwx"}, "ohwx"),
        ({"never": ("*",), "always": ("photo",)}, "photo"),
    ],
)
def test_a_rule_words_the_caption(rules: dict[str, Any], caption: str) -> None:
    assert compose(**rules) == caption


def test_a_face_keeps_its_underscore() -> None:
    assert compose(found=[("^_^", 1), ("o_o", 1), ("a_bc", 1)], spaces=True) == "^_^, o_o, a bc"


def test_parentheses_are_escaped_once() -> None:
    assert compose(found=[("rei (eva)", 1), (r"asuka \(eva\)", 1)], escape=True) == r"rei \(eva\), asuka \(eva\)"


def test_tags_that_are_alike_are_there_once_unless_it_is_not_wanted() -> None:
    twice = [("Red Dog", 0.9), ("red  dog", 0.8), (r"a (b)", 0.7), (r"a \(b\)", 0.6)]
    assert compose(found=twice) == "Red Dog, a (b)"
    assert compose(found=twice, dedupe=False) == r"Red Dog, red dog, a (b), a \(b\)"


def test_a_sentence_is_cut_at_its_separators_and_put_together_again() -> None:
    assert compose(found=[("a dog on grass,  a red ball", 1.0)]) == "a dog on grass, a red ball"


def test_a_caption_is_one_line() -> None:
    assert compose(found=[("a", 1)], prefix="one\ntwo ", trigger="x\r\ny") == "x y, one two a"


# --- the caption that is there


@pytest.mark.parametrize(
    ("how", "caption"),
    [
        ("overwrite", "red dog, Grass, long_hair"),
        ("skip", "red dog, Grass, long_hair"),  # who asks has looked before
        ("append", "my own, grass, red dog, long_hair"),
        ("prepend", "red dog, long_hair, my own, grass"),
    ],
)
def test_what_is_there_is_kept_or_not(how: Existing, caption: str) -> None:
    assert compose("my own, grass", how) == caption


def test_what_is_there_is_not_worded_anew() -> None:
    assert compose("long_hair (x)", "append", spaces=True, escape=True, never=("long_hair (x)",)) == (
        "long_hair (x), red dog, Grass, long hair"
    )


@pytest.mark.parametrize("there", ["ohwx, my own", "OHWX,my own", "ohwx my own", "my own"])
@pytest.mark.parametrize(("how", "rest"), [("append", "my own, dog"), ("prepend", "dog, my own")])
def test_the_trigger_word_is_first_and_there_once(there: str, how: Existing, rest: str) -> None:
    assert compose(there, how, [("dog", 1.0)], trigger="ohwx") == f"ohwx, {rest}"


def test_a_word_that_only_begins_like_the_trigger_stays() -> None:
    assert compose("ohwxy dog", "append", [], trigger="ohwx") == "ohwx, ohwxy dog"


def test_a_caption_that_is_the_trigger_alone_is_not_doubled() -> None:
    assert compose("ohwx", "append", [("dog", 1.0)], trigger="ohwx") == "ohwx, dog"


def test_where_nothing_new_was_found_the_caption_is_as_it_was() -> None:
    assert compose("my own, grass", "append", [("Grass", 1.0)]) == "my own, grass"


def test_a_caption_that_would_be_too_long_is_refused() -> None:
    with pytest.raises(CaptionError, match="more than 16,384 characters"):
        compose("x" * MAX_CHARACTERS, "append")


@pytest.mark.parametrize(
    ("how", "there", "caption"),
    [
        ("append", "solo, 1girl,", "solo, 1girl, dog"),
        ("append", "solo, 1girl, ,  ", "solo, 1girl, dog"),
        ("prepend", "solo, 1girl,", "dog, solo, 1girl,"),
        ("prepend", ", solo", "dog, solo"),
        ("append", ",", "dog"),
        ("append", "dog,", "dog,"),  # nothing is new
    ],
)
def test_no_tag_of_nothing_comes_between(how: Existing, there: str, caption: str) -> None:
    assert compose(there, how, [("dog", 1.0)]) == caption


@pytest.mark.parametrize(
    ("how", "caption"),
    [
        ("append", "ohwx, a cat, sitting, dog\r\n\r\n ohwx, a dog, sitting, dog\nohwx, dog,"),
        ("prepend", "ohwx, dog, a cat, sitting\r\n\r\n ohwx, dog, a dog, sitting\nohwx, dog,"),
    ],
)
def test_each_line_that_is_there_gets_what_is_new_to_it(how: Existing, caption: str) -> None:
    there = "a cat, sitting\r\n\r\n ohwx, a dog, sitting\ndog,"
    assert compose(there, how, [("dog", 1.0)], trigger="ohwx") == caption


def test_a_sentence_of_two_lines_that_was_found_is_one_caption() -> None:
    assert compose(found=[("a dog\non grass", 1.0)]) == "a dog on grass"


# --- laws

WORDS = st.text(st.sampled_from("ab ,_()\\*\n"), max_size=12)
ITEMS = st.lists(st.tuples(WORDS, st.floats(0, 1)), max_size=6)
HOW = st.sampled_from(["append", "prepend"])


@given(ITEMS, WORDS, HOW, st.sampled_from(["", "ohwx"]))
def test_a_second_time_changes_nothing(found: list[Found], there: str, how: Existing, trigger: str) -> None:
    wording = Wording(trigger=trigger)
    once = wording.compose(found, there, how)
    assert tags_of(wording.compose(found, once, how)) == tags_of(once)


@given(ITEMS, st.lists(WORDS, max_size=3))
def test_no_tag_that_shall_never_be_there_is(found: list[Found], never: list[str]) -> None:
    forms = {" ".join(each.split()) for each in never if "*" not in each and "," not in each and "\\" not in each}
    made = Wording(never=tuple(never), dedupe=False).compose(found)
    assert not forms & {tag for tag in tags_of(made) if tag}


@pytest.mark.thorough
@given(ITEMS, WORDS, HOW)
def test_every_tag_that_was_there_is_there_still(found: list[Found], there: str, how: Existing) -> None:
    assert set(tags_of(there)) <= set(tags_of(Wording().compose(found, there, how)))


@pytest.mark.thorough
@given(ITEMS, WORDS, HOW, st.sampled_from(["", "ohwx"]))
def test_there_are_as_many_lines_as_before(found: list[Found], there: str, how: Existing, trigger: str) -> None:
    made = Wording(trigger=trigger).compose(found, there, how)
    assert made.count("\n") == there.strip().count("\n")


# --- length


def test_of_several_lines_the_longest_is_measured() -> None:
    assert token_warning("dog " * 60 + "\n" + "cat " * 60) == ""
    assert longest_tokens("dog\ncat cat\n\ndog") == 2


def test_a_caption_of_75_tokens_is_no_reason_to_warn_and_one_of_76_is() -> None:
    assert token_warning("dog " * 75) == ""
    assert token_warning("dog " * 76) == (
        "The caption has 76 tokens; trainers cut it after 75 unless they are set otherwise."
    )
