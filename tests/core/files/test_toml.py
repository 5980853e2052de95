"""Files of settings in TOML: what is read, what is refused, and what is written is read again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib_bootcamp.core.files.toml import MOST_BYTES, MOST_DOTS, parse_toml, read_toml, to_toml
from lib_bootcamp.errors import BootcampError, InvalidParamError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
NAMES = st.from_regex(r"\A[a-z_]{1,8}\Z")
FLAT = st.dictionaries(NAMES, st.one_of(SCALARS, st.lists(TEXTS, max_size=3)), max_size=4)


@given(FLAT, st.lists(FLAT, min_size=1, max_size=3))
def test_what_is_written_is_read_again(values: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    everything = {**values, "rows": rows}
    assert parse_toml(to_toml(everything), "config") == everything


def test_what_is_not_set_is_not_written() -> None:
    assert to_toml({"a": None, "b": (), "c": [{"d": None, "e": 1e-05}]}) == "b = []\n\n[[c]]\ne = 1e-05\n"


def test_letters_that_nobody_sees_are_escaped() -> None:
    assert to_toml({"a": "x\x1b\x7f\u202e\U000e0041\n"}) == 'a = "x\\u001b\\u007f\\u202e\\U000e0041\\u000a"\n'


def test_what_has_no_place_in_it_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="bytes has no place"):
        to_toml({"a": b""})


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"a = ", "config is no TOML: "),
        (b"a = 1\na = 2", "config is no TOML: "),
        (b"\xff\xfe", "config is no text in UTF-8."),
        (b"a = " + b"[" * 5000 + b"]" * 5000, "config is nested too deeply."),
        (b"x" * (MOST_BYTES + 1), "config has more than 256 KiB."),
        (b"a" + b".a" * (MOST_DOTS + 1) + b" = 1", "config has a line with more than 100 dots."),
        (b"a = " + b"9" * 5000, "config has a number of too many digits."),
        (b"a = '\0'", "config is no TOML: "),
    ],
    ids=["cut", "twice", "no text", "deep", "large", "dots", "digits", "zero"],
)
def test_what_cannot_be_read_is_one_sentence(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "a.toml").write_bytes(data)
    with pytest.raises(InvalidParamError) as caught:
        read_toml(tmp_path / "a.toml", "config")
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_a_mark_at_its_beginning_is_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbfa = 1\r\n")
    assert read_toml(tmp_path / "a.toml", "config") == {"a": 1}


@pytest.mark.skipif(os.name != "posix", reason="pipes as POSIX has them")
@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe", "device", "long"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.toml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    path = Path("/dev/zero") if kind == "device" else tmp_path / ("x" * 300) if kind == "long" else path
    with pytest.raises(BootcampError, match=r"^config cannot be read: "):
        read_toml(path, "config")
