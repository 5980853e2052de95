"""The changelog keeps the form of Keep a Changelog 1.1."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from lib_bootcamp import __version__

LINES = (Path(__file__).resolve().parents[2] / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_what_is_not_released_comes_first_and_this_version_is_among_the_dated_ones() -> None:
    heads = [line for line in LINES if line.startswith("## ")]
    assert heads[0] == "## [Unreleased]"
    assert all(re.fullmatch(r"## \[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", line) for line in heads[1:])
    assert any(line.startswith(f"## [{__version__}]") for line in heads)


def test_changes_stand_below_their_kind() -> None:
    assert {line.removeprefix("### ") for line in LINES if line.startswith("### ")} <= KINDS


def test_no_entry_stands_twice() -> None:
    twice = [line for line, times in Counter(line for line in LINES if line.startswith("- ")).items() if times > 1]
    assert not twice
