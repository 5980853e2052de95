"""What a LoRA may be called, on every system and in a prompt."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lib_bootcamp.core.networks.file_names import ENDING, MOST_BYTES, MOST_CHARACTERS, NAME, cleaned
from lib_bootcamp.core.networks.folder import LoraFolder
from lib_bootcamp.core.networks.prompt_tags import split_prompt

WRONG = [
    "",
    ".x",
    "..",
    "x.",
    "x ",
    " x",
    "x\u3000",
    "a=b",
    "a>b",
    "a<b",
    "a:b",
    "a/b",
    "a\\b",
    "a*",
    "a?",
    'a"',
    "a|b",
]
WRONG += ["NUL", "nul", "Con", "AUX.txt", "prn .x", "COM1", "com0", "LPT9", "com\xb2", "CONIN$", "conout$"]
WRONG += [
    "x\n",
    "\tx",
    "a\x00b",
    "x\x7f",
    "a\x9bb",
    "a\u202eb",
    "\u200fa",
    "a\u2066b",
    "a\u200bb",
    "\ufeffa",
    "a\u2028b",
]
WRONG += ["a" * (MOST_CHARACTERS + 1)]
RIGHT = [
    "a",
    "-x",
    "v1.5 cats",
    "my dog",
    "NULL",
    "console",
    "com10x",
    "com",
    "\u6f22" * 70,
    "a" * 100,
    "caf\xe9",
    "a'b",
]
RIGHT += ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "x,y", "(x)", "x#1", "\U0001f600"]


@pytest.mark.parametrize("name", WRONG, ids=ascii)
def test_a_name_that_cannot_be_a_file_everywhere_or_be_called_is_none(name: str) -> None:
    assert not re.fullmatch(NAME, name)


@pytest.mark.parametrize("name", RIGHT, ids=ascii)
def test_a_name_that_may_be_given_is_a_file_that_a_prompt_calls(name: str, tmp_path: Path) -> None:
    assert re.fullmatch(NAME, name)
    assert cleaned(name) == (name if len(name) < 70 or name.isascii() else name[:66])
    file = tmp_path / f"{name}{ENDING}"
    file.write_bytes(b"")
    prompt, tags = split_prompt(f"a cat <lora:{name}:0.5>")
    assert (prompt, [(each.name, each.unet) for each in tags]) == ("a cat", [(name, 0.5)])
    assert LoraFolder(tmp_path).find(tags[0].name, "prompt") == file


@given(st.text(max_size=150))
@example("nul .")
@example(". NUL")
@example("\ud800\U000e0041")
def test_what_is_left_of_any_text_is_a_name_or_nothing(text: str) -> None:
    name = cleaned(text)
    assert name == "" or re.fullmatch(NAME, name)
    assert len(f"{name}-1000000{ENDING}".encode()) <= MOST_BYTES
    assert split_prompt(f"<lora:{name}:1>")[1][0].name == name if name else True
