"""What the WebUI's ui-config.json keeps of the tabs: each field under a key of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import FakeHost

gr = pytest.importorskip("gradio")

from lib_bootcamp.surfaces.page.tabs.page import build_tabs  # noqa: E402


def kept(block: Any) -> Iterator[tuple[str, Any]]:
    """Components with a value and their keys, found and named as the WebUI 1.10 does it (modules/ui_loadsave.py)."""
    for child in getattr(block, "children", ()):
        yield from kept(child)
    kinds = (gr.Slider, gr.Radio, gr.Checkbox, gr.Textbox, gr.Number, gr.Dropdown)
    if type(block) in kinds and not getattr(block, "do_not_save_to_config", False):
        source = getattr(block, "custom_script_source", None)
        yield f"customscript/{source}/" * (source is not None) + f"bootcamp/{block.label}", block


def test_no_field_is_given_what_another_one_of_the_same_label_was_saved_with(tmp_path: Path) -> None:
    with gr.Blocks() as page:
        build_tabs(FakeHost(data_dir=tmp_path))
    keys = Counter(key for key, _ in kept(page))
    assert len(keys) > 100
    assert [key for key, count in keys.items() if count > 1] == []
