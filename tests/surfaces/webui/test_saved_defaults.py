"""A ui-config.json that the version before wrote in a real WebUI: every default is found under today's labels."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("gradio")

from lib_bootcamp.surfaces.webui.panel.old_defaults import section_as_text, under_current_labels
from lib_bootcamp.surfaces.webui.panel.saved_defaults import is_of_before, keep_section_defaults, keep_tab_defaults

BEFORE: dict[str, Any] = json.loads(Path(__file__).with_name("ui-config-of-0.1.json").read_text(encoding="utf-8"))
HEAD = "customscript/bootcamp.py/txt2img/"
VALUES = f"{HEAD}Bootcamp values/value"


def section_of(**changes: Any) -> dict[str, Any]:
    """The section's values under current labels, by key, for a file in which some were changed."""
    saved = section_as_text({**BEFORE, **{f"{HEAD}{label}/value": value for label, value in changes.items()}})
    return dict(json.loads(saved[VALUES] or "{}"))


def test_a_file_of_defaults_keeps_nothing_of_the_section_but_whether_it_is_on() -> None:
    now = section_as_text(BEFORE)
    assert {key: value for key, value in now.items() if key.startswith(HEAD)} == {
        f"{HEAD}Bootcamp/value": False,
        VALUES: "",
    }


@pytest.mark.parametrize(
    ("label", "value", "key", "becomes"),
    [
        ("Control", "Brightness map", "control", "brightness"),
        ("Scan the pictures", False, "scan", False),
        ("Posterise (levels)", "4", "brightness.posterize", 4),
        ("Posterize (levels)", "4", "brightness.posterize", 4),
        ("Surround", "grey (#808080)", "qr.surround", "gray"),
        ("Surround", "gray (#808080)", "qr.surround", "gray"),
        ("Tiles per side", 5, "brightness.clahe_tiles", 5),
        ("Lights", '[{"kind": "ambient"}]', "lighting.lights", [{"kind": "ambient"}]),
        ("Content", "https://example.com", "qr.content", "https://example.com"),
        ("Black point ([0, 1])", 0.25, "brightness.black_point", 0.25),
        ("Touch up (0..255)", 100, "touch_up", 100),
    ],
)
def test_what_was_changed_in_the_section_is_kept(label: str, value: Any, key: str, becomes: Any) -> None:
    assert section_of(**{label: value})[key] == becomes


def test_numbers_of_an_automatic_preset_never_counted_and_are_not_kept() -> None:
    assert "weight" not in section_of(**{"Control weight": 0.65})
    now = section_of(**{"Control weight": 0.65, "Unit preset": "QR Code Monster (SD1.5)"})
    assert (now["weight"], now["preset"]) == (0.65, "monster")


def test_values_of_the_form_are_not_overwritten_by_those_of_before() -> None:
    kept = {VALUES: '{"weight":0.3}'}
    assert section_as_text({**kept, f"{HEAD}Control/value": "Edge map"})[VALUES] == '{"weight":0.3}'


def test_what_is_damaged_is_left_out() -> None:
    assert section_of(**{"Grid (px)": "many", "Content": "x"}) == {"qr.content": "x"}


@pytest.mark.parametrize(
    ("before", "value", "now", "becomes"),
    [
        (
            "bootcamp_brightness_posterise/bootcamp/Posterise (levels)", "4",
            "bootcamp_brightness_posterize/bootcamp/Posterize (levels)", "4",
        ),
        (
            "bootcamp_scan_least_score/bootcamp/Least score ([0, 1])", 0.75,
            "bootcamp_scan_min_score/bootcamp/Minimum score (0 to 1)", 0.75,
        ),
        (
            "bootcamp_brightness_white_point/bootcamp/White point ([0, 1])", 0.75,
            "bootcamp_brightness_white_point/bootcamp/White point (0 to 1)", 0.75,
        ),
    ],
)  # fmt: skip
def test_what_was_changed_in_the_tab_is_kept(before: str, value: Any, now: str, becomes: Any) -> None:
    before, now = f"customscript/{before}/value", f"customscript/{now}/value"
    assert before in BEFORE
    assert under_current_labels({**BEFORE, before: value})[now] == becomes


KEEPERS = pytest.mark.parametrize("keep", [keep_section_defaults, keep_tab_defaults])


@KEEPERS
def test_the_file_is_written_once(tmp_path: Path, keep: Any) -> None:
    file = tmp_path / "ui-config.json"
    file.write_text(json.dumps({**BEFORE, "txt2img/Width/value": 640}), encoding="utf-8")
    keep(file)
    first = file.stat().st_mtime_ns
    keep(file)
    assert file.stat().st_mtime_ns == first
    assert json.loads(file.read_text(encoding="utf-8"))["txt2img/Width/value"] == 640


@KEEPERS
def test_a_damaged_file_is_left_to_the_webui(tmp_path: Path, keep: Any) -> None:
    (tmp_path / "a.json").write_text('{"customscript/bootcamp', encoding="utf-8")
    keep(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text(encoding="utf-8") == '{"customscript/bootcamp'
    keep(tmp_path / "none.json")


def test_the_sections_half_imports_no_other_operation(tmp_path: Path) -> None:
    """It runs at every start of a WebUI."""
    (tmp_path / "a.json").write_text(json.dumps(BEFORE), encoding="utf-8")
    code = (
        "import sys; from pathlib import Path; from lib_bootcamp.surfaces.webui.panel.saved_defaults import "
        f"keep_section_defaults as keep; keep(Path({str(tmp_path / 'a.json')!r})); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "lib_bootcamp.operations.datasets" not in done.stdout.split()


def test_what_the_version_before_kept_of_the_section_is_known_by_its_key_alone() -> None:
    kept = [key for key in BEFORE if key.startswith("customscript/bootcamp.py/")]
    left = [key for key in kept if not is_of_before(key)]
    assert left == [f"{HEAD}Bootcamp/value"]
    assert not any(is_of_before(key) for key in section_as_text(BEFORE))
    assert len(kept) > 100
