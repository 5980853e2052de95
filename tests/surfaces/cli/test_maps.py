"""Maps of a folder on the command line: the same job as on the page and over the API."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from lib_bootcamp.catalog import find
from lib_bootcamp.core.images.codec import read_png_text
from lib_bootcamp.jobs import opened as opened_jobs
from lib_bootcamp.surfaces.cli import main as cli
from tests.fakes import FakeHost

NAMES = ("a.png", "b.jpg", "deep/c.png")


class Terminal:
    """The command line on one host, and what it printed."""

    def __init__(self, host: FakeHost, capsys: pytest.CaptureFixture[str]) -> None:
        self.host, self._capsys = host, capsys
        self.out, self.errors = "", ""

    def __call__(self, *argv: object) -> int:
        code = cli.main([str(each) for each in argv], lambda _: self.host)
        self.out, self.errors = self._capsys.readouterr()
        return code


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    yield Terminal(FakeHost(data_dir=tmp_path / "data"), capsys)
    opened = opened_jobs._open.pop((tmp_path / "data" / "jobs").absolute(), None)
    if opened is not None:
        opened.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    for number, name in enumerate(NAMES):
        pixels = np.random.default_rng(number).integers(0, 256, (24, 32, 3), dtype=np.uint8)
        Pil.fromarray(pixels).save(folder / name)
    return folder


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_is_a_job_that_is_listed_and_taken_back(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert terminal("edges", root, "--preset", "canny", "--out", out, "--recursive") == 0
    assert files(out) == ["a.png", "b.png", "deep/c.png"]
    assert terminal.out.splitlines()[-2:] == [
        "3 done, 0 failed.",
        "To undo it: python -m lib_bootcamp jobs undo 1",
    ]
    assert terminal("jobs") == 0
    assert "edges" in terminal.out
    assert terminal("jobs", "undo", "1") == 0
    assert not out.exists()


def test_without_an_output_folder_the_maps_lie_where_the_pages_job_puts_them(terminal: Terminal, root: Path) -> None:
    assert terminal("brightness", root) == 0
    assert [each for each in files(root) if each not in NAMES] == ["maps/brightness/a.png", "maps/brightness/b.png"]


def test_several_files_are_one_job(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert terminal("brightness", root / "b.jpg", root / "deep" / "c.png", "--out", out) == 0
    assert files(out) == ["b.png", "deep/c.png"]
    assert terminal("jobs", "undo", "1") == 0
    assert not out.exists()


def test_what_is_overwritten_comes_back_with_undo(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").write_bytes(b"mine")
    assert terminal("brightness", root, "--out", out, "--quiet") == 0
    assert (out / "a.png").read_bytes() != b"mine"
    terminal("jobs", "undo", "1")
    assert files(out) == ["a.png"]
    assert (out / "a.png").read_bytes() == b"mine"


def test_json_is_a_list_with_an_object_for_each_picture(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (root / "b.jpg").write_bytes(b"no picture")
    assert terminal("brightness", root, "--out", out, "--json") == 4
    good, bad = json.loads(terminal.out)
    assert (good["operation"], good["path"], good["out"]) == ("brightness", str(root / "a.png"), str(out / "a.png"))
    assert (bad["path"], bad["error"]) == (str(root / "b.jpg"), "ImageError")


def test_each_map_records_how_it_was_made(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    terminal("brightness", root, "--out", tmp_path / "out", "--gamma", "1.5")
    reported: Any = json.loads(read_png_text(tmp_path / "out" / "a.png")["bootcamp"])
    assert (reported["operation"], reported["params"]["gamma"]) == ("brightness", 1.5)


def test_the_folder_of_the_pictures_is_no_output_folder(terminal: Terminal, root: Path) -> None:
    assert terminal("brightness", root, "--out", root) == 2
    assert "is the folder of the pictures; give another one" in terminal.errors
    assert files(root) == sorted(NAMES)


def test_two_jobs_into_one_folder_do_not_run_at_once(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    jobs = opened_jobs.jobs_of(terminal.host, find)
    jobs.create("edges", {"folder": str(root), "output_folder": str(tmp_path / "out")}, trusted=True)
    assert terminal("brightness", root, "--out", tmp_path / "out") == 2
    assert "Job 1 works on this folder already" in terminal.errors


def test_kill_9_loses_nothing_and_resume_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(64):
        pixels = np.random.default_rng(number).integers(0, 256, (300, 300, 3), dtype=np.uint8)
        Pil.fromarray(pixels).save(folder / f"{number:02d}.png")
    environment = {**os.environ, "BOOTCAMP_DATA": str(tmp_path / "data"), "BOOTCAMP_VENV": "off"}
    program = [sys.executable, "-m", "lib_bootcamp"]
    out = tmp_path / "out"
    command = [*program, "brightness", str(folder), "--out", str(out), "--quiet"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as running:
        while running.poll() is None and not (out.is_dir() and any(out.glob("*.png"))):
            time.sleep(0.01)
        running.send_signal(signal.SIGKILL)
    resumed = subprocess.run([*program, "jobs", "resume", "1"], env=environment, capture_output=True, check=True)
    assert b"64 of 64 done" in resumed.stdout
    assert len(files(out)) == 64


def test_a_second_picture_over_a_folder_is_the_same_job(terminal: Terminal, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    reference = root / "deep" / "c.png"
    assert terminal("recolor", root, "--reference", reference, "--out", out, "--json") == 0
    first = json.loads(terminal.out)[0]
    assert (first["out"], first["palette"]) == (str(out / "a.png"), str(out / "a-palette.png"))
    assert files(out) == ["a-palette.png", "a.png", "b-palette.png", "b.png"]
    assert terminal("jobs", "undo", "1") == 0
    assert not out.exists()


def test_what_is_skipped_is_not_counted_as_done(terminal: Terminal, root: Path) -> None:
    assert terminal("brightness", root / "a.png", "--out", root / "a-map.png") == 0
    terminal("brightness", root, "--recursive", "--out", root.parent / "out")
    (root.parent / "out" / "deep" / "c.png").unlink()
    assert terminal("brightness", root, "--recursive", "--skip-existing", "--out", root.parent / "out") == 0
    assert terminal.out.splitlines()[-2] == "1 done, 0 failed, 3 skipped."


def test_the_whole_run_of_a_batch_counts_what_is_skipped_too(terminal: Terminal, root: Path) -> None:
    batch = root / "batch.jsonl"
    batch.write_text('{"content": "a"}\n{"content": "b"}\n')
    argv = ("qr", "--batch", batch, "--out", root / "codes", "--skip-existing")
    assert terminal(*argv) == 0
    assert terminal.out.endswith("2 done, 0 failed.\n")
    assert terminal(*argv) == 0
    assert terminal.out.endswith("0 done, 0 failed, 2 skipped.\n")


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no /proc here")
def test_a_folder_of_maps_that_cannot_be_written_names_its_flag_and_leaves_no_job(
    terminal: Terminal, root: Path
) -> None:
    assert terminal("brightness", root, "--out", "/proc/maps") == 3
    assert terminal.errors.startswith("error: --out: /proc")
    assert terminal("jobs") == 0
    assert terminal.out == "There are no jobs.\n"


def test_a_folder_that_holds_maps_alone_is_one_without_pictures(terminal: Terminal, root: Path) -> None:
    (root / "maps").mkdir()
    for name in NAMES:
        (root / name).rename(root / "maps" / Path(name).name)
    assert terminal("brightness", root, "--recursive") == 3
    assert "no pictures are in there" in terminal.errors
