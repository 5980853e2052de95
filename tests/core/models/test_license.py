"""The license that a checkpoint's own file states."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lib_bootcamp.core.models.headers import license_in, stated_license


def test_a_files_license_is_read_from_its_header(tmp_path: Path) -> None:
    text = json.dumps({"__metadata__": {"modelspec.license": "CreativeML Open\n RAIL-M"}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    assert stated_license(tmp_path / "a.safetensors") == "CreativeML Open RAIL-M"
    assert stated_license(tmp_path / "gone.safetensors") == ""


@pytest.mark.parametrize("metadata", [None, [], "x", {}, {"modelspec.license": 3}, {"modelspec.license": None}])
def test_metadata_of_any_kind_are_no_mistake(metadata: object) -> None:
    assert license_in(metadata) == ""


def test_a_long_one_is_cut() -> None:
    assert len(license_in({"modelspec.license": "a" * 10_000})) == 500
