"""Gradio gives its bar to the parameters that it looks at, and says nothing where it gives it to none."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from tests.fakes import FakeHost

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page.tabs.page import build_tabs  # noqa: E402


@pytest.mark.thorough
def test_every_handler_that_shows_a_bar_is_given_one(tmp_path: Path) -> None:
    with gr.Blocks() as page:
        tabs = build_tabs(FakeHost(data_dir=tmp_path))
    made = page.fns.values() if isinstance(page.fns, dict) else page.fns
    handlers = [each.fn for each in made if each.fn is not None]
    wanted = [
        each
        for each in handlers
        if any(isinstance(one.default, gr.Progress) for one in inspect.signature(each).parameters.values())
    ]
    assert len(wanted) >= len(tabs)
    special_args = pytest.importorskip("gradio.helpers").special_args
    without = [each.__qualname__ for each in wanted if special_args(each)[1] is None]
    assert without == []
