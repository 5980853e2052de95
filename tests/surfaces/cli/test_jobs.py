"""`caption FOLDER` and `jobs` on the command line, with a model that knows colors."""

from __future__ import annotations

import json
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lib_bootcamp.core.text.left_out import left_out_lines
from lib_bootcamp.jobs import opened as opened_jobs
from lib_bootcamp.surfaces.cli import jobs as job_commands
from lib_bootcamp.surfaces.cli import main as cli
from tests.fake_clip import BLUE, GREEN, RED, FakeClip, flat_png, lend_instead
from tests.fakes import FakeHost

LABELS = ["--labels", "red, green, blue", "--threshold", "0.5"]


class Terminal:
    """The command line on one host; what it printed by stream."""

    def __init__(self, host: FakeHost, capsys: pytest.CaptureFixture[str]) -> None:
        self.host, self._capsys = host, capsys
        self.out, self.errors = "", ""

    def __call__(self, *argv: str) -> int:
        code = cli.main(list(argv), lambda _: self.host)
        self.out, self.errors = self._capsys.readouterr()
        return code

    def json(self, *argv: str) -> Any:
        """What a command prints as JSON."""
        assert self(*argv, "--json") == 0
        return json.loads(self.out)


@pytest.fixture
def clip(monkeypatch: pytest.MonkeyPatch) -> FakeClip:
    return lend_instead(monkeypatch, FakeClip())


@pytest.fixture
def terminal(clip: FakeClip, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Terminal]:
    yield Terminal(FakeHost(data_dir=tmp_path / "data"), capsys)
    opened = opened_jobs._open.pop((tmp_path / "data" / "jobs").absolute(), None)
    if opened is not None:
        opened.close()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, color in {"a": RED, "b": GREEN, "c": BLUE}.items():
        (folder / f"{name}.png").write_bytes(flat_png(color))
    return folder


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(folder.glob("*.txt"))}


def test_a_folder_is_captioned_and_the_way_back_is_shown(terminal: Terminal, photos: Path) -> None:
    assert terminal("caption", str(photos), *LABELS) == 0
    assert texts(photos) == {"a.txt": "red", "b.txt": "green", "c.txt": "blue"}
    assert terminal.out.splitlines() == [
        "a.png: red",
        "b.png: green",
        "c.png: blue",
        "Job 1 is done: 3 of 3 done",
        "To undo it: python -m lib_bootcamp jobs undo 1",
    ]


def test_each_caption_is_printed_before_the_next_batch_is_begun(
    terminal: Terminal,
    photos: Path,
    clip: FakeClip,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for at in range(40):
        (photos / f"x{at:02}.png").write_bytes(flat_png(RED))
    encode, printed = clip.encode_prepared, []

    def looked(prepared: Any) -> Any:
        printed.append(capsys.readouterr().out.splitlines())
        return encode(prepared)

    monkeypatch.setattr(clip, "encode_prepared", looked)
    assert terminal("caption", str(photos), *LABELS) == 0
    assert [len(each) for each in printed] == [0, 32]
    assert printed[1][:2] == ["a.png: red", "b.png: green"]
    assert len(terminal.out.splitlines()) == 11 + 2


def test_a_reader_who_leaves_does_not_end_the_job(
    terminal: Terminal, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", closed)
    terminal("caption", str(photos), *LABELS)
    assert texts(photos) == {"a.txt": "red", "b.txt": "green", "c.txt": "blue"}


def test_quiet_prints_nothing(terminal: Terminal, photos: Path) -> None:
    assert terminal("caption", str(photos), *LABELS, "--quiet") == 0
    assert (terminal.out, terminal.errors) == ("", "")


def test_json_is_the_job_with_its_pictures(terminal: Terminal, photos: Path) -> None:
    reported = terminal.json("caption", str(photos), *LABELS)
    assert (reported["id"], reported["state"], reported["done"], reported["actions"]) == (
        1,
        "done",
        3,
        ["undo", "remove"],
    )
    assert [each["result"]["caption"] for each in reported["items"]] == ["red", "green", "blue"]


def test_bad_pictures_are_errors_and_the_code_says_so(terminal: Terminal, photos: Path) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    assert terminal("caption", str(photos), *LABELS) == 4
    assert terminal.errors.startswith("error: b.png: The picture cannot be read")
    assert "Job 1 is done: 2 of 3 done, 1 failed" in terminal.out


def test_each_picture_that_is_left_out_is_named_with_the_reason(terminal: Terminal, photos: Path) -> None:
    (photos / "a.jpg").write_bytes(flat_png(RED))
    (photos / "x.jxl").write_bytes(b"x")
    (photos / "c.txt").write_text("mine")
    assert terminal("caption", str(photos), *LABELS) == 0
    left = [
        "left out: a.png: a.png would have the caption file of a.jpg and is left out; rename one.",
        "left out: c.png: There is a caption already.",
        "left out: x.jxl: x.jxl is a JPEG XL file, which is not read here; save it as PNG, JPEG or WebP.",
    ]
    assert terminal.errors.splitlines() == left
    assert "2 of 5 done, 3 left out" in terminal.out
    assert terminal("jobs", "show", "1") == 0
    assert terminal.errors.splitlines() == left
    items = terminal.json("jobs", "show", "1")["items"]
    assert [each["path"] for each in items if each["state"] == "skipped"] == ["a.png", "c.png", "x.jxl"]
    assert terminal("caption", str(photos), *LABELS, "--quiet") == 0
    assert terminal.errors == ""


def test_of_many_that_are_left_out_for_one_reason_the_first_are_named() -> None:
    lines = left_out_lines((f"{at}.png", "There is a caption already.") for at in range(1234))
    assert len(lines) == 101
    assert lines[-1] == "left out: 1,134 more: There is a caption already. --json names them all."


def test_of_many_bad_pictures_the_first_are_reported_and_where_the_rest_is(terminal: Terminal, photos: Path) -> None:
    for at in range(15):
        (photos / f"x{at:02}.png").write_bytes(b"no picture")
    assert terminal("caption", str(photos), *LABELS) == 4
    assert terminal.errors.count("error: ") == 10
    assert "and 5 more; python -m lib_bootcamp jobs show 1 --json lists all." in terminal.errors


@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (["none"], "FOLDER not found: none"),
        ([], "FOLDER is missing"),
        (["{}", "--existing", "append", "--threshold", "2"], "--threshold must be"),
    ],
)
def test_a_mistake_is_one_sentence(terminal: Terminal, photos: Path, argv: list[str], problem: str) -> None:
    assert terminal("caption", *(each.format(photos) for each in argv), "--labels", "red") == 2
    assert terminal.errors.startswith(f"error: {problem}")
    assert terminal("jobs") == 0
    assert terminal.out == "There are no jobs.\n"


def test_a_folder_without_pictures_fails_with_code_3(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert terminal("caption", str(tmp_path / "empty"), *LABELS) == 3
    assert "no pictures are in there" in terminal.errors


@pytest.mark.parametrize("send", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_pauses_after_the_batch_and_resume_goes_on(
    terminal: Terminal, photos: Path, clip: FakeClip, monkeypatch: pytest.MonkeyPatch, send: signal.Signals
) -> None:
    for at in range(40):
        (photos / f"x{at:02}.png").write_bytes(flat_png(RED))
    encode = clip.encode_prepared

    def pressed(prepared: Any) -> Any:
        if len(clip.batches) == 0:
            signal.raise_signal(send)
        return encode(prepared)

    monkeypatch.setattr(clip, "encode_prepared", pressed)
    before = signal.getsignal(send)
    assert terminal("caption", str(photos), *LABELS) == 130
    assert signal.getsignal(send) is before
    assert "Pausing after this batch; Ctrl+C again stops at once." in terminal.errors
    assert "Job 1 is paused: 32 of 43 done" in terminal.out
    assert "To resume it: python -m lib_bootcamp jobs resume 1" in terminal.out
    assert terminal("caption", str(photos), *LABELS) == 0
    assert "Job 1 on this folder is paused with 11 pictures left" in terminal.errors
    assert terminal("jobs", "resume", "1") == 0
    assert terminal("jobs", "show", "1") == 0
    assert "done: 32 of 43 done, 11 left out" in terminal.out  # the second job was quicker


def test_pressed_twice_it_stops_at_once(
    terminal: Terminal, photos: Path, clip: FakeClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = clip.encode_prepared

    def pressed(prepared: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        return encode(prepared)

    monkeypatch.setattr(clip, "encode_prepared", pressed)
    assert terminal("caption", str(photos), *LABELS) == 130
    assert "Job 1 is paused: 0 of 3 done" in terminal.out


def test_jobs_lists_the_newest_first(terminal: Terminal, photos: Path) -> None:
    terminal("caption", str(photos), *LABELS)
    terminal("caption", str(photos), *LABELS)
    assert terminal("jobs") == 0
    first, second = terminal.out.splitlines()
    assert first.split()[:3] == ["2", "caption", "done:"]
    assert "0 of 3 done, 3 left out" in first
    assert second.split()[0] == "1"
    assert str(photos) in first
    assert [each["id"] for each in terminal.json("jobs")] == [2, 1]


def test_show_lists_times_mistakes_and_what_is_possible(terminal: Terminal, photos: Path) -> None:
    (photos / "b.png").write_bytes(b"no picture")
    terminal("caption", str(photos), *LABELS)
    assert terminal("jobs", "show", "1") == 0
    assert f"Job 1: caption {photos}" in terminal.out
    assert "possible now: undo, remove" in terminal.out
    assert terminal.errors.startswith("error: b.png")
    assert len(terminal.json("jobs", "show", "1")["items"]) == 3


def test_undo_restores_and_names_what_it_skipped(terminal: Terminal, photos: Path) -> None:
    (photos / "a.txt").write_text("mine")
    terminal("caption", str(photos), *LABELS, "--existing", "overwrite")
    (photos / "b.txt").write_text("by hand")
    assert terminal("jobs", "undo", "1") == 4
    assert terminal.out == "2 files are as they were before job 1.\n"
    assert terminal.errors == "b.txt was changed since; skipped.\n"
    assert texts(photos) == {"a.txt": "mine", "b.txt": "by hand"}
    (photos / "b.txt").write_text("green")
    assert terminal.json("jobs", "undo", "1")["restored"] == 1
    assert texts(photos) == {"a.txt": "mine"}


def test_remove_forgets_a_job_and_leaves_its_files(terminal: Terminal, photos: Path) -> None:
    terminal("caption", str(photos), *LABELS)
    assert terminal("jobs", "remove", "1") == 0
    assert "its files stay" in terminal.out
    assert len(texts(photos)) == 3
    assert terminal("jobs", "undo", "1") == 2
    assert terminal.errors == "error: There is no job 1; the list of jobs shows those that are there.\n"


@pytest.mark.parametrize("action", job_commands.ACTIONS)
def test_every_action_of_a_job_that_is_not_there_is_one_sentence(terminal: Terminal, action: str) -> None:
    assert terminal("jobs", action, "7") == 2
    assert terminal.errors.startswith("error: There is no job 7")


@pytest.mark.parametrize("action", ["pause", "cancel", "resume"])
def test_what_a_state_does_not_allow_is_one_sentence(terminal: Terminal, photos: Path, action: str) -> None:
    terminal("caption", str(photos), *LABELS)
    assert terminal("jobs", action, "1") == 2
    assert "error: Job 1 is done and cannot be" in terminal.errors
    assert "possible now: undo, remove." in terminal.errors


def test_a_job_that_waits_can_be_paused_and_cancelled(terminal: Terminal, photos: Path) -> None:
    jobs = opened_jobs.jobs_of(terminal.host, job_commands.find)
    jobs.create("caption", {"folder": str(photos), "labels": ["red"]}, trusted=True)
    assert terminal("jobs", "pause", "1") == 0
    assert terminal.out == "Job 1 is paused: 0 of 0 done\n"
    assert terminal.json("jobs", "cancel", "1")["state"] == "cancelled"


def test_a_folder_without_pictures_leaves_no_job_behind(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert terminal("caption", str(tmp_path / "empty"), *LABELS) == 3
    assert terminal.errors == f"error: {tmp_path / 'empty'}: no pictures are in there.\n"
    assert terminal("jobs") == 0
    assert terminal.out == "There are no jobs.\n"


def test_resuming_a_job_whose_folder_is_gone_names_the_folder(terminal: Terminal, photos: Path) -> None:
    jobs = opened_jobs.jobs_of(terminal.host, job_commands.find)
    number = jobs.create("brightness", {"folder": str(photos)}, trusted=True)
    shutil.move(photos, photos.with_name("moved"))
    assert terminal("jobs", "resume", str(number)) == 3
    assert terminal.errors == f"error: Folder not found: {photos}.\n"
    assert terminal.out.splitlines()[0] == "Job 1 has failed: 0 of 0 done"
    assert terminal("jobs") == 0
    assert f"failed: 0 of 0 done. Folder not found: {photos}." in terminal.out
