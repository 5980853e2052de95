"""Files that somebody names: regular ones only, opened without waiting, and never read beyond a bound."""

from __future__ import annotations

import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from lib_bootcamp.core.datasets.caption_files import CaptionError, read_caption
from lib_bootcamp.core.datasets.pictures import examine
from lib_bootcamp.core.files import regular as regular_files
from lib_bootcamp.core.files.regular import open_regular, read_regular, unreadable_in
from lib_bootcamp.core.images.codec import read_file, read_image, read_png_text
from lib_bootcamp.core.models import headers as model_headers
from lib_bootcamp.core.text.label_tables import LabelTableError, folder_tables
from lib_bootcamp.errors import BootcampError, ImageError, TooLargeError

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes and devices with names here")
DEVICES = ("/dev/zero", "/dev/urandom", "/dev/full", "/dev/null", "/dev/tty")


def pipe(folder: Path, name: str = "pipe") -> Path:
    os.mkfifo(folder / name)
    return folder / name


@pytest.mark.parametrize("name", DEVICES)
def test_a_device_is_not_read(name: str) -> None:
    with pytest.raises(OSError, match="it is a device, and only regular files are read"):
        read_regular(Path(name), 10)


def test_a_link_to_a_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("/dev/zero")
    with pytest.raises(ImageError, match=r"a\.png cannot be read: it is a device"):
        read_file(tmp_path / "a.png")


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="it is a pipe"):
        read_regular(pipe(tmp_path), 10)


def test_a_pipe_that_took_the_files_place_in_between_is_refused_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, file = pipe(tmp_path), tmp_path / "file"
    file.write_bytes(b"x")
    reported = file.stat()
    monkeypatch.setattr(Path, "stat", lambda self, **_: reported)
    with pytest.raises(OSError, match="it is a pipe"):
        open_regular(path)


def test_a_socket_and_a_folder_are_not_read(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(tmp_path / "socket"))
        with pytest.raises(OSError, match="it is a socket"):
            read_regular(tmp_path / "socket", 10)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path, 10)


def test_no_more_than_the_bound_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1024)
    assert read_regular(path, 1024) == b"x" * 1024
    with pytest.raises(TooLargeError, match="has more than 1 KiB"):
        path.write_bytes(b"x" * 1025) and read_regular(path, 1024)


def test_a_file_of_a_terabyte_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(TooLargeError):
        read_regular(path, 1 << 26)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc is Linux's")
def test_a_file_of_proc_that_says_it_is_empty_is_read_up_to_the_bound() -> None:
    assert len(read_regular(Path("/proc/self/status"), 1 << 20)) > 100
    with pytest.raises(TooLargeError):
        read_regular(Path("/proc/self/status"), 100)


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "a/" * 5000, "\udcff\ud800"])
def test_a_name_that_no_file_can_have_is_one_error(name: str) -> None:
    with pytest.raises(OSError, match=r".+"):
        read_regular(Path(name), 10)


def test_where_the_system_has_no_nonblocking_open_the_look_before_it_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Windows, which was not run."""
    monkeypatch.setattr(regular_files, "READ", os.O_RDONLY)
    with pytest.raises(OSError, match="it is a pipe"):
        read_regular(pipe(tmp_path), 10)


# --- every reader


def test_every_reader_refuses_a_pipe(tmp_path: Path) -> None:
    for name in ("a.png", "a.txt", "flavors.txt", "a.safetensors"):
        pipe(tmp_path, name)
    for read in (read_image, read_file, read_caption):
        with pytest.raises(BootcampError, match="cannot be read: it is a pipe"):
            read(tmp_path / ("a.txt" if read is read_caption else "a.png"))
    assert "it is a pipe" in examine(tmp_path / "a.png").problem
    assert read_png_text(tmp_path / "a.png") == {}
    assert "it is a pipe" in model_headers.examine(tmp_path / "a.safetensors")[1]
    with pytest.raises(LabelTableError, match="has none of"):
        folder_tables(tmp_path)


def test_every_reader_refuses_an_endless_device(tmp_path: Path) -> None:
    for name in ("a.png", "a.txt", "flavors.txt", "a.safetensors"):
        (tmp_path / name).symlink_to("/dev/zero")
    with pytest.raises(CaptionError, match="it is a device"):
        read_caption(tmp_path / "a.txt")
    assert "it is a device" in examine(tmp_path / "a.png").problem
    assert "it is a device" in model_headers.examine(tmp_path / "a.safetensors")[1]


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    (tmp_path / "file").write_bytes(data)
    assert read_regular(tmp_path / "file", 1 << 26) == data
    assert stat.S_ISREG((tmp_path / "file").stat().st_mode)


# --- folders that libraries read by themselves


def test_a_model_folder_with_a_pipe_in_it_is_no_place_for_a_library(tmp_path: Path) -> None:
    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text("{}")
    assert unreadable_in(tmp_path) == ""
    pipe(tmp_path / "unet", "config.json")
    assert "config.json cannot be read: it is a pipe" in unreadable_in(tmp_path)


def test_a_model_folder_with_a_configuration_without_end_is_no_place_for_a_library(tmp_path: Path) -> None:
    with (tmp_path / "config.json").open("wb") as file:
        file.truncate(1 << 40)
    assert "config.json has more than 64 MiB" in unreadable_in(tmp_path)
