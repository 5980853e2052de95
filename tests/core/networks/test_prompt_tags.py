"""LoRAs that a prompt names."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.networks import prompt_tags
from lib_bootcamp.core.networks.prompt_tags import LoraTag, split_prompt
from lib_bootcamp.errors import InvalidParamError


@pytest.mark.parametrize(
    ("tag", "text", "unet"),
    [
        ("<lora:cat>", 1, 1),
        ("<lora:cat:0.5>", 0.5, 0.5),
        ("<lora:cat:0.5:0.7>", 0.5, 0.7),
        ("<lora:cat:te=0.5:unet=1>", 0.5, 1),
        ("<lora:cat:0.3:te=0.5>", 0.5, 0.5),
        ("<lora:cat:0.3:unet=2>", 0.3, 2),
        ("<lyco:cat:-1>", -1, -1),
    ],
)
def test_weights_are_read_as_the_webui_reads_them(tag: str, text: float, unet: float) -> None:
    assert split_prompt(f"a ring {tag}") == ("a ring", (LoraTag("cat", text, unet),))


def test_a_prompt_without_tags_is_left_as_it_is() -> None:
    assert split_prompt(" a < b > c <hypernet:x:1> ") == (" a < b > c <hypernet:x:1> ", ())


def test_several_tags_are_taken_out_in_order() -> None:
    prompt, tags = split_prompt("a <lora:one:1>ring<lora:two words:0.2>, red")
    assert (prompt, [each.name for each in tags]) == ("a ring, red", ["one", "two words"])


@pytest.mark.parametrize(
    ("tag", "what"),
    [
        ("<lora:cat:much>", "'much', which is no number"),
        ("<lora:cat:inf>", "no number"),
        ("<lora::1>", "without a name"),
        ("<lora:cat:dyn=4>", "'dyn' in the tag"),
        ("<lora:cat:1:1:4>", "'4' in the tag"),
        ("<lora:x:1>" * 101, "100 are the most"),
    ],
)
def test_a_tag_that_cannot_be_meant_is_one_sentence(tag: str, what: str) -> None:
    with pytest.raises(InvalidParamError, match=what):
        split_prompt(tag)


@given(st.lists(st.sampled_from(["<lora:", "<lyco:", "<", ">", ":", "a", " ", "\n", "1"])).map("".join))
def test_tags_are_those_that_the_webuis_expression_finds(prompt: str) -> None:
    webuis = re.compile(r"<(?:lora|lyco):([^>]+)>")
    assert prompt_tags._taken_apart(prompt) == (webuis.sub("", prompt), webuis.findall(prompt))


def test_the_end_of_tags_that_have_none_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    class Counted(str):
        __slots__ = ()
        looked: ClassVar[list[int]] = []

        def find(self, *given: Any) -> int:
            self.looked.append(given[1])
            return super().find(*given)

    searched: list[int] = []

    class Opening:
        def search(self, prompt: str, at: int) -> re.Match[str] | None:
            searched.append(at)
            return expression.search(prompt, at)

    expression = prompt_tags._OPENING
    monkeypatch.setattr(prompt_tags, "_OPENING", Opening())
    prompt = Counted("<lora:" * 10_000)
    assert split_prompt(prompt) == (prompt, ())
    assert (len(searched), len(Counted.looked)) == (1, 1)
