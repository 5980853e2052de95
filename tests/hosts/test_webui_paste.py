"""How an infotext is bound to the WebUI's own paste, against a fake in the shape of `modules.infotext_utils` 1.10.1."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from PIL import Image as Pil

from lib_bootcamp.errors import ImageError
from lib_bootcamp.hosts.webui import WebUiPage


class Button:
    """Remembers what a click does."""

    def __init__(self) -> None:
        self.clicks: list[tuple[Any, ...]] = []

    def click(self, function: Any = None, inputs: Any = None, outputs: Any = None, **_: Any) -> None:
        self.clicks.append((function, inputs, outputs))


@pytest.fixture
def infotext(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    @dataclass
    class ParamBinding:
        paste_button: Any
        tabname: str
        source_text_component: Any = None

    bound: list[ParamBinding] = []
    fields = {"txt2img": {"init_img": None}, "img2img": {"init_img": "its picture"}}
    module = ModuleType("modules.infotext_utils")
    vars(module).update(ParamBinding=ParamBinding, register_paste_params_button=bound.append, paste_fields=fields)
    monkeypatch.setitem(sys.modules, "modules", ModuleType("modules"))
    monkeypatch.setitem(sys.modules, "modules.infotext_utils", module)
    return SimpleNamespace(bound=bound)


def test_a_text_is_pasted_by_the_webui_itself(infotext: SimpleNamespace) -> None:
    button = Button()
    WebUiPage().bind_paste(button, "txt2img", "text", "picture")
    (binding,) = infotext.bound
    assert (binding.paste_button, binding.tabname, binding.source_text_component) == (button, "txt2img", "text")
    assert button.clicks == []


def test_the_picture_goes_where_the_tab_has_a_place_for_one(infotext: SimpleNamespace, tmp_path: Path) -> None:
    button = Button()
    WebUiPage().bind_paste(button, "img2img", "text", "picture")
    ((opened, inputs, outputs),) = button.clicks
    assert (inputs, outputs) == (["picture"], ["its picture"])
    Pil.new("RGBA", (3, 2)).save(tmp_path / "a.png")
    assert (opened(str(tmp_path / "a.png")).size, opened(None)) == ((3, 2), None)
    assert len(infotext.bound) == 1


def test_only_a_picture_file_is_opened_for_a_tab(infotext: SimpleNamespace, tmp_path: Path) -> None:
    button = Button()
    WebUiPage().bind_paste(button, "img2img", "text", "picture")
    ((opened, _, _),) = button.clicks
    (tmp_path / "a.eps").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
    for bad in ("a.eps", "none.png"):
        with pytest.raises(ImageError):
            opened(str(tmp_path / bad))


def test_a_tab_that_the_webui_does_not_have_is_left_out(infotext: SimpleNamespace) -> None:
    button = Button()
    WebUiPage().bind_paste(button, "inpaint", "text", "picture")
    assert (button.clicks, infotext.bound) == ([], [])
