"""The guard of a person's folder: what is read, written and removed in it lies in it at that very moment."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lib_bootcamp.core.datasets.caption_sources import FolderCaptions
from lib_bootcamp.core.datasets.pictures import examine
from lib_bootcamp.core.files import inside as module
from lib_bootcamp.core.files.inside import Inside, LeadsOutError
from lib_bootcamp.core.files.places import Place
from lib_bootcamp.errors import OutputError, StorageError, TooLargeError
from tests.small_disk import fill, make_read_only, small_disk

Act = Callable[[Inside, Path], object]
ACTS: dict[str, Act] = {
    "read": lambda inside, path: inside.read(path),
    "write": lambda inside, path: inside.write(path, b"ours"),
    "replace": lambda inside, path: inside.change(path, lambda _: True, b"ours"),
    "remove": lambda inside, path: inside.change(path, lambda _: True, None),
}


@pytest.fixture(params=[True, False], ids=["by open folders", "by paths, as on Windows"])
def root(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside one with a secret."""
    if not request.param:
        monkeypatch.setattr(module, "HAS_FOLDERS", False)
    elif not module.HAS_FOLDERS:
        pytest.skip("this system has no calls that take an open folder")
    (tmp_path / "set").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_bytes(b"secret")
    return tmp_path / "set"


def outside(root: Path) -> dict[str, bytes]:
    folder = root.parent / "out"
    return {each.name: each.read_bytes() for each in folder.iterdir()}


def test_a_file_is_written_read_changed_and_removed(root: Path) -> None:
    inside = Inside(root)
    assert inside.read(root / "sub" / "a.txt") is None
    inside.write(root / "sub" / "a.txt", b"1")
    assert inside.read(root / "sub" / "a.txt") == b"1"
    assert inside.change(root / "sub" / "a.txt", lambda held: held == b"1", b"2") == b"1"
    assert inside.change(root / "sub" / "a.txt", lambda held: held == b"1", b"3") == b"2"
    assert inside.read(Path("sub/a.txt")) == b"2"
    assert inside.change(root / "sub" / "a.txt", lambda held: held == b"2", None) == b"2"
    assert [each.name for each in root.rglob("*")] == ["sub"]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("way", ["linked folder", "linked file", "dots", "absolute", "itself"])
def test_what_leads_out_is_refused(root: Path, act: str, way: str) -> None:
    (root / "sub").symlink_to(root.parent / "out")
    (root / "b.txt").symlink_to(root.parent / "out" / "a.txt")
    (root / "loop").symlink_to(root / "loop")
    path = {
        "linked folder": root / "sub" / "a.txt",
        "linked file": root / "b.txt",
        "dots": root / ".." / "out" / "a.txt",
        "absolute": root.parent / "out" / "a.txt",
        "itself": root / "loop",
    }[way]
    with pytest.raises(LeadsOutError, match="is outside the folder"):
        ACTS[act](Inside(root), path)
    assert outside(root) == {"a.txt": b"secret"}


@pytest.mark.parametrize("act", ACTS)
def test_a_folder_that_was_swapped_for_a_link_after_it_was_checked_is_refused(
    root: Path, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "sub").mkdir()
    (root / "sub" / "a.txt").write_bytes(b"ours")
    inside, stat = Inside(root), Place.stat

    def swap(self: Place) -> os.stat_result | None:
        if (root / "sub").is_dir() and not (root / "sub").is_symlink():
            (root / "sub").rename(root / "old")
            (root / "sub").symlink_to(root.parent / "out")
        return stat(self)

    monkeypatch.setattr(Place, "stat", swap)
    with contextlib.suppress(OutputError):  # what is done is done in the folder that was opened, "old" by now
        ACTS[act](inside, root / "sub" / "a.txt")
    assert outside(root) == {"a.txt": b"secret"}


@pytest.mark.parametrize("act", ACTS)
def test_a_root_that_was_swapped_for_a_link_after_it_was_checked_is_refused(root: Path, act: str) -> None:
    (root / "a.txt").write_bytes(b"ours")
    checked = root.resolve()
    root.rename(root.parent / "old")
    root.symlink_to(root.parent / "out")
    with pytest.raises(LeadsOutError):
        ACTS[act](Inside(checked, exact=True), checked / "a.txt")
    assert outside(root) == {"a.txt": b"secret"}


def test_a_link_to_another_place_inside_stays_a_link_and_its_file_is_written(root: Path) -> None:
    (root / "real").mkdir()
    (root / "alias").symlink_to(root / "real")
    (root / "b.txt").symlink_to(root / "real" / "a.txt")
    Inside(root).write(root / "alias" / "a.txt", b"1")
    Inside(root).write(root / "b.txt", b"2")
    assert (root / "b.txt").is_symlink()
    assert (root / "real" / "a.txt").read_bytes() == b"2"


def test_a_folder_that_a_person_names_by_a_link_is_used(root: Path) -> None:
    (root.parent / "alias").symlink_to(root)
    alias = root.parent / "alias"
    Inside(alias).write(alias / "a.txt", b"1")
    assert (root / "a.txt").read_bytes() == b"1"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
@pytest.mark.parametrize("act", ACTS)
def test_a_pipe_in_the_folder_is_neither_waited_for_nor_replaced(root: Path, act: str) -> None:
    os.mkfifo(root / "a.txt")
    with pytest.raises(OutputError):
        ACTS[act](Inside(root), root / "a.txt")
    assert (root / "a.txt").is_fifo()


def test_no_more_than_the_bound_is_read(root: Path) -> None:
    (root / "a.txt").write_bytes(b"12345")
    with pytest.raises(TooLargeError):
        Inside(root).read(root / "a.txt", 4)


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "a.txt").write_bytes(b"old")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="No space left"):
        Inside(root).write(root / "a.txt", b"new")
    assert [each.name for each in root.iterdir()] == ["a.txt"]
    assert (root / "a.txt").read_bytes() == b"old"


@pytest.mark.parametrize("name", ["x" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_one_sentence(root: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"\.$"):
        Inside(root).write(root / name, b"x")
    assert list(root.iterdir()) == []


def test_a_folder_that_can_be_written_is_found_to_be_so_and_left_as_it_was(root: Path) -> None:
    Inside(root).check_writable(root / "not" / "there")
    assert list(root.iterdir()) == []


# --- real disks


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk") as made:
        yield made


def test_a_full_disk_is_reported_as_one(disk: Path) -> None:
    Inside(disk).write(disk / "small", b"x")
    with pytest.raises(StorageError, match="No space left on device"):
        Inside(disk).write(disk / "large", bytes(1 << 20))
    assert [each.name for each in disk.iterdir()] == ["small"]


def test_a_full_disk_is_found_before_anything_is_written(disk: Path) -> None:
    fill(disk)
    with pytest.raises(StorageError, match="No space left on device"):
        Inside(disk).check_writable(disk)
    assert [each.name for each in disk.iterdir()] == ["fill"]


def test_a_disk_that_is_read_only_is_reported_as_one(disk: Path) -> None:
    make_read_only(disk)
    for act in (lambda: Inside(disk).check_writable(disk), lambda: Inside(disk).write(disk / "a", b"x")):
        with pytest.raises(StorageError, match="Read-only file system"):
            act()


# --- readers that are given the guard


def test_a_picture_whose_folder_was_swapped_after_it_was_listed_is_not_read(root: Path) -> None:
    (root / "sub").symlink_to(root.parent / "out")
    assert "is outside the folder" in examine(root / "sub" / "a.txt", Inside(root)).problem


def test_captions_and_tables_that_were_swapped_after_they_were_listed_are_not_read(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root.parent / "out" / "captions.csv").write_text("file_name,text\na.png,secret\n")
    for name in ("a.txt", "captions.csv"):
        (root / name).symlink_to(root.parent / "out" / name)
    monkeypatch.setattr(
        "lib_bootcamp.core.datasets.caption_sources.is_inside", lambda *_: True
    )  # it was, when it was looked at
    captions = FolderCaptions(root, Inside(root))
    assert captions.of(root / "a.png") == []
    assert all("is outside the folder" in each for each in captions.problems.values())
    assert len(captions.problems) == 2


def test_many_may_try_out_a_folder_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        for each in [threads.submit(Inside(tmp_path).check_writable, tmp_path) for _ in range(200)]:
            each.result()
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_before_a_file_is_written_is_a_mistake_about_writing(tmp_path: Path) -> None:
    inside = Inside(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"old")
    assert (inside.held(tmp_path / "a.txt"), inside.held(tmp_path / "sub" / "none.txt")) == (b"old", None)
    with pytest.raises(OutputError, match=r"xxx cannot be written: "):
        inside.held(tmp_path / ("x" * 300))
    with pytest.raises(LeadsOutError):
        inside.held(tmp_path.parent / "b.txt")
