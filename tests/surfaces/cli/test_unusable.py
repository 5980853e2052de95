"""What cannot be used is reported in one sentence with the right exit code: outputs, names, folders, ports."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lib_bootcamp import start
from lib_bootcamp.app import main
from lib_bootcamp.context import Context
from lib_bootcamp.errors import OutputError, UnexpectedError
from lib_bootcamp.hosts.standalone import StandaloneHost
from tests.small_disk import fill, small_disk
from tests.surfaces.cli.test_cli import photo

ROOT = Path(__file__).resolve().parents[3]
LONG = "x" * 300
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a command runs, with a picture in it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOOTCAMP_DATA", str(tmp_path / "data"))
    photo(tmp_path / "a.png")
    return tmp_path


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    reported = capsys.readouterr().err
    assert reported.count("\n") == 1, reported
    assert "Traceback" not in reported
    return reported


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """A command of ours in a shell; `$P` is the program."""
    environment = {
        **os.environ,
        "BOOTCAMP_VENV": "off",
        "PYTHONPATH": str(ROOT),
        "P": f"{sys.executable} -m lib_bootcamp",
    }
    return subprocess.run(
        ["bash", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


# --- names


@pytest.mark.parametrize(
    "command",
    [
        ["qr", "hi", "--out", f"{LONG}.png"],
        ["brightness", f"{LONG}.png"],
        ["brightness", LONG],
        ["qr", "hi", "--logo", f"{LONG}.png"],
        ["dataset", "report", ".", "--html", f"{LONG}.html"],
        ["classify", "a.png", "--sort-into", LONG, "--undo"],
    ],
    ids=lambda command: " ".join(command).replace(LONG, "LONG"),
)
def test_a_name_of_300_characters_is_one_sentence(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command) in (2, 3)
    assert one_sentence(capsys)


def test_a_name_of_300_characters_among_others_fails_alone(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    assert main(["brightness", LONG, "a.png", "--out", "out"]) == 4
    assert (folder / "out" / "a.png").exists()


# --- outputs that cannot be written: before the work, and in one sentence about their flag


OUTPUTS = [
    (["brightness", "a.png"], "--out", "{}/x.png"),
    (["edges", "a.png"], "--out", "{}/deep/x.png"),
    (["brightness", "in"], "--out", "{}/x"),
    (["brightness", "a.png", "in/b.png"], "--out", "{}/x"),
    (["qr", "hi"], "--out", "{}/x.png"),
    (["qr", "--batch", "rows.jsonl"], "--out", "{}/x"),
    (["png-info-edit", "a.png"], "--out", "{}/x.png"),
    (["txt2img", "a red circle"], "--out", "{}/x.png"),
    (["dataset", "report", "in"], "--html", "{}/x.html"),
    (["classify", "in", "--labels", "a,b"], "--csv", "{}/x.csv"),
    (["classify", "in", "--labels", "a,b"], "--jsonl", "{}/x.jsonl"),
    (["classify", "in", "--labels", "a,b"], "--sheet", "{}/x.png"),
    (["classify", "in", "--labels", "a,b"], "--sheet", "x.txt"),
    (["classify", "in", "--labels", "a,b"], "--sort-into", "{}"),
    (["classify", "in", "--labels", "a,b"], "--sort-into", "{}/x"),
    (["interrogate", "in"], "--csv", "{}/x.csv"),
    (["export"], "--out", "{}/x.safetensors"),
    (["demo"], "--out", "{}/x"),
]


@pytest.mark.parametrize("file", ["file", "/dev/null"])
@pytest.mark.parametrize(("command", "flag", "path"), OUTPUTS, ids=[" ".join((*each[0], each[1])) for each in OUTPUTS])
def test_an_output_inside_of_a_file_is_refused_before_the_work(
    command: list[str],
    flag: str,
    path: str,
    file: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if file == "/dev/null" and not Path(file).exists():
        pytest.skip("no /dev/null here")
    photo(folder / "in" / "b.png")
    (folder / "file").write_text("mine")
    (folder / "rows.jsonl").write_text('{"content": "a"}\n{"content": "b"}\n')
    before = sorted(each for each in folder.rglob("*") if "data" not in each.relative_to(folder).parts)
    monkeypatch.setattr(Context, "of_terminal", worked)
    monkeypatch.setattr(StandaloneHost, "components", worked)
    assert main([*command, flag, path.format(file)]) in (2, 3)
    reported = capsys.readouterr()
    assert reported.out == ""
    assert reported.err.startswith(f"error: {flag}")
    assert reported.err.count("\n") == 1
    assert "a.png: " not in reported.err
    after = sorted(each for each in folder.rglob("*") if "data" not in each.relative_to(folder).parts)
    assert after == before


def worked(*args: object) -> None:
    """Stands for the work that is not to be begun."""
    pytest.fail(f"the work began: {args}")


def test_a_file_where_the_maps_would_go_is_refused_before_there_is_a_job(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(folder / "in" / "b.png")
    (folder / "in" / "maps").write_text("mine")
    assert main(["brightness", "in"]) == 3
    assert "maps is not a folder; give another place." in one_sentence(capsys)
    assert main(["jobs"]) == 0
    assert capsys.readouterr().out == "There are no jobs.\n"


# --- files without end


@needs_pipes
@pytest.mark.parametrize(
    "command",
    [
        ["brightness", "{}"],
        ["scan", "{}"],
        ["scan", "a.png", "--layout", "@{}"],
        ["qr", "hi", "--logo", "{}"],
        ["qr", "--batch", "{}"],
        ["lighting", "--lights", "@{}"],
        ["png-info-edit", "{}"],
    ],
    ids=lambda command: " ".join(command),
)
@pytest.mark.parametrize("kind", ["pipe.png", "pipe", "zero.png", "/dev/zero"])
def test_a_file_without_end_is_refused(
    command: list[str], kind: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(folder / "pipe.png")
    os.mkfifo(folder / "pipe")
    (folder / "zero.png").symlink_to("/dev/zero")
    assert main([each.format(kind) for each in command]) in (2, 3)
    assert one_sentence(capsys)


@needs_pipes
def test_a_pipe_that_nobody_reads_is_not_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(folder / "out.png")
    assert main(["qr", "hi", "--out", "out.png"]) == 3
    assert "a pipe that nobody reads" in one_sentence(capsys)


# --- folders of results


def test_a_map_is_not_written_through_a_link_that_leads_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "home").mkdir()
    (folder / "out").mkdir()
    (folder / "home" / "a.png").write_bytes(b"mine")
    (folder / "out" / "a.png").symlink_to(folder / "home" / "a.png")
    assert main(["brightness", "a.png", "--out", "out"]) == 3
    assert "is outside the folder" in one_sentence(capsys)
    assert (folder / "home" / "a.png").read_bytes() == b"mine"


def test_maps_of_a_folder_are_not_written_through_a_linked_folder(folder: Path) -> None:
    (folder / "home").mkdir()
    photo(folder / "in" / "sub" / "b.png")
    (folder / "out").mkdir()
    (folder / "out" / "sub").symlink_to(folder / "home")
    assert main(["brightness", "in", "--recursive", "--out", "out"]) == 4
    assert list((folder / "home").iterdir()) == []


@pytest.fixture
def disk(folder: Path) -> Iterator[Path]:
    with small_disk(folder / "disk") as made:
        yield made


def test_a_full_disk_refuses_a_folder_of_maps_before_a_job_is_made(
    disk: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in "abcdef":
        photo(folder / "in" / f"{name}.png")
    fill(disk)
    assert main(["brightness", "in", "--out", str(disk / "out")]) == 3
    reported = capsys.readouterr()
    assert reported.err.count("No space left on device") == 1
    assert "jobs resume" not in reported.out
    (disk / "fill").unlink()
    assert main(["brightness", "in", "--out", str(disk / "out")]) == 0
    assert len(list((disk / "out").iterdir())) == 6


def test_a_full_disk_is_one_sentence_for_a_single_file(disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(disk)
    assert main(["qr", "hi", "--out", str(disk / "a.png")]) == 3
    assert "No space left on device" in one_sentence(capsys)
    assert [each.name for each in disk.iterdir()] == ["fill"]


# --- the data folder


@pytest.mark.parametrize("place", ["a.png", "a.png/inside", LONG, "/proc/none/here", "/dev/null"])
@pytest.mark.parametrize("command", [["jobs"], ["serve", "--port", "7999"]], ids=lambda command: command[0])
def test_an_unusable_data_folder_is_one_sentence(
    place: str, command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    monkeypatch.setenv("BOOTCAMP_DATA", str(folder / place))
    assert main(command) == 3
    assert "name another with BOOTCAMP_DATA" in one_sentence(capsys)


def test_a_data_folder_without_room_is_one_sentence(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(disk)
    monkeypatch.setenv("BOOTCAMP_DATA", str(disk / "data"))
    assert main(["serve", "--port", "7999"]) == 3
    assert "No space left on device" in one_sentence(capsys)


# --- arguments


@pytest.mark.parametrize("port", ["99999", "-1", "0", "65536", "x", "1" * 5000, "１", ""])
def test_a_port_that_is_none_ends_with_2(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", f"--port={port}"])
    assert stopped.value.code == 2
    assert "is not a port; give 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("named", ["/nope", "a.png", LONG, "/dev/zero", ""])
def test_a_folder_to_allow_that_is_none_ends_with_2(named: str, capsys: pytest.CaptureFixture[str]) -> None:
    if not named:
        pytest.skip("an empty name is the current folder")
    with pytest.raises(SystemExit) as stopped:
        main(["serve", "--allow-dir", named])
    assert stopped.value.code == 2
    assert "folder not found: " in capsys.readouterr().err


@pytest.mark.parametrize("device", ["quantum", "cuda:x", "", "gpu", "cpu "])
@pytest.mark.parametrize("command", ["serve", "txt2img"])
def test_a_device_that_is_none_ends_with_2(command: str, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, f"--device={device}"])
    assert stopped.value.code == 2
    assert "is no torch device" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--checkpoint", "--clip"])
@pytest.mark.parametrize(
    ("named", "why"),
    [("/no/such.safetensors", "is not there"), ("such.safetensors", "is not there"), ("/dev/null", "is no file")],
)
def test_serve_looks_for_its_models_before_it_listens(
    flag: str, named: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "7999", flag, named]) == 3
    assert f"{flag}: {named} {why}" in one_sentence(capsys)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("no such name", "There is no address no such name; give one of this machine with --address."),
        ("192.0.2.7", "192.0.2.7 is no address of this machine; give one of its own with --address."),
    ],
)
def test_an_address_that_is_none_is_told_from_a_port_in_use(
    address: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--port", "7999", "--address", address]) == 3
    assert one_sentence(capsys) == f"error: {why}\n"


# --- standard streams


@needs_full
@pytest.mark.parametrize("command", ["operations", "operations --json", "--help", "qr hi --json --out b.png", "jobs"])
def test_an_output_that_is_full_is_one_sentence(command: str) -> None:
    made = shell(f"$P {command} > /dev/full")
    assert (made.returncode, made.stderr.count("\n")) == (3, 1)
    assert "The output cannot be written: No space left on device." in made.stderr


def test_who_reads_the_first_line_only_gets_nothing_more() -> None:
    made = shell("$P operations --json | head -n 1")
    assert (made.stdout, made.stderr) == ("[\n", "")


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
def test_closed_streams_lose_no_file(closed: str, folder: Path) -> None:
    made = shell(f"$P qr hi --out b.png {closed}")
    assert made.returncode == 0
    assert "Traceback" not in made.stderr
    assert (folder / "b.png").read_bytes()[:4] == b"\x89PNG"


def test_a_mistake_of_the_programs_own_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def wrong(argv: list[str]) -> int:
        raise TypeError("a bug")

    monkeypatch.setattr(start, "_run", wrong)
    assert start.main(["qr"]) == UnexpectedError.exit_code == 70
    assert one_sentence(capsys) == (
        "error: The program failed unexpectedly; run it again with BOOTCAMP_TRACEBACK=1 and report what it prints "
        "(TypeError: a bug).\n"
    )
    monkeypatch.setenv("BOOTCAMP_TRACEBACK", "1")
    with pytest.raises(TypeError):
        start.main(["qr"])


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (KeyboardInterrupt(), 130),
        (BrokenPipeError(), 0),
        (OSError(errno.EIO, "Broken", "file"), 3),
        (OutputError("O."), 3),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_ends_the_program_is_no_traceback(
    raised: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(argv: list[str]) -> int:
        raise raised

    monkeypatch.setattr(start, "_run", ended)
    assert start.main(["qr"]) == code
    assert capsys.readouterr().err.count("\n") == (0 if code == 0 else 1)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="no /proc here")
@pytest.mark.parametrize(
    ("command", "flag"),
    [
        (["qr", "hi", "--out", "/proc/x.png"], "--out"),
        (["brightness", "a.png", "--out", "/proc/x.png"], "--out"),
        (["brightness", ".", "--out", "/proc/x"], "--out"),
        (["png-info", "a.png", "--csv", "/proc/x.csv"], "--csv"),
        (["png-info", "a.png", "--jsonl", "/proc/x.jsonl"], "--jsonl"),
        (["dataset", "report", ".", "--html", "/proc/x.html"], "--html"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_what_cannot_be_written_names_its_flag(
    command: list[str], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 3
    reported = [line for line in capsys.readouterr().err.splitlines() if "error" in line]
    assert len(reported) == 1
    assert f" {flag}: /proc" in reported[0]
    assert reported[0].endswith("; give another place.")


@pytest.mark.parametrize(
    "command",
    [
        ["qr", "hi", "--out", ""],
        ["brightness", ".", "--out", ""],
        ["qr", "--batch", ""],
        ["png-info", "a.png", "--csv", ""],
        ["png-info", "a.png", "--jsonl", ""],
        ["classify", "a.png", "--sheet", ""],
        ["classify", "a.png", "--sort-into", ""],
        ["dataset", "report", ".", "--html", ""],
        ["export", "--out", ""],
        ["demo", "--out", ""],
    ],
    ids=" ".join,
)
def test_an_empty_place_is_a_wrong_parameter(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(command)
    flag = command[-2]
    assert f"argument {flag}: is empty; name a file or a folder" in capsys.readouterr().err
