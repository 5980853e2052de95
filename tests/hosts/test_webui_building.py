"""A page that is built in a request, beside one of the WebUI's API; defaults by the WebUI's own reader."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from lib_bootcamp.hosts.webui import WebUiPage


def module(monkeypatch: pytest.MonkeyPatch, name: str, **attributes: Any) -> None:
    made = ModuleType(f"modules.{name}")
    vars(made).update(attributes)
    monkeypatch.setitem(sys.modules, "modules", ModuleType("modules"))
    monkeypatch.setitem(sys.modules, f"modules.{name}", made)


def api(monkeypatch: pytest.MonkeyPatch, build: Callable[[Any], str]) -> Any:
    """`modules.api.api.Api`, whose method for the first request builds a page."""

    class Api:
        def init_default_script_args(self, runner: Any) -> str:
            """Of the WebUI."""
            return build(runner)

    module(monkeypatch, "api.api", Api=Api)
    return Api


def test_the_api_builds_its_page_after_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[str] = []
    made = api(monkeypatch, lambda runner: built.append(runner) or "its arguments")
    with WebUiPage().building():
        asking = threading.Thread(target=lambda: made().init_default_script_args("the API's"))
        asking.start()
        asking.join(0.2)
        built.append("ours")
    asking.join(10)
    assert built == ["ours", "the API's"]


def test_the_apis_method_is_wrapped_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = api(monkeypatch, lambda runner: f"for {runner}")
    for _ in range(3):
        with WebUiPage().building():
            pass
    wrapped = made.init_default_script_args
    assert not hasattr(wrapped.bootcamp_checked, "bootcamp_checked")
    assert (made().init_default_script_args("txt2img"), wrapped.__doc__) == ("for txt2img", "Of the WebUI.")


def test_without_an_api_a_page_is_built_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "modules.api.api", raising=False)
    with WebUiPage().building():
        pass


class Kept:
    """As `modules.ui_loadsave.UiLoadsave`."""

    written: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, filename: str) -> None:
        self.filename, self.ui_settings, self.component_mapping = filename, {"there": 1}, {}

    def add_block(self, page: Any, path: str) -> None:
        for each in page.fields:
            self.ui_settings.setdefault(f"{path}/{each}", 0)
            self.component_mapping[f"{path}/{each}"] = each

    def dump_defaults(self) -> None:
        self.written.append(dict(self.ui_settings))

    def ui_apply(self, *values: Any) -> str:
        return f"Wrote {len(values)} changes."


@pytest.mark.parametrize(("fields", "written"), [(["a"], [{"there": 1, "tab/a": 0}]), ([], [])])
def test_new_fields_are_written_to_ui_config(
    monkeypatch: pytest.MonkeyPatch, fields: list[str], written: list[Any]
) -> None:
    monkeypatch.setattr(Kept, "written", [])
    module(monkeypatch, "ui_loadsave", UiLoadsave=Kept)
    module(monkeypatch, "shared", cmd_opts=SimpleNamespace(ui_config_file="ui-config.json"))
    kept, keep = WebUiPage().saved_values(SimpleNamespace(fields=fields), "tab")
    assert (kept, Kept.written) == (fields, written)
    assert keep(*fields) == f"Wrote {len(fields)} changes."
