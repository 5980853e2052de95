"""How an interrogation words what it found, worked out by hand from clip-interrogator's source."""

from __future__ import annotations

from lib_bootcamp.core.text.prompt_texts import classic_prompt, joined, truncated


def test_a_classic_prompt_has_its_parts_in_order() -> None:
    made = classic_prompt("a cat", "a photo", "by Ann", ["pixiv", "cubism", "red", "soft"])
    assert made == "a cat, a photo by Ann, pixiv, cubism, red, soft"


def test_the_medium_is_not_repeated() -> None:
    assert classic_prompt("a photo of a cat", "a photo", "by Ann", ["pixiv"]) == "a photo of a cat by Ann, pixiv"


def test_what_is_missing_leaves_no_commas_behind() -> None:
    assert classic_prompt("", "a photo", "by Ann", ["pixiv"]) == "a photo by Ann, pixiv"
    assert classic_prompt("a cat", "a photo", "", []) == "a cat, a photo"
    assert classic_prompt("", "", "", ["red"]) == "red"
    assert joined("", ["red", "blue"]) == "red, blue"
    assert joined("a cat", ["red"]) == "a cat, red"


def test_an_empty_label_of_the_package_stays_where_it_is() -> None:
    assert joined("a cat", ["red", "", "blue"]) == "a cat, red, , blue"


def test_a_prompt_is_cut_before_the_part_that_fills_the_model() -> None:
    asked = []

    def is_full(text: str) -> bool:
        asked.append(text)
        return len(text) > 7

    assert truncated("aa, bb, cc, dd", is_full) == "aa, bb"
    assert asked == ["aabb", "aa, bbcc"]


def test_a_first_part_that_is_too_long_stays() -> None:
    assert truncated("a long caption, b", lambda _: True) == "a long caption"
