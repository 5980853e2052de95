"""The command line: output, exit codes, folders and batches, on the real operations."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.app import main
from lib_bootcamp.catalog import OPERATIONS
from lib_bootcamp.operations.maps.brightness import BRIGHTNESS
from lib_bootcamp.operations.qr.scan import SCAN
from lib_bootcamp.surfaces.cli.parser import build_parser
from lib_bootcamp.surfaces.cli.runs.runner import Runner, Settings
from tests.fakes import FakeHost


def photo(path: Path, size: tuple[int, int] = (48, 32)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    width, height = size
    ramp = np.linspace(0, 255, width, dtype=np.uint8)
    Pil.fromarray(np.repeat(np.tile(ramp, (height, 1))[:, :, None], 3, axis=2)).save(path)
    return path


def test_qr_writes_the_map_it_was_asked_for(tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    assert main(["qr", "https://example.com", "--width", "512", "--height", "640", "--out", str(out)]) == 0
    assert Pil.open(out).size == (512, 640)


def test_json_gives_the_result_to_a_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["qr", "https://example.com", "--out", str(tmp_path / "map.png"), "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["operation"] == "qr"
    assert record["layout"]["content"] == "https://example.com"
    assert record["out"] == str(tmp_path / "map.png")


def test_json_gives_a_mistake_to_a_machine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["qr", "x", "--width", "7", "--out", str(tmp_path / "map.png"), "--json"]) == 2
    record = json.loads(capsys.readouterr().out)
    assert record["error"] == "InvalidParamError"
    assert record["detail"].startswith("width must be")


def test_a_wrong_parameter_ends_with_2_and_writes_nothing(tmp_path: Path) -> None:
    assert main(["qr", "x", "--quiet-zone", "99", "--out", str(tmp_path / "map.png")]) == 2
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_option_ends_with_2() -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["qr", "x", "--no-such-thing"])
    assert stopped.value.code == 2


def test_a_missing_file_ends_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["brightness", str(tmp_path / "none.png"), "--out", str(tmp_path / "o.png")]) == 3
    assert "none.png" in capsys.readouterr().err


def test_an_unknown_ending_ends_with_3(tmp_path: Path) -> None:
    assert main(["qr", "x", "--out", str(tmp_path / "map.xyz")]) == 3


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    source = photo(tmp_path / "a.png")
    before = source.read_bytes()
    assert main(["brightness", str(source), "--out", str(source)]) == 3
    assert source.read_bytes() == before


def test_a_folder_becomes_a_folder(tmp_path: Path) -> None:
    for name in ("a.png", "b.jpg", "sub/c.png"):
        photo(tmp_path / "in" / name)
    out = tmp_path / "out"
    assert main(["brightness", str(tmp_path / "in"), "--out", str(out), "--quiet"]) == 0
    assert sorted(each.name for each in out.iterdir()) == ["a.png", "b.png"]


def test_recursive_keeps_the_folders_inside(tmp_path: Path) -> None:
    photo(tmp_path / "in" / "sub" / "c.png")
    assert main(["brightness", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--recursive", "--quiet"]) == 0
    assert (tmp_path / "out" / "sub" / "c.png").is_file()


def test_two_inputs_of_one_stem_get_two_outputs(tmp_path: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    photo(tmp_path / "in" / "a.jpg")
    main(["brightness", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--quiet"])
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_a_bad_file_in_a_folder_is_reported_and_the_others_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "b.png").write_bytes(b"not a picture")
    assert main(["brightness", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--json"]) == 4
    records = json.loads(capsys.readouterr().out)
    assert [each.get("error") for each in records] == [None, "ImageError"]
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["a.png"]


def test_maps_of_a_folder_are_made_side_by_side_and_listed_in_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    names = [f"{number}.png" for number in range(6)]
    for name in names:
        photo(tmp_path / "in" / name)
    together = threading.Barrier(2)

    def run(params: Any, context: Any) -> Any:
        together.wait(30)  # nobody goes on alone
        return BRIGHTNESS.run(params, context)

    runner = Runner(replace(BRIGHTNESS, run=run), FakeHost(), Settings(out=str(tmp_path / "out"), json=True))
    assert runner.run({"image": [str(tmp_path / "in")]}) == 0
    assert [Path(each["path"]).name for each in json.loads(capsys.readouterr().out)] == names


def test_what_is_no_map_is_done_in_the_programs_own_thread(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        photo(tmp_path / "in" / name)
    threads = []

    def run(params: Any, context: Any) -> Any:
        threads.append(threading.current_thread())
        return SCAN.run(params, context)

    Runner(replace(SCAN, run=run), FakeHost(), Settings(quiet=True)).run({"image": [str(tmp_path / "in")]})
    assert threads == [threading.main_thread()] * 2


LEFT = {
    ".h.png": ".h.png is hidden.",
    "x.jxl": "x.jxl is a JPEG XL file, which is not read here; save it as PNG, JPEG or WebP.",
}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A picture beside a hidden one and one of a kind that is not read."""
    folder = tmp_path / "in"
    photo(folder / "a.png")
    for name in (*LEFT, "._a.png", "notes.md"):
        (folder / name).write_bytes(b"x")
    return folder


@pytest.mark.parametrize("command", [["brightness", "--out"], ["png-info", "--jsonl"]])
def test_each_picture_that_is_left_out_is_named_with_the_reason(
    mixed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    out = tmp_path / "out"
    main([command[0], str(mixed), command[1], str(out)])
    reported = capsys.readouterr()
    assert reported.err.splitlines()[-2:] == [f"left out: {mixed / name}: {why}" for name, why in LEFT.items()]
    assert "1 done, 0 failed, 2 left out." in reported.out
    main([command[0], str(mixed), command[1], str(out), "--json"])
    records = json.loads(capsys.readouterr().out)
    left = [{"path": str(mixed / name), "skipped": True, "detail": why} for name, why in LEFT.items()]
    assert records[1:] == left
    main([command[0], str(mixed), command[1], str(out), "--quiet"])
    assert "left out" not in "".join(capsys.readouterr())


def test_skip_existing_leaves_what_is_there(tmp_path: Path) -> None:
    photo(tmp_path / "in" / "a.png")
    out = tmp_path / "out" / "a.png"
    out.parent.mkdir()
    out.write_bytes(b"mine")
    assert main(["brightness", str(tmp_path / "in"), "--out", str(out.parent), "--skip-existing", "--quiet"]) == 0
    assert out.read_bytes() == b"mine"


def test_an_empty_folder_is_a_clear_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["brightness", str(tmp_path), "--out", str(tmp_path / "out")]) == 3
    assert "no pictures" in capsys.readouterr().err


def test_a_batch_makes_one_map_for_each_line(tmp_path: Path) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"content": "one"}\n\n{"content": "two", "invert": true}\n', encoding="utf-8")
    assert main(["qr", "--batch", str(batch), "--out", str(tmp_path / "out"), "--quiet"]) == 0
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == ["qr-0001.png", "qr-0002.png"]


def test_a_batch_line_that_is_no_object_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text('{"content": "one"}\n[1]\n', encoding="utf-8")
    assert main(["qr", "--batch", str(batch)]) == 2
    assert "line 2" in capsys.readouterr().err


def test_scan_says_yes_with_0_and_no_with_1(tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    main(["qr", "https://example.com", "--out", str(out), "--quiet"])
    assert main(["scan", str(out), "--expected", "https://example.com", "--quiet"]) == 0
    assert main(["scan", str(out), "--expected", "https://example.org", "--quiet"]) == 1


def test_scan_prints_the_text_that_it_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "qr.png"
    assert main(["qr", "https://example.com", "--width", "320", "--height", "320", "--out", str(out), "--quiet"]) == 0
    assert main(["scan", str(out), "--depth", "fast"]) == 0
    assert capsys.readouterr().out.endswith(', read "https://example.com"\n')


def test_a_map_gives_scan_its_layout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "map.png"
    main(["qr", "https://example.com", "--out", str(out), "--quiet"])
    error_map = tmp_path / "scan.png"
    assert main(["scan", str(out), "--layout", f"@{out}", "--out", str(error_map), "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert Path(record["out"]) == error_map
    assert error_map.is_file()


def test_a_wifi_password_is_not_written_among_the_parameters(tmp_path: Path) -> None:
    out = tmp_path / "map.png"
    main(["qr", "--payload", "wifi", "--wifi-ssid", "net", "--wifi-password", "hunter2-hunter2", "--out", str(out)])
    made = json.loads(Pil.open(out).text["bootcamp"])
    assert "wifi_password" not in made["params"]
    assert made["params"]["wifi_ssid"] == "net"


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_help_names_every_declared_parameter(operation: object, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        build_parser().parse_args([*operation.words, "--help"])
    assert stopped.value.code == 0
    text = capsys.readouterr().out
    for param in (operation.as_job() if operation.is_job_command else operation).params.fields():
        assert (param.name.upper() if param.spec.positional else "--" + param.name.replace("_", "-")) in text
        assert all(each in text for each in (param.item.choices if param.item is not None else ()))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.name)
def test_every_preset_is_valid(operation: object) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    given = {"image": picture, "list": [picture], "file": b"file"}
    main_field = {each.name: given.get(each.kind, "x") for each in operation.params.fields() if each.spec.positional}
    for preset in operation.presets:
        operation.params_from({"preset": preset, **main_field})


def test_a_pipe_that_closes_early_is_no_traceback(tmp_path: Path) -> None:
    command = f"{sys.executable} -m lib_bootcamp operations --json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=Path(__file__).parents[3],
        env={"BOOTCAMP_VENV": "off", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
