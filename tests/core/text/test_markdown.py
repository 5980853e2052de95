"""Texts of files stand in Markdown as text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.text.markdown import code, fenced, paragraphs, plain, prose, table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a mymug, on a table", "a mymug, on a table"),
        ("<script>alert(1)</script>", r"\<script\>alert\(1\)\<\/script\>"),
        ("[x](http://evil.example)", r"\[x\]\(http\:\/\/evil.example\)"),
        ("www.evil.example", r"www\.evil.example"),
        ("a|b`c`*d*_e_ &lt; \\", r"a\|b\`c\`\*d\*\_e\_ \&lt; \\"),
        ("- no list", r"\- no list"),
        ("1. no list", r"1\. no list"),
        ("# no\n---\n# head", r"\# no --- \# head"),
        ("\x1b[2J\u202eabc", r"\\u001b\[2J\\u202eabc"),
    ],
)
def test_signs_of_markdown_are_escaped(text: str, shown: str) -> None:
    assert prose(text) == shown


def test_a_long_text_is_cut() -> None:
    assert plain("a" * 400) == "a" * 299 + "…"


def test_an_empty_line_begins_a_paragraph() -> None:
    assert paragraphs("one\ntwo\n \n- three\n\n\n") == "one two\n\n\\- three"


@pytest.mark.parametrize(
    ("text", "span"),
    [("<lora:a:1>", "`<lora:a:1>`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("``x", "``` ``x ```")],
)
def test_a_code_span_ends_where_it_should(text: str, span: str) -> None:
    assert code(text) == span


@given(st.text(max_size=80))
def test_nothing_ends_a_block_of_code_or_a_row(text: str) -> None:
    block = fenced([f"print({plain(text)!r})"], "python")
    fence = block.partition("python")[0]
    assert fence not in block.removeprefix(fence).removesuffix(fence)
    row = table(("a", "b"), [("x", text)]).splitlines()
    assert len(row) == 3
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row[2])) == 3
