"""What a request of the WebUI's API gives the section beside its values: nothing of it is passed over."""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from lib_bootcamp.core.scan.decoders import without_package
from lib_bootcamp.errors import InvalidParamError
from lib_bootcamp.hosts.webui import WebUiPage
from lib_bootcamp.surfaces.webui.section import positions
from lib_bootcamp.surfaces.webui.section_request import check_request
from lib_bootcamp.surfaces.webui.settings import add_settings, scan_choices, settings

HELLO = {"content": "HELLO"}
OLD_COUNT = len(positions())
"""About as many values as the page had when each field was a component."""


def asked(**request: Any) -> SimpleNamespace:
    return SimpleNamespace(**{"alwayson_scripts": {}, "infotext": None, "override_settings": None, **request})


def pairs(text: str) -> dict[str, str]:
    """A stand-in for the WebUI's reader: `key: value` lines."""
    return dict(line.split(": ", 1) for line in text.splitlines())


def check(entry: Any, **scripts: Any) -> None:
    check_request(asked(alwayson_scripts={"bootcamp": entry, **scripts}), pairs)


@pytest.mark.parametrize(
    "entry",
    [
        {"args": [HELLO]},
        {"args": []},
        {},
        {"args": [False]},
        {"args": [True, '{"qr.content": "x"}', ""]},
        {"args": [{"enabled": False, "conten": 1}]},
    ],
)
def test_what_is_understood_passes(entry: Any) -> None:
    check(entry)


@pytest.mark.parametrize(
    ("entry", "name", "words"),
    [
        ({"args": [HELLO, HELLO]}, "args[1]", "one too many"),
        ({"args": [HELLO, None]}, "args[1]", "one too many"),
        ({"args": [False, HELLO]}, "args[1]", "one too many"),
        ({"args": ["HELLO"]}, "args", "has 1 values; give one object.* the page's own three"),
        ({"args": [None]}, "args", "has 1 values"),
        ({"args": [True, "qr"]}, "args", "has 2 values"),
        ({"args": [True, *[None] * OLD_COUNT]}, "args", f"has {OLD_COUNT + 1} values; give one object"),
        ({"args": HELLO}, "args", "must be a list"),
        ({"args": "HELLO"}, "args", "must be a list"),
        ({"args": None}, "args", "must be a list"),
        ({"arg": [HELLO]}, "arg", "did you mean args"),
        ({"Args": [HELLO]}, "Args", "did you mean args"),
        ({"args": [HELLO], "content": "x"}, "content", "is not a parameter here"),
        ([HELLO], "bootcamp", "must be an object with args"),
        (HELLO, "content", "is not a parameter here"),
        (None, "bootcamp", "must be an object with args"),
    ],
)
def test_what_is_not_understood_is_named(entry: Any, name: str, words: str) -> None:
    with pytest.raises(InvalidParamError, match=words) as raised:
        check(entry)
    assert raised.value.param.endswith(name)
    assert raised.value.status == 422


def test_the_scripts_name_in_two_spellings_is_refused() -> None:
    with pytest.raises(InvalidParamError, match="bootcamp and Bootcamp"):
        check({"args": [HELLO]}, Bootcamp={"args": [HELLO]})


def test_the_scripts_name_counts_in_any_case() -> None:
    with pytest.raises(InvalidParamError, match="must be a list"):
        check_request(asked(alwayson_scripts={"BOOTCAMP": {"args": "x"}}), pairs)


def test_other_scripts_are_their_own_matter() -> None:
    check_request(asked(alwayson_scripts={"controlnet": {"args": [{}, {}]}, "other": None}), pairs)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("control=qr&content=x&sparkle=3", "sparkle is not a parameter here"),
        ("control=qr&conten=x", "did you mean content"),
        ("control=qrr", "Bootcamp in this infotext is for qrr, which is no control map here; begin it with control="),
        ("%%%", "Bootcamp in this infotext names no control map; begin it with control= and one of .*qr"),
        ("control=qr&weight=heavy", "weight in this infotext is 'heavy'"),
        ("control=qr&content=x&content=y", "content appears twice in this infotext"),
    ],
)
def test_a_mistake_in_an_infotext_that_a_caller_gives_is_named(text: str, words: str) -> None:
    with pytest.raises(InvalidParamError, match=words):
        check_request(asked(infotext=f"Steps: 20\nBootcamp: {text}"), pairs)


def test_an_infotext_that_is_understood_passes_as_one_without_us_does() -> None:
    check_request(asked(infotext="Steps: 20\nBootcamp: control=qr&content=x&weight=1.2"), pairs)
    check_request(asked(infotext="Steps: 20"), pairs)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"bootcamp_scan_dept": "fast"}, "did you mean bootcamp_scan_depth"),
        ({"bootcamp_scan_depth": "fsat"}, "must be among "),
        ({"bootcamp_scan_decoders": ["eyes"]}, "must be among "),
        ({"bootcamp_scan_decoders": "zxing-cpp"}, "must be a list"),
        ({"bootcamp_save_maps": "yes"}, "must be true or false"),
        ({"bootcamp_models_idle_s": True}, "must be a number"),
        ({"bootcamp_models_idle_s": 10**6}, "must be a number from 0 to 3600"),
        ({"bootcamp_maps_folder": "/etc"}, "is the owner's"),
        ({"bootcamp_clip": "/etc/model.safetensors"}, "is the owner's"),
        ({"bootcamp_allowed_folders": "/"}, "is the owner's"),
    ],
)
def test_a_setting_that_a_caller_overrides_is_checked(overrides: dict[str, Any], words: str) -> None:
    pytest.importorskip("gradio")
    with pytest.raises(InvalidParamError, match=words) as raised:
        check_request(asked(override_settings=overrides), pairs)
    assert raised.value.param == f"override_settings.{next(iter(overrides))}"


def test_settings_of_others_and_good_ones_of_ours_pass() -> None:
    pytest.importorskip("gradio")
    check_request(asked(override_settings={"CLIP_stop_at_last_layers": 2, "bootcamp_save_maps": True}), pairs)


class Shown:
    """Takes what is added to the Settings tab."""

    def add_settings(self, section: Any, added: Any) -> None:
        self.added = added


@pytest.mark.parametrize("trusted", [True, False])
def test_settings_that_name_files_are_shown_to_who_may_name_files_alone(*, trusted: bool) -> None:
    pytest.importorskip("gradio")
    webui: Any = Shown()
    add_settings(webui, scan_choices(), trusts_page=trusted)
    shown = {name: (each.get("component_args") or {}).get("visible", True) for name, each in webui.added.items()}
    owners = {name for name, each in settings(scan_choices()).items() if each.get("restrict_api")}
    assert owners == {"bootcamp_maps_folder", "bootcamp_clip", "bootcamp_allowed_folders"}
    assert {name for name, visible in shown.items() if not visible} == (set() if trusted else owners)


def test_readers_whose_package_is_not_here_are_marked_and_can_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gradio")
    here = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "quirc" else here(name, *rest))
    monkeypatch.delitem(sys.modules, "quirc", raising=False)
    readers = settings(scan_choices())["bootcamp_scan_decoders"]["component_args"]["choices"]
    labels = {value: label for label, value in readers}
    assert (labels["quirc"], labels["zxing-cpp"]) == ("quirc (not installed: pyquirc)", "zxing-cpp")
    check_request(asked(override_settings={"bootcamp_scan_decoders": ["quirc"]}), pairs)


def test_a_reader_that_this_opencv_lacks_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", ModuleType("cv2"))
    assert {"wechat", "opencv"} <= set(without_package())


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`modules.api.api.Api`, as far as it reads a request's script arguments."""

    class Api:
        def init_script_args(self, request: Any, defaults: list[Any], *, extra: int = 0) -> list[Any]:
            return [*defaults, request, extra]

    holding = {"api": {}, "api.api": {"Api": Api}, "infotext_utils": {"parse_generation_parameters": pairs}}
    for name, values in holding.items():
        module = ModuleType(f"modules.{name}")
        vars(module).update(values)
        monkeypatch.setitem(sys.modules, f"modules.{name}", module)
    monkeypatch.setitem(sys.modules, "modules", ModuleType("modules"))
    return Api


def test_a_request_is_refused_with_its_status_before_anything_is_read_of_it(api: Any) -> None:
    fastapi = pytest.importorskip("fastapi")
    WebUiPage().check_requests(check_request)
    with pytest.raises(fastapi.HTTPException) as raised:
        api().init_script_args(asked(alwayson_scripts={"bootcamp": {"args": [HELLO, HELLO]}}), [1])
    assert raised.value.status_code == 422
    assert "bootcamp.args[1]" in raised.value.detail
    good = asked(alwayson_scripts={"bootcamp": {"args": [HELLO]}})
    assert api().init_script_args(good, [1], extra=2) == [1, good, 2]


def test_a_page_that_is_made_anew_looks_once_and_with_the_newest_check(api: Any) -> None:
    looked: list[str] = []
    for name in ("old", "new"):
        WebUiPage().check_requests(lambda request, read, name=name: looked.append(name))
    api().init_script_args(asked(), [])
    assert looked == ["new"]


def test_without_the_webuis_api_there_is_nothing_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "modules.api.api", raising=False)
    WebUiPage().check_requests(check_request)
