"""What a step makes of a caption."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from lib_bootcamp.core.training.captions import Wording

TAGS = "cat, red hat, {sitting|standing}, outside"


def many(wording: Wording, caption: str, number: int = 400) -> list[str]:
    return [wording.of(caption, np.random.default_rng(each)) for each in range(number)]


def test_the_same_chance_gives_the_same_words() -> None:
    wording = Wording(shuffle=True, tag_dropout=0.3)
    assert wording.of(TAGS, np.random.default_rng(3)) == wording.of(TAGS, np.random.default_rng(3))


def test_nothing_is_changed_unless_it_is_asked_for() -> None:
    assert set(many(Wording(dropout=0), "a cat,  with a hat. ")) == {"a cat,  with a hat."}


def test_an_alternative_is_one_tag_and_each_comes() -> None:
    found = Counter(many(Wording(dropout=0), TAGS))
    assert set(found) == {"cat, red hat, sitting, outside", "cat, red hat, standing, outside"}
    assert min(found.values()) > 150


def test_lines_are_alternatives() -> None:
    assert set(many(Wording(dropout=0), "a cat\n\na dog\n")) == {"a cat", "a dog"}


def test_the_first_tags_stay() -> None:
    found = many(Wording(dropout=0, shuffle=True, keep=1), "zorb, a, b, c")
    assert {each.split(", ")[0] for each in found} == {"zorb"}
    assert len(set(found)) == 6


def test_what_stands_before_the_mark_stays() -> None:
    found = many(Wording(dropout=0, shuffle=True), "zorb, blue ||| a, b")
    assert set(found) == {"zorb, blue, a, b", "zorb, blue, b, a"}
    assert many(Wording(dropout=0), "zorb|||a", 1) == ["zorb, a"]


def test_dropped_tags_are_as_many_as_asked() -> None:
    found = many(Wording(dropout=0, tag_dropout=0.25, keep=1), "zorb, a, b, c, d", 2000)
    left = sum(each.count(",") for each in found) / (4 * 2000)
    assert left == pytest.approx(0.75, abs=0.02)


def test_captions_are_dropped_whole() -> None:
    found = many(Wording(dropout=0.2, prefix="photo of "), "a cat", 2000)
    assert Counter(found)[""] / 2000 == pytest.approx(0.2, abs=0.03)
    assert set(found) == {"", "photo of a cat"}


def test_a_template_names_what_is_taught() -> None:
    wording = Wording(dropout=0, template="a picture of [name], [filewords]", name="zorb")
    assert set(many(wording, "on a table")) == {"a picture of zorb, on a table"}
    assert set(many(wording, "")) == {"a picture of zorb"}


@pytest.mark.parametrize("caption", ["{" + "|" * 2_000_000, "{|}" * 200_000 + "," * 400_000])
def test_however_braces_stand_a_caption_is_looked_at_once(caption: str) -> None:
    """Looked at anew from each brace, these take hours, and nothing else runs meanwhile."""
    made = Wording(dropout=0, shuffle=True).of(caption, np.random.default_rng(1))
    assert len(made) <= len(caption) + 10


@pytest.mark.parametrize(
    ("template", "caption", "made"),
    [
        ("", "a Zorb on a table", "a Zorb on a table"),
        ("", "a table", "a photo of zorb, a table"),
        ("", "two zorbs", "a photo of zorb, two zorbs"),
        ("", "", "a photo of zorb"),
        ("[name] by itself, [filewords]", "a table", "zorb by itself, a table"),
        ("[filewords] again", "a table", "a photo of zorb, a table again"),
    ],
)
def test_a_caption_of_an_embedding_always_holds_its_word(template: str, caption: str, made: str) -> None:
    wording = Wording(template=template, name="zorb", word=True, dropout=0.5)
    assert set(many(wording, caption, 20)) == {made}


def test_the_word_stays_where_its_tag_is_left_out() -> None:
    found = many(Wording(name="zorb", word=True, tag_dropout=0.6, shuffle=True), "zorb, red, round")
    assert all("zorb" in each.split(", ")[0] or "zorb" in each for each in found)
    assert "a photo of zorb, red" in found
