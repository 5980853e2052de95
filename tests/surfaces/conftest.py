"""What the tests of surfaces share: a page that is built and not served is built quickly."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest


class NoApp:
    """Stands for Gradio's class of apps where a page is built."""

    @staticmethod
    def create_app(*_: object, **__: object) -> None:
        """No app."""


@pytest.fixture(scope="session", autouse=True)
def _pages_have_no_app() -> Iterator[None]:
    """Gradio makes two apps of a hundred routes for each page that is built; those that are mounted get their own."""
    blocks = sys.modules.get("gradio.blocks")
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(blocks, "App"):
            patch.setattr(blocks, "App", NoApp)
        yield
