"""The pages that are made from tables are what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files import load_file

DOCS = Path(__file__).resolve().parents[3] / "docs"


MAKE = load_file(DOCS / "make.py", "bootcamp_docs_make")


@pytest.mark.parametrize("name", MAKE.PAGES)
def test_a_page_is_as_made(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == MAKE.PAGES[name](), "run python docs/make.py"


def test_every_map_has_a_line_and_a_place_on_the_picture() -> None:
    page = (DOCS / "maps.md").read_text(encoding="utf-8")
    assert all(f"| {title} | `{operation.name} " in page for title, operation, _ in MAKE.MAPS)
    assert MAKE.SHEET.is_file()
