"""One walk over folders: what is hidden, links that lead anywhere, what cannot be listed, and who walks so."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from lib_bootcamp.context import Context
from lib_bootcamp.core.datasets.folder import list_folder
from lib_bootcamp.core.files import walk as folder_walk
from lib_bootcamp.core.files.walk import Walk, is_hidden
from lib_bootcamp.errors import ImageError
from lib_bootcamp.jobs.kinds.folder import PictureFolder
from lib_bootcamp.surfaces.shared.found_pictures import find_pictures
from tests.fakes import FakeHost, FakeProgress

HIDDEN_FOLDERS = [
    *(".git", ".ipynb_checkpoints", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "#recycle", "System Volume Information"),
]
HIDDEN_FILES = [".a.png", "._a.png", "Thumbs.db", "thumbs.db", "desktop.ini", ".DS_Store"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Pictures beside everything that systems, editors and drives put there."""
    folder = tmp_path / "set"
    for name in ("a.png", "in/b.JPG", "in/deep/c.webp", *(f"{each}/x.png" for each in HIDDEN_FOLDERS), *HIDDEN_FILES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")
    (folder / "d.jxl").write_bytes(b"x")
    return folder


def below(root: Path, paths: list[Path]) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def as_jobs_walk(root: Path) -> list[str]:
    work = PictureFolder(root, Context.of_job(FakeHost(), FakeProgress(), trusted=True), recursive=True)
    return below(root, [path for path, note in work.pictures() if not note])


def as_the_command_line_walks(root: Path) -> list[str]:
    return below(root, [path for path, _ in find_pictures([root], {}, recursive=True)])


@pytest.mark.parametrize("walked", [as_jobs_walk, as_the_command_line_walks])
def test_every_walk_takes_the_same_pictures_and_no_hidden_ones(root: Path, walked: Callable[[Path], list[str]]) -> None:
    (root / "in" / "up").symlink_to(root, target_is_directory=True)  # a circle
    assert walked(root) == below(root, list_folder(root).pictures) == ["a.png", "in/b.JPG", "in/deep/c.webp"]


def test_a_hidden_folder_that_is_named_is_walked(root: Path) -> None:
    assert below(root, list_folder(root / ".git").pictures) == [".git/x.png"]


@pytest.mark.parametrize("name", [*HIDDEN_FOLDERS, *HIDDEN_FILES])
def test_a_hidden_name_is_known(name: str) -> None:
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["a.png", "10_my dog", "thumbs", "eaDir", "_x", "MACOSX"])
def test_a_persons_name_is_not_hidden(name: str) -> None:
    assert not is_hidden(name)


def test_what_was_left_out_is_named_with_the_reason(root: Path) -> None:
    (root / "broken.png").symlink_to(root / "nowhere.png")
    reported = {path.name: why for path, why in list_folder(root).left_out().items()}
    assert reported.pop("d.jxl").startswith("d.jxl is a JPEG XL file")
    assert reported == {".a.png": ".a.png is hidden."}


def test_what_systems_leave_beside_pictures_is_known(root: Path) -> None:
    assert {path.name for path in list_folder(root).junk} == {
        "._a.png", "@eaDir", "__MACOSX", "$RECYCLE.BIN", "#recycle", "System Volume Information",
    }  # fmt: skip


def test_a_link_to_itself_and_a_broken_link_are_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    (tmp_path / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert below(tmp_path, list_folder(tmp_path).pictures) == ["gone.png", "self.png"]


def test_folders_that_link_to_each_other_are_entered_once(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.png").write_bytes(b"x")
        (tmp_path / name / "to").symlink_to(tmp_path / other, target_is_directory=True)
    assert {path.name for path in list_folder(tmp_path).pictures} == {"a.png", "b.png"}
    assert len(list_folder(tmp_path).pictures) == 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no pipes among its files")
def test_pipes_and_sockets_are_left_out_and_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # a socket's path is short
    os.mkfifo("a.png")
    Path("b.png").symlink_to("a.png")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("c.png")
        walk = Walk(tmp_path)
        assert list(walk.files()) == []
    assert below(tmp_path, walk.special) == ["a.png", "b.png", "c.png"]
    assert list_folder(tmp_path).left_out()[tmp_path / "a.png"] == "a.png is not a regular file."


def test_a_folder_that_cannot_be_listed_is_reported_and_the_rest_is_walked(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refused(path: Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(folder_walk.os, "scandir", refused)
    listing = list_folder(root)
    assert below(root, listing.pictures) == ["a.png", "in/b.JPG"]
    assert listing.left_out()[root / "in" / "deep"] == f"{root / 'in' / 'deep'} cannot be listed: Permission denied."


def test_where_all_is_left_out_the_mistake_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.jxl").write_bytes(b"x")
    with pytest.raises(ImageError, match=r"no pictures that can be taken are in there.*a\.jxl is a JPEG XL file"):
        find_pictures([tmp_path], {}, recursive=True)
