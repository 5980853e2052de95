"""The listing of a data set, and kohya's repeats in folders' names."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib_bootcamp.core.datasets.folder import list_folder, repeats_of


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(root: Path, paths: list[Path]) -> list[str]:
    return [path.relative_to(root).as_posix() for path in paths]


def test_pictures_captions_and_tables_are_told_apart(tmp_path: Path) -> None:
    touch(*(tmp_path / name for name in ("b.JPG", "a.png", "a.txt", "c.caption", "captions.csv", "x/metadata.jsonl")))
    touch(*(tmp_path / name for name in ("note.md", "latent.npz", ".hidden.png", ".git/a.png")))
    made = list_folder(tmp_path)
    assert names(tmp_path, made.pictures) == ["a.png", "b.JPG"]
    assert names(tmp_path, made.captions) == ["a.txt", "c.caption"]
    assert names(tmp_path, made.tables) == ["captions.csv", "x/metadata.jsonl"]


def test_folders_inside_are_left_out_on_request(tmp_path: Path) -> None:
    touch(tmp_path / "a.png", tmp_path / "in" / "b.png")
    assert names(tmp_path, list_folder(tmp_path).pictures) == ["a.png", "in/b.png"]
    assert names(tmp_path, list_folder(tmp_path, recursive=False).pictures) == ["a.png"]


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    touch(tmp_path / "in" / "a.png")
    (tmp_path / "in" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self.png").symlink_to(tmp_path / "self.png")
    made = list_folder(tmp_path)
    assert names(tmp_path, made.pictures) == ["in/a.png", "self.png"]
    assert list_folder(tmp_path, follow_out=False).outside == [tmp_path / "self.png"]


def test_links_out_of_the_folder_are_left_out_where_they_may_not_be_followed(tmp_path: Path) -> None:
    root, other = tmp_path / "set", tmp_path / "other"
    touch(root / "a.png", other / "b.png", other / "c.txt")
    (root / "folder").symlink_to(other, target_is_directory=True)
    (root / "d.png").symlink_to(other / "b.png")
    (root / "c.txt").symlink_to(other / "c.txt")
    (root / "inside.png").symlink_to(root / "a.png")
    assert names(root, list_folder(root).pictures) == ["a.png", "d.png", "folder/b.png", "inside.png"]
    made = list_folder(root, follow_out=False)
    assert names(root, made.pictures) == ["a.png", "inside.png"]
    assert made.captions == []
    assert names(root, made.outside) == ["c.txt", "d.png", "folder"]


def test_a_folder_that_cannot_be_listed_is_reported(tmp_path: Path) -> None:
    made = list_folder(tmp_path / "none")
    assert list(made.unread.values()) == [f"{tmp_path / 'none'} cannot be listed: No such file or directory."]


@pytest.mark.parametrize(
    ("folder", "count", "name"),
    [
        ("10_my dog", 10, "my dog"),
        ("1_a_b", 1, "a_b"),
        ("0_x", 0, "x"),
        ("7", 7, ""),
        ("dog", None, "dog"),
        ("my_10", None, "my_10"),
        ("-3_x", None, "-3_x"),
        ("٣_x", None, "٣_x"),
        ("12345678_x", None, "12345678_x"),
    ],
)
def test_repeats_are_the_number_before_the_first_underscore(folder: str, count: int | None, name: str) -> None:
    made = repeats_of(folder)
    assert (made.count, made.name) == (count, name)
