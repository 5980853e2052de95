"""A ui-config.json that the version before wrote in a real WebUI: every default is found under today's labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

from lib_bootcamp.params import Param
from lib_bootcamp.surfaces.page.values import choices_of
from lib_bootcamp.surfaces.webui.saved_defaults import keep_saved_defaults, under_current_labels
from lib_bootcamp.surfaces.webui.section import SECTION_STYLE, positions
from lib_bootcamp.surfaces.webui.section_labels import section_labels

BEFORE: dict[str, Any] = json.loads(Path(__file__).with_name("ui-config-of-0.1.json").read_text(encoding="utf-8"))
HEAD = "customscript/bootcamp.py/txt2img/"
PARAMS: dict[tuple[str, str], Param] = {(each.name if each else "", param.name): param for each, param in positions()}


def section_of(saved: dict[str, Any]) -> dict[str, Any]:
    return {key.removeprefix(HEAD).removesuffix("/value"): saved[key] for key in saved if key.startswith(HEAD)}


def test_each_label_of_the_section_before_is_one_of_the_section_now() -> None:
    gone = section_of(under_current_labels(BEFORE)).keys() - set(section_labels().values())
    assert gone <= {"Preset", "Bootcamp"}


def test_each_choice_of_the_section_before_is_a_title_now() -> None:
    now = section_of(under_current_labels(BEFORE))
    for key, label in section_labels().items():
        if PARAMS[key].kind == "choice" and label in now and key[1] not in {"control", "preset"}:
            assert now[label] in choices_of(PARAMS[key], SECTION_STYLE), label


@pytest.mark.parametrize(
    ("before", "value", "now", "becomes"),
    [
        ("bootcamp.py/txt2img/Posterise (levels)", "4", "bootcamp.py/txt2img/Posterize (levels)", "4"),
        ("bootcamp.py/txt2img/Surround", "grey (#808080)", "bootcamp.py/txt2img/Surround", "gray (#808080)"),
        (
            "bootcamp_brightness_posterise/bootcamp/Posterise (levels)", "4",
            "bootcamp_brightness_posterize/bootcamp/Posterize (levels)", "4",
        ),
        (
            "bootcamp_scan_least_score/bootcamp/Least score ([0, 1])", 0.75,
            "bootcamp_scan_min_score/bootcamp/Minimum score ([0, 1])", 0.75,
        ),
    ],
)  # fmt: skip
def test_what_was_changed_is_kept(before: str, value: Any, now: str, becomes: Any) -> None:
    before, now = f"customscript/{before}/value", f"customscript/{now}/value"
    assert before in BEFORE
    assert under_current_labels({**BEFORE, before: value})[now] == becomes


def test_the_file_is_written_once(tmp_path: Path) -> None:
    file = tmp_path / "ui-config.json"
    file.write_text(json.dumps({**BEFORE, "txt2img/Width/value": 640}), encoding="utf-8")
    keep_saved_defaults(file)
    first = file.stat().st_mtime_ns
    keep_saved_defaults(file)
    assert file.stat().st_mtime_ns == first
    assert json.loads(file.read_text(encoding="utf-8"))["txt2img/Width/value"] == 640


def test_a_damaged_file_is_left_to_the_webui(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"customscript/bootcamp', encoding="utf-8")
    keep_saved_defaults(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{"customscript/bootcamp'
    keep_saved_defaults(tmp_path / "none.json")
