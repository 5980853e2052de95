"""What the WebUI's page begins with is kept from start to start, and counts as long as the package is the same."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.surfaces.webui.panel import at_start
from lib_bootcamp.surfaces.webui.panel.at_start import FILE, known_at_start, stamp_of
from lib_bootcamp.surfaces.webui.settings import scan_choices
from lib_bootcamp.surfaces.webui.xyz import axes

ROOT = Path(__file__).resolve().parents[3]
START = """
import json, sys
from pathlib import Path
sys.path.insert(0, {root!r})
import lib_bootcamp.hosts.a1111, lib_bootcamp.hosts.controlnet, lib_bootcamp.hosts.webui
import lib_bootcamp.hosts.webui_guidance
from lib_bootcamp.surfaces.webui import access, frame, settings, tab, xyz
from lib_bootcamp.surfaces.webui.panel import always_visible, at_start, saved_defaults
from lib_bootcamp.surfaces.webui.scripts import page
known = at_start.known_at_start(Path({folder!r}))
settings.settings(known.scan)
saved_defaults.keep_section_defaults(Path({saved!r}))
print(json.dumps(sorted(name for name in sys.modules if name.startswith("lib_bootcamp."))))
"""


@pytest.fixture(autouse=True)
def anew() -> Any:
    known_at_start.cache_clear()
    yield
    known_at_start.cache_clear()


def as_plain(found: at_start.AtStart) -> Any:
    return json.loads(json.dumps(dataclasses.asdict(found)))


def declared() -> Any:
    return as_plain(at_start.AtStart(tuple(axes()), scan_choices()))


def known(folder: Path) -> Any:
    found = known_at_start(folder)
    known_at_start.cache_clear()
    return as_plain(found)


def test_what_is_kept_is_what_is_declared(tmp_path: Path) -> None:
    assert known(tmp_path) == declared()
    assert (tmp_path / FILE).is_file()
    assert known(tmp_path) == declared()


def test_the_second_start_reads_no_declarations(tmp_path: Path) -> None:
    pytest.importorskip("gradio")
    known_at_start(tmp_path)
    saved = tmp_path / "ui-config.json"
    saved.write_text(json.dumps({"customscript/bootcamp.py/txt2img/Bootcamp values/value": ""}), encoding="utf-8")
    code = START.format(root=str(ROOT), folder=str(tmp_path), saved=str(saved))
    environment = {**os.environ, "BOOTCAMP_VENV": "off"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    loaded = json.loads(done.stdout.splitlines()[-1])
    heavy = ("operations", "params", "catalog", "core.maps", "core.qr", "core.images.codec", "surfaces.webui.section")
    assert not [each for each in loaded if each.startswith(tuple(f"lib_bootcamp.{name}" for name in heavy))]


@pytest.mark.parametrize(
    "kept",
    [
        b"",
        b"[]",
        b'{"stamp": "another"}',
        b'{"stamp": 1, "axes": 2}',
        b"\xff\xfe",
        b"[" * 100_000,
        {"axes": [{"name": 1}], "scan": {}},
        {"axes": [{"label": "x", "kind": "number", "choices": "abc"}], "scan": {}},
        {"axes": [], "scan": {"depths": 1, "help": "", "readers": []}},
    ],
)
def test_a_file_that_is_not_understood_is_made_again(tmp_path: Path, kept: Any) -> None:
    if isinstance(kept, dict):
        kept = json.dumps({"stamp": stamp_of(at_start.PACKAGE), **kept}).encode()
    (tmp_path / FILE).write_bytes(kept)
    assert known(tmp_path) == declared()
    assert json.loads((tmp_path / FILE).read_bytes())["stamp"] == stamp_of(at_start.PACKAGE)


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    assert known(tmp_path / "taken") == declared()


def test_the_stamp_is_another_when_a_file_comes_goes_or_changes(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    file = tmp_path / "inside" / "one.py"
    stamps = [stamp_of(tmp_path)]
    file.write_text("1", encoding="utf-8")
    stamps.append(stamp_of(tmp_path))
    file.write_text("12", encoding="utf-8")
    stamps.append(stamp_of(tmp_path))
    os.utime(file, (1, 1))
    stamps.append(stamp_of(tmp_path))
    file.rename(tmp_path / "one.py")
    stamps.append(stamp_of(tmp_path))
    assert len(set(stamps)) == len(stamps)
    assert stamp_of(tmp_path) == stamps[-1]
